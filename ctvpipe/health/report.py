"""Look at the ledger and the disks, and say how the night went. Never opens a database of the data."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ctvpipe.core import clock, timers, timetable
from ctvpipe.core.errors import CtvpipeError, Outcome
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import FILE_NAME, RUNNING, LedgerReader, RunRecord, is_alive
from ctvpipe.health import disk, freshness, in_use, rules, trend
from ctvpipe.health.model import AlertHealth, Finding, JobHealth, Report, State, worst
from ctvpipe.health.places import Places
from ctvpipe.health.words import ago, span

_IMPORT, _UPDATE = "commercial-import", "daily-update"
_PAGES = (80, 2000)
_ALERT_MATTERS = timedelta(days=7)
_A_NIGHT = timedelta(hours=24)
_BEING_MADE_SECONDS = 60
_MOVE_AWAY = "Move it away (the next run begins a new one) and check the disk or the SD card ('dmesg')."
_NO_TARGET = "no alert target is configured"


@dataclass
class _Recorded:
    """What the ledger knows; empty where nothing has run yet."""

    runs: dict[str, list[RunRecord]] = field(default_factory=dict)
    oldest: datetime | None = None
    alerts: list[AlertHealth] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    imported_at: datetime | None = None
    updated_at: datetime | None = None


def look(
    jobs: Sequence[Job],
    places: Places,
    now: datetime,
    newest: freshness.Newest,
    alive: Callable[[str], bool] = is_alive,
) -> Report:
    """The report on ``jobs`` at ``now`` (UTC). Raises nothing: what cannot be read is a finding.

    ``newest`` finds the newest workbook in a directory; ``alive`` says whether a recorded process still runs.
    """
    jobs = timetable.in_force(jobs, places.root)
    recorded = _read(jobs, places, now)
    known = not recorded.findings or recorded.oldest is not None
    view = rules.View(now, places.tz, recorded.oldest, alive)
    on, used = _switched(jobs, places, recorded)
    standing = tuple(
        _job(job, recorded.runs.get(job.name, []), view, enabled=job.name in on, in_use=job.pipeline in used)
        for job in jobs
        if known
    )
    imported = recorded.imported_at is not None and _IMPORT in on
    fresh, stale = freshness.look(
        places.daily_dir,
        newest,
        today=clock.business_day(now, places.tz),
        now=now,
        expected=imported or (places.share_configured and _IMPORT in on),
        imported=imported,
        updated_at=recorded.updated_at,
    )
    disks, full = disk.look({"state": places.state_dir, "data": places.data_dir})
    doubted = rules.clock_doubted(recorded.runs)
    findings = [*recorded.findings, *doubted, *(item for job in standing for item in job.findings), *full, *stale]
    findings.sort(key=lambda finding: -finding.state)
    return Report(
        generated_at=now,
        state=worst(findings),
        headline=_headline(findings, standing, recorded.oldest, places, now),
        findings=tuple(findings),
        jobs=standing,
        disks=tuple(disks),
        freshness=fresh,
        alerts=tuple(recorded.alerts),
        notes=(*places.notes, *_skipped(standing), *_unused(jobs, used)),
        ledger=places.state_dir / FILE_NAME,
    )


def _switched(jobs: Sequence[Job], places: Places, recorded: _Recorded) -> tuple[set[str], frozenset[str]]:
    """The names of the jobs that are expected to run, and the pipelines that are in use."""
    names = [job.timer for job in jobs]
    ran = {name for name, runs in recorded.runs.items() if runs}
    used = in_use.pipelines(jobs, timers.switched_on(names, places.root), ran)
    off = timers.switched_off(names, places.root)
    return {job.name for job in jobs if job.pipeline in used and job.timer not in off}, used


def _skipped(standing: Sequence[JobHealth]) -> list[str]:
    """Why the jobs that are expected to run did nothing last: wanted or not, nothing is wrong, and nobody is alarmed."""
    last = {job.name: job.last for job in standing if job.enabled}
    return [
        f"{name} was skipped: {run.message}"
        for name, run in last.items()
        if run is not None and run.outcome == Outcome.SKIPPED
    ]


def _unused(jobs: Sequence[Job], used: frozenset[str]) -> list[str]:
    names = dict.fromkeys(job.pipeline for job in jobs if job.pipeline not in used)
    return [f"{name} is not in use; to begin: sudo ctvpipe enable {name}" for name in names]


def _read(jobs: Sequence[Job], places: Places, now: datetime) -> _Recorded:
    recorded = _Recorded()
    try:
        with LedgerReader.open(places.state_dir) as reader:
            if reader is None:
                recorded.findings += _emptied(places.state_dir / FILE_NAME, now)
            else:
                oldest = reader.oldest_start()
                runs = {job.name: _recent(reader, job, now) for job in jobs}
                alerts, undelivered = _alerts(reader, now)
                imported, updated = _success(reader, _IMPORT), _success(reader, _UPDATE)
                recorded = _Recorded(runs, oldest, alerts, undelivered, imported, updated)
    except CtvpipeError as error:
        recorded.findings.append(Finding(State.CRITICAL, "ledger", str(error), error.advice))
    except (sqlite3.Error, OSError, ValueError, TypeError) as error:
        reason = f"the ledger {places.state_dir / FILE_NAME} cannot be read: {error}"
        recorded.findings.append(Finding(State.CRITICAL, "ledger", reason, _MOVE_AWAY))
    return recorded


def _emptied(path: Path, now: datetime) -> list[Finding]:
    """A ledger without content has lost it, unless the first run is just making it."""
    if not path.exists() or now.timestamp() - path.stat().st_mtime < _BEING_MADE_SECONDS:
        return []
    return [Finding(State.CRITICAL, "ledger", f"the ledger {path} is empty: what was recorded is lost", _MOVE_AWAY)]


def _success(reader: LedgerReader, job: str) -> datetime | None:
    """When ``job`` last ended well."""
    run = reader.latest_done(job)
    return None if run is None else run.finished_at or run.started_at


def _recent(reader: LedgerReader, job: Job, now: datetime) -> list[RunRecord]:
    """The job's latest runs: enough for the trend, and at least one that really began if there is one."""
    runs: list[RunRecord] = []
    for limit in _PAGES:
        runs = reader.runs(job=job.name, limit=limit)
        far_enough = len(runs) < limit or runs[-1].started_at < now - timedelta(days=trend.NIGHTS + 1)
        settled = any(run.outcome not in {Outcome.SKIPPED, RUNNING} for run in rules.begun(runs))
        if far_enough and (settled or len(runs) < limit):
            break
    return runs


