"""The five FMS exports, invented: the columns, shapes and numbers of rows of facts 1.1 to 1.5.

The same ``Spec`` always makes the same rows. A row is a list of texts, as a CSV reader gives them. Every row can be
stored: what is wrong with an export is the business of the test that says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from tests.fakes.fms_loans import Loan, loans
from tests.fakes.fms_people import OFFICES, Partner, is_found, is_usable, partner

__all__ = ["HEADERS", "WIDTHS", "Rows", "Spec", "bodies", "body", "headers", "is_found", "is_usable", "rows", "vin"]

Rows = dict[str, list[list[str]]]

# The widest layout of each export, and the columns that an older one lacks, by its width.
HEADERS = {
    "vehicles": (
        "vehicle_id", "Year", "Make", "Model", "Model Short Name", "Office", "VIN", "Fleet", "Registration Exp",
        "Insurance Exp", "Current Mileage", "In Service Date", "Expected Turn In Date", "Notes", "Color",
    ),
    "media_partners": (
        "Person_ID", "Name", "Address", "Office", "Default loan region", "Notes / Instructions", "Affiliation",
        "Activity_Type_Subcategory_ID",
    ),
    "loan_history": (
        "Activity_ID", "VIN", "Person_ID", "Make", "Model", "Year", "Model_Short_Name", "Start_Date", "End_Date",
        "Clips_Received", "Office", "Name", "Partner_Address", "Region",
    ),
    "current_activity": (
        "Activity_ID", "Person_ID", "Vehicle_VIN", "Activity_Type", "Start_Date", "End_Date", "To", "Partner_Address",
        "Region",
    ),
    "approved_makes": ("Person_ID", "Name", "Make", "Rank"),
}  # fmt: skip
_LACKS: dict[str, dict[int, set[int]]] = {
    "vehicles": {15: set(), 14: {14}, 13: {0, 14}},
    "media_partners": {8: set(), 6: {6, 7}, 5: {2, 6, 7}},
    "loan_history": {14: set(), 13: {13}, 12: {12, 13}, 11: {9, 12, 13}},
    "current_activity": {9: set(), 8: {8}, 7: {7, 8}, 6: {1, 7, 8}},
    "approved_makes": {4: set()},
}
WIDTHS = {"vehicles": 14, "media_partners": 6, "loan_history": 14, "current_activity": 9, "approved_makes": 4}
_MODELS = {
    "Acura": "MDX", "Audi": "Q5", "BMW": "X3", "Buick": "Envision", "Cadillac": "Lyriq", "Chevrolet": "Silverado 1500",
    "Ford": "F-150, Lariat", "Genesis": "GV70", "GMC": "Sierra", "Honda": "CR-V", "Hyundai": "Ioniq 5", "Kia": "EV9",
    "Lexus": "RX 350", "Mazda": "CX-50", "Nissan": "Rogue", "Porsche": "911", "Subaru": "Outback", "Toyota": "Camry",
    "Volkswagen": "ID.4", "Volvo": "EX90",
}  # fmt: skip
_MAKES = list(_MODELS)
_COLORS = ("Sample White", "Test Grey", "Mock Blue", "Draft Red")
_HOLDS = ("Hold", "Hold for Turn In", "Special", "Event", "HOLD")
_RANKS, _SHARES = ("A+", "A", "B", "C", "Pending"), (364, 1449, 1596, 518, 45)


@dataclass(frozen=True)
class Spec:
    """What to make: so many rows of each export; the seed's numbers are the default, 18,214 in all.

    ``orphans``: people with loans and approvals who are not in the roster. ``widths``: of each export, by its table.
    """

    vehicles: int = 979
    partners: int = 592
    loans: int = 10_806
    activity: int = 1_122
    approvals: int = 4_715
    orphans: int = 49
    today: date = date(2025, 11, 12)
    seed: int = 1
    widths: Mapping[str, int] = field(default_factory=dict)


def vin(number: int) -> str:
    """The VIN of vehicle ``number``."""
    return f"1EX{number * 7919 % 100_000:05d}TST{number:06d}"


def headers(table: str, width: int | None = None) -> list[str]:
    """The header that the export of a table would have, by default in the seed's width."""
    return _narrowed([list(HEADERS[table])], table, width)[0]


def rows(spec: Spec) -> Rows:
    """The rows of every export, by table, in the order of the night."""
    random = Random(spec.seed)
    lent = loans(spec.loans, spec.partners, spec.orphans, 2 * spec.vehicles, spec.today, spec.seed)
    made = {
        "vehicles": [_vehicle(number, spec.today, random) for number in range(spec.vehicles)],
        "media_partners": [_partner(partner(number)) for number in range(spec.partners)],
        "loan_history": [_loan(loan, number, random) for number, loan in enumerate(lent)],
        "current_activity": _activity(spec, lent, random),
        "approved_makes": _approvals(spec, random),
    }
    return {table: _narrowed(found, table, spec.widths.get(table)) for table, found in made.items()}


