"""What Sonar tells, as records that the seven tables are made from (facts 2.2).

Texts are trimmed, ``None`` where there is nothing; ids are positive. Nothing else of an answer is kept: an account's
detail holds passwords, telephone numbers and invoices (facts 1.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class CoordStatus(StrEnum):
    """What is thought of a pair of coordinates (facts 3.5)."""

    OK = "ok"
    MISSING = "missing"
    ZERO = "zero"
    SUSPECT = "suspect"
    UNPARSEABLE = "unparseable"
    SWAPPED = "swapped"
    OUT_OF_RANGE = "out_of_range"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Place:
    """A pair of coordinates as it is stored: in degrees, both ``None`` where they are withheld.

    ``fixed``: they were exchanged or negated, as ``status`` says.
    """

    status: CoordStatus
    latitude: float | None = None
    longitude: float | None = None
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """A row of the contact report: a row of ``customers`` but for what only the detail tells.

    ``zip`` has five digits where it is a ZIP code, ``plus4`` the four after it; ``state`` two letters where it is known.
    ``status`` is a name that the operator gave. ``row_hash``: of all that stands here, and of the coordinates as Sonar has them.
    """

    id: int
    status: str | None
    name: str | None
    address: str | None
    street2: str | None
    city: str | None
    state: str | None
    zip: str | None
    plus4: str | None
    country: str | None
    source: str | None
    place: Place
    row_hash: str


@dataclass(frozen=True, slots=True)
class Group:
    """A row of ``groups``; a deleted one is left out."""

    id: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """A service of one customer: a row of ``services``; one that Sonar has deleted is not active.

    ``relationship_id`` tells it from the customer's others. Where Sonar names none, it is negative: a number made of
    the service and of which of the customer's services of that kind it is. ``quantity`` is 1 where Sonar is silent.
    ``amount``: what the customer pays, the catalogue's price or a price of their own. Technology codes are Sonar's.
    """

    relationship_id: int
    service_id: int
    name: str | None
    type: str | None
    application: str | None
    amount: Decimal | None
    quantity: int
    active: bool | None
    data_service: bool | None
    voice_service: bool | None
    download_kbps: int | None
    upload_kbps: int | None
    technology_code: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of equipment: a row of ``inventory_items`` but for its model's names.

    ``customer_id``: whose it is, ``None`` where it is nobody's, or in a warehouse, a vehicle, a network site.
    """

    id: int
    model_id: int
    status: str | None
    condition: str | None
    customer_id: int | None


@dataclass(frozen=True, slots=True)
class Model:
    """A model of equipment."""

    id: int
    name: str
    manufacturer_id: int


@dataclass(frozen=True, slots=True)
class Manufacturer:
    """Who makes equipment."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Status:
    """A status that the operator gives accounts; ``active`` says whether it counts as live (facts 1.2)."""

    id: int
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class AccountType:
    """A type of account; ``type`` is ``residential`` or ``commercial``."""

    id: int
    name: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """What only an account's detail tells, and its equipment.

    ``block_fips``: the 15-digit census block of its physical address. ``country``: of that address. ``deleted``: Sonar
    keeps it as deleted. ``items`` is ``None`` where the equipment was not asked for customer by customer.
    """

    customer_id: int
    account_type_id: int | None
    account_type: str | None
    country: str | None
    block_fips: str | None
    deleted: bool
    groups: tuple[Group, ...]
    services: tuple[Service, ...]
    items: tuple[Item, ...] | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A customer that Sonar's report has, and of which it says that there is no such account (404)."""

    customer_id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A customer whose detail could not be had; ``reason`` is a line without anybody's data."""

    customer_id: int
    reason: str
