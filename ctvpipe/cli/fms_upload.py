"""``ctvpipe fms upload``: the two workbooks that people keep by hand."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import EXIT_CODES, ContractError, Outcome

if TYPE_CHECKING:
    from ctvpipe.pipelines.fms.upload_layouts import Upload
    from ctvpipe.pipelines.fms.uploading import Done, Result

app = typer.Typer(help="Workbooks that people keep by hand: operations, budgets.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The workbook, an .xlsx file.")]
Strict = Annotated[bool, typer.Option("--strict", help="Store nothing when a row cannot be stored.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON document.")]
_MOST_TOLD = 50


@app.command()
def operations(file: File, strict: Strict = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Bring the offices' capacity, the holidays and the rules of a workbook into the database; no row is deleted."""
    from ctvpipe.pipelines.fms.upload_layouts import OPERATIONS

    _upload(file, OPERATIONS, strict=strict, dry_run=dry_run, as_json=as_json)


@app.command()
def budgets(file: File, strict: Strict = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Bring the quarterly budgets of a workbook's first sheet into the database; no row is deleted."""
    from ctvpipe.pipelines.fms.upload_layouts import BUDGETS

    _upload(file, BUDGETS, strict=strict, dry_run=dry_run, as_json=as_json)


def _upload(file: Path, layout: Upload, *, strict: bool, dry_run: bool, as_json: bool) -> None:
    from ctvpipe.pipelines.fms import uploading

    result = uploading.upload(file, layout, strict=strict, dry_run=dry_run)
    if as_json:
        listing.document(_document(result, dry_run=dry_run))
    else:
        _show(result, dry_run=dry_run)
    if result.outcome == Outcome.REFUSED:
        raise ContractError(f"{file.name}: {result.message}; nothing was written", "Correct the workbook.")
    if result.outcome == Outcome.PARTIAL:
        raise typer.Exit(int(EXIT_CODES[result.outcome]))


def _show(result: Result, *, dry_run: bool) -> None:
    head = ("SHEET", "READ", "ACCEPTED", "REJECTED", "INSERTED", "UPDATED", "UNCHANGED")
    listing.rows(head, [_row(done) for done in result.sheets], right=range(1, len(head)))
    for done in result.sheets:
        sheet = done.sheet
        if sheet.unknown:
            headers = ", ".join(map(repr, sheet.unknown))
            output.say(f"sheet {sheet.sheet!r}: columns that mean nothing were not read: {headers}")
        if sheet.duplicates:
            numbers = ", ".join(map(str, sheet.duplicates[:_MOST_TOLD]))
            more = f" and {len(sheet.duplicates) - _MOST_TOLD:,} more" if len(sheet.duplicates) > _MOST_TOLD else ""
            output.say(
                f"sheet {sheet.sheet!r}: an earlier row has the same {_key(done)}, and counts: rows {numbers}{more}"
            )
    for reject in result.rejects[:_MOST_TOLD]:
        output.say(str(reject))
    if len(result.rejects) > _MOST_TOLD:
        output.say(f"and {len(result.rejects) - _MOST_TOLD:,} more; --json lists them all")
    if result.outcome != Outcome.REFUSED:
        output.say(f"{'Nothing was written' if dry_run else 'Stored'}: {result.message}.")


def _row(done: Done) -> tuple[object, ...]:
    sheet, merged = done.sheet, done.merged
    written = (merged.inserted, merged.updated, merged.unchanged) if merged else ()
    counts = (sheet.read, sheet.accepted, sheet.rejected, *written)
    return (sheet.sheet, *(f"{count:,}" for count in counts), *("" for _ in range(3 - len(written))))


def _key(done: Done) -> str:
    return ", ".join(done.sheet.key)


def _document(result: Result, *, dry_run: bool) -> dict[str, object]:
    """The shape of facts 6: one table flat, several by their names."""
    counts = {done.sheet.table: _counts(done) for done in result.sheets}
    (only, *others) = counts.values()
    body = {"results": counts} if others else {name: count for name, count in only.items() if name != "rows_processed"}
    return {
        "status": str(result.outcome),
        "message": result.message,
        "dry_run": dry_run,
        "total_rows_processed": result.processed,
        **body,
        "rejects": [asdict(reject) for reject in result.rejects],
    }


def _counts(done: Done) -> dict[str, object]:
    """``rows_affected``: rows written, as in the result of the sync."""
    from ctvpipe.stores.merge import Merged

    sheet, merged = done.sheet, done.merged or Merged()
    return {
        "rows_processed": sheet.accepted,
        "rows_affected": merged.written,
        "rows_read": sheet.read,
        "rows_rejected": sheet.rejected,
        "inserted": merged.inserted,
        "updated": merged.updated,
        "unchanged": merged.unchanged,
        "duplicate_rows": sheet.duplicates,
        "unknown_columns": sheet.unknown,
    }
