"""The stable shape of ``ctvpipe status --json``, for monitoring.

Version 1, an object with
``schema_version`` (1), ``version``, ``generated_at``, ``state`` (``healthy``, ``warning``, ``critical``), ``exit_code``
(0, 1, 2), ``headline``;
``problems``: list of ``state``, ``subject`` (a job, ``ledger``, ``clock``, ``disk``, ``data``, ``alerts``), ``reason``,
``advice``, the gravest first;
``jobs``: list of ``name``, ``pipeline``, ``state``, ``reason``, ``running``, ``last_run`` (``null``, or what
``run`` below gives, with ``age_seconds``), ``nights`` (list of ``date``, ``mark``; today last), ``enabled`` (whether its
timer is switched on), ``in_use`` (whether its pipeline is), ``next_run`` (``null`` where it is not enabled); empty
when the ledger cannot be read;
``disks``: list of ``path``, ``uses``, ``total_bytes``, ``free_bytes``, ``free_percent``, ``state``;
``freshness``: ``state``, ``directory``, ``workbook``, ``workbook_date``, ``age_days``, ``last_update_at``,
``last_update_age_seconds``, ``note``;
``alerts``: jobs in a bad state, list of ``job``, ``bad_since``, ``bad_runs``, ``told_at``, ``error``;
``notes``: list of text; ``ledger``: its path.

Instants are ISO 8601 in UTC, dates are business days in the station's zone, durations are seconds; what is not
known is ``null``. Names may be added within a version, never removed or changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ctvpipe import __version__
from ctvpipe.core import clock
from ctvpipe.core.ledger import RunRecord
from ctvpipe.health.model import Freshness, JobHealth, Report

SCHEMA_VERSION = 1


def report(found: Report) -> dict[str, Any]:
    """``found`` in the shape above."""
    now = found.generated_at
    return {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "generated_at": clock.to_text(now),
        "state": found.state.label,
        "exit_code": int(found.state),
        "headline": found.headline,
        "problems": [
            {"state": item.state.label, "subject": item.subject, "reason": item.reason, "advice": item.advice}
            for item in found.findings
        ],
        "jobs": [_job(job, now) for job in found.jobs],
        "disks": [
            {
                "path": str(disk.path),
                "uses": list(disk.uses),
                "total_bytes": disk.total,
                "free_bytes": disk.free,
                "free_percent": round(disk.free_percent, 1),
                "state": disk.state.label,
            }
            for disk in found.disks
        ],
        "freshness": None if found.freshness is None else _freshness(found.freshness, now),
        "alerts": [
            {
                "job": alert.job,
                "bad_since": clock.to_text(alert.bad_since),
                "bad_runs": alert.bad_runs,
                "told_at": _text(alert.told_at),
                "error": alert.error,
            }
            for alert in found.alerts
        ],
        "notes": list(found.notes),
        "ledger": str(found.ledger),
    }


def run(record: RunRecord) -> dict[str, Any]:
    """A row of the ledger: all its fields, ``seconds``, and ``rows`` (from the counters).

    ``only``: to what part of the job's work it was narrowed; empty for all of it.
    """
    return {
        "run_id": record.run_id,
        "job": record.job,
        "pipeline": record.pipeline,
        "outcome": str(record.outcome),
        "exit_code": record.exit_code,
        "started_at": clock.to_text(record.started_at),
        "finished_at": _text(record.finished_at),
        "seconds": record.seconds,
        "rows": record.counters.get("rows"),
        "message": record.message,
        "advice": record.advice,
        "counters": dict(record.counters),
        "warnings": list(record.warnings),
        "trigger": record.trigger,
        "only": record.only,
        "host": record.host,
        "version": record.version,
        "process": record.process,
    }


def _job(job: JobHealth, now: datetime) -> dict[str, Any]:
    last = None
    if job.last is not None:
        last = run(job.last) | {"age_seconds": _seconds(job.last.finished_at or job.last.started_at, now)}
    return {
        "name": job.name,
        "pipeline": job.pipeline,
        "state": job.state.label,
        "reason": job.summary,
        "running": job.running is not None,
        "last_run": last,
        "nights": [{"date": night.day.isoformat(), "mark": night.mark.value} for night in job.nights],
        "enabled": job.enabled,
        "in_use": job.in_use,
        "next_run": _text(job.next_run),
    }


def _freshness(fresh: Freshness, now: datetime) -> dict[str, Any]:
    return {
        "state": fresh.state.label,
        "directory": str(fresh.directory),
        "workbook": fresh.workbook,
        "workbook_date": fresh.workbook_day.isoformat() if fresh.workbook_day else None,
        "age_days": fresh.age_days,
        "last_update_at": _text(fresh.updated_at),
        "last_update_age_seconds": None if fresh.updated_at is None else _seconds(fresh.updated_at, now),
        "note": fresh.note,
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else clock.to_text(instant)


def _seconds(instant: datetime, now: datetime) -> float:
    return round((now - instant).total_seconds(), 1)
