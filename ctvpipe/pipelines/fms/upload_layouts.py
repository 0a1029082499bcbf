"""The workbooks that people upload, as data: their sheets, the headers each column may have, what it holds (facts 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property


class Kind(Enum):
    """What a cell must hold, and so how it is read; the value says so in a sentence."""

    TEXT = "text"
    NAME = "a name of at most 255 characters"
    FLEET = "a fleet of at most 255 characters"
    QUARTER = "Q1, Q2, Q3 or Q4"
    YEAR = "a year from 2000 to 2100"
    COUNT = "a whole number, 0 or more"
    MONEY = "an amount, 0 or more"
    DATE = "a date from 2000 to 2100"
    TIME = "a time of day"
    FLAG = "true or false"


@dataclass(frozen=True)
class Column:
    """A column of a sheet: the column of the table, how it is read, the headers it may have, the source's own first.

    ``optional``: a sheet may do without it; what is stored of it stays then.
    """

    field: str
    kind: Kind
    headers: tuple[str, ...]
    optional: bool = False

    @property
    def header(self) -> str:
        """What the column is called to people."""
        return self.headers[0]

    @cached_property
    def known_as(self) -> frozenset[str]:
        """Its headers as they are compared."""
        return frozenset(map(plain, (*self.headers, self.field)))


@dataclass(frozen=True)
class Sheet:
    """A sheet, and the table that it fills; ``name``: empty for the workbook's first, whatever it is called."""

    table: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    name: str = ""


@dataclass(frozen=True)
class Upload:
    """A workbook: what people call it, and its sheets in their order."""

    name: str
    sheets: tuple[Sheet, ...]


def plain(text: str) -> str:
    """A header, or a sheet's name, as it is compared: case, blanks and punctuation do not count."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def place(column: Column, headers: Sequence[str]) -> list[int]:
    """Where ``column`` stands among ``headers``, from 0; no place, or several, are for the caller to judge."""
    return [number for number, header in enumerate(headers) if plain(header) in column.known_as]


FLEET_ALIASES = {"VW": "VOLKSWAGEN", "CHEVY": "CHEVROLET", "CHEV": "CHEVROLET"}

# Sheets and headers as the source has them, its misspellings first.
OPERATIONS = Upload(
    "operations",
    (
        Sheet(
            "ops_capacity",
            ("office",),
            (
                Column("office", Kind.NAME, ("Office",)),
                Column("drivers_per_day", Kind.COUNT, ("Drivers Per Day",)),
                Column("notes", Kind.TEXT, ("Notes",), optional=True),
            ),
            name="ops_capacity",
        ),
        Sheet(
            "holiday_blackout_dates",
            ("office", "date", "holiday_name"),
            (
                Column("office", Kind.NAME, ("Office",)),
                Column("date", Kind.DATE, ("Date",)),
                Column("holiday_name", Kind.NAME, ("Holiday Name",)),
                Column("type", Kind.TEXT, ("Type",)),
                Column("all_day", Kind.FLAG, ("All_Day",)),
                Column("start_time", Kind.TIME, ("Start_Time",)),
                Column("end_time", Kind.TIME, ("End_Time",)),
                Column("notes", Kind.TEXT, ("Notea", "Notes"), optional=True),
            ),
            name="holiday_blackout_dates",
        ),
        Sheet(
            "rules",
            ("make", "rank"),
            (
                Column("make", Kind.NAME, ("Make",)),
                Column("rank", Kind.NAME, ("Rank",)),
                Column("loan_cap_per_year", Kind.COUNT, ("Loan Cap Per Year",)),
                Column("publication_rate_requirement", Kind.TEXT, (":ub Rate Requirement", "Pub Rate Requirement")),
                Column("cooldown_period", Kind.COUNT, ("Cooldown Period",)),
                Column("soft_vs_hard_constraint", Kind.TEXT, ("Soft vs. Hard Contraint", "Soft vs. Hard Constraint")),
                Column("rule_description", Kind.TEXT, ("Rule Description",)),
                Column("notes", Kind.TEXT, ("Notes",), optional=True),
            ),
            name="rules",
        ),
    ),
)
BUDGETS = Upload(
    "budgets",
    (
        Sheet(
            "budgets",
            ("office", "fleet", "year", "quarter"),
            (
                Column("office", Kind.NAME, ("Office",)),
                Column("fleet", Kind.FLEET, ("Fleet",)),
                Column("year", Kind.YEAR, ("Year",)),
                Column("quarter", Kind.QUARTER, ("Quarter",)),
                Column("budget_amount", Kind.MONEY, ("Budget", "Budget #")),
                Column("amount_used", Kind.MONEY, ("Amount Used",), optional=True),
            ),
        ),
    ),
)
