"""``ctvpipe status``: did last night work? The first line answers it, the exit code too."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, tzinfo

import typer

from ctvpipe.cli import output
from ctvpipe.core import clock
from ctvpipe.core.ledger import RUNNING
from ctvpipe.health.model import Finding, Freshness, JobHealth, Mark, Report, State
from ctvpipe.health.words import ago, number, size, span

app = typer.Typer(help="Say whether last night worked.")

_STYLES = {State.HEALTHY: "green", State.WARNING: "yellow", State.CRITICAL: "red"}
_MARKS = {
    Mark.SUCCESS: ("✓", "+", "worked", "green"),
    Mark.WARNINGS: ("!", "!", "worked, with warnings", "yellow"),
    Mark.PARTIAL: ("◐", "%", "partial", "yellow"),
    Mark.FAILED: ("✗", "X", "failed", "red"),
    Mark.REFUSED: ("⊘", "R", "refused", "red"),
    Mark.INTERRUPTED: ("■", "I", "interrupted", "red"),
    Mark.MISSED: ("?", "?", "missed", "red"),
    Mark.RUNNING: ("▶", ">", "running", "bold"),
    Mark.SKIPPED: ("○", "o", "skipped", "dim"),
    Mark.NOT_DUE: ("·", ".", "not due", "dim"),
}
_HEAD = ("JOB", "LAST RUN", "AGE", "TOOK", "ROWS", "NIGHTS", "NEXT RUN")
_NIGHTS = _HEAD.index("NIGHTS")
_RIGHT = (2, 3, 4)
_SIX_DAYS = timedelta(days=6)


@app.command()
def status(
    as_json: bool = typer.Option(False, "--json", help="Print a JSON document for monitoring."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Tell more about each job's last run."),
) -> None:
    """Say whether last night worked: every job's last outcome, the disks, the data, the alerts.

    Reads only the ledger and the file system, so it works while jobs run and when any database is down.

    Exit codes: 0 healthy, 1 warning, 2 critical.
    """
    from ctvpipe.health.places import places
    from ctvpipe.health.report import look
    from ctvpipe.jobs import JOBS
    from ctvpipe.pipelines.commercial_log.daily_files import newest

    found = places(JOBS)
    report = look(JOBS, found, clock.now(), newest)
    if as_json:
        from ctvpipe.health import shape

        output.say(json.dumps(shape.report(report), indent=2))
    else:
        for line in _lines(report, found.tz, verbose=verbose):
            output.say(line)
    raise typer.Exit(int(report.state))


def _lines(report: Report, tz: tzinfo, *, verbose: bool) -> list[str]:
    now = report.generated_at
    jobs = tuple(job for job in report.jobs if job.in_use)
    lines = [output.coloured(report.headline, _STYLES[report.state]), ""]
    for finding in report.findings:
        lines += _problem(finding)
    if report.findings:
        lines.append("")
    if jobs:
        lines += [*_table(jobs, now, tz), "", _legend(jobs), ""]
    if verbose:
        for job in jobs:
            lines += _more(job, tz)
    if report.freshness is not None:
        lines.append(f"Data    {_data(report.freshness, now)}")
    for disk in report.disks:
        space = f"{size(disk.free)} free of {size(disk.total)} ({disk.free_percent:.0f} %)"
        painted = output.coloured(space, _STYLES[disk.state])
        lines.append(f"Disk    {painted}, for {' and '.join(disk.uses)} ({disk.path})")
    lines += [f"Alerts  {text}" for text in _alerts(report, tz)]
    lines += [f"Note    {note}" for note in report.notes]
    lines.append(f"        {now.astimezone(tz):%a %d %b %Y %H:%M %Z}, from {report.ledger}")
    return lines


def _problem(finding: Finding) -> list[str]:
    label = output.coloured(f"{finding.state.name:<8}", _STYLES[finding.state])
    lines = [f"{label}  {finding.subject}: {finding.reason}"]
    return [*lines, f"{'':8}  → {finding.advice}"] if finding.advice else lines


def _table(jobs: tuple[JobHealth, ...], now: datetime, tz: tzinfo) -> list[str]:
    rows = [_row(job, now, tz) for job in jobs]
    lines = output.table(_HEAD, rows, right=_RIGHT)
    painted = [output.coloured(lines[0], "bold")]
    for line, row, job in zip(lines[1:], rows, jobs, strict=True):
        marks = "".join(_painted(night.mark) for night in job.nights)
        line = line.replace(row[_NIGHTS], marks, 1)  # noqa: PLW2901  (colours come after the alignment)
        style = "" if job.state is State.HEALTHY else _STYLES[job.state]
        painted.append(output.coloured(line[: len(row[0])], style) + line[len(row[0]) :])
    return painted


def _row(job: JobHealth, now: datetime, tz: tzinfo) -> tuple[str, ...]:
    run = job.last
    next_run = _soon(job.next_run, now, tz)
    marks = "".join(_sign(night.mark) for night in job.nights)
    if run is None:
        return (job.name, "waiting" if job.enabled else "never", "", "", "", marks, next_run)
    took = "" if run.seconds is None else span(timedelta(seconds=run.seconds))
    age = span(now - (run.finished_at or run.started_at))
    outcome = "died" if run.outcome == RUNNING and job.running is None else run.outcome
    return (job.name, str(outcome), age, took, number(run.counters.get("rows")), marks, next_run)


def _soon(instant: datetime | None, now: datetime, tz: tzinfo) -> str:
    if instant is None:
        return "off"
    there = instant.astimezone(tz)
    return f"{there:%a %H:%M}" if instant - now < _SIX_DAYS else f"{there:%a %d %b %H:%M}"


def _sign(mark: Mark) -> str:
    return _MARKS[mark][0 if output.is_unicode() else 1]


def _painted(mark: Mark) -> str:
    return output.coloured(_sign(mark), _MARKS[mark][3])


def _legend(jobs: tuple[JobHealth, ...]) -> str:
    seen = {night.mark for job in jobs for night in job.nights}
    words = "   ".join(f"{_sign(mark)} {_MARKS[mark][2]}" for mark in _MARKS if mark in seen)
    return output.coloured(f"Nights: the last {len(jobs[0].nights)} days, today last.  {words}", "dim")


def _more(job: JobHealth, tz: tzinfo) -> list[str]:
    lines = [f"{job.name}: {job.state.label}, {job.summary}"]
    run = job.last
    if run is not None:
        started = output.local(run.started_at, tz)
        lines.append(f"  run {run.run_id[:8]}, started {started} ({run.trigger}) on {run.host}, ctvpipe {run.version}")
        counters = ", ".join(f"{name} {number(value)}" for name, value in run.counters.items())
        lines += [f"  {counters}"] if counters else []
        lines += [f"  warned: {text}" for text in run.warnings]
    return [*lines, ""]


def _data(fresh: Freshness, now: datetime) -> str:
    if fresh.workbook is None:
        newest = fresh.note or "no workbook yet"
    else:
        age = {0: "of today", 1: "of yesterday"}.get(fresh.age_days or 0, f"{fresh.age_days} days old")
        newest = output.coloured(f"newest workbook {fresh.workbook}, {age}", _STYLES[fresh.state])
    updated = f"last successful update {ago(fresh.updated_at, now)}" if fresh.updated_at else "no successful update yet"
    return f"{newest}; {updated}"


def _alerts(report: Report, tz: tzinfo) -> list[str]:
    lines = []
    for alert in report.alerts:
        runs = "1 run" if alert.bad_runs == 1 else f"{alert.bad_runs} runs"
        told = f"told {alert.told_at.astimezone(tz):%a %d %b %H:%M}" if alert.told_at else "NOBODY TOLD YET"
        why = f": {alert.error}" if alert.error else ""
        lines.append(f"{alert.job} is bad since {alert.bad_since.astimezone(tz):%a %d %b %H:%M} ({runs}), {told}{why}")
    return lines or ["none open"]
