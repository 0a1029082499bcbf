"""The columns of the broker's CSV: what each is called there, and what it holds (facts 3.1).

The data stands in one table; a deployment adds spellings of its own by ``TRACKING_HEADERS``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple

from ctvpipe.core.errors import ContractError


class Kind(Enum):
    """What a cell holds, and so how it is read (facts 2.3)."""

    TEXT = auto()
    NAME = auto()
    PURPOSE = auto()
    PROVIDER = auto()
    SPEED = auto()
    MONEY = auto()
    ADDRESS = auto()
    MOMENT = auto()
    DAY = auto()


class Column(NamedTuple):
    """A column of ``circuits``: how it is read, and the headers it may have in the file, the usual one first."""

    field: str
    kind: Kind
    headers: tuple[str, ...]


# In the order of the fingerprint, which a stored one is compared with: a new column belongs at the end.
COLUMNS = (
    Column("site_name", Kind.NAME, ("site_name", "site")),
    Column("circuit_purpose", Kind.PURPOSE, ("circuit_purpose", "purpose")),
    Column("site_id", Kind.NAME, ("site_id",)),
    Column("record_number", Kind.TEXT, ("record_number",)),
    Column("status", Kind.NAME, ("status", "circuit_status")),
    Column("sub_status", Kind.TEXT, ("substatus", "sub_status")),
    Column("provider", Kind.PROVIDER, ("provider_name", "provider")),
    Column("speed", Kind.SPEED, ("details_ordered_service_speed", "ordered_service_speed", "speed")),
    Column("service_speed", Kind.SPEED, ("details_service_speed", "service_speed")),
    Column("monthly_cost", Kind.MONEY, ("billing_monthly_cost", "monthly_cost")),
    Column("install_cost", Kind.MONEY, ("billing_install_cost", "install_cost")),
    Column("ip_address", Kind.ADDRESS, ("ip_address_start", "ip_address")),
    Column("date_record_updated", Kind.MOMENT, ("date_record_updated",)),
    Column("milestone_service_activated", Kind.DAY, ("milestone_service_activated",)),
    Column("milestone_enabled", Kind.DAY, ("milestone_enabled",)),
    Column("install_date", Kind.DAY, ("install_date", "install")),
    Column("ready_for_date", Kind.DAY, ("ready_for_date", "ready_for")),
    Column("target_enablement_date", Kind.DAY, ("target_enablement_date",)),
    Column("target_service_activation_date", Kind.DAY, ("target_service_activation_date",)),
    Column("desired_cktid", Kind.TEXT, ("desired_cktid",)),
    Column("current_cktid", Kind.TEXT, ("current_cktid",)),
    Column("project_manager", Kind.TEXT, ("project_manager",)),
    Column("regional_manager", Kind.TEXT, ("regional_manager",)),
    Column("notes", Kind.TEXT, ("notes",)),
    Column("details_provider", Kind.TEXT, ("details_provider",)),
    Column("details_provider_phone", Kind.TEXT, ("details_provider_phone",)),
    Column("billing_account", Kind.TEXT, ("billing_account",)),
    Column("address_1", Kind.TEXT, ("address_1", "address")),
    Column("city", Kind.TEXT, ("city",)),
    Column("state", Kind.TEXT, ("state",)),
    Column("zipcode", Kind.TEXT, ("zipcode", "zip")),
    Column("primary_contact_name", Kind.TEXT, ("primary_contact_name",)),
    Column("primary_contact_email", Kind.TEXT, ("primary_contact_email",)),
    Column("assigned_to", Kind.TEXT, ("sctask_assignee", "assigned_to")),
    Column("sctask", Kind.TEXT, ("sctask_number", "sctask")),
)
FIELDS = tuple(column.field for column in COLUMNS)
PLACES = {field: place for place, field in enumerate(FIELDS)}
KEY = ("site_name", "circuit_purpose")
_REQUIRED = (*KEY, "site_id", "status")
# The file always has them; one that is gone is remarked on, and what is stored of it stays.
_EXPECTED = ("record_number", "provider", "speed", "service_speed", "monthly_cost", "ip_address", "date_record_updated")
_BLANKS = re.compile(r"\s+")


class Header(NamedTuple):
    """Where each column stands: place in a row of the file by field; and the expected fields that are not there."""

    places: Mapping[str, int]
    missing: tuple[str, ...]
    width: int


def plain(header: str) -> str:
    """A header as it is compared: lower case, blanks as underscores (facts 2.3)."""
    return _BLANKS.sub("_", header.strip().lower())


def found(cells: Sequence[str], synonyms: Mapping[str, str], name: str) -> Header:
    """Find the columns in the file's first row.

    ``synonyms``: further headers, plain, and the field each means; they come before the built-in ones. ``name``: the
    file's, for messages. Raises ``ContractError`` when a required column is missing, or a header that means something
    stands there twice.
    """
    headers = [plain(cell) for cell in cells]
    places = {}
    for column in COLUMNS:
        own = [header for header, field in synonyms.items() if field == column.field]
        known = [header for header in (*own, *column.headers) if header in headers]
        if not known:
            continue
        if headers.count(known[0]) > 1:
            raise ContractError(f"{name}: the column {known[0]!r} is there twice", "Look at the file by hand.")
        places[column.field] = headers.index(known[0])
    lacking = [field for field in _REQUIRED if field not in places]
    if lacking:
        raise ContractError(
            f"{name}: the first row has no column for {', '.join(lacking)}: it is not an order tracking file, or its "
            "headers have changed",
            "Look at the file; name new headers in TRACKING_HEADERS.",
        )
    return Header(places, tuple(field for field in _EXPECTED if field not in places), len(cells))
