"""Counts what goes into a sheet of the sample workbook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.fakes.workbook_cells import KNOWN_MARKETS, Row, month_of


@dataclass(frozen=True)
class Summary:
    """What went into one sheet, counted from the cells that were written.

    ``rows``: rows below the header, of any kind. ``spots``: those with a bill code that are not Trade, which is
    what an import has to keep; ``months`` and ``unknown_markets`` count the same rows. ``totals``: rows without a
    bill code that are not blank. ``oddities``: how often each named oddity was put in.
    """

    rows: int
    spots: int
    trade: int
    blank: int
    totals: int
    hidden: int
    formulas: int
    months: dict[str, int]
    unknown_markets: dict[str, int]
    oddities: dict[str, int]


class Tally:
    """Counts rows as they go by."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._months: Counter[str] = Counter()
        self._markets: Counter[str] = Counter()
        self._oddities: Counter[str] = Counter()
        self._hidden = 0
        self._formulas = 0

    def passing(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            self._add(row)
            yield row

    def _add(self, row: Row) -> None:
        kind = _kind(row)
        self._kinds[kind] += 1
        self._hidden += row.hidden
        self._formulas += sum(cell is not None and cell.kind == "formula" for cell in row.cells)
        self._oddities.update(row.traits)
        if kind != "spot":
            return
        month, market = row.cell("broadcast_month"), row.cell("market_name")
        if month is not None and month.value != "":
            self._months[month_of(month)] += 1
        if market is not None and (code := str(market.value).strip()) not in KNOWN_MARKETS:
            self._markets[code] += 1

    def summary(self) -> Summary:
        """What has gone by so far."""
        return Summary(
            rows=self._kinds.total(),
            spots=self._kinds["spot"],
            trade=self._kinds["trade"],
            blank=self._kinds["blank"],
            totals=self._kinds["totals"],
            hidden=self._hidden,
            formulas=self._formulas,
            months=dict(self._months),
            unknown_markets=dict(sorted(self._markets.items())),
            oddities=dict(sorted(self._oddities.items())),
        )


def _kind(row: Row) -> str:
    if all(cell is None or not str(cell.value).strip() for cell in row.cells):
        return "blank"
    bill_code = row.cell("bill_code")
    if bill_code is None or not str(bill_code.value).strip():
        return "totals"
    revenue = row.cell("revenue_type")
    return "trade" if revenue is not None and str(revenue.value).strip().lower() == "trade" else "spot"
