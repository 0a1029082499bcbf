"""``ctvpipe runs``: what the ledger has recorded."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import typer

from ctvpipe.cli import complete, output
from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError, Outcome, PermanentError
from ctvpipe.core.ledger import FILE_NAME, RUNNING, LedgerReader, RunRecord, is_alive
from ctvpipe.health import shape
from ctvpipe.health.logtail import lines_of_run
from ctvpipe.health.places import Places, places
from ctvpipe.health.words import number, span
from ctvpipe.jobs import JOBS, find

app = typer.Typer(help="Show what has run.", no_args_is_help=True)

_SHORT_ID = 8
_ALERTS_LOOKED_THROUGH = 1000
_STYLES = {Outcome.SUCCESS: "green", Outcome.PARTIAL: "yellow", Outcome.FAILED: "red", Outcome.REFUSED: "red"}


@app.callback()
def _runs() -> None:
    """Show what has run: the latest runs, or one run in full."""


@app.command("list")
def list_runs(
    job: str = typer.Option(
        "", "--job", "-j", metavar="JOB", autocompletion=complete.jobs, help="Only this job's runs."
    ),
    limit: int = typer.Option(20, "--limit", "-n", min=1, metavar="N", help="How many, the latest first."),
    as_json: bool = typer.Option(False, "--json", help="Print a JSON document."),
) -> None:
    """List the latest runs, newest first."""
    if job:
        find(job)
    found = places(JOBS)
    with _reading(found) as reader:
        runs = reader.runs(job=job or None, limit=limit) if reader else []
    if as_json:
        document = {"schema_version": shape.SCHEMA_VERSION, "runs": [shape.run(run) for run in runs]}
        output.say(json.dumps(document, indent=2))
    elif not runs:
        output.say("No run is recorded yet.")
    else:
        head = ("RUN", "JOB", "STARTED", "TOOK", "OUTCOME", "EXIT", "ROWS", "BY", "MESSAGE")
        for line in output.table(head, [_row(run, found) for run in runs], right=(3, 5, 6)):
            output.say(line)


@app.command()
def show(
    run_id: str = typer.Argument(..., metavar="ID", help="The run's id, or as much of its beginning as is unique."),
    lines: int = typer.Option(40, "--lines", min=0, metavar="N", help="How many of the run's last log lines to show."),
    as_json: bool = typer.Option(False, "--json", help="Print a JSON document."),
) -> None:
    """Show everything recorded about one run: how it ended, counters, warnings, alerts, the end of its log."""
    found = places(JOBS)
    with _reading(found) as reader:
        run = _only(reader.find(run_id) if reader else [], run_id)
        alerts = [
            {name: row[name] for name in ("kind", "created_at", "delivered", "error")}
            for row in (reader.alerts(job=run.job, limit=_ALERTS_LOOKED_THROUGH) if reader else [])
            if row["run_id"] == run.run_id
        ]
    log, why_none = _log(run, found, lines)
    if as_json:
        extra = {"schema_version": shape.SCHEMA_VERSION, "alerts": alerts, "log": log}
        output.say(json.dumps(shape.run(run) | extra, indent=2))
        return
    for line in (*_facts(run, found), *_sent(alerts, found)):
        output.say(line)
    output.say(f"Log        {why_none}" if why_none else f"Log        {places(JOBS).log(find(run.job))}")
    for line in log:
        output.say(f"  {line}")


@contextmanager
def _reading(found: Places) -> Iterator[LedgerReader | None]:
    path = found.state_dir / FILE_NAME
    try:
        with LedgerReader.open(found.state_dir) as reader:
            yield reader
    except (sqlite3.Error, ValueError) as error:
        raise PermanentError(f"the ledger {path} cannot be read: {error}", "See 'ctvpipe status'.") from error


def _only(runs: list[RunRecord], prefix: str) -> RunRecord:
    if not runs:
        raise ConfigurationError(f"there is no run whose id begins with {prefix!r}", "See 'ctvpipe runs list'.")
    if len(runs) > 1:
        ids = ", ".join(sorted(run.run_id for run in runs)[:5])
        raise ConfigurationError(f"{len(runs)} runs have an id that begins with {prefix!r}", f"Say more of it: {ids}")
    return runs[0]


def _row(run: RunRecord, found: Places) -> tuple[str, ...]:
    return (
        run.run_id[:_SHORT_ID],
        run.job,
        output.local(run.started_at, found.tz),
        "" if run.seconds is None else span(timedelta(seconds=run.seconds)),
        _outcome(run),
        "" if run.exit_code is None else str(run.exit_code),
        number(run.counters.get("rows")),
        run.trigger,
        f"(only {run.only}) {run.message}" if run.only else run.message,
    )


def _outcome(run: RunRecord) -> str:
    if run.outcome == RUNNING and not is_alive(run.process):
        return "died"
    return f"{run.outcome} (!)" if run.warnings and run.outcome == Outcome.SUCCESS else str(run.outcome)


def _facts(run: RunRecord, found: Places) -> list[str]:
    outcome = output.coloured(_outcome(run), next((style for key, style in _STYLES.items() if key == run.outcome), ""))
    lines = [
        f"Run        {run.run_id}",
        f"Job        {run.job} ({run.pipeline})",
        f"Outcome    {outcome}" + ("" if run.exit_code is None else f" (exit code {run.exit_code})"),
        f"Message    {run.message}",
        f"Only       {run.only}",
        f"Advice     {run.advice}",
        f"Started    {output.local(run.started_at, found.tz)}, by {run.trigger}",
    ]
    if run.finished_at is not None and run.seconds is not None:
        took = span(timedelta(seconds=run.seconds))
        lines.append(f"Finished   {output.local(run.finished_at, found.tz)}, after {took}")
    lines.append(f"Where      {run.host}, ctvpipe {run.version}, process {run.process}")
    lines += [f"Counter    {name}: {number(value)}" for name, value in run.counters.items()]
    lines += [f"Warning    {text}" for text in run.warnings]
    return [line for line in lines if not line.endswith("  ")]


def _sent(alerts: list[dict[str, Any]], found: Places) -> list[str]:
    lines = []
    for alert in alerts:
        when = output.local(clock.from_text(alert["created_at"]), found.tz)
        reached = "reached nobody" if not alert["delivered"] else f"reached {alert['delivered']}"
        problem = f" ({alert['error']})" if alert["error"] else ""
        lines.append(f"Alert      {alert['kind']} of {when}: {reached}{problem}")
    return lines


def _log(run: RunRecord, found: Places, limit: int) -> tuple[list[str], str]:
    """The run's last log lines, or why there are none."""
    if run.outcome == Outcome.NOT_NOW:
        return [], "none: the run did not begin"
    job = next((job for job in JOBS if job.name == run.job), None)
    if job is None:
        return [], f"unknown: there is no job called {run.job} any more"
    path = found.log(job)
    try:
        lines = lines_of_run(path, run.run_id)
    except OSError as error:
        return [], f"cannot read {path}: {error.strerror or error}"
    if not lines:
        return [], f"{path} does not have it (any more)"
    return lines[-limit:] if limit else [], ""
