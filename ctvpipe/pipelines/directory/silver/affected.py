"""Which keys a transform has to look at: those of all versions that came since the last one, of every source, and those
that are pending (facts 6, P1, P2, P9, P10). A page of them at a time, in their order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import LATEST, PENDING, RAW_ENTITIES
from ctvpipe.pipelines.directory.silver.companion import Keys
from ctvpipe.pipelines.directory.silver.entity import Entity, Source
from ctvpipe.stores.engine import is_sqlite

KEY = "key_"
# A column of keys, and the SELECT of it.
_Branch: TypeAlias = tuple[sa.ColumnElement[Any], sa.Select[Any]]
_IDENTITY = ("entity_type", "source_system", "external_id")
_SINCE = sa.bindparam("since", type_=sa.BigInteger)


class Affected:
    """The affected keys. ``since``: the largest version that the last transform has read; ``None``: all keys there are,
    and those that only silver has any more. ``also``: further keys.
    """

    def __init__(self, connection: sa.Connection, entity: Entity, since: int | None, also: Sequence[str] = ()) -> None:
        self._connection = connection
        handed = given(sqlite=is_sqlite(connection))
        pending = sa.select(PENDING.c.key).where(PENDING.c.entity_type == entity.entity_type)
        branches: list[_Branch] = [(PENDING.c.key, pending), (handed.c[KEY], sa.select(handed.c[KEY]))]
        branches += _all(entity) if since is None else _changed(entity)
        self._statement = _page_of(branches)
        self._values = {"keys": bound(connection, also)} | ({} if since is None else {_SINCE.key: since})

    def after(self, key: str, most: int) -> list[str]:
        """Up to ``most`` of them, the next after ``key``."""
        values = self._values | {"after": key, "most": most}
        return list(self._connection.execute(self._statement, values).scalars())


def newest_version(connection: sa.Connection, entity: Entity) -> int:
    """The largest ``raw_id`` that there is of what the entity is made of."""
    types = {source.stream.entity_type for source in entity.sources}
    newest = sa.select(sa.func.max(LATEST.c.raw_id)).where(LATEST.c.entity_type.in_(types))
    return connection.execute(newest).scalar() or 0


def former(entity: Entity, since: int) -> Keys:
    """The keys that silver has of what is called otherwise since version ``since``."""
    earlier = RAW_ENTITIES.alias("earlier")
    same = sa.and_(*(earlier.c[name] == LATEST.c[name] for name in _IDENTITY))
    is_otherwise = sa.and_(
        LATEST.c.entity_type == entity.entity_type,
        LATEST.c.raw_id > _SINCE,
        earlier.c.natural_key.is_distinct_from(LATEST.c.natural_key),
    )
    rows = LATEST.join(earlier, same).join(entity.table, entity.key == earlier.c.natural_key)
    return Keys(sa.select(earlier.c.natural_key).distinct().select_from(rows).where(is_otherwise), {_SINCE.key: since})


def await_(connection: sa.Connection, entity: Entity, keys: Keys) -> None:
    """Make ``keys`` pending."""
    found = keys.select.subquery("found")
    known = sa.exists().where(PENDING.c.entity_type == entity.entity_type, PENDING.c.key == found.c[0])
    new = sa.select(sa.literal(entity.entity_type), found.c[0]).where(~known)
    connection.execute(sa.insert(PENDING).from_select(["entity_type", "key"], new), keys.values)


def given(*, sqlite: bool) -> sa.FromClause:
    """The keys that a statement is given as the parameter ``keys``, in the column ``key_``."""
    if sqlite:
        sql = f"SELECT value AS {KEY} FROM json_each(:keys)"  # noqa: S608
    else:
        sql = f"SELECT {KEY} FROM unnest(CAST(:keys AS text[])) AS {KEY}"  # noqa: S608
    return sa.text(sql).columns(sa.column(KEY, sa.Text)).subquery("given")


def bound(connection: sa.Connection, keys: Sequence[str]) -> Any:
    """The value of that parameter."""
    return json.dumps(list(keys)) if is_sqlite(connection) else list(keys)


def _page_of(branches: Sequence[_Branch]) -> sa.Select[Any]:
    """Of each branch no more than a page, in the order of the keys, which an index may have them in."""
    after, most = sa.bindparam("after", type_=sa.Text), sa.bindparam("most", type_=sa.Integer)
    parts = [
        sa.select(select.where(key > after).distinct().order_by(key).limit(most).subquery().c[0])
        for key, select in branches
    ]
    found = sa.union(*parts).subquery("found")
    return sa.select(found.c[0]).order_by(found.c[0]).limit(most)


def _all(entity: Entity) -> list[_Branch]:
    listed = sa.select(LATEST.c.natural_key).where(LATEST.c.entity_type == entity.entity_type)
    return [(LATEST.c.natural_key, listed), (entity.key, sa.select(entity.key))]


def _changed(entity: Entity) -> list[_Branch]:
    listed = sa.select(LATEST.c.natural_key).where(LATEST.c.entity_type == entity.entity_type, LATEST.c.raw_id > _SINCE)
    return [(LATEST.c.natural_key, listed), *(_told_of(source, entity) for source in entity.details)]


def _told_of(source: Source, entity: Entity) -> _Branch:
    """The keys of what a detail has come of: the list says what it is called."""
    detail = LATEST.alias("detail")
    same = sa.and_(
        LATEST.c.entity_type == entity.entity_type,
        LATEST.c.source_system == detail.c.source_system,
        LATEST.c.external_id == detail.c.external_id,
    )
    is_new = sa.and_(
        detail.c.entity_type == source.stream.entity_type,
        detail.c.source_system == source.stream.source_system,
        detail.c.raw_id > _SINCE,
    )
    return LATEST.c.natural_key, sa.select(LATEST.c.natural_key).select_from(detail.join(LATEST, same)).where(is_new)
