"""What the import says: in its log and in the ledger (facts 3.4). Codes of sites are shown, people's data is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits.import_plan import Plan
from ctvpipe.pipelines.circuits.tracking_clashes import Choice
from ctvpipe.pipelines.circuits.tracking_reading import Reading
from ctvpipe.stores.merge import Merged

_ROWS_SHOWN = 10
_CHANGES_SHOWN = 20
_SITES_SHOWN = 3
_CLASHES_SHOWN = 20
_LOSERS_OF_A_STORE = 9


class Checked(NamedTuple):
    """Looking back after the writing: enabled circuits in the file and in the table, and sites with more than two."""

    in_file: int
    in_table: int
    many: Sequence[str]


def reading(run: Run, read: Reading, choices: Sequence[Choice]) -> None:
    """Report what the file held."""
    losers = [choice for choice in choices if choice.losers]
    identical = sum(choice.identical for choice in choices)
    run.log.info(
        "Read: %d rows, %d circuits, %d left out, %d lost to another row of their circuit, %d repeated",
        read.rows,
        len(choices),
        read.rejects,
        sum(len(choice.losers) for choice in losers),
        identical,
    )
    for reason, numbers in read.rejected.items():
        run.log.warning("Left out: %d rows with %s (%s)", len(numbers), reason, _rows(numbers))
    for name, numbers in read.unreadable.items():
        run.log.warning("Cannot be read: %s in %d rows, stored as empty (%s)", name, len(numbers), _rows(numbers))
    _clashes(run, losers)
    if read.missing:
        run.warn(f"the file has no column for {', '.join(read.missing)}: what is stored of it stays")
    if read.replaced_bytes:
        run.warn(f"{read.replaced_bytes} bytes of the file are neither UTF-8 nor Windows-1252")
    if read.rejects:
        run.warn(f"{read.rejects} rows cannot be stored ({rejected(read)})")
    for name, value in {
        "read": read.rows,
        "rejected": read.rejects,
        "clashes": len(losers),
        "repeated": identical,
        "unreadable": sum(map(len, read.unreadable.values())),
        "repaired_names": read.repaired,
        "unknown_purposes": read.unknown_purposes,
    }.items():
        run.count(name, value)


def _clashes(run: Run, losers: Sequence[Choice]) -> None:
    """The first orders that lost to another of their circuit, and a name that swallows too many (facts 10.1)."""
    for choice in losers[:_CLASHES_SHOWN]:
        site, purpose = choice.winner.key
        best, *others = choice.losers
        more = f" and {len(others)} more" if others else ""
        run.log.info(
            "%s %s: %s (row %d) is stored, not %s (row %d)%s",
            site,
            purpose,
            choice.winner["status"],
            choice.winner.number,
            best["status"],
            best.number,
            more,
        )
    if len(losers) > _CLASHES_SHOWN:
        run.log.info("'ctvpipe circuits conflicts' lists all %d of them", len(losers))
    for choice in losers:
        if len(choice.losers) > _LOSERS_OF_A_STORE:
            run.warn(
                f"{len(choice.losers) + 1} orders claim {' '.join(choice.winner.key)}, and one of them is stored: "
                "a name that is no store's belongs in TRACKING_TRADING_NAMES"
            )


def rejected(read: Reading) -> str:
    """The rows that were left out, counted by reason."""
    return ", ".join(f"{len(numbers)} with {reason}" for reason, numbers in read.rejected.items())


def plan(run: Run, made: Plan) -> None:
    """Report what will happen to the circuits."""
    for change in made.status_changes[:_CHANGES_SHOWN]:
        run.log.info("%s %s: %s → %s", change.site_name, change.purpose, change.before, change.after)
    if (more := len(made.status_changes) - _CHANGES_SHOWN) > 0:
        run.log.info("… and %d more changes of status", more)
    if made.protected:
        run.log.info("Left alone: %d circuits that are overridden", len(made.protected))
    for name, value in {
        "unchanged": made.unchanged,
        "skipped_override": len(made.protected),
        "missing": len(made.missing),
        "status_changes": len(made.status_changes),
        "notes_cleared": made.notes_cleared,
    }.items():
        run.count(name, value)


def difference(made: Plan) -> str:
    """The plan in a few words."""
    parts = [f"{len(made.new):,} new", f"{len(made.changed):,} changed", f"{made.unchanged:,} unchanged"]
    parts += [f"{len(made.protected):,} overridden"] if made.protected else []
    parts += [f"{len(made.missing):,} no longer in the file"] if made.missing else []
    return ", ".join(parts)


def done(run: Run, name: str, made: Plan, written: Merged, checked: Checked) -> None:
    """Report what was written, and what is odd about it."""
    run.count("rows", len(made.new) + len(made.changed) + made.unchanged + len(made.protected))
    run.count("inserted", written.inserted)
    run.count("updated", written.updated)
    run.count("enabled", checked.in_table)
    if checked.in_file != checked.in_table:
        run.warn(f"the file has {checked.in_file:,} enabled circuits to store, the table has {checked.in_table:,}")
    if checked.many:
        first = ", ".join(checked.many[:_SITES_SHOWN])
        run.warn(f"{len(checked.many)} sites have more than two enabled circuits: {first}")
    run.summary = f"{name}: {difference(made)}"


def _rows(numbers: Iterable[int]) -> str:
    shown = [str(number) for number in numbers]
    return f"rows {', '.join(shown[:_ROWS_SHOWN])}{', …' if len(shown) > _ROWS_SHOWN else ''}"
