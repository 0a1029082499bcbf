"""Sample workbooks of the commercial log, in the shape of facts 1.1 and with every oddity named at the end of 8.

``write(Spec(rows=500), path)`` makes a file; ``list(rows(spec))``, some changes and ``write_rows(path, changed)``
make the next night's. On the command line::

    python -m tests.fakes.workbook OUT.xlsx --rows 15576 --seed 1 --reference 2026-11-22
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from tests.fakes.workbook_cells import (
    CURRENCY,
    Row,
    formula,
    header,
    month_label,
    number,
    text,
)
from tests.fakes.workbook_rows import Spec, months, rows
from tests.fakes.workbook_summary import Summary, Tally
from tests.fakes.workbook_writer import Sheet, write_sheets

__all__ = ["DECOYS", "Sheet", "Spec", "Summary", "decoys", "rows", "write", "write_all", "write_rows"]

DECOYS = {"Worldlink Lines": 48, "Add to booked business": 5, "Pending": 12}
"""Sheets beside the main one that hold lines of the same 29 columns, and how many."""
_REVENUE_SHEET = "Revenue Summary"
_DESCRIPTION = "Write a sample commercial log."


def write(spec: Spec, path: Path) -> Summary:
    """Write the workbook of ``spec``; what went into the main sheet."""
    return write_all(spec, path)[spec.sheet]


def write_all(spec: Spec, path: Path) -> dict[str, Summary]:
    """Write the workbook of ``spec``; what went into each sheet, by name."""
    return _write(path, spec, rows(spec), decoys(spec) if spec.decoy_sheets else None)


def write_rows(
    path: Path,
    changed: Iterable[Row],
    *,
    spec: Spec = Spec(),  # noqa: B008  (frozen)
    others: Mapping[str, Iterable[Row]] | None = None,
) -> Summary:
    """Write a workbook whose main sheet has exactly these rows; of ``spec`` only the form is used.

    ``others``: rows of further sheets by name. With them (an empty mapping will do) comes the active revenue
    summary; without, the main sheet is alone.
    """
    return _write(path, spec, changed, others)[spec.sheet]


def decoys(spec: Spec) -> dict[str, list[Row]]:
    """The rows of the sheets that are not the main one; the broker agency's carry their contract as a number."""
    made = {}
    for seed, (name, count) in enumerate(DECOYS.items(), start=1):
        own = replace(spec, rows=count, seed=spec.seed * 1000 + seed, oddities=False, trade_rows=0, new_markets=0)
        made[name] = list(rows(own))
    made["Worldlink Lines"] = [
        row.changed(bill_code=text(f"WorldLink:{_value(row, 'media')}"), contract=number(int(_value(row, "contract"))))
        for row in made["Worldlink Lines"]
    ]
    return made


def _value(row: Row, field: str) -> str:
    cell = row.cell(field)
    return "" if cell is None else str(cell.value)


def _write(
    path: Path, spec: Spec, main: Iterable[Row], others: Mapping[str, Iterable[Row]] | None
) -> dict[str, Summary]:
    titles = header(spec.headers)
    contents = {spec.sheet: main, **(others or {})}
    tallies = {name: Tally() for name in contents}
    sheets = [Sheet(name, titles, tallies[name].passing(lines)) for name, lines in contents.items()]
    if others is not None:
        sheets.insert(2, _revenue_summary(spec))
    write_sheets(
        path,
        sheets,
        active="" if others is None else _REVENUE_SHEET,
        inline_strings=spec.inline_strings,
        created=spec.reference,
    )
    return {name: tally.summary() for name, tally in tallies.items()}


def _revenue_summary(spec: Spec) -> Sheet:
    """A small report by month: what the workbook opens on, and what an import must not read."""
    lines = []
    for n, month in enumerate(months(spec), start=1):
        gross, forecast = number(n * 1000, CURRENCY), formula("=B{row}*2", number(n * 2000, CURRENCY))
        lines.append(Row((text(month_label(month)), gross, forecast)))
    return Sheet(_REVENUE_SHEET, ("Month", "Gross", "Forecast"), lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: write one workbook and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.workbook", description=_DESCRIPTION)
    parser.add_argument("out", type=Path, help="the .xlsx file to write")
    parser.add_argument("--rows", type=int, default=Spec.rows)
    parser.add_argument("--seed", type=int, default=Spec.seed)
    parser.add_argument("--reference", type=date.fromisoformat, default=Spec.reference, metavar="YYYY-MM-DD")
    parser.add_argument("--trade-rows", type=int, default=Spec.trade_rows)
    parser.add_argument("--new-markets", type=int, default=Spec.new_markets)
    parser.add_argument("--headers", choices=("classic", "2025"), default=Spec.headers)
    parser.add_argument("--plain", action="store_true", help="no oddities")
    parser.add_argument("--inline-strings", action="store_true", help="constant memory, for very many rows")
    given = parser.parse_args(arguments)
    spec = Spec(
        rows=given.rows,
        seed=given.seed,
        reference=given.reference,
        trade_rows=given.trade_rows,
        new_markets=given.new_markets,
        headers=given.headers,
        oddities=not given.plain,
        inline_strings=given.inline_strings,
    )
    summary = write(spec, given.out)
    print(
        f"{given.out}: {summary.spots:,} spots and {summary.trade} Trade rows in {len(summary.months)} months, "
        f"{given.out.stat().st_size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