def _alerts(reader: LedgerReader, now: datetime) -> tuple[list[AlertHealth], list[Finding]]:
    states = reader.alert_states()
    alerts = []
    for state in sorted(states.values(), key=lambda state: state.bad_since):
        rows = reader.alerts(job=state.job, limit=1)
        error = rows[0]["error"] if rows else ""
        alerts.append(AlertHealth(state.job, state.bad_since, state.bad_runs, state.sent_at, error))
    newest = next(iter(reader.alerts(limit=1)), None)
    if newest is None or newest["delivered"] or newest["error"] == _NO_TARGET:
        return alerts, []
    sent = clock.from_text(newest["created_at"])
    if now - sent > _ALERT_MATTERS:
        return alerts, []
    reason = f"the last alert ({newest['job']}, {ago(sent, now)}) reached nobody: {newest['error']}"
    return alerts, [Finding(State.WARNING, "alerts", reason, "Correct the target, then try it: ctvpipe alert test")]


def _job(job: Job, runs: Sequence[RunRecord], view: rules.View, *, enabled: bool, in_use: bool) -> JobHealth:
    """The standing of ``job``. Of one that is switched off nothing is expected, so nothing is wrong with it."""
    findings = tuple(rules.findings(job, runs, view)) if enabled else ()
    real = rules.begun(runs)
    last = real[0] if real else None
    running = last if last is not None and last.outcome == RUNNING and view.alive(last.process) else None
    return JobHealth(
        name=job.name,
        pipeline=job.pipeline,
        state=worst(findings),
        summary="; ".join(finding.reason for finding in findings)
        or (_fine(last, view.now) if enabled else f"switched off; {_ended(last, view)}"),
        findings=findings,
        last=last,
        running=running,
        nights=trend.nights(job, runs, view, enabled=enabled),
        enabled=enabled,
        in_use=in_use,
        next_run=job.schedule.next(view.now, view.tz) if enabled else None,
    )


