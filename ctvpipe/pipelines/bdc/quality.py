"""What is doubtful in the data before it is filed: findings with the ids of whom they are about (facts 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.bdc import database, filing, view
from ctvpipe.pipelines.bdc.counting import Count
from ctvpipe.pipelines.bdc.filing import SUBSCRIPTION, VOICE
from ctvpipe.pipelines.bdc.geography import Point, at_one_point, far_from_zip
from ctvpipe.pipelines.bdc.records import CoordStatus
from ctvpipe.pipelines.bdc.settings import FilingSettings
from ctvpipe.pipelines.bdc.view import View


@dataclass(frozen=True)
class Finding:
    """Something that is doubtful; ``customers``: whom it is about, each once."""

    about: str
    text: str
    customers: Sequence[int]


@dataclass(frozen=True)
class Quality:
    """``customers`` that count, with how many ``points``, and what is doubtful of them."""

    customers: int
    points: int
    findings: Sequence[Finding]


def look(settings: FilingSettings, *, as_of: date | None = None) -> Quality:
    """Everything that is doubtful, of the tables as they are or ``as_of`` a snapshot; errors as of ``filing.export``."""
    rules = filing.rules(settings)
    with database.filled(settings) as connection:
        seen = view.opened(connection, database.tables(settings), as_of)
        counts = {
            kind.name: kind.count(rules, filing.lines(connection, seen, kind.of, rules.technologies))
            for kind in (SUBSCRIPTION, VOICE)
        }
        points = _points(connection, seen)
        findings = [
            *_coordinates(connection, seen),
            Finding("points", "far from the other customers of the same ZIP code", far_from_zip(points)),
            Finding(
                "points", "many addresses at one point, as of a geocoder that found the town only", at_one_point(points)
            ),
            *_services(connection, seen),
            *(finding for kind, count in counts.items() for finding in _uncounted(kind, count)),
            *_details(connection, seen),
        ]
        total = connection.execute(
            sa.select(sa.func.count()).select_from(seen.customers).where(seen.counts)
        ).scalar_one()
    return Quality(total, len(points), [each for each in findings if each.customers])


def _points(connection: sa.Connection, seen: View) -> list[Point]:
    columns = seen.customers.c
    wanted = (columns.id, columns.zip, columns.address, columns.latitude, columns.longitude)
    rows = connection.execute(sa.select(*wanted).where(seen.counts, columns.latitude.is_not(None)))
    return [Point(*row) for row in rows]


def _coordinates(connection: sa.Connection, seen: View) -> Iterator[Finding]:
    columns = seen.customers.c
    for status in CoordStatus:
        if status is not CoordStatus.OK:
            found = _ids(connection, seen, columns.coord_status == str(status))
            yield Finding("coordinates", _COORDINATES[status], found)


def _services(connection: sa.Connection, seen: View) -> Iterator[Finding]:
    customers, services = seen.customers.c, seen.services.c
    theirs = sa.select(services.customer_id).where(services.customer_id == customers.id)
    data = theirs.where(services.active, services.data_service, services.application == "debit")
    yield Finding("services", "no data service", _ids(connection, seen, ~data.exists()))
    unknown = sa.or_(*(services[name].is_(None) for name in ("active", "data_service", "application")))
    yield Finding(
        "services",
        "a service of which Sonar does not say what it is",
        _ids(connection, seen, theirs.where(unknown).exists()),
    )
    not_live = sa.and_(customers.removed_at.is_(None), sa.not_(customers.status_active), data.exists())
    found = connection.execute(sa.select(customers.id).where(not_live).order_by(customers.id)).scalars().all()
    yield Finding("services", "an active data service, but a status that does not count as live", found)


def _uncounted(kind: str, count: Count) -> Iterator[Finding]:
    for reason in count.reasons:
        whose = sorted({each.customer_id for each in count.uncounted if each.reason == reason})
        yield Finding(kind, f"not counted: {reason}", whose)


def _details(connection: sa.Connection, seen: View) -> Iterator[Finding]:
    columns = seen.customers.c
    failed = _ids(connection, seen, columns.detail_ok.is_not(sa.true()))
    yield Finding("details", "what Sonar says of it could not be read the last time", failed)
    items, links = seen.inventory_items.c, seen.customer_inventory.c
    nameless = (
        sa.select(links.customer_id)
        .join_from(seen.customer_inventory, seen.inventory_items, items.id == links.inventory_item_id)
        .where(links.customer_id == columns.id, items.model_name.is_(None))
    )
    yield Finding("equipment", "equipment of an unknown model", _ids(connection, seen, nameless.exists()))


def _ids(connection: sa.Connection, seen: View, where: sa.ColumnElement[Any]) -> Sequence[int]:
    columns = seen.customers.c
    return connection.execute(sa.select(columns.id).where(seen.counts, where).order_by(columns.id)).scalars().all()


_COORDINATES = {
    CoordStatus.MISSING: "missing",
    CoordStatus.ZERO: "zero",
    CoordStatus.SUSPECT: "one of them zero, or outside the box",
    CoordStatus.UNPARSEABLE: "no numbers",
    CoordStatus.SWAPPED: "exchanged",
    CoordStatus.OUT_OF_RANGE: "outside the world",
    CoordStatus.SIGN: "without their minus",
}
