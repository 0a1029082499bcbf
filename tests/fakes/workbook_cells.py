"""Logical cells and rows of a sample commercial log, before they are a file: the 29 columns of facts 1.1."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, NamedTuple

Kind = Literal["text", "number", "formula", "blank"]
Headers = Literal["classic", "2025"]

GENERAL = "General"
DATE = "m/d/yyyy"
MONTH = "mmm-yy"
CLOCK = "h:mm:ss AM/PM"
LENGTH = "h:mm:ss"
ELAPSED = "[h]:mm:ss"
CURRENCY = '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)'

KNOWN_MARKETS = ("NYC", "LAX", "SFO", "SEA", "CHI", "MSP", "DAL", "HOU", "WDC", "CVC", "CMP", "MMT", "Admin")

_EPOCH = date(1899, 12, 30)
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Column(NamedTuple):
    """One column: the field it feeds, and its header in both variants of the workbook."""

    field: str
    classic: str
    later: str


COLUMNS = (
    Column("bill_code", "Bill Code", "Bill Code"),
    Column("air_date", "Start Date", "Start Date"),
    Column("end_date", "End Date", "End Date"),
    Column("day_of_week", "Day(s)", "Day"),
    Column("time_in", "Time In", "Time In"),
    Column("time_out", "Time out", "Time out"),
    Column("length_seconds", "Length", "Length"),
    Column("media", "Media/Name/Program", "Show Name"),
    Column("comments", "Comments", "Comments"),
    Column("language_code", "Language", "Language"),
    Column("format", "Format", "Show"),
    Column("sequence_number", "Units-Spot count", "Spots"),
    Column("line_number", "Line", "Line"),
    Column("spot_type", "Type", "Type"),
    Column("estimate", "Agency/Episode# or cut number", "Estimate"),
    Column("gross_rate", "Unit rate Gross", " Gross "),
    Column("make_good", "Make Good", "Make Good"),
    Column("spot_value", "Spot Value", "Spot Value"),
    Column("broadcast_month", "Month", "Month"),
    Column("broker_fees", "Broker Fees", "Broker Fees"),
    Column("priority", "Sales/rep com: revenue sharing", "Priority"),
    Column("station_net", "Station Net", " Net "),
    Column("sales_person", "Sales Person", "AE"),
    Column("revenue_type", "Revenue Type", "Revenue Type"),
    Column("billing_type", "Billing Type", "Billing Type"),
    Column("agency_flag", "Agency?", "Agency"),
    Column("affidavit_flag", "Affidavit?", "Affidavit"),
    Column("contract", "Notarize?", "Notarize"),
    Column("market_name", "Market", "Market"),
)
INDEX = {column.field: position for position, column in enumerate(COLUMNS)}


class Cell(NamedTuple):
    """A typed cell. ``formula`` may hold ``{row}`` and ``{above}``, filled in where the row comes to stand;
    a formula's ``value`` is the result cached in the file (``""`` for none)."""

    kind: Kind
    value: str | int | float
    number_format: str = GENERAL
    formula: str = ""


class Row(NamedTuple):
    """One row below the header. ``cells`` in the order of ``COLUMNS``, ``None`` where the file has no cell;
    ``traits`` names the oddities that were put in."""

    cells: tuple[Cell | None, ...]
    hidden: bool = False
    traits: tuple[str, ...] = ()

    def cell(self, field: str) -> Cell | None:
        """The cell of one field of ``COLUMNS``."""
        return self.cells[INDEX[field]]

    def changed(self, **fields: Cell | None) -> Row:
        """The same row with other cells in the named fields."""
        cells = list(self.cells)
        for field, cell in fields.items():
            cells[INDEX[field]] = cell
        return self._replace(cells=tuple(cells))


BLANK_ROW = Row((None,) * len(COLUMNS))


def header(variant: Headers = "classic") -> tuple[str, ...]:
    """The header row's texts, padding included."""
    return tuple(column.classic if variant == "classic" else column.later for column in COLUMNS)


def text(value: str) -> Cell:
    return Cell("text", value)


def number(value: float, number_format: str = GENERAL) -> Cell:
    """A number, rounded to the sixteen digits the file will hold."""
    rounded = float(f"{value:.16G}")
    return Cell("number", int(rounded) if rounded.is_integer() else rounded, number_format)


def blank(number_format: str) -> Cell:
    """A cell that is there, formatted, and empty."""
    return Cell("blank", "", number_format)


def formula(template: str, cached: Cell) -> Cell:
    """A formula whose cached result looks like ``cached``."""
    return Cell("formula", cached.value, cached.number_format, template)


def day(value: date, number_format: str = DATE) -> Cell:
    return Cell("number", serial(value), number_format)


def clock(seconds: int, number_format: str = CLOCK) -> Cell:
    """A time of day or a length; 86,400 seconds is the 24:00 at the end of a day."""
    return number(seconds / 86400, number_format)


def money(value: float) -> Cell:
    return number(value, CURRENCY)


def serial(value: date) -> int:
    """The number a spreadsheet stores for a date (from March 1900 on)."""
    return (value - _EPOCH).days


def month_label(value: date) -> str:
    """``Nov-26``, whatever the locale."""
    return f"{_MONTH_NAMES[value.month - 1]}-{value.year % 100:02d}"


def month_of(cell: Cell) -> str:
    """The label of a Month cell in any of the shapes the generator writes; ``ValueError`` for others."""
    if not isinstance(cell.value, str):
        return month_label(_EPOCH + timedelta(days=int(cell.value)))
    value = cell.value.strip()
    if value[:3] in _MONTH_NAMES:
        return value
    if "/" in value:
        month, day_number, year = (int(part) for part in value.split("/"))
        return month_label(date(year, month, day_number))
    return month_label(date.fromisoformat(value[:10]))
