"""The contract of the sheet: 29 columns by position, the headers each may carry (facts 1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ctvpipe.core.errors import ContractError
from ctvpipe.sources.workbook import Names

SETTINGS = Names("COMMERCIAL_MAX_WORKBOOK_MIB", "COMMERCIAL_MAX_ROWS", "COMMERCIAL_SHEETS")


@dataclass(frozen=True)
class Column:
    """One column: the field it fills, the kind of value (see ``values``), and its known headers.

    The headers of an ``anchor`` are evidenced for the daily log and must stand in this position; another column
    with a header nobody knows is read by position and reported.
    """

    field: str
    kind: str
    headers: tuple[str, ...]
    anchor: bool = False


COLUMNS = (
    Column("bill_code", "bill_code", ("Bill Code",), anchor=True),
    Column("air_date", "date", ("Start Date", "Air Date", "Date"), anchor=True),
    Column("end_date", "date", ("End Date",), anchor=True),
    Column("day_of_week", "text", ("Day(s)", "Day")),
    Column("time_in", "time", ("Time In",)),
    Column("time_out", "time", ("Time out",)),
    Column("length_seconds", "time", ("Length",)),
    Column("media", "text", ("Media/Name/Program", "Show Name", "Program")),
    Column("comments", "text", ("Comments",)),
    Column("language_code", "text", ("Language",)),
    Column("format", "text", ("Format", "Show")),
    Column("sequence_number", "integer", ("Units-Spot count", "Spots")),
    Column("line_number", "integer", ("Line",)),
    Column("spot_type", "spot_type", ("Type",)),
    Column("estimate", "text", ("Agency/Episode# or cut number", "Estimate", "Episode")),
    Column("gross_rate", "money", ("Unit rate Gross", "Gross", "Gross Rate")),
    Column("make_good", "text", ("Make Good",)),
    Column("spot_value", "money", ("Spot Value",)),
    Column("broadcast_month", "month", ("Month",), anchor=True),
    Column("broker_fees", "money", ("Broker Fees",)),
    Column("priority", "integer", ("Sales/rep com: revenue sharing", "Priority")),
    Column("station_net", "money", ("Station Net", "Net", "Net Rate")),
    Column("sales_person", "text", ("Sales Person", "AE", "Account Executive", "Salesperson")),
    Column("revenue_type", "revenue_type", ("Revenue Type",)),
    Column("billing_type", "billing_type", ("Billing Type",)),
    Column("agency_flag", "text", ("Agency?", "Agency")),
    Column("affidavit_flag", "flag", ("Affidavit?", "Affidavit")),
    Column("contract", "text", ("Notarize?", "Notarize")),
    Column("market_name", "text", ("Market",), anchor=True),
)
FIELDS = tuple(column.field for column in COLUMNS)
POSITION = {field: position for position, field in enumerate(FIELDS)}


def letter(position: int) -> str:
    """The spreadsheet's name of a column position counted from 0: ``A`` … ``AC``."""
    name = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def check_headers(sheet: str, header: Sequence[object]) -> list[str]:
    """Check row 1 of ``sheet``; returns remarks on headers nobody knows (their columns are read by position).

    Raises ``ContractError`` naming sheet, row and column for a missing, renamed or moved anchor, for a known header
    in another column's place, and for one that stands twice.
    """
    texts = [_plain(cell) for cell in header]
    remarks = []
    for position, column in enumerate(COLUMNS):
        where = f"sheet {sheet!r}, row 1, column {letter(position)}"
        found = texts[position] if position < len(texts) else ""
        if found in _KNOWN[position]:
            _refuse_second(sheet, texts, position)
            continue
        expected = f"{column.headers[0]!r} is expected"
        if owner := _OWNER.get(found):
            raise ContractError(
                f"{where}: {expected}, but the header is {header[position]!r}, which belongs in column {letter(owner[0])}",
                "The columns were moved: ask traffic to restore their order. Nothing was changed.",
            )
        if column.anchor:
            state = f"the header is {_quoted(header[position])}" if found else "the header is missing"
            raise ContractError(f"{where}: {expected}, but {state}", "Ask traffic what changed in the workbook.")
        remarks.append(f"{where}: {expected}, found {_quoted(header[position]) if found else 'nothing'}")
    return remarks


def _refuse_second(sheet: str, texts: list[str], position: int) -> None:
    for other, text in enumerate(texts):
        if other != position and text == texts[position]:
            raise ContractError(
                f"sheet {sheet!r}, row 1, column {letter(other)}: the header of column {letter(position)} stands here again",
                "A column was copied or moved: ask traffic to restore the order. Nothing was changed.",
            )


def _plain(cell: object) -> str:
    return " ".join(str(cell or "").split()).casefold()


def _quoted(cell: object) -> str:
    text = " ".join(str(cell).split())
    return repr(text if len(text) <= 40 else f"{text[:40]}…")  # noqa: PLR2004


_KNOWN = [{_plain(header) for header in column.headers} for column in COLUMNS]
_OWNER: dict[str, list[int]] = {}
for _position, _headers in enumerate(_KNOWN):
    for _header in _headers:
        _OWNER.setdefault(_header, []).append(_position)
