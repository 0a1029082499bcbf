"""Know a workbook that was applied before, so that it need not be read again.

Reading is a pure function of the workbook's bytes, this version's rules and the settings in the key. Together with
its rows, an update records what reading gave and a digest of every month's rows. When the same key comes again and
the open months still have those digests, the plan is known: nothing changes.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.commercial_log import database, planning
from ctvpipe.pipelines.commercial_log.columns import POSITION
from ctvpipe.pipelines.commercial_log.reading import Log, Problem

_MONTH = POSITION["broadcast_month"]


@dataclass(frozen=True)
class Known:
    """A reading without its rows, the plan that follows from it, and the record it was kept in."""

    log: Log
    plan: planning.Plan
    record: dict[str, Any]


def record(log: Log, key: str) -> dict[str, Any]:
    """What to keep of a reading, as JSON: all but the rows."""
    hashes: dict[str, list[bytes]] = defaultdict(list)
    for month in log.other_months:
        hashes[month] = []
    for row, digest in zip(log.rows, log.hashes, strict=True):
        hashes[str(row[_MONTH])].append(digest)
    return {
        "key": key,
        "months": {month: [len(found), _digest(found)] for month, found in hashes.items()},
        "counts": log.counts,
        "unreadable": log.unreadable,
        "outside_domain": log.outside_domain,
        "problems": [_fields(problem) for problem in log.problems],
        "rejected": [_fields(problem) for problem in log.rejected],
        "remarks": log.remarks,
    }


def recall(connection: sa.Connection, key: str) -> Known | None:
    """What is known of the workbook and settings of ``key``.

    ``None`` when the latest import had another key, or the open months are not as that one left them.
    """
    kept = database.latest_details(connection).get("reading", {})
    if kept.get("key") != key:
        return None
    closed = database.closed_months(connection)
    months: dict[str, tuple[int, str]] = {month: (count, digest) for month, (count, digest) in kept["months"].items()}
    wanted = planning.open_months(months, closed)
    existing = database.hashes_by_month(connection, wanted)
    for month in wanted:
        if _digest(digest for _, digest in existing[month]) != months[month][1]:
            return None
    plans = tuple(planning.MonthPlan(month, *(months[month][0],) * 2, insert=(), delete=()) for month in wanted)
    filtered = {month: count for month, (count, _) in months.items() if month in closed}
    return Known(_log(kept), planning.Plan(plans, filtered), kept)


def _log(kept: Mapping[str, Any]) -> Log:
    return Log(
        counts=Counter(kept["counts"]),
        unreadable=Counter(kept["unreadable"]),
        outside_domain=Counter(kept["outside_domain"]),
        problems=[Problem(*fields) for fields in kept["problems"]],
        rejected=[Problem(*fields) for fields in kept["rejected"]],
        remarks=list(kept["remarks"]),
    )


def _fields(problem: Problem) -> list[object]:
    return [problem.sheet, problem.row, problem.column, problem.header]


def _digest(hashes: Iterable[bytes]) -> str:
    return hashlib.blake2b(b"".join(sorted(hashes)), digest_size=16).hexdigest()