def _fine(last: RunRecord | None, now: datetime) -> str:
    if last is None:
        return "waiting for its first run"
    if last.outcome == RUNNING:
        return f"running for {span(now - last.started_at)}"
    if last.outcome == Outcome.SKIPPED:
        return f"skipped: {last.message}"
    return last.message or f"{last.outcome} {ago(last.finished_at or last.started_at, now)}"


def _ended(last: RunRecord | None, view: rules.View) -> str:
    """How the last run of a job that is switched off ended: whoever started it wants to know."""
    if last is None:
        return "it has never run"
    if last.outcome != RUNNING:
        when = ago(last.finished_at or last.started_at, view.now)
        return f"{last.outcome} {when}: {last.message}" if last.message else f"{last.outcome} {when}"
    if view.alive(last.process):
        return f"running for {span(view.now - last.started_at)}"
    return f"its run of {ago(last.started_at, view.now)} ended without a word"


def _headline(
    findings: Sequence[Finding], jobs: Sequence[JobHealth], oldest: datetime | None, places: Places, now: datetime
) -> str:
    """The line that answers the question: did last night work?"""
    state = worst(findings)
    if state is State.HEALTHY:
        return f"{state.name} \u2013 {_good_news(jobs, oldest, places, now)}"
    gravest = [finding for finding in findings if finding.state is state]
    rest = len(findings) - len(gravest)
    more = f" (and {rest} warning{'s' if rest > 1 else ''})" if rest else ""
    if len(gravest) == 1:
        return f"{state.name} \u2013 {gravest[0].subject}: {gravest[0].reason}{more}"
    subjects = ", ".join(dict.fromkeys(finding.subject for finding in gravest))
    return f"{state.name} \u2013 {len(gravest)} problems: {subjects}{more}"


def _switched_off(jobs: Sequence[JobHealth]) -> list[str]:
    """The jobs that are switched off; where all of a pipeline are, its name instead."""
    on = {job.pipeline for job in jobs if job.enabled}
    names = (job.name if job.pipeline in on else job.pipeline for job in jobs if not job.enabled)
    return list(dict.fromkeys(names))


def _good_news(jobs: Sequence[JobHealth], oldest: datetime | None, places: Places, now: datetime) -> str:
    running = "".join(f"; {job.name} is running" for job in jobs if job.running is not None)
    jobs = [job for job in jobs if job.in_use]
    on = [job for job in jobs if job.enabled]
    if jobs and not on:
        return f"every job is switched off{running}"
    outcomes = {job.name: job.last.outcome for job in on if job.last is not None}
    idle = "".join(f"; {name} was skipped" for name, outcome in outcomes.items() if outcome == Outcome.SKIPPED)
    idle += "".join(f"; {name} is switched off" for name in _switched_off(jobs))
    if Outcome.SUCCESS in outcomes.values():
        nights = oldest is not None and oldest < now - _A_NIGHT
        return f"{'last night worked' if nights else 'every run so far worked'}{idle}{running}"
    if outcomes:
        return f"nothing has failed{idle}{running}"
    first = min((job.next_run for job in jobs if job.next_run is not None), default=None)
    due = f"; the first run is due {first.astimezone(places.tz):%a %d %b %H:%M}" if first else ""
    return f"nothing has run yet{due}{idle}"
