"""Bringing silver to what a page of keys wants, by writing only what differs, in the caller's transaction.

What is wanted is staged in a temporary table; a record that is as it was is neither written nor locked (P14, P28).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.directory.bronze import Stamp
from ctvpipe.pipelines.directory.schema.tables import PENDING
from ctvpipe.pipelines.directory.silver import affected, wanted
from ctvpipe.pipelines.directory.silver.affected import KEY
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.entity import Entity
from ctvpipe.pipelines.directory.silver.rules import DIGEST
from ctvpipe.pipelines.directory.silver.wanted import REFUSED, VERSION
from ctvpipe.stores.engine import is_sqlite

NEEDS_REVIEW = 0.80  # facts 1.6: below it
_NOT_WANTED = frozenset({"created_at", "updated_at", "ingestion_run_id"})
_UNFIT = "the database refuses it"


@dataclass(frozen=True)
class Found:
    """What a page does to silver, in records. ``retired``: no source has them any more; ``issues``: they need review.

    ``errors``: the first that are refused, and why; ``worst``: the first that need review, as facts 1.4 have them.
    """

    created: int = 0
    updated: int = 0
    retired: int = 0
    refused: int = 0
    issues: int = 0
    errors: list[str] = field(default_factory=list)
    worst: list[dict[str, Any]] = field(default_factory=list)

    @property
    def written(self) -> int:
        """Those that are written."""
        return self.created + self.updated + self.retired


class Page:
    """A page of keys, and in ``source``, a table or a subquery, what is wanted of them; ``values``: of the parameters."""

    def __init__(
        self, connection: sa.Connection, entity: Entity, source: sa.FromClause, values: Mapping[str, Any]
    ) -> None:
        self._connection, self._entity, self._silver = connection, entity, entity.table
        self._source, self._values = source, values
        self._key = source.c[entity.key.name]
        self._is_of_page = affected.given(sqlite=is_sqlite(connection))
        self._same = entity.key == self._key
        self._fits = source.c[REFUSED].is_(None)
        self._needs_review = self._fits & (source.c.data_quality_score < NEEDS_REVIEW)

    def found(self, *, force: bool, most: int) -> Found:
        """What writing it does; ``force``: also to what is as it was. ``most``: so many are told of."""
        is_new = self._entity.key.is_(None)
        wanted_counts = [
            (self._fits, is_new),
            (self._fits, ~is_new, self._differs(force=force)),
            (~self._fits,),
            (self._needs_review,),
        ]
        joined = self._source.outerjoin(self._silver, self._same)
        counts = sa.select(*(sa.func.count().filter(*one) for one in wanted_counts)).select_from(joined)
        created, updated, refused, issues = self._execute(counts).one()
        gone = sa.select(sa.func.count()).select_from(self._silver).where(self._is_gone())
        return Found(
            created,
            updated,
            self._execute(gone).scalar_one(),
            refused,
            issues,
            self._errors(most) if refused else [],
            self._worst(most) if issues else [],
        )

    @property
    def source(self) -> sa.FromClause:
        """What is wanted."""
        return self._source

    def write(self, found: Found, stamp: Stamp, *, force: bool) -> None:
        """Write what is ``found``."""
        if found.updated:
            self._update(stamp, force=force)
        if found.created:
            self._insert(stamp)
        if found.retired:
            self._retire(stamp)
        self._settle(found)

    def _errors(self, most: int) -> list[str]:
        called = self._source.c[VERSION] if self._entity.is_personal else self._key
        refused = sa.select(called, self._source.c[REFUSED]).where(~self._fits).order_by(self._key).limit(most)
        return [self._entity.told(row[0], row[1]) for row in self._execute(refused)]

    def _worst(self, most: int) -> list[dict[str, Any]]:
        score = self._source.c.data_quality_score
        worst = sa.select(self._key, score, self._source.c.quality_flags).where(self._needs_review)
        rows = self._execute(worst.order_by(score, self._key).limit(most))
        return [{"entity_id": row[0], "score": float(row[1]), "flags": row[2]} for row in rows]

    def _update(self, stamp: Stamp, *, force: bool) -> None:
        values = {name: self._source.c[name] for name in _columns(self._entity)} | self._by(stamp)
        self._connection.execute(
            sa.update(self._silver).where(self._same, self._fits, self._differs(force=force)).values(values)
        )

    def _insert(self, stamp: Stamp) -> None:
        names = _columns(self._entity)
        by = self._by(stamp) | {"created_at": self._literal("created_at", stamp.now)}
        is_new = ~sa.exists().where(self._same).correlate(self._source)
        new = sa.select(*(self._source.c[name] for name in names), *by.values()).where(self._fits, is_new)
        self._connection.execute(sa.insert(self._silver).from_select([*names, *by], new.order_by(self._key)))

    def _retire(self, stamp: Stamp) -> None:
        """What no source has any more stays as it was the last time, and is no longer active. Its hash changes with it:
        should it come back as it was, that is a difference.
        """
        values = {"is_active": sa.false(), "entity_hash": DIGEST(self._silver.c.entity_hash + " gone")}
        self._execute(sa.update(self._silver).where(self._is_gone()).values(values | self._by(stamp)))

    def _settle(self, found: Found) -> None:
        """What was pending is done, except what is refused."""
        self._execute(sa.delete(PENDING).where(_is_pending(self._entity), PENDING.c.key.in_(self._keys())))
        if found.refused:
            columns = [sa.literal(self._entity.entity_type), self._key, self._source.c[REFUSED]]
            refused = sa.select(*columns).where(~self._fits)
            self._connection.execute(sa.insert(PENDING).from_select(["entity_type", "key", "error"], refused))

    def _differs(self, *, force: bool) -> Expression:
        return sa.true() if force else self._source.c.entity_hash != self._silver.c.entity_hash

    def _is_gone(self) -> Expression:
        is_wanted = sa.exists().where(self._same).correlate(self._silver)
        return sa.and_(self._entity.key.in_(self._keys()), self._silver.c.is_active.is_(sa.true()), ~is_wanted)

    def _keys(self) -> sa.Select[Any]:
        return sa.select(self._is_of_page.c[KEY])

    def _by(self, stamp: Stamp) -> dict[str, Expression]:
        return {
            "updated_at": self._literal("updated_at", stamp.now),
            "ingestion_run_id": self._literal("ingestion_run_id", stamp.run_id),
        }

    def _literal(self, name: str, value: object) -> Expression:
        return sa.literal(value, self._silver.c[name].type)

    def _execute(self, statement: sa.Executable) -> Any:
        return self._connection.execute(statement, self._values)


class Staging:
    """The temporary table of what is wanted, for a page at a time."""

    def __init__(self, connection: sa.Connection, entity: Entity) -> None:
        self._connection, self._entity = connection, entity
        self._table = sa.Table(
            f"wanted_{entity.name}",
            sa.MetaData(),
            *(sa.Column(name, entity.table.c[name].type) for name in _columns(entity)),
            sa.Column(VERSION, sa.BigInteger),
            sa.Column(REFUSED, sa.Text),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DELETE ROWS",
        )
        names = [column.name for column in self._table.columns]
        source = _wanted(entity, sqlite=is_sqlite(connection))
        self._stage = sa.insert(self._table).from_select(names, sa.select(*(source.c[name] for name in names)))

    @contextmanager
    def made(self) -> Iterator[None]:
        """The table, within the block; the connection is in no transaction before and after it."""
        with self._connection.begin():
            self._table.drop(self._connection, checkfirst=True)
            self._table.create(self._connection)
        try:
            yield
        finally:
            with suppress(sa.exc.SQLAlchemyError):  # the database is gone, and its temporary tables with it
                if self._connection.in_transaction():
                    self._connection.rollback()
                with self._connection.begin():
                    self._table.drop(self._connection)

    def page(self, keys: Sequence[str], parameters: Mapping[str, Any]) -> Page:
        """Stage what is wanted of ``keys``, in the caller's transaction."""
        if is_sqlite(self._connection):
            self._connection.execute(sa.delete(self._table))
        given = {"keys": affected.bound(self._connection, keys)}
        self._connection.execute(self._stage, {**given, **parameters})
        return Page(self._connection, self._entity, self._table, given)


