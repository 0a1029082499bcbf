"""What people and programs do to a commercial log (facts 1.1, 3.4 and the end of 8), as a table by column.

Every oddity comes round once in ``PERIOD`` rows; where it starts depends on the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import NamedTuple

from tests.fakes.workbook_cells import (
    BLANK_ROW,
    CLOCK,
    CURRENCY,
    DATE,
    ELAPSED,
    GENERAL,
    INDEX,
    LENGTH,
    MONTH,
    Cell,
    Row,
    blank,
    clock,
    day,
    formula,
    money,
    month_label,
    number,
    serial,
    text,
)

PERIOD = 100
LONGEST_BILL_CODE = 49


class Airing(NamedTuple):
    """What is true of one airing, before anybody typed it wrong. Times and the length in seconds."""

    agency: str
    customer: str
    billing_type: str
    month: date
    month_day: int
    air_date: date
    time_in: int
    time_out: int
    length: int
    media: str
    programme: str
    language: str
    line: int
    sequence: int
    spot_type: str
    estimate: int
    gross: float | None
    broker: bool
    sales_person: str
    revenue_type: str
    affidavit: str
    contract: str
    market: str
    formulas: bool

    @property
    def net(self) -> float | None:
        """What the station keeps: an agency takes 15 %."""
        if self.gross is None:
            return None
        return round(self.gross * 0.85, 2) if self.agency else self.gross


Make = Callable[[Airing], "Cell | None"]


class Oddity(NamedTuple):
    """One way in which a cell differs from the plain one."""

    name: str
    make: Make


def _const(name: str, cell: Cell | None) -> Oddity:
    return Oddity(name, lambda _: cell)


def _texts(*values: str) -> tuple[Oddity, ...]:
    return tuple(_const(repr(value), text(value)) for value in values)


def _unpadded(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _twelve_hours(seconds: int) -> str:
    return f"{seconds // 3600 % 12 or 12}:{seconds // 60 % 60:02d}:00 {'AM' if seconds < 43200 else 'PM'}"


def _dates() -> tuple[Oddity, ...]:
    return (
        Oddity("MM/DD/YYYY as text", lambda a: text(f"{a.air_date:%m/%d/%Y}")),
        Oddity("ISO date as text", lambda a: text(a.air_date.isoformat())),
        Oddity("M/D/YY as text", lambda a: text(f"{a.air_date.month}/{a.air_date.day}/{a.air_date:%y}")),
        Oddity("serial without a date format", lambda a: number(serial(a.air_date))),
    )


_WORDS_LIKE_NOTHING = ("NA", "NULL", "None", "N/A", "nan")
_LONG_COMMENT = "Rescheduled by phone, see the paper file; " * 40 + "the end."

_TABLE: dict[str, tuple[Oddity, ...]] = {
    "bill_code": (
        Oddity("two colons", lambda a: text(f"Vela Worldwide:{a.agency or 'Tern Placement'}:{a.customer}")),
        Oddity("Direct: prefix", lambda a: text(f"Direct:{a.customer}")),
        Oddity("suffix PRODUCTION", lambda a: text(f"{a.customer} PRODUCTION")),
        Oddity("suffix PROD", lambda a: text(f"{a.customer} PROD")),
        Oddity("suffix - PRODUCTION", lambda a: text(f"{a.customer} - PRODUCTION")),
        Oddity("suffix Broker Fees", lambda a: text(f"{a.customer} (Broker Fees  - DO NOT INVOICE)")),
        Oddity("suffix CREDIT MEMO", lambda a: text(f"{a.customer} CREDIT MEMO")),
        Oddity(
            "cut off at 49 characters",
            lambda a: text(f"Northlight Media:{a.customer} (Broker Fees  - DO NOT INVOICE)"[:LONGEST_BILL_CODE]),
        ),
        Oddity("padded bill code", lambda a: text(f"  {a.customer} ")),
        Oddity("WorldLink", lambda a: text(f"WorldLink Direct:{a.customer}")),
        Oddity("Worldlink", lambda a: text(f"Worldlink:{a.customer}")),
        Oddity("non-ASCII bill code", lambda a: text(f"Café Ñandú 電視台:{a.customer}")),
        Oddity("bill code with < & >", lambda a: text(f'Salt & <Pepper> "{a.customer}"')),
    ),
    "air_date": _dates(),
    "end_date": (*_dates(), _const("no end date", None)),
    "day_of_week": (
        Oddity("lower-case day", lambda a: text(f"{a.air_date:%A}".lower())),
        Oddity("padded day", lambda a: text(f" {a.air_date:%A} ")),
        Oddity("day by formula", lambda a: formula('=TEXT(B{row},"dddd")', text(f"{a.air_date:%A}"))),
    ),
    "time_in": (
        Oddity("un-padded time as text", lambda a: text(_unpadded(a.time_in))),
        Oddity("padded time as text", lambda a: text(f"{_unpadded(a.time_in):0>8}")),
        Oddity("12-hour time as text", lambda a: text(_twelve_hours(a.time_in))),
        Oddity("time under an elapsed format", lambda a: clock(a.time_in, ELAPSED)),
    ),
    "time_out": (
        _const("24:00 under a clock format", clock(86400)),
        _const("24:00 under an elapsed format", clock(86400, ELAPSED)),
        _const("23:59:00", clock(86340)),
        _const("24:00:00 as text", text("24:00:00")),
        Oddity("un-padded end time as text", lambda _: text("9:30:00")),
    ),
    "length_seconds": (
        _const("six-hour programme", clock(6 * 3600, LENGTH)),
        _const("seven-hour programme, elapsed format", clock(7 * 3600, ELAPSED)),
        Oddity("length as text", lambda a: text(_unpadded(a.length))),
        Oddity("length under an elapsed format", lambda a: clock(a.length, ELAPSED)),
    ),
    "media": (
        *_texts(*_WORDS_LIKE_NOTHING[:3], "  leading blanks", "trailing blanks  ", "=1+1", "A & B <C>"),
        *_texts("Éxito – 春節 🎬"),
        _const("no media", None),
        _const("number in media", number(2026)),
    ),
    "comments": (
        *_texts(*_WORDS_LIKE_NOTHING, "=cmd|x", "+1 spot", "two\nlines", "tab\there", "été – 新年快樂", "0", "00012"),
        _const("long comment", text(_LONG_COMMENT)),
        _const("comment with blanks only", text("   ")),
    ),
    "language_code": (*_texts("L", "M/C", "P", "H", "hm", "m", "EN", "ENG", "X9", " V "), _const("no language", None)),
    "format": (_const("no programme", None), *_texts("Ça va?", " padded programme ")),
    "sequence_number": (_const("no sequence", None), _const("sequence as text", text("3"))),
    "line_number": (_const("no line", None), _const("line as text", text("12"))),
    "gross_rate": (
        _const("negative credit", money(-250.0)),
        _const("$1,234.50", text("$1,234.50")),
        _const("(50.00)", text("(50.00)")),
        _const("long decimal", money(99.99 / 0.85)),
        _const("zero", money(0)),
        _const("gross as plain text", text("75.5")),
        _const("COM without gross", None),
        _const("formatted empty gross", blank(CURRENCY)),
    ),
    "spot_type": (
        *_texts("Com", "com", "Spot", "Commercial", "Bonus", " bns ", "Prod", "Program", "Service", "XYZ"),
        _const("no spot type", None),
    ),
    "estimate": (*_texts("EST-0042", "NA", "007"), _const("no estimate", None), _const("decimal", number(12.5))),
    "make_good": _texts("MG for 11/3", "None", "see #12"),
    "broadcast_month": (
        Oddity("month on day 11", lambda a: day(a.month.replace(day=11), MONTH)),
        Oddity("month on day 15", lambda a: day(a.month.replace(day=15), MONTH)),
        Oddity("Mmm-YY as text", lambda a: text(month_label(a.month))),
        Oddity("MM/15/YYYY as text", lambda a: text(f"{a.month:%m}/15/{a.month:%Y}")),
        Oddity("ISO month as text", lambda a: text(a.month.replace(day=15).isoformat())),
        Oddity("month by formula", lambda a: formula(
            f"=DATE({a.month.year},{a.month.month},1)", day(a.month, MONTH))),
    ),
    "broker_fees": (
        _const("broker fee", money(37.5)),
        _const("negative broker fee", money(-37.5)),
        _const("broker fee as text", text("($12.25)")),
    ),
    "priority": (_const("priority as text", text("2")), _const("no priority", None)),
    "station_net": (
        _const("net as text", text("$1,049.33")),
        _const("net with many digits", money(1234.5 * 0.85 / 3)),
        Oddity("net by formula", lambda a: formula("=ROUND(P{row}*0.85,2)", money(a.net or 0))),
    ),
    "sales_person": (
        *_texts("A. Example - TRANSFER", "a. example", " House ", "Example, A."),
        _const("no sales person", None),
    ),
    "revenue_type": (
        *_texts("A&O", "A and O", "a & o", "A/O", "A.&.O.", "A - O", " Internal Ad Sales ", "Direct Response"),
        _const("no revenue type", None),
    ),
    "billing_type": (_const("no billing type", None), *_texts("Quarterly", " Broadcast ")),
    "agency_flag": (_const("no agency flag", None), *_texts("non-agency", "Agency ")),
    "affidavit_flag": _texts("yes", "Sent by mail", "y", "N "),
    "contract": (
        _const("contract as number", number(24017)),
        _const("contract 0", number(0)),
        _const("contract '0'", text("0")),
        _const("no contract", None),
        _const("contract with leading zeros", text("0042")),
        _const("contract with letters", text("C-1001/B")),
    ),
    "market_name": (Oddity("padded market", lambda a: text(f" {a.market} ")),),
}  # fmt: skip


class Oddities:
    """Deals the oddities out over the rows; ``random`` decides where each column's round begins."""

    def __init__(self, random: Random) -> None:
        self._rounds = [
            (field, oddities, PERIOD // len(oddities), random.randrange(PERIOD)) for field, oddities in _TABLE.items()
        ]
        self._hidden = random.randrange(PERIOD)
        self._twin = random.randrange(PERIOD)
        self._gap = random.randrange(PERIOD)

    def apply(
        self, position: int, cells: list[Cell | None], airing: Airing, traits: list[str], *, keep: str = ""
    ) -> bool:
        """Change ``cells`` for the row at ``position``, except column ``keep``; name what was done in ``traits``.

        Returns whether the row is hidden.
        """
        for field, oddities, step, start in self._rounds:
            turn, rest = divmod(position + start, step)
            if rest or field == keep:
                continue
            oddity = oddities[turn % len(oddities)]
            cells[INDEX[field]] = oddity.make(airing)
            traits.append(f"{field}: {oddity.name}")
            if field == "gross_rate":
                cells[INDEX["spot_type"]] = text("COM")
        self._value(cells, airing, traits)
        hidden = (position + self._hidden) % PERIOD == 0
        if hidden:
            traits.append("hidden row")
        return hidden

    def twin(self, position: int) -> bool:
        """Whether the row at ``position`` repeats the one above it, cell by cell."""
        return (position + self._twin) % PERIOD == 0

    def gap(self, position: int) -> Iterator[Row]:
        """The blank row above the row at ``position``, if any: without cells, or with formatted empty ones."""
        turn, rest = divmod(position + self._gap, PERIOD)
        if not rest:
            yield _FORMATTED_BLANK_ROW if turn % 2 else BLANK_ROW

    @staticmethod
    def _value(cells: list[Cell | None], airing: Airing, traits: list[str]) -> None:
        """The spot value is the gross rate: repeated, or by a formula whose cached result it is."""
        gross = cells[INDEX["gross_rate"]]
        if airing.formulas and gross is not None and gross.kind != "blank":
            gross = formula("=P{row}", gross)
            traits.append("spot value by formula")
        cells[INDEX["spot_value"]] = gross


_FORMATTED_BLANK_ROW = BLANK_ROW.changed(
    bill_code=blank(GENERAL), air_date=blank(DATE), time_in=blank(CLOCK), gross_rate=blank(CURRENCY)
)
