"""The rows of a sample commercial log: order lines with their airings, then oddities on top. No I/O.

Everything is decided by ``Spec``: the same spec gives the same rows, on any day and any machine.
All names are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.fakes.workbook_cells import (
    BLANK_ROW,
    COLUMNS,
    CURRENCY,
    INDEX,
    KNOWN_MARKETS,
    LENGTH,
    Cell,
    Headers,
    Row,
    clock,
    day,
    formula,
    money,
    number,
    text,
)
from tests.fakes.workbook_oddities import Airing, Oddities

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_WORDS = ("Amber", "Bluebird", "Cobalt", "Dahlia", "Ember", "Fernhill", "Granite", "Harbor", "Indigo", "Juniper")
_SECOND_WORDS = ("Foods", "Motors", "Clinic", "Credit Union", "Casino Resort", "Insurance", "Travel", "Academy")
_AGENCIES = ("Northlight Media", "Quill & Partners", "Redwood Buying", "Sable Group", "Tern Placement", "Umbra Direct")
_SALES_PERSONS = ("A. Example", "B. Sample", "C. Muster", "D. Ejemplo", "House")
_PROGRAMMES = ("Morning News", "Evening Drama", "Weekend Variety", "Cooking Hour", "Late Movie", "Sports Desk")
_LANGUAGES = ("E", "M", "C", "T", "Hm", "SA", "V", "K", "J")
_NEW_MARKETS = ("PDX", "RNO", "ABQ", "BOI", "TUS", "SLC")
_WINDOWS = ((6, 0, 23, 59),) * 3 + ((13, 0, 23, 59), (19, 0, 20, 0), (7, 0, 9, 30), (16, 0, 19, 0))
_NEW_MARKET_EVERY = 60
_TRADE_TEXTS = ("Trade", " trade ", "TRADE", "trade")
_REVENUE_TYPES = ("Internal Ad Sales",) * 5 + (
    "Direct Response Sales", "Branded Content", "Paid Programming", "Other", "Services", "Local",
)  # fmt: skip
_SPOT_TYPES = ("COM",) * 7 + ("BNS",) * 10 + ("AV", "BB", "PKG", "PRD", "PRG", "SVC", "CRD")
_TOTALLED = ("gross_rate", "spot_value", "broker_fees", "station_net")


@dataclass(frozen=True)
class Spec:
    """What the sample workbook is to hold.

    ``rows`` counts the rows with a bill code, Trade rows among them; blank rows and the totals row come on top.
    ``trade_rows`` is exact; ``None`` keeps the station's share of 44 in 15,576 (facts 7), at least one from ten
    rows on. The months run from ``months_back`` before the reference date's to ``months_ahead`` after it.
    ``oddities=False`` gives plain rows: canonical values, dates and times as cells, no formulas, no gaps.
    ``new_markets`` (at most 60) market codes outside ``KNOWN_MARKETS`` occur, with oddities or without.
    ``inline_strings`` writes texts into the cells and keeps the writer's memory constant.
    """

    rows: int = 15_576
    seed: int = 1
    reference: date = date(2026, 11, 22)
    months_back: int = 3
    months_ahead: int = 2
    trade_rows: int | None = None
    oddities: bool = True
    headers: Headers = "classic"
    sheet: str = "Commercials"
    decoy_sheets: bool = True
    new_markets: int = 2
    inline_strings: bool = False


def rows(spec: Spec) -> Iterator[Row]:
    """The rows below the header, one at a time; ``ValueError`` for a spec that cannot be met."""
    random = Random(f"rows {spec.seed}")
    trade = _trade_positions(random, spec)
    oddities = Oddities(random) if spec.oddities else None
    totals = dict.fromkeys(_TOTALLED, 0.0)
    previous: Row | None = None
    for position, airing in enumerate(_airings(random, spec)):
        cells = _cells(airing)
        traits: list[str] = []
        if airing.air_date.month != airing.month.month:
            traits.append("air date in another calendar month")
        hidden = False
        if oddities is not None:
            keep = "revenue_type" if position in trade else ""
            hidden = oddities.apply(position, cells, airing, traits, keep=keep)
        if position in trade:
            spelling = _TRADE_TEXTS[trade[position] % len(_TRADE_TEXTS)] if spec.oddities else "Trade"
            cells[INDEX["revenue_type"]] = text(spelling)
        row = Row(tuple(cells), hidden, tuple(traits))
        if oddities is not None:
            fixed = airing.market not in KNOWN_MARKETS or position in trade or position - 1 in trade
            if previous is not None and not fixed and oddities.twin(position):
                row = previous._replace(traits=(*previous.traits, "identical twin"))
            yield from oddities.gap(position)
        _add(totals, row)
        previous = row
        yield row
    if oddities is not None and previous is not None:
        yield BLANK_ROW
        yield _totals_row(totals)


def months(spec: Spec) -> list[date]:
    """The first day of every month the sample covers, in order."""
    start = spec.reference.year * 12 + spec.reference.month - 1 - spec.months_back
    return [date(n // 12, n % 12 + 1, 1) for n in range(start, start + spec.months_back + spec.months_ahead + 1)]


def broadcast_days(month: date) -> tuple[date, date]:
    """First and last day of the Monday-to-Sunday broadcast month: its weeks end on the month's Sundays (facts 3.5)."""
    last = _next_month(month) - timedelta(days=1)
    first_sunday = month + timedelta(days=6 - month.weekday())
    return first_sunday - timedelta(days=6), last - timedelta(days=(last.weekday() + 1) % 7)


