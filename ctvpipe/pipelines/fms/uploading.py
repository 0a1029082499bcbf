"""A workbook that somebody uploads: read, checked, planned, stored, or refused (facts 6).

All sheets are one transaction. Rows are inserted and updated, never deleted; a column that the sheet does not have
keeps what is stored of it, and an unchanged row is not written.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from ctvpipe.core import bounded, clock, files
from ctvpipe.core.errors import Outcome, PermanentError
from ctvpipe.pipelines.fms import people, upload_reading
from ctvpipe.pipelines.fms.schema.tables import METADATA
from ctvpipe.pipelines.fms.upload_layouts import Upload
from ctvpipe.pipelines.fms.upload_reading import Reject, SheetRows
from ctvpipe.sources import workbook
from ctvpipe.stores import engine, ingestion, reconcile
from ctvpipe.stores.merge import Merged, merge

_SOURCE = "fms upload"
_Plan = tuple[SheetRows, reconcile.Difference]


@dataclass(frozen=True)
class Done:
    """A sheet, and what became of its rows in its table; ``None`` where the workbook was refused."""

    sheet: SheetRows
    merged: Merged | None = None


@dataclass(frozen=True)
class Result:
    """What became of a workbook: ``success``, ``partial`` (rows were rejected, the others stored) or ``refused``."""

    outcome: Outcome
    message: str
    sheets: tuple[Done, ...]

    @property
    def processed(self) -> int:
        """Rows that can be stored, duplicates among them."""
        return sum(done.sheet.accepted for done in self.sheets)

    @property
    def rejects(self) -> list[Reject]:
        """Every cell for which a row cannot be stored."""
        return [reject for done in self.sheets for reject in done.sheet.rejects]


def upload(path: Path, layout: Upload, *, strict: bool, dry_run: bool) -> Result:
    """Store the workbook at ``path``; a dry run plans it in a transaction that cannot write.

    ``strict``: refuse it as a whole when a row is rejected; it is always refused when every row is. Raises
    ``PermanentError`` when there is no such file, ``ContractError`` for one that is no such workbook, and the errors of
    ``people``; in every such case nothing was written.
    """
    started = clock.now()
    sheets = _checked(path, layout)
    rejected = sum(sheet.rejected for sheet in sheets)
    if not any(sheet.rows for sheet in sheets):
        return _refused(sheets, f"none of its {sum(sheet.read for sheet in sheets):,} rows can be stored")
    if rejected and strict:
        return _refused(sheets, f"{rejected:,} of its {sum(sheet.read for sheet in sheets):,} rows cannot be stored")
    sha256 = _sha256(path)
    with people.reading() if dry_run else people.writing() as connection:
        if not dry_run:
            _take_turn(connection, sheets)
        plans = [_planned(connection, sheet) for sheet in sheets]
        if not dry_run:
            _store(connection, plans, started, sha256)
    done = tuple(Done(sheet, replace(plan.merged, deleted=0)) for sheet, plan in plans)  # what is gone stays
    outcome = Outcome.PARTIAL if rejected else Outcome.SUCCESS
    return Result(outcome, _message(done, rejected, dry_run=dry_run), done)


def _checked(path: Path, layout: Upload) -> list[SheetRows]:
    with files.explained(f"read {path}"):
        there = path.is_file()
    if not there:
        raise PermanentError(f"the workbook {path} does not exist", "Check the name.")
    upload_reading.require_xlsx(path)
    workbook.require_sane_file(path, max_mib=upload_reading.MOST_MIB)
    limits = workbook.limits_for(path)
    return workbook.explained(path, lambda: bounded.call(upload_reading.read, path, layout, limits=limits))


def _refused(sheets: Sequence[SheetRows], message: str) -> Result:
    return Result(Outcome.REFUSED, message, tuple(map(Done, sheets)))


def _take_turn(connection: sa.Connection, sheets: Sequence[SheetRows]) -> None:
    """Nobody else writes the tables from here to the end of the transaction; on SQLite its beginning has seen to that."""
    if not engine.is_sqlite(connection):
        names = ", ".join(sheet.table for sheet in sheets)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def _planned(connection: sa.Connection, sheet: SheetRows) -> _Plan:
    table = METADATA.tables[sheet.table]
    return sheet, reconcile.compare(connection, table, sheet.fields, sheet.rows, key=sheet.key, scope=sa.true())


def _store(connection: sa.Connection, plans: Sequence[_Plan], started: datetime, sha256: str) -> None:
    run_id, written = str(uuid.uuid4()), {"updated_at": started}
    for sheet, plan in plans:
        if rows := [*plan.new, *plan.changed]:
            table = METADATA.tables[sheet.table]
            merge(connection, table, sheet.fields, rows, key=sheet.key, on_insert=written, on_update=written)
        ingestion.record(
            connection,
            run_id=run_id,
            source=_SOURCE,
            entity=sheet.table,
            started=started,
            processed=sheet.accepted,
            created=len(plan.new),
            updated=len(plan.changed),
            details={
                "sha256": sha256,
                "read": sheet.read,
                "rejected": sheet.rejected,
                "duplicates": len(sheet.duplicates),
            },
        )


def _sha256(path: Path) -> str:
    with files.explained(f"read {path}"):
        return hashlib.sha256(path.read_bytes()).hexdigest()


def _message(done: Sequence[Done], rejected: int, *, dry_run: bool) -> str:
    inserted, updated, unchanged = (
        sum(getattr(one.merged, name) for one in done) for name in ("inserted", "updated", "unchanged")
    )
    left_out = f", {rejected:,} rejected" if rejected else ""
    would = "would be " if dry_run else ""
    return f"{inserted:,} rows {would}inserted, {updated:,} updated, {unchanged:,} unchanged{left_out}"
