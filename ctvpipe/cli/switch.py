"""``ctvpipe enable`` and ``ctvpipe disable``: a pipeline's timers, on or off for good."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import complete, output
from ctvpipe.core import clock, systemctl, timetable
from ctvpipe.core.errors import ConfigurationError, CtvpipeError, PermanentError
from ctvpipe.health.places import places
from ctvpipe.jobs import JOBS, of_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ctvpipe.core.job import Job, Schedule

enabling = typer.Typer()
disabling = typer.Typer()

Pipeline = Annotated[
    str,
    typer.Argument(
        metavar="PIPELINE", autocompletion=complete.pipelines, help="The pipeline, as 'ctvpipe jobs' names it."
    ),
]


@enabling.command()
def enable(
    pipeline: Pipeline,
    offline: Annotated[
        bool, typer.Option("--offline", help="Switch on even though a server cannot be reached now.")
    ] = False,
) -> None:
    """Switch a pipeline's timers on, now and at every boot, once its settings, directories and connections are right.

    No job is started: each runs when it is next due, and what was due while its timer was off is not made up for.
    Where the settings name a time for a job (SYNC_HOUR and SYNC_MINUTE), its timer gets it. Needs root. A second time,
    it changes nothing.

    Exit codes: 0 they are on, 1 something does not work and nothing or not all was switched on, 2 settings are wrong.
    """
    jobs = of_pipeline(pipeline)
    found = places(JOBS)
    _require_power("enable", jobs, found.root)
    _require_right(jobs, offline=offline)
    now = clock.now()

    def switch_on(job: Job) -> str:
        try:
            schedule, moved = _set_schedule(job, found.root)
        finally:  # it may have been stopped, and is then back at its former time
            done = "switched on" if systemctl.switch_on(job.timer) else "was on already"
        at = f", {schedule.words} from now on" if moved else ""
        return f"{done}{at}, next run {output.local(schedule.next(now, found.tz), found.tz)[:16]}"

    _each(jobs, switch_on)


@disabling.command()
def disable(pipeline: Pipeline) -> None:
    """Switch a pipeline's timers off, now and for good; a run that goes on is left to finish.

    Needs root. A second time, it changes nothing. 'ctvpipe status' shows the jobs as off, and expects nothing of them.

    Exit codes: 0 they are off, 1 not all could be switched off.
    """
    jobs = of_pipeline(pipeline)
    _require_power("disable", jobs, places(JOBS).root)

    def switch_off(job: Job) -> str:
        done = "switched off" if systemctl.switch_off(job.timer) else "was off already"
        running = systemctl.is_active(f"{job.unit}.service")
        return f"{done}; its run that is going on is left to finish" if running else done

    _each(jobs, switch_off)


def _require_power(verb: str, jobs: tuple[Job, ...], root: Path) -> None:
    if os.geteuid() != 0:
        raise PermanentError(f"only root can switch timers: sudo ctvpipe {verb} {jobs[0].pipeline}")
    systemctl.require_systemd(root)


def _require_right(jobs: tuple[Job, ...], *, offline: bool) -> None:
    """Try what the jobs need, and tell what is not well. Raises when they cannot be switched on."""
    from ctvpipe.cli.checks import all_checks

    pipeline = jobs[0].pipeline
    results = list(all_checks(jobs))
    bad = [result for result in results if result.exit_code and not (offline and result.unreachable)]
    for result in results:
        if result.status != "ok":
            status = "WARNING" if result.exit_code and result not in bad else result.status
            output.result(status, result.name, result.text, result.advice)
    if any(result.exit_code == ConfigurationError.exit_code for result in bad):
        raise ConfigurationError(
            "nothing was switched on: settings are wrong, see above", "Correct the env file first."
        )
    if bad:
        only_away = all(result.unreachable for result in bad)
        advice = (
            f"If that is for now only: sudo ctvpipe enable {pipeline} --offline" if only_away else "Repair it first."
        )
        raise PermanentError("nothing was switched on: something does not work, see above", advice)


def _set_schedule(job: Job, root: Path) -> tuple[Schedule, bool]:
    """Give the timer of ``job`` the schedule that its settings ask for; returns that, and whether it is another one."""
    from ctvpipe.cli import declared

    wanted = declared.wanted_schedule(job)
    (known,) = timetable.in_force((job,), root)
    if known.schedule == wanted:
        return wanted, False
    systemctl.require_switchable(job.timer)
    systemctl.change(job.timer, lambda: timetable.set_schedule(job, wanted, root))
    return wanted, True


def _each(jobs: Iterable[Job], switch: Callable[[Job], str]) -> None:
    """Switch every timer, and say of each what was done; one that fails does not stop the others."""
    failed: list[CtvpipeError] = []
    for job in jobs:
        try:
            output.result("ok", job.timer, switch(job))
        except CtvpipeError as error:
            output.result("FAILED", job.timer, str(error), error.advice)
            failed.append(error)
    if failed:
        raise typer.Exit(int(failed[0].exit_code))