def _with_new_market(position: int, airing: Airing, spec: Spec) -> Airing:
    """Every sixty rows, the new markets have one each."""
    n = position % _NEW_MARKET_EVERY
    if n >= spec.new_markets:
        return airing
    return airing._replace(market=_NEW_MARKETS[n] if n < len(_NEW_MARKETS) else f"XM{n}")


def _trade_positions(random: Random, spec: Spec) -> dict[int, int]:
    """Positions of the Trade rows, numbered."""
    count = spec.trade_rows
    if count is None:
        count = max(round(spec.rows * 44 / 15_576), 1 if spec.rows >= 10 else 0)
    if not 0 <= count <= spec.rows:
        raise ValueError(f"{count} Trade rows do not fit in {spec.rows} rows")
    return {position: n for n, position in enumerate(sorted(random.sample(range(spec.rows), count)))}


def _airings(random: Random, spec: Spec) -> Iterator[Airing]:
    """``spec.rows`` airings: order lines in turn over the months, some airings each."""
    covered = months(spec)
    longest = max(1, min(24, spec.rows // (2 * len(covered))))
    done, line = 0, 0
    while done < spec.rows:
        count = min(spec.rows - done, random.randint(1, longest))
        for position, airing in enumerate(_line(random, covered[line % len(covered)], count), start=done):
            yield _with_new_market(position, airing, spec)
        done += count
        line += 1


def _line(random: Random, month: date, count: int) -> Iterator[Airing]:
    agency = random.choice(_AGENCIES) if random.random() < 0.5 else ""
    customer = f"{random.choice(_FIRST_WORDS)} {random.choice(_SECOND_WORDS)}"
    billing = random.choice(("Calendar", "Broadcast"))
    first, last = (month, _next_month(month) - timedelta(days=1)) if billing == "Calendar" else broadcast_days(month)
    start_hour, start_minute, end_hour, end_minute = random.choice(_WINDOWS)
    spot_type = random.choice(_SPOT_TYPES)
    fixed = Airing(
        agency=agency,
        customer=customer,
        billing_type=billing,
        month=month,
        month_day=random.choice((1, 1, 11, 15)),
        air_date=first,
        time_in=start_hour * 3600 + start_minute * 60,
        time_out=end_hour * 3600 + end_minute * 60,
        length=random.choice((15, 30, 30, 30, 45, 60, 60, 120)),
        media=f"{customer} {random.choice(('Spring', 'Autumn', 'Launch', 'Brand'))} v{random.randint(1, 9)}",
        programme=random.choice(_PROGRAMMES),
        language=random.choice(_LANGUAGES),
        line=random.randint(1, 40),
        sequence=1,
        spot_type=spot_type,
        estimate=random.randint(1000, 9999),
        gross=None if spot_type in {"BNS", "AV"} else random.choice((15.0, 22.5, 40.0, 75.0, 120.0, 350.0, 1250.0)),
        broker=random.random() < 0.15,
        sales_person=random.choice(_SALES_PERSONS),
        revenue_type=random.choice(_REVENUE_TYPES),
        affidavit=random.choice(("Y", "N", "")),
        contract=str(random.randint(20000, 99999)),
        market=random.choice(KNOWN_MARKETS),
        formulas=random.random() < 0.35,
    )
    span = (last - first).days
    for sequence in range(1, count + 1):
        yield fixed._replace(air_date=first + timedelta(days=random.randint(0, span)), sequence=sequence)


def _cells(airing: Airing) -> list[Cell | None]:
    """The plain cells of one airing, in the order of ``COLUMNS``."""
    gross = None if airing.gross is None else money(airing.gross)
    net = airing.net
    minute = airing.time_in // 60 + airing.sequence * 7
    return [
        text(f"{airing.agency}:{airing.customer}" if airing.agency else airing.customer),
        day(airing.air_date),
        day(airing.air_date),
        text(_DAYS[airing.air_date.weekday()]),
        clock(airing.time_in),
        clock(airing.time_out),
        clock(airing.length, LENGTH),
        text(airing.media),
        text(f"aired {minute // 60 % 24}:{minute % 60:02d}") if airing.sequence % 2 else None,
        text(airing.language),
        text(airing.programme),
        number(airing.sequence),
        number(airing.line),
        text(airing.spot_type),
        number(airing.estimate),
        gross,
        text(f"for line {airing.line}") if airing.sequence % 9 == 0 else None,
        gross,
        day(airing.month.replace(day=airing.month_day), "mmm-yy"),
        money(round(-0.1 * airing.gross, 2)) if airing.broker and airing.gross is not None else None,
        number(airing.line % 4) if airing.line % 3 else None,
        None if net is None else money(net),
        text(airing.sales_person),
        text(airing.revenue_type),
        text(airing.billing_type),
        text("Agency" if airing.agency else "Non-agency"),
        text(airing.affidavit) if airing.affidavit else None,
        text(airing.contract),
        text(airing.market),
    ]


def _add(totals: dict[str, float], row: Row) -> None:
    for field in _TOTALLED:
        cell = row.cell(field)
        if cell is not None and not isinstance(cell.value, str):
            totals[field] += cell.value


def _totals_row(totals: dict[str, float]) -> Row:
    """Amounts only, without a bill code: sums with their cached results."""
    cells: list[Cell | None] = [None] * len(COLUMNS)
    for field, total in totals.items():
        letter = chr(ord("A") + INDEX[field])
        cached = number(round(total, 2), CURRENCY)
        cells[INDEX[field]] = formula(f"=SUM({letter}2:{letter}{{above}})", cached)
    return Row(tuple(cells), traits=("totals row",))


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
