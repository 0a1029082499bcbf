"""``ctvpipe config``: the settings in force, where they come from, and whether they work."""

from __future__ import annotations

import getpass
import os

import typer

from ctvpipe.cli import complete, output
from ctvpipe.core.errors import ConfigurationError, ExitCode
from ctvpipe.core.job import Job
from ctvpipe.jobs import JOBS, find, of_pipeline

app = typer.Typer(help="Settings.", no_args_is_help=True)


@app.callback()
def _config() -> None:
    """Settings: what is in force, where it comes from, and whether it works."""


@app.command()
def show(
    job: str = typer.Option(
        "", "--job", "-j", metavar="JOB", autocompletion=complete.jobs, help="Only what this job sees."
    ),
) -> None:
    """Show the settings in force, secrets masked, and where each comes from.

    Exit codes: 0 shown, 2 when some are wrong.
    """
    from ctvpipe.cli import declared, misspelt
    from ctvpipe.core.environment import layers
    from ctvpipe.core.settings import environment

    wanted = find(job) if job else None
    code = ExitCode.OK
    for title, cls, env_files in declared.sections():
        if wanted is not None and title != wanted.name and env_files:
            continue
        seen_by = (wanted.env_file,) if wanted is not None else env_files
        found = layers(seen_by)
        output.say(output.coloured(f"{title} ({', '.join(env_files or ('ctvpipe.env',))})", "bold"))
        try:
            shown = environment(seen_by).load(cls).shown()
        except ConfigurationError as error:
            code = ExitCode.USAGE
            output.say(f"  ERROR: {error}")
            output.say(f"  {error.advice}")
        else:
            rows = [(f"  {name}", value or "-", declared.origin(cls, name, found)) for name, value in shown.items()]
            for line in output.table(("  VARIABLE", "VALUE", "FROM"), rows):
                output.say(line)
        output.say()
    for line in misspelt.lines():
        output.say(line)
    raise typer.Exit(int(code))


@app.command()
def check(
    pipeline: str = typer.Argument(
        "",
        metavar="PIPELINE",
        autocompletion=complete.pipelines,
        help="The pipeline, as 'ctvpipe jobs' names it; when left out, those in use.",
        show_default=False,
    ),
) -> None:
    """Check all settings, and try every directory and connection. Nothing is left behind, nothing is sent.

    A pipeline is in use when a timer of it is switched on, or when a job of it has run.

    Exit codes: 0 all is well, 1 something does not work, 2 settings are wrong.
    """
    from ctvpipe.cli.checks import all_checks, timetables
    from ctvpipe.health.places import places

    who = getpass.getuser() if os.getuid() else "root, who may write everywhere"
    output.say(f"Tried as {who}; the jobs run as the service user: sudo -u ctvpipe ctvpipe config check")
    code, warned = 0, False
    jobs = of_pipeline(pipeline) if pipeline else _jobs_in_use()
    for result in (*all_checks(jobs), *timetables(jobs, places(JOBS).root)):
        code, warned = max(code, result.exit_code), warned or result.status == "WARNING"
        output.result(result.status, result.name, result.text, result.advice)
    for name in () if pipeline else dict.fromkeys(job.pipeline for job in JOBS if job not in jobs):
        output.result("off", name, "not in use", f"To check it: ctvpipe config check {name}")
    well = "Everything works; see the warnings above." if warned else "All is well."
    output.say({0: well, 1: "Something does not work, see above.", 2: "Settings are wrong, see above."}[code])
    raise typer.Exit(code)


def _jobs_in_use() -> tuple[Job, ...]:
    from ctvpipe.health.in_use import jobs_in_use
    from ctvpipe.health.places import places

    found = places(JOBS)
    return jobs_in_use(JOBS, found.state_dir, found.root)
