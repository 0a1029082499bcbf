"""An invented internet provider's subscribers, equipment and services, as its billing system knows them.

Everything about a subscriber follows from the number, and nothing of it is anybody's: streets, towns, ZIP codes and
census blocks do not exist. How Sonar writes it down is in ``sonar_payloads``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_ID = 10_001
_FIRST = ("Orla", "Bo", "Casey", "Zoë", "Eli", "Fran", "Gail", "Renée", "Ira", "Kim", "Max", "Noor")
_LAST = ("Test", "Sample", "Placeholder", "O'Stub", "Fictum", "Mockley", "Draftson", "Inventor", "Demo & Co")
_STREETS = ("Example Rd", "Sample St", "Placeholder Ave", "Draft Ln", "Mock Ct")
_TOWNS = (("Port Alder", "98999"), ("Draft Falls", "98998"), ("Mockville", "98997"), ("Sampleton", "98996"))
_TRACTS = ("53999000100", "53999000200", "53999000301", "53999000302", "53999000400", "53998950100")
# What an account's detail holds besides, none of which may ever be told or stored.
SECRETS = ("portal-password-Opal-11", "card-ending-4242", "note: called about the dog")
STATUSES = {1: ("Active", True), 2: ("Inactive", False), 3: ("Active - VIP", True), 4: ("Suspended", False)}
TYPES = {1: ("Residential", "residential"), 2: ("Business", "commercial")}
GROUPS = {4: "Wireless", 5: "Fiber", 6: "North & South"}
MANUFACTURERS = {3: "Demo Radios Inc", 4: "Invented Optics"}
# By id: name, manufacturer.
MODELS = {12: ("Demo CPE 5G", 3), 13: ("Demo CPE 60", 3), 14: ("Light Box 1", 4)}


@dataclass(frozen=True)
class Plan:
    """A service of the catalogue: ``data`` and ``voice`` say what it is, ``down`` and ``up`` are kilobits a second."""

    id: int
    name: str
    application: str = "debit"
    amount: str = "59.00"
    data: bool = True
    voice: bool = False
    down: int | None = None
    up: int | None = None
    technology: int | None = None


PLANS = {
    plan.id: plan
    for plan in (
        Plan(31, "Home 100", down=100_000, up=20_000, technology=70),
        Plan(32, "Fiber Gig", amount="89.00", down=1_000_000, up=1_000_000, technology=50),
        Plan(33, "Static IP", amount="5.00", down=0, up=0),
        Plan(34, "Phone line", amount="19.95", data=False, voice=True),
        Plan(35, "Loyalty &amp; thanks", "credit", "7.00", data=False),
        Plan(36, "Rural 10", amount="39.00", down=10_000, up=1_000, technology=70),
    )
}


@dataclass(frozen=True)
class Line:
    """A service on an account; ``relationship`` is what tells it from others, unless Sonar does not say."""

    plan: int
    relationship: int | None
    quantity: int = 1
    active: bool = True
    deleted: bool = False


@dataclass(frozen=True)
class Subscriber:
    """An account with its physical address, groups and services."""

    id: int
    name: str
    status: int
    type: int
    line1: str
    line2: str | None
    city: str
    state: str
    zip: str
    latitude: str | None
    longitude: str | None
    block: str | None
    groups: tuple[int, ...] = ()
    lines: tuple[Line, ...] = ()
    deleted: bool = False


@dataclass(frozen=True)
class Equipment:
    """A piece of equipment; ``owner`` is the account that has it, ``None`` for one in stock."""

    id: int
    model: int
    owner: int | None


@dataclass(frozen=True)
class Spec:
    """``customers`` accounts, ``stock`` pieces of equipment in store; ``odd``: whether some coordinates are missing,
    zero or exchanged. ``layout`` of the report: ``documented`` or ``seed``. ``repeated``: of how many accounts, from
    the first on, the report has two rows, every other of them with a difference. ``padding``: bytes of what nobody
    asked for in an account's detail.
    """

    customers: int = 200
    stock: int = 30
    odd: bool = True
    layout: str = "documented"
    repeated: int = 0
    padding: int = 2000
    ids: range = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", range(FIRST_ID, FIRST_ID + self.customers))


def subscriber(id_: int, *, odd: bool = True) -> Subscriber:
    """The account with that id."""
    n = id_ - FIRST_ID
    town, zip_code = _TOWNS[n // 3 % len(_TOWNS)]
    latitude, longitude = _coordinates(n) if odd else _pin(n)
    return Subscriber(
        id=id_,
        name=f"{_FIRST[n % len(_FIRST)]} {_LAST[n // len(_FIRST) % len(_LAST)]}",
        status=4 if n % 29 == 28 else 2 if n % 11 == 10 else 3 if n % 17 == 16 else 1,
        type=2 if n % 9 == 8 else 1,
        line1=f"{100 + n} {_STREETS[n % len(_STREETS)]}",
        line2=f"Unit {n % 40}" if n % 7 == 3 else None,
        city=town,
        state="Washington" if n % 13 == 12 else "WA",
        zip=f"{zip_code}-{n % 10_000:04d}" if n % 2 else zip_code,
        latitude=latitude,
        longitude=longitude,
        block=None if n % 37 == 36 else f"{_TRACTS[n % len(_TRACTS)]}{1000 + n % 50}",
        groups=(4 if n % 3 else 5, 6) if n % 5 == 0 else (4 if n % 3 else 5,),
        lines=_lines(id_, n),
    )


def equipment(spec: Spec, index: int) -> Equipment:
    """The ``index``-th piece: each account has one, every fourth account a second; the rest is in stock."""
    if index < spec.customers:
        return Equipment(500_000 + index, 12 + index % 3, spec.ids[index])
    if index < pieces(spec) - spec.stock:
        return Equipment(500_000 + index, 13, spec.ids[(index - spec.customers) * 4])
    return Equipment(500_000 + index, 14, None)


def pieces(spec: Spec) -> int:
    """How many pieces of equipment there are."""
    return spec.customers + (spec.customers + 3) // 4 + spec.stock


def equipment_of(spec: Spec, id_: int) -> list[Equipment]:
    """The pieces that an account has."""
    n = id_ - FIRST_ID
    found = [equipment(spec, n)]
    return [*found, equipment(spec, spec.customers + n // 4)] if n % 4 == 0 else found


def _pin(n: int) -> tuple[str, str]:
    return f"{47.1 + n % 500 / 1000:.6f}", f"{-120.2 - n // 500 % 500 / 1000:.6f}"


def _coordinates(n: int) -> tuple[str | None, str | None]:
    latitude, longitude = _pin(n)
    match n % 100:
        case 13:
            return None, None
        case 33:
            return "0.0000000", "0.0000000"
        case 53:
            return longitude, latitude
        case 73:
            return latitude, longitude.removeprefix("-")
    return latitude, longitude


def _lines(id_: int, n: int) -> tuple[Line, ...]:
    first = Line(32 if n % 3 == 0 else 36 if n % 10 == 9 else 31, 70_000_000 + id_ * 10)
    more = []
    if n % 20 == 7:
        more.append(Line(first.plan, 70_000_001 + id_ * 10, quantity=2))
    if n % 6 == 1:
        more.append(Line(34, 70_000_002 + id_ * 10))
    if n % 8 == 2:
        more += [Line(33, 70_000_003 + id_ * 10), Line(35, None), Line(35, None)]
    if n % 25 == 4:
        more += [Line(31, 70_000_004 + id_ * 10, active=False), Line(31, 70_000_005 + id_ * 10, deleted=True)]
    return (first, *more)
