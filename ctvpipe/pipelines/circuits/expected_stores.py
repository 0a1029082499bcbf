"""The list of new stores as people see it, and the stores that they expect (facts 4.3, 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.circuits.new_stores import EXPECTED
from ctvpipe.pipelines.circuits.schema.tables import NEW_STORES
from ctvpipe.pipelines.circuits.site_names import comparable_site

DETAILS = ("target_opening_date", "region", "city", "state", "project_status", "notes")


@dataclass(frozen=True)
class Listed:
    """A store of the list; ``source``: ``meraki`` where it was found by its network, ``manual`` where people expect it."""

    site_name: str
    source: str
    is_active: bool
    meraki_network_found: bool
    meraki_found_date: date | None
    network_id: str | None
    target_opening_date: date | None
    region: str | None
    city: str | None
    state: str | None
    project_status: str | None
    notes: str | None
    added_date: date | None
    added_by: str | None


def overview(connection: sa.Connection, *, everything: bool = False) -> list[Listed]:
    """The stores that are still new, by name; with ``everything`` those that were as well."""
    columns = NEW_STORES.c
    found = sa.select(*(columns[name] for name in Listed.__dataclass_fields__)).order_by(columns.site_name)
    return [Listed(*row) for row in connection.execute(found if everything else found.where(columns.is_active))]


def add(connection: sa.Connection, site: str, details: Mapping[str, object], *, by: str, today: date) -> str | None:
    """Expect the store ``site``, with those of ``DETAILS`` that are known.

    Returns ``None`` where it is new on the list; where it is there already, however it came there, its name as it is
    listed: what is given of ``details`` then replaces what was there. Raises ``ConfigurationError`` for no name.
    """
    name = " ".join(site.split())
    if not name or not name.isprintable():
        raise ConfigurationError("the name of a site is wanted", "Write it as its network will be called: 'XYZ 01'.")
    given = {key: value for key, value in details.items() if value}
    now = clock.now()
    columns = NEW_STORES.c
    for id_, listed in connection.execute(sa.select(columns.id, columns.site_name).order_by(columns.id)).all():
        if comparable_site(listed) == comparable_site(name):
            if given:
                connection.execute(sa.update(NEW_STORES).where(columns.id == id_).values(**given, updated_at=now))
            return str(listed)
    made = {"site_name": name, "source": EXPECTED, "added_date": today, "added_by": by}
    connection.execute(sa.insert(NEW_STORES).values(**made, **given, created_at=now, updated_at=now))
    return None