def planned(connection: sa.Connection, entity: Entity, keys: Sequence[str], parameters: Mapping[str, Any]) -> Page:
    """The same where nothing may be written, not even a temporary table."""
    values = {"keys": affected.bound(connection, keys), **parameters}
    return Page(connection, entity, _wanted(entity, sqlite=is_sqlite(connection)), values)


def refuse(connection: sa.Connection, entity: Entity, key: str) -> Found:
    """Make a record pending that the database itself has refused."""
    connection.execute(sa.delete(PENDING).where(_is_pending(entity), PENDING.c.key == key))
    connection.execute(sa.insert(PENDING).values(entity_type=entity.entity_type, key=key, error=_UNFIT))
    return Found(refused=1, errors=[entity.told("" if entity.is_personal else key, _UNFIT)])


def stored(connection: sa.Connection, entity: Entity) -> int:
    """How many records silver has."""
    found: int = connection.execute(sa.select(sa.func.count()).select_from(entity.table)).scalar_one()
    return found


@cache
def _wanted(entity: Entity, *, sqlite: bool) -> sa.FromClause:
    return wanted.select(entity, affected.given(sqlite=sqlite)).subquery("wanted")


def _is_pending(entity: Entity) -> Expression:
    return PENDING.c.entity_type == entity.entity_type


def _columns(entity: Entity) -> list[str]:
    return [column.name for column in entity.table.columns if column.name not in _NOT_WANTED]
