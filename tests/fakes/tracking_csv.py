"""The broker's order CSV, invented: headers, shapes and oddities of facts 2.1 to 2.3, 3.1 and 10.1.

The same ``Spec`` always makes the same rows. A row is a dict by raw header; what is not in it is an empty cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import ip_network
from pathlib import Path
from random import Random

Row = dict[str, str]

HEADERS = (
    "record_number", "Site Name", "Site ID", "Circuit Purpose", "status", "substatus", "provider_name",
    "details_ordered_service_speed", "details_service_speed", "billing_monthly_cost", "billing_install_cost",
    "ip_address_start", "date_record_updated", "milestone_service_activated", "milestone_enabled",
    "target_enablement_date", "details_provider", "details_provider_phone", "billing_account", "address_1", "city",
    "state", "zipcode", "primary_contact_name", "primary_contact_email", "order_status", "phase",
)  # fmt: skip
TRADING_NAME = "Example Tire Stores"
PERIOD = 50  # every oddity comes round once in so many circuits
_PROVIDERS = (
    "Charter Communications", "Comcast", "AT&T", "Cox Communications", "CenturyLink", "Frontier", "Verizon Business",
    "Mediacom", "Optimum", "Windstream", "Starlink", "Digi",
)  # fmt: skip
_STATUSES = (
    *("Enabled",) * 70,
    *("Order Canceled",) * 10,
    *("Information/Approval Needed From Sponsor",) * 6,
    *("Customer Action Required",) * 3,
    *("Construction In Progress",) * 2,
    *("Ready for Enablement",) * 2,
    *("Pending Scheduled Deployment", "Enabled/Disconnected", "Order Placed", "Prequal Required", "Jeopardy"),
)
_NO_SERVICE = "No Service Available"
_DOWN = (25, 50, 100, 300, 500, 1000)


@dataclass(frozen=True)
class Spec:
    """What to make: ``circuits`` rows of half as many sites, and with ``oddities`` a few that clash beside them.

    ``addresses``: the network from which the circuits get theirs in turn; that of the default is reserved for
    documentation, and so no global one.
    """

    circuits: int = 60
    seed: int = 1
    oddities: bool = True
    reference: date = date(2026, 11, 22)
    addresses: str = "203.0.113.0/24"


def site(number: int) -> str:
    """The code of the store ``number``, from 0 on: three letters, a blank, two digits."""
    series, store = divmod(number, 99)
    letters = "".join(chr(ord("A") + series // 26**place % 26) for place in (2, 1, 0))
    return f"{letters} {store + 1:02d}"


def line(**cells: str) -> Row:
    """A plain enabled circuit of one store; ``cells`` by raw header, with ``_`` for a blank in it."""
    plain = {
        "record_number": "ACMEXYZ0123456789_BR",
        "Site Name": "XYZ 01",
        "Site ID": "XYZ 01",
        "Circuit Purpose": "Primary",
        "status": "Enabled",
        "provider_name": "Charter Communications",
        "details_ordered_service_speed": "300.0M x 30.0M",
        "details_service_speed": "300.0M x 30.0M",
        "billing_monthly_cost": "89.99",
        "ip_address_start": "203.0.113.7",
        "date_record_updated": "2026-11-02 10:11:12",
        "milestone_enabled": "2026-03-04 00:00:00",
    }
    names = {header.replace(" ", "_"): header for header in HEADERS}
    return plain | {names.get(name, name): value for name, value in cells.items()}


def rows(spec: Spec) -> list[Row]:
    """The rows of ``spec``, in the order of their sites."""
    random = Random(spec.seed)
    network = ip_network(spec.addresses)
    made = []
    for number in range(spec.circuits):
        address = str(network[1 + number % (network.num_addresses - 2)])
        row = _circuit(number, random, spec.reference, address)
        made.append(row)
        if spec.oddities:
            _odd(number, row)
            made += _clashing(number, row)
    return made


def path_for(directory: Path, day: date) -> Path:
    """Where the file of ``day`` belongs."""
    return directory / f"tracking_data_{day.isoformat()}.csv"


def text(made: Iterable[Row], *, headers: Sequence[str] = HEADERS) -> str:
    """The rows as CSV, by RFC 4180."""
    body = io.StringIO(newline="")
    writer = csv.writer(body)
    writer.writerow(headers)
    writer.writerows([row.get(name, "") for name in headers] for row in made)
    return body.getvalue()


def write(path: Path, made: Iterable[Row], *, headers: Sequence[str] = HEADERS, encoding: str = "cp1252") -> Path:
    """Write the rows to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text(made, headers=headers).encode(encoding))
    return path


