"""Everything ``ctvpipe config check`` and ``ctvpipe enable`` try, in order. Slow to import (pydantic)."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ctvpipe.cli import declared, misspelt
from ctvpipe.core import timers, timetable
from ctvpipe.core.clock import zone
from ctvpipe.core.errors import ConfigurationError, CtvpipeError, PermanentError, Skipped, TransientError
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import LedgerReader
from ctvpipe.core.settings import Environment, SharedSettings, environment
from ctvpipe.health import writable
from ctvpipe.jobs import JOBS, find

Status = Literal["ok", "off", "WARNING", "FAILED"]


@dataclass(frozen=True)
class Result:
    """What became of one check. ``off``: not configured, which is no fault.

    ``unreachable``: it failed, but may work at another time as it is, for want of a server or a network now.
    """

    name: str
    status: Status
    text: str
    advice: str = ""
    exit_code: int = 0
    unreachable: bool = False


def all_checks(jobs: Sequence[Job] = JOBS) -> Iterator[Result]:
    """Of ``jobs``: settings first; directories and connections only as far as their settings are right.

    The connections are tried at the same time, of all pipelines: one that is waited for keeps none of the others waiting.
    """
    wrong = False
    for result in _settings(jobs):
        wrong = wrong or result.exit_code != 0
        yield result
    yield from (Result("env files", "WARNING", line) for line in misspelt.lines(jobs))
    yield from _disagreements(jobs)
    if wrong:
        yield Result("connections", "off", "not tried: correct the settings first")
        return
    yield from _own_places(jobs)
    yield _tried("alert targets", _alert_targets)
    coming: list[Future[Result]] = []
    for pipeline in dict.fromkeys(job.pipeline for job in jobs):
        checks = importlib.import_module(f"ctvpipe.pipelines.{pipeline}.checks")
        for name, directory in checks.directories(_environment_of).items():
            yield _tried(name, partial(writable.try_directory, directory))
        coming += [_begun(name, attempt) for name, attempt in checks.connections(_environment_of).items()]
    yield from (result.result() for result in coming)


def timetables(jobs: Sequence[Job], root: Path) -> Iterator[Result]:
    """The timers below ``root`` that are on, but do not run when the settings of their jobs say."""
    on = timers.switched_on((job.timer for job in jobs), root)
    for job, known in zip(jobs, timetable.in_force(jobs, root), strict=True):
        if job.timer in on and not _environment_of(job.name).unreadable:
            try:
                wanted = declared.wanted_schedule(job)
            except ConfigurationError:  # told with the settings
                continue
            if known.schedule != wanted:
                text = f"it runs {known.schedule.words}, but its settings say {wanted.words}"
                yield Result(job.timer, "WARNING", text, f"sudo ctvpipe enable {job.pipeline}")


def _environment_of(job: str) -> Environment:
    return environment((find(job).env_file,))


def _settings(jobs: Sequence[Job]) -> Iterator[Result]:
    for title, cls, env_files in declared.sections(jobs):

        def attempt(cls: Any = cls, env_files: tuple[str, ...] = env_files) -> str:
            found = environment(env_files)
            if found.unreadable:
                files = ", ".join(f"{path} ({reason})" for path, reason in found.unreadable.items())
                raise ConfigurationError(f"cannot read {files}", "Try again as the service user, or with sudo.")
            settings = found.load(cls)
            if isinstance(settings, SharedSettings):
                zone(settings.timezone)
            if hasattr(settings, "require_url"):
                settings.require_url()
            return "all valid"

        yield _tried(f"settings {title}", attempt)


def _disagreements(jobs: Sequence[Job]) -> Iterator[Result]:
    """Directories that the jobs must share, but do not."""
    for name in ("CTVPIPE_STATE_DIR", "CTV_DATA_DIR", "DATABASE_PATH"):
        values = {job.name: _environment_of(job.name).values.get(name, "") for job in jobs}
        users = {
            job.name: values[job.name]
            for job in jobs
            if name in SharedSettings.variables() or name in declared.settings_class(job).variables()
        }
        if len(set(users.values())) > 1:
            said = ", ".join(f"{job}: {value or 'not set'}" for job, value in users.items())
            yield Result(name, "WARNING", f"the jobs do not agree on {name} ({said})", "Set it in ctvpipe.env.")


def _own_places(jobs: Sequence[Job]) -> Iterator[Result]:
    shared = environment(()).load(SharedSettings)
    yield _tried("state", lambda: writable.try_directory(shared.state_dir))
    yield _tried("locks", lambda: writable.try_directory(shared.run_dir))
    for job in jobs:
        log_dir = _environment_of(job.name).load(SharedSettings).log_dir
        for log in filter(None, (job.log, job.outcome_log)):
            yield _tried(f"log of {job.name}", partial(writable.try_file, log_dir / log))

    def ledger() -> str:
        with LedgerReader.open(shared.state_dir) as reader:
            return "nothing has run yet" if reader is None or not reader.runs(limit=1) else "readable"

    yield _tried("ledger", ledger)


def _alert_targets() -> str:
    from apprise import Apprise, LogCapture

    targets, _ = declared.alert_targets("test")
    if not targets:
        raise Skipped("no alert target is configured", "Set NTFY_TOPIC, SLACK_WEBHOOK_URL or APPRISE_URLS.")
    with LogCapture():  # type: ignore[no-untyped-call]
        wrong = [target.name for target in targets if not Apprise().add(target.url)]
    if wrong:
        raise PermanentError(f"not an alert URL that apprise understands: {', '.join(wrong)}", "Correct it.")
    return f"{', '.join(target.name for target in targets)}; to try them: ctvpipe alert test"


def _tried(name: str, attempt: Callable[[], str]) -> Result:
    try:
        return Result(name, "ok", attempt())
    except Skipped as reason:
        return Result(name, "off", str(reason), reason.advice)
    except ConfigurationError as error:
        return Result(name, "FAILED", str(error), error.advice, 2)
    except (CtvpipeError, OSError) as error:
        return Result(name, "FAILED", str(error), getattr(error, "advice", ""), 1, isinstance(error, TransientError))
    except Exception as error:  # noqa: BLE001  (one check that breaks must not hide the others)
        first = next(iter(str(error).splitlines()), "no text")
        return Result(name, "FAILED", declared.scrubber().clean(f"{type(error).__name__}: {first}"), "", 1)


def _begun(name: str, attempt: Callable[[], str]) -> Future[Result]:
    """``_tried`` in a thread of its own, which ends with the process: nobody has to wait for what he has interrupted."""
    coming: Future[Result] = Future()

    def work() -> None:
        try:
            coming.set_result(_tried(name, attempt))
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            coming.set_exception(error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return coming
