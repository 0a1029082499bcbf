"""``ctvpipe fms status`` and ``ctvpipe fms config``: how the sync stands, and by which settings it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.health.places import Places
    from ctvpipe.pipelines.fms.holdings import Holdings
    from ctvpipe.pipelines.fms.settings import SyncSettings
    from ctvpipe.pipelines.fms.views import Standing

_JOB = "fms-sync"
_GAP = " " * 10
Json = Annotated[bool, typer.Option("--json", help="Print a JSON document.")]


def status(as_json: Json = False) -> None:
    """Show when the next sync is, how the last one ended, what the tables hold, and what is unusual.

    The JSON document has the schedule and the last result, and is made without the database.
    """
    from ctvpipe.core import clock
    from ctvpipe.health.places import places
    from ctvpipe.jobs import JOBS
    from ctvpipe.pipelines.fms import database, holdings, views

    now, found = clock.now(), places(JOBS)
    standing = _standing(found)
    if as_json:
        _print(views.status(standing, now, found.tz))
        return
    for line in _schedule(standing, now, found.tz):
        output.say(line)
    with database.reading(standing.settings) as connection:
        held = None if connection is None else holdings.read(connection)
    output.say()
    if held is None:
        output.say("There is no data yet.")
    else:
        _held(held, found.tz)
    empty = [table.table for table in held.tables if not table.rows] if held is not None else []
    for number, text in enumerate(views.unusual(standing, now, empty)):
        output.say(f"{_GAP if number else 'Unusual   '}{listing.plain(text)}")


def config(as_json: Json = False) -> None:
    """Show the settings of the sync. Of an export's address only the server and the report are shown."""
    from ctvpipe.pipelines.fms import views

    shown = views.config(_settings())
    if as_json:
        _print(shown)
        return
    listing.rows(("TABLE", "EXPORT"), list(shown["sync_urls"].items()))
    output.say()
    output.say(f"Sync      daily {shown['sync_hour']:02}:{shown['sync_minute']:02}")
    output.say(f"By hand   {', '.join(shown['manual_only'])}")


def _print(shape: Mapping[str, object]) -> None:
    """Print a document with the keys that its users know, and no others (facts 4.3)."""
    output.say(json.dumps(shape, indent=2, ensure_ascii=False))


def _settings() -> SyncSettings:
    from ctvpipe.core.settings import environment
    from ctvpipe.jobs import find
    from ctvpipe.pipelines.fms.settings import SyncSettings

    found = environment((find(_JOB).env_file,))
    if found.unreadable:
        files = ", ".join(f"{path} ({reason})" for path, reason in found.unreadable.items())
        raise ConfigurationError(f"cannot read {files}", "Run it as the service user: sudo -u ctvpipe ctvpipe …")
    return found.load(SyncSettings)


def _standing(found: Places) -> Standing:
    from ctvpipe.core import timers, timetable
    from ctvpipe.core.ledger import LedgerReader
    from ctvpipe.jobs import find
    from ctvpipe.pipelines.fms.views import Standing

    settings, job = _settings(), find(_JOB)
    (known,) = timetable.in_force((job,), found.root)
    with LedgerReader.open(found.state_dir) as reader:
        last, done = (reader.latest_begun(_JOB), reader.latest_done(_JOB)) if reader else (None, None)
    return Standing(
        settings=settings,
        switched_on=job.timer in timers.switched_on((job.timer,), found.root),
        schedule=known.schedule,
        wanted=timetable.scheduled(job, settings.runs_at),
        last=last,
        done=done,
    )


def _schedule(standing: Standing, now: datetime, tz: tzinfo) -> list[str]:
    """The next sync and the last one."""
    from ctvpipe.health.words import ago

    due = standing.next_sync(now, tz)
    if due is not None:
        lines = [f"Next sync {due:%a %d %b %Y %H:%M} ({standing.schedule.words})"]
    elif standing.switched_on:
        lines = ["Next sync none: it is switched off by SYNC_ENABLED"]
    else:
        lines = [
            "Next sync none: the timer is switched off, or not installed; to switch it on: sudo ctvpipe enable fms"
        ]
    run = standing.last
    if run is None:
        return [*lines, "Last sync none yet"]
    said = f": {listing.plain(run.message)}" if run.message else ""
    return [*lines, f"Last sync {run.outcome} {ago(run.finished_at or run.started_at, now)}{said}"]


def _held(held: Holdings, tz: tzinfo) -> None:
    cells = [
        (
            table.table,
            f"{table.rows:,}",
            output.local(table.written_at, tz)[:16] if table.written_at else None,
            table.first,
            table.last,
        )
        for table in held.tables
    ]
    listing.rows(("TABLE", "ROWS", "LAST WRITTEN", "OLDEST START", "NEWEST START"), cells, right=(1,))
    output.say()
    share = f" ({100 * held.with_coordinates / held.partners:.1f} %)" if held.partners else ""
    output.say(
        f"Partners  {held.with_coordinates:,} of {held.partners:,} with coordinates{share}, "
        f"{held.with_day:,} with a preferred day, {held.by_hand:,} of them set by hand"
    )
