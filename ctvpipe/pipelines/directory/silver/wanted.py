"""The SELECT of what silver ought to hold of a page of keys, made of an entity's data; the same for both stores.

In steps, each worked out once a record: the newest living version of each source → the texts of its payload → the
merged columns → whether each rule of quality holds → score, flags, refusal and hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import LATEST, RAW_ENTITIES
from ctvpipe.pipelines.directory.silver import dialects
from ctvpipe.pipelines.directory.silver.affected import KEY
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.entity import Entity, Source, Value
from ctvpipe.pipelines.directory.silver.rules import DIGEST
from ctvpipe.stores.types import Instant

VERSION, REFUSED = "version_", "refused_"
WHOLE = 100  # hundredths


@dataclass(frozen=True)
class _View:
    """See ``entity.View``: over the columns of one step."""

    step: sa.CTE

    @property
    def key(self) -> Expression:
        return self.step.c[KEY]

    def value(self, value: Value) -> Expression:
        text = self.step.c[value.label]
        return text if value.rule is None else value.rule(text)

    def has(self, source: str) -> Expression:
        return self.step.c[_of(source)].is_not(None)

    def lost(self, source: str) -> Expression:
        return self.step.c[_lost(source)] > 0

    def column(self, name: str) -> Expression:
        return self.step.c[name]


def select(entity: Entity, keys: sa.FromClause) -> sa.Select[Any]:
    """One row for each of ``keys`` (column ``key_``) that a source has: the columns of silver without those that say who
    wrote it and when, ``version_``, a version that it was made of, and ``refused_``, why it must not be written.
    """
    read = _read(entity, _newest(entity, keys))
    merged = _merged(entity, read)
    judged = _judged(entity, merged)
    return _final(entity, judged)


def _of(source: str) -> str:
    return f"{source}_"


def _lost(source: str) -> str:
    return f"{source}_lost_"


def _newest(entity: Entity, keys: sa.FromClause) -> sa.CTE:
    """Of each key the newest living version of each list, and how many things of that key each has lost."""
    alive = LATEST.c.content_hash.is_not(None)
    columns = []
    for source in entity.lists:
        of_source = LATEST.c.source_system == source.stream.source_system
        columns += [
            sa.func.max(LATEST.c.raw_id).filter(of_source, alive).label(_of(source.name)),
            sa.func.count().filter(of_source, ~alive).label(_lost(source.name)),
        ]
    same = sa.and_(LATEST.c.entity_type == entity.entity_type, LATEST.c.natural_key == keys.c[KEY])
    grouped = sa.select(keys.c[KEY], *columns).select_from(keys.join(LATEST, same)).group_by(keys.c[KEY])
    return _step("newest", grouped.having(sa.func.count().filter(alive) > 0))


def _read(entity: Entity, newest: sa.CTE) -> sa.CTE:
    """The texts of the payloads."""
    joined: sa.FromClause = newest
    payloads: dict[str, sa.FromClause] = {}
    found: list[Expression] = [newest.c[KEY]]
    for source in entity.lists:
        payload = payloads[source.name] = RAW_ENTITIES.alias(source.name)
        joined = joined.outerjoin(payload, payload.c.raw_id == newest.c[_of(source.name)])
        found += [newest.c[_of(source.name)], newest.c[_lost(source.name)]]
    for source in entity.details:
        listed, latest = payloads[source.detail_of], LATEST.alias(f"{source.name}_latest")
        payload = payloads[source.name] = RAW_ENTITIES.alias(source.name)
        joined = joined.outerjoin(latest, _is_detail(source, listed, latest))
        joined = joined.outerjoin(payload, payload.c.raw_id == latest.c.raw_id)
        found.append(latest.c.raw_id.label(_of(source.name)))
    for value in dict.fromkeys(Value(one.source, one.field) for one in entity.values()):
        data = payloads[value.source].c.raw_data
        found.append(dialects.payload_text(data, value.field).label(value.label))
    return _step("read", sa.select(*found).select_from(joined))


def _is_detail(source: Source, listed: sa.FromClause, latest: sa.FromClause) -> Expression:
    return sa.and_(
        latest.c.entity_type == source.stream.entity_type,
        latest.c.source_system == source.stream.source_system,
        latest.c.external_id == listed.c.external_id,
        latest.c.content_hash.is_not(None),
    )


def _merged(entity: Entity, read: sa.CTE) -> sa.CTE:
    view = _View(read)
    made: list[Expression] = []
    for field in entity.fields:
        if field.made:
            value = field.made(view)
        else:
            parts = [*map(view.value, field.values), *([field.otherwise(view)] if field.otherwise else [])]
            value = sa.func.coalesce(*parts) if len(parts) > 1 else parts[0]
        made.append(value.label(field.column))
    systems = [sa.case((view.has(one.name), f"+{one.stream.source_system}"), else_="") for one in entity.lists]
    made.append(sa.func.substr(dialects.joined(systems), 2).label("source_system"))
    return _step("merged", sa.select(*read.c, *made))


def _judged(entity: Entity, merged: sa.CTE) -> sa.CTE:
    view = _View(merged)
    rules = [rule.when.holds(view).label(_rule(rule.flag)) for rule in entity.deductions]
    refused = [(rule.when.holds(view), rule.reason) for rule in entity.refusals]
    refusal = sa.case(*refused) if refused else sa.null()
    version = sa.func.coalesce(*(merged.c[_of(source.name)] for source in entity.lists))
    kept = [merged.c[name] for name in (KEY, *_plain(entity))]
    also = [sa.cast(refusal, sa.Text).label(REFUSED), version.label(VERSION)]
    return _step("judged", sa.select(*kept, *rules, *also))


def _final(entity: Entity, judged: sa.CTE) -> sa.Select[Any]:
    held = [(rule, judged.c[_rule(rule.flag)]) for rule in entity.deductions]
    lost = sum((sa.case((holds, rule.hundredths), else_=0) for rule, holds in held), start=sa.literal(0, sa.Integer))
    hundredths = sa.case((lost > WHOLE, 0), else_=WHOLE - lost)
    flags = dialects.texts(*(sa.case((holds, rule.flag)) for rule, holds in held))
    columns = [judged.c[name] for name in _plain(entity)]
    hashed = dialects.array(judged.c[KEY], *map(_canonical, columns), hundredths, dialects.part(flags))
    return sa.select(
        judged.c[KEY].label(entity.key.name),
        *columns,
        (hundredths / sa.literal(float(WHOLE), sa.Float)).label("data_quality_score"),
        flags.label("quality_flags"),
        DIGEST(hashed).label("entity_hash"),
        judged.c[VERSION],
        judged.c[REFUSED],
    )


def _plain(entity: Entity) -> Iterator[str]:
    """The columns that are merged, in the order in which they are hashed."""
    yield from (field.column for field in entity.fields)
    yield "source_system"


def _canonical(column: Expression) -> Expression:
    """A column in the form in which both stores put it into JSON."""
    match column.type:
        case sa.Boolean():
            return sa.case((column, "yes"), (~column, "no"))
        case Instant():
            return dialects.stamp(column)
        case sa.JSON():
            return dialects.part(column)
        case _:
            return column


def _rule(flag: str) -> str:
    return f"{flag}?"


def _step(name: str, select: sa.Select[Any]) -> sa.CTE:
    """A step that is worked out once, however often it is looked at."""
    return (
        select.cte(name).prefix_with("MATERIALIZED", dialect="postgresql").prefix_with("MATERIALIZED", dialect="sqlite")
    )