def _circuit(number: int, random: Random, reference: date, address: str) -> Row:
    """A circuit without anything odd: an even ``number`` is a store's primary one, an odd one its secondary."""
    store, secondary = divmod(number, 2)
    name = site(store)
    updated = reference - timedelta(days=random.randrange(400))
    status = random.choice(_STATUSES)
    down = random.choice(_DOWN)
    ordered = f"{down}.0M x {max(down // 10, 5)}.0M"
    provider = random.choice(_PROVIDERS)
    row = {
        "record_number": f"ACME{name[:3]}{random.randrange(10**10):010d}_BR{random.choice(('', '', '-I1', '-I2'))}",
        "Site Name": name,
        "Site ID": name + random.choice((" -B", " -B", "- B", "- B", "-B", " - B")) if secondary else name,
        "Circuit Purpose": "Secondary" if secondary else "Primary",
        "status": status,
        "substatus": "Requested" if random.random() < 0.08 else "",
        "provider_name": provider,
        "details_ordered_service_speed": ordered,
        "details_service_speed": ordered if random.random() < 0.7 else f"{down * 2}.0M x {max(down // 10, 5)}.0M",
        "billing_monthly_cost": f"{random.randrange(3000, 40000) / 100:.2f}",
        "billing_install_cost": random.choice(("0.00", "99.00", "149.50")),
        "ip_address_start": address if random.random() < 0.7 else "",
        "date_record_updated": f"{updated} {random.randrange(24):02d}:{random.randrange(60):02d}:00",
        "details_provider": "DSR",
        "details_provider_phone": "555-0100",
        "billing_account": f"{random.randrange(10**8):08d}",
        "address_1": f"{random.randrange(1, 9999)} Example Road",
        "city": "Cañon City",
        "state": random.choice(("AZ", "CO", "NV", "UT")),
        "zipcode": f"{random.randrange(1, 99999):05d}",
        "primary_contact_name": "A. Example",
        "primary_contact_email": "a@example.com",
    }
    if provider == "Starlink":
        row["details_ordered_service_speed"] = row["details_service_speed"] = "Satellite"
    elif provider == "Digi":
        row["details_ordered_service_speed"] = row["details_service_speed"] = "Cell"
    if status.startswith("Enabled"):
        row["milestone_enabled"] = f"{updated - timedelta(days=30)} 00:00:00"
        row["milestone_service_activated"] = f"{updated - timedelta(days=40)} 00:00:00"
    return row


# What differs from the plain cells, by the place of the circuit in its round.
_ODDITIES: dict[int, Row] = {
    0: {"substatus": "NaN", "ip_address_start": "nan", "billing_account": "N/A"},
    1: {"provider_name": "NSA ", "status": _NO_SERVICE, "ip_address_start": "", "billing_monthly_cost": ""},
    3: {"billing_monthly_cost": "$1,200.50"},
    5: {"date_record_updated": "0000-00-00 00:00:00", "milestone_enabled": "0000-00-00"},
    6: {"milestone_enabled": "03/04/2025", "milestone_service_activated": "28/03/2025"},
    8: {"provider_name": " Comcast ", "status": " Enabled"},
    10: {"details_ordered_service_speed": "1G x 35M", "details_service_speed": "1GB x 1GB"},
    12: {"ip_address_start": "198.51.100.9/29"},
    14: {"ip_address_start": "203.0.113"},
    16: {"billing_install_cost": "call us"},
    18: {"target_enablement_date": "soon"},
    20: {"Site Name": "  "},
    22: {"record_number": ""},
    24: {"Circuit Purpose": " primary "},
    26: {"Circuit Purpose": "Guest"},
    28: {"Site ID": ""},
    30: {"address_1": '1 Example Road,\nSuite "B"'},
    34: {"details_ordered_service_speed": "Charter Communications", "details_service_speed": "300 x 30"},
}  # fmt: skip


def _odd(number: int, row: Row) -> None:
    row.update(_ODDITIES.get(number % PERIOD, {}))
    if number % PERIOD == 36:
        row["Site ID"], row["Site Name"] = row["Site Name"], TRADING_NAME
    if number % PERIOD == 38:
        row["Site Name"] += "  "


def _clashing(number: int, row: Row) -> list[Row]:
    """Further orders for the same store and purpose: a live circuit and its replacement in flight, and worse."""
    record = f"ACME{row['Site Name'][:3]}{number:010d}_BR-I"
    match number % PERIOD:
        case 40:
            first = {"status": "Information/Approval Needed From Sponsor", "provider_name": "Comcast"}
            return [row | first | {"record_number": f"{record}2"}]
        case 42:
            return [row | {"status": "Order Canceled", "record_number": f"{record}3"}, dict(row)]
        case _:
            return []
