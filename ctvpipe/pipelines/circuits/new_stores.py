"""New stores: networks that have no circuit yet, and stores that people expect (facts 4.3, 2).

Whole names are compared, blanks and case aside: ``XYZ 1`` is not found in ``XYZ 10``. No circuit is ever made of one.
An expected store stays on the list until it has a network and a circuit; one found by itself, as long as it has the
first without the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from ctvpipe.pipelines.circuits.appliances import Row
from ctvpipe.pipelines.circuits.exclusions import Exclusions
from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS, NEW_STORES
from ctvpipe.pipelines.circuits.site_names import comparable_site
from ctvpipe.stores.merge import Merged, merge

FOUND, EXPECTED = "meraki", "manual"
_FINDER = "meraki-inventory"
_COLUMNS = ("site_name", "source", "network_id", "is_active", "meraki_network_found", "meraki_found_date")


@dataclass(frozen=True)
class Store:
    """A row of the list, without what people wrote to it."""

    site_name: str
    source: str
    network_id: str | None
    is_active: bool
    found: bool
    found_date: date | None


@dataclass(frozen=True)
class Network:
    """A network that may be a store's."""

    id: str
    name: str


def networks(appliances: Iterable[Row], excluded: Exclusions) -> tuple[list[Network], int]:
    """The networks of ``appliances`` that are stores, by id, and how many are none."""
    members: dict[str, list[Row]] = defaultdict(list)
    for row in appliances:
        if row["network_id"] and row["network_name"]:
            members[row["network_id"]].append(row)
    found, left_out = [], 0
    for id_, rows in sorted(members.items()):
        name = rows[0]["network_name"]
        if any(excluded.reason(name=name, tags=row["device_tags"] or (), notes=row["device_notes"]) for row in rows):
            left_out += 1
        else:
            found.append(Network(id_, name))
    return found, left_out


def plan(there: Iterable[Network], sites: Collection[str], listed: Sequence[Store], day: date) -> list[Store]:
    """The rows that the list ought to have: those ``listed`` as they now are, and the new ones.

    ``there``: the stores' networks; ``sites``: names that have circuits, as ``comparable_site`` gives them.
    """
    by_name: dict[str, Network] = {}
    for network in there:
        by_name.setdefault(comparable_site(network.name), network)
    known = {comparable_site(store.site_name) for store in listed}
    wanted = [_now(store, by_name, sites, day) for store in listed]
    new = (name for name in by_name if name not in sites and name not in known)
    return wanted + [
        Store(" ".join(by_name[name].name.split()), FOUND, by_name[name].id, True, True, day) for name in new
    ]


def _now(store: Store, by_name: dict[str, Network], sites: Collection[str], day: date) -> Store:
    name = comparable_site(store.site_name)
    network = by_name.get(name)
    if store.source == EXPECTED:
        found = store.found or network is not None
        active = not (found and name in sites)
    else:
        found, active = True, network is not None and name not in sites
    return replace(
        store,
        network_id=network.id if network else store.network_id,
        is_active=active,
        found=found,
        found_date=store.found_date or (day if found else None),
    )


def sites(connection: sa.Connection) -> set[str]:
    """The names of the sites that have circuits, as they are compared."""
    return {comparable_site(name) for name in connection.execute(sa.select(CIRCUITS.c.site_name)).scalars()}


def stored(connection: sa.Connection) -> list[Store]:
    """The list as it is stored."""
    columns = [NEW_STORES.c[name] for name in _COLUMNS]
    return [Store(*row) for row in connection.execute(sa.select(*columns).order_by(NEW_STORES.c.id))]


def write(connection: sa.Connection, wanted: Iterable[Store], *, day: date, now: datetime) -> Merged:
    """Store ``wanted``; rows that people made meanwhile stay."""
    return merge(
        connection,
        NEW_STORES,
        _COLUMNS,
        [(one.site_name, one.source, one.network_id, one.is_active, one.found, one.found_date) for one in wanted],
        key=("site_name",),
        on_insert={"added_date": day, "added_by": _FINDER, "created_at": now, "updated_at": now},
        on_update={"updated_at": now},
    )