def body(
    made: Iterable[Sequence[str]],
    *,
    encoding: str = "utf-8",
    bom: bool = False,
    header: Sequence[str] = (),
    quote_all: bool = True,
) -> bytes:
    """The rows as the report server sends them; ``header``: a first line, as of ``headers``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
    writer.writerows([header] if header else [])
    writer.writerows(made)
    return (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode(encoding)


def bodies(spec: Spec) -> dict[str, bytes]:
    """The five exports of ``spec``, by table."""
    return {table: body(made) for table, made in rows(spec).items()}


def _narrowed(made: list[list[str]], table: str, width: int | None) -> list[list[str]]:
    lacks = _LACKS[table][width or WIDTHS[table]]
    return [[cell for place, cell in enumerate(row) if place not in lacks] for row in made]


def _model_year(number: int) -> str:
    return str(2026 - number % 4)


def _vehicle(number: int, today: date, random: Random) -> list[str]:
    make = _MAKES[number % len(_MAKES)]
    office = list(OFFICES)[number % len(OFFICES)]
    service = today - timedelta(days=random.randrange(20, 500))
    expiry = today + timedelta(days=random.randrange(10, 400))
    turn_in = today + timedelta(days=random.randrange(5, 200))
    return [
        "" if number % 200 == 77 else str(3_000 + number),
        _model_year(number),
        make,
        _MODELS[make],
        _MODELS[make].split(",")[0],
        f" {office} " if number % 90 == 3 else office,
        vin(number),
        make.upper(),
        f"{expiry:%m/%d/%Y}" if number % 53 == 0 else f"{expiry:%m/%d/%y}",
        f"{expiry + timedelta(days=30):%m/%d/%y}",
        "" if number % 120 == 5 else f"{random.randrange(12_000):,}",
        f"{service.month}/{service.year}",
        f"{turn_in:%m/%d/%y}" if number % 59 == 0 else _dashed(turn_in, number),
        ("", "", "", 'Needs "summer" tires, ask first', "Spare key at the desk")[number % 5],
        _COLORS[number % len(_COLORS)],
    ]


def _partner(who: Partner) -> list[str]:
    town, state = OFFICES[who.office]
    return [
        who.person_id,
        who.name,
        who.address,
        who.office,
        ("", who.office, f"{who.office}; {town}", f"{town}, {who.office}", f"{town}|{state}")[who.number % 5],
        ("", "", "Call first, please", "Gate code at the desk\nRing twice")[who.number % 4],
        ("", "Example Weekly", "Sample Drive, the podcast")[who.number % 3],
        str(who.number % 9 + 1) if who.number % 7 else "",
    ]


def _loan(loan: Loan, number: int, random: Random) -> list[str]:
    make = _MAKES[loan.vehicle % len(_MAKES)]
    who, code = loan.borrower, vin(loan.vehicle)
    return [
        loan.activity_id,
        code.lower() if number % 400 == 9 else code,
        who.person_id,
        make,
        _MODELS[make],
        _model_year(loan.vehicle),
        _MODELS[make].split(",")[0],
        f"{loan.start:%m/%d/%y}" if number % 97 == 0 else _dashed(loan.start, number),
        _dashed(loan.end, number),
        random.choice(("", "", "0", "1", "1", "2", "5")),
        who.office,
        who.name,
        who.address,
        OFFICES[who.office][0],
    ]


def _activity(spec: Spec, lent: list[Loan], random: Random) -> list[list[str]]:
    """The loans that still run, which are in the history too, then holds without a person, and loans to come."""
    running = [loan for loan in lent if loan.end >= spec.today][: spec.activity // 4]
    made = [
        _bar(loan.activity_id, loan.borrower, loan.vehicle, "Loan", loan.start, loan.end, loan.borrower.name)
        for loan in running
    ]
    first = 20_001 + 3 * (len(lent) + 1)
    for number in range(spec.activity - len(running)):
        start = spec.today + timedelta(days=random.randrange(-5, 30))
        days = start, start + timedelta(days=random.randrange(2, 15))
        key, vehicle = str(first + 3 * number), number % spec.vehicles
        if number % 4 == 3:
            kind = _HOLDS[number // 4 % len(_HOLDS)]
            made.append(_bar(key, None, vehicle, kind, *days, f"{kind}: desk {number % 9}, see notes"))
        else:
            who = partner(random.randrange(spec.partners + spec.orphans))
            kind = ("Loan", "Loan", "Loan", "loan", "Service")[number % 5]
            made.append(_bar(key, who, vehicle, kind, *days, who.name))
    return made


def _bar(key: str, who: Partner | None, vehicle: int, kind: str, start: date, end: date, to: str) -> list[str]:
    """A row of the current activity, a bar in the calendar of FMS."""
    days = [_dashed(start, int(key)), _dashed(end, int(key))]
    where = [who.address, ", ".join(OFFICES[who.office])] if who else ["", ""]
    return [key, who.person_id if who else "", vin(vehicle), kind, *days, to, *where]


def _approvals(spec: Spec, random: Random) -> list[list[str]]:
    """Pairs of a person and a make, each once."""
    everybody = {who.person_id: who.name for who in map(partner, range(spec.partners + spec.orphans))}
    pairs = [(person, make) for person in everybody for make in _MAKES]
    picked = sorted(random.sample(range(len(pairs)), spec.approvals))
    ranks = random.choices(_RANKS, _SHARES, k=spec.approvals)
    return [
        [pairs[place][0], everybody[pairs[place][0]], pairs[place][1], rank]
        for place, rank in zip(picked, ranks, strict=True)
    ]


def _dashed(day: date, number: int) -> str:
    """``MM-DD-YY``, sometimes without the zeros in front."""
    return f"{day.month}-{day.day}-{day:%y}" if number % 17 == 0 else f"{day:%m-%d-%y}"
