"""The five feeds as data: the columns of each export by its width over time (facts 1.0 to 1.5), and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import sqlalchemy as sa

from ctvpipe.pipelines.fms.schema import tables


class Kind(Enum):
    """What a column's text must look like, and so what becomes of it."""

    TEXT = "text"
    IDENTIFIER = "an id in digits"
    INTEGER = "a whole number"
    VIN = "a VIN"
    SLASH_DATE = "a date, MM/DD/YY"
    DASH_DATE = "a date, MM-DD-YY"
    MONTH = "a month, M/YYYY"
    RANK = "one of A+, A, B, C, Pending"
    CLIPS = "a number of clips"
    ADDRESS = "an address"
    OFFICE = "an office"


@dataclass(frozen=True)
class Column:
    """One column of an export: what its header may say, the column of the table, and how it is read.

    ``required``: a row without it cannot be stored. ``lenient``: a value that cannot be read is none.
    """

    header: str
    field: str
    kind: Kind = Kind.TEXT
    required: bool = False
    lenient: bool = False


@dataclass(frozen=True)
class Feed:
    """One export: its table, its report, its columns, and by which columns an older width differs.

    ``layouts``: the columns of every known width, in order. ``unusual_percent``: by how much its number of rows may
    differ from the usual without being told. ``seconds``: how long one try may take.
    """

    table: str
    report: str
    target: sa.Table
    layouts: tuple[tuple[Column, ...], ...]
    key: tuple[str, ...]
    unusual_percent: float = 20
    seconds: float = 30

    @cached_property
    def by_width(self) -> dict[int, tuple[Column, ...]]:
        """The columns by the width of the export."""
        return {len(columns): columns for columns in self.layouts}

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The columns of the table that the newest layout brings."""
        return tuple(column.field for column in self.layouts[0])


def _without(columns: tuple[Column, ...], *fields: str) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.field not in fields)


_VEHICLES = (
    Column("vehicle_id", "vehicle_id", Kind.IDENTIFIER),
    Column("Year", "year", Kind.INTEGER),
    Column("Make", "make", required=True),
    Column("Model", "model", required=True),
    Column("Model Short Name", "model_short_name"),
    Column("Office", "office", Kind.OFFICE, required=True),
    Column("VIN", "vin", Kind.VIN, required=True),
    Column("Fleet", "fleet"),
    Column("Registration Exp", "registration_exp", Kind.SLASH_DATE),
    Column("Insurance Exp", "insurance_exp", Kind.SLASH_DATE),
    Column("Current Mileage", "current_mileage", Kind.INTEGER),
    Column("In Service Date", "in_service_date", Kind.MONTH),
    Column("Expected Turn In Date", "expected_turn_in_date", Kind.DASH_DATE),
    Column("Notes", "notes"),
    Column("Color", "color"),
)
_PARTNERS = (
    Column("Person_ID", "person_id", Kind.IDENTIFIER, required=True),
    Column("Name", "name", required=True),
    Column("Address", "address", Kind.ADDRESS),
    Column("Office", "office", Kind.OFFICE, required=True),
    Column("Default loan region", "default_loan_region"),
    Column("Notes / Instructions", "notes_instructions"),
    Column("Affiliation", "affiliation"),
    Column("Activity_Type_Subcategory_ID", "activity_type_subcategory_id", Kind.INTEGER, lenient=True),
)
_LOANS = (
    Column("Activity_ID", "activity_id", Kind.IDENTIFIER, required=True),
    Column("VIN", "vin", Kind.VIN, required=True),
    Column("Person_ID", "person_id", Kind.IDENTIFIER, required=True),
    Column("Make", "make"),
    Column("Model", "model"),
    Column("Year", "year", Kind.INTEGER),
    Column("Model_Short_Name", "model_short_name"),
    Column("Start_Date", "start_date", Kind.DASH_DATE, required=True),
    Column("End_Date", "end_date", Kind.DASH_DATE, required=True),
    Column("Clips_Received", "clips_received", Kind.CLIPS),
    Column("Office", "office", Kind.OFFICE),
    Column("Name", "name"),
    Column("Partner_Address", "partner_address", Kind.ADDRESS),
    Column("Region", "region"),
)
_ACTIVITY = (
    Column("Activity_ID", "activity_id", Kind.IDENTIFIER, required=True),
    Column("Person_ID", "person_id", Kind.IDENTIFIER),
    Column("Vehicle_VIN", "vehicle_vin", Kind.VIN, required=True),
    Column("Activity_Type", "activity_type"),
    Column("Start_Date", "start_date", Kind.DASH_DATE, required=True),
    Column("End_Date", "end_date", Kind.DASH_DATE, required=True),
    Column("To", "to_field"),
    Column("Partner_Address", "partner_address", Kind.ADDRESS),
    Column("Region", "region"),
)
_APPROVALS = (
    Column("Person_ID", "person_id", Kind.IDENTIFIER, required=True),
    Column("Name", "name", required=True),
    Column("Make", "make", required=True),
    Column("Rank", "rank", Kind.RANK, required=True),
)

# In the order of the night, of the result and of the log (facts 1.7).
FEEDS = (
    Feed(
        "vehicles",
        "active_vehicles.rpt",
        tables.VEHICLES,
        (_VEHICLES, _without(_VEHICLES, "color"), _without(_VEHICLES, "color", "vehicle_id")),
        key=("vin",),
    ),
    Feed(
        "media_partners",
        "media_partners.rpt",
        tables.MEDIA_PARTNERS,
        (
            _PARTNERS,
            _without(_PARTNERS, "affiliation", "activity_type_subcategory_id"),
            _without(_PARTNERS, "affiliation", "activity_type_subcategory_id", "address"),
        ),
        key=("person_id", "office"),
    ),
    Feed(
        "loan_history",
        "loan_history.rpt",
        tables.LOAN_HISTORY,
        (
            _LOANS,
            _without(_LOANS, "region"),
            _without(_LOANS, "region", "partner_address"),
            _without(_LOANS, "region", "partner_address", "clips_received"),
        ),
        key=("activity_id",),
        unusual_percent=5,
        seconds=300,
    ),
    Feed(
        "current_activity",
        "current_vehicle_activity.rpt",
        tables.CURRENT_ACTIVITY,
        (
            _ACTIVITY,
            _without(_ACTIVITY, "region"),
            _without(_ACTIVITY, "region", "partner_address"),
            _without(_ACTIVITY, "region", "partner_address", "person_id"),
        ),
        key=("activity_id",),
        unusual_percent=35,
        seconds=120,
    ),
    Feed("approved_makes", "approved_makes.rpt", tables.APPROVED_MAKES, (_APPROVALS,), key=("person_id", "make")),
)
