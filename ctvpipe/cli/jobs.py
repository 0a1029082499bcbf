"""``ctvpipe jobs``: the table of jobs."""

from __future__ import annotations

import json

import typer

from ctvpipe.cli import output
from ctvpipe.core import clock, timers, timetable
from ctvpipe.health.places import places
from ctvpipe.health.shape import SCHEMA_VERSION
from ctvpipe.jobs import JOBS

app = typer.Typer(help="Show the jobs.")


@app.command()
def jobs(as_json: bool = typer.Option(False, "--json", help="Print a JSON document.")) -> None:
    """Show the jobs: pipeline, when each runs, its command, its log, its next run (off: its timer is switched off)."""
    found = places(JOBS)
    now = clock.now()
    in_force = timetable.in_force(JOBS, found.root)
    stopped = timers.switched_off((job.timer for job in in_force), found.root)
    due = {job.name: None if job.timer in stopped else job.schedule.next(now, found.tz) for job in in_force}
    rows = [
        {
            "name": job.name,
            "pipeline": job.pipeline,
            "schedule": job.schedule.on_calendar,
            "random_delay_seconds": job.schedule.random_delay.total_seconds(),
            "timeout_seconds": job.timeout.total_seconds(),
            "command": " ".join(("ctvpipe", *job.command)),
            "unit": job.unit,
            "env_file": job.env_file,
            "log": str(found.log(job)),
            "after": list(job.after),
            "enabled": due[job.name] is not None,
            "next_run": None if (instant := due[job.name]) is None else clock.to_text(instant),
        }
        for job in in_force
    ]
    if as_json:
        output.say(json.dumps({"schema_version": SCHEMA_VERSION, "jobs": rows}, indent=2))
        return
    cells = [
        (
            job.name,
            job.pipeline,
            job.schedule.words,
            "off" if (instant := due[job.name]) is None else output.local(instant, found.tz)[:16],
            str(row["command"]),
            str(row["log"]),
        )
        for job, row in zip(in_force, rows, strict=True)
    ]
    for line in output.table(("JOB", "PIPELINE", "WHEN", "NEXT RUN", "COMMAND", "LOG"), cells):
        output.say(line)
