"""What geocoding reads from the database and writes there; in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from ctvpipe.pipelines.fms import addresses, geocode_plan
from ctvpipe.pipelines.fms.geocode_plan import Entry, Partner, Position
from ctvpipe.pipelines.fms.schema.tables import GEOCODE_CACHE, MEDIA_PARTNERS
from ctvpipe.stores.merge import merge
from ctvpipe.stores.reconcile import insert

_KEY = ("person_id", "office")


def read(connection: sa.Connection) -> tuple[list[Partner], dict[str, Entry]]:
    """All partners, and what is known of addresses, by hash; those that nobody has any more as well."""
    partner, cache = MEDIA_PARTNERS.c, GEOCODE_CACHE.c
    rows = connection.execute(
        sa.select(
            *(partner[name] for name in (*_KEY, "address", *Position._fields)),
            *(cache[name] for name in Entry._fields),
        ).select_from(
            MEDIA_PARTNERS.outerjoin(
                GEOCODE_CACHE, partner.address_hash == cache.address_hash, full=True
            )  # all, at once
        )
    )
    partners, entries = [], {}
    first = len(_KEY) + 1
    middle = first + len(Position._fields)
    for row in rows.all():
        if row[0] is not None:
            address = addresses.usable(row[2])
            known_by = None if address is None else addresses.hashed(address)
            partners.append(Partner(row[0], row[1], address, known_by, Position._make(row[first:middle])))
        if row[middle] is not None:
            entries[row[middle]] = Entry._make(row[middle:])
    partners.sort(key=lambda partner: (partner.person_id, partner.office))
    return partners, entries


def settle(connection: sa.Connection, now: datetime) -> None:
    """Give the partners what is known of their addresses, and leave none the coordinates of a former one."""
    partners, entries = read(connection)
    write(connection, (), (), geocode_plan.settle(partners, entries), now)


def write(
    connection: sa.Connection,
    new: Collection[Entry],
    changed: Collection[Entry],
    partners: Sequence[Partner],
    now: datetime,
) -> None:
    """Store entries of addresses that are ``new`` to the table, entries that have ``changed``, and of ``partners`` what
    is to be stored.

    A partner who is not in the table any more is left out.
    """
    if new:
        insert(connection, GEOCODE_CACHE, Entry._fields, new)
    if changed:
        merge(connection, GEOCODE_CACHE, Entry._fields, list(changed), key=("address_hash",), insert=False)
    if partners:
        rows = [(partner.person_id, partner.office, *partner.stored) for partner in partners]
        columns = (*_KEY, *Position._fields)
        merge(connection, MEDIA_PARTNERS, columns, rows, key=_KEY, on_update={"updated_at": now}, insert=False)
