"""The SELECT of what silver ought to hold of a page of keys, made of an entity's data; the same for both stores.

In steps, each worked out once a record: the newest living version of each source → the texts of its payload → the
merged columns → whether each rule of quality holds → score, flags, refusal and hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import LATEST, RAW_ENTITIES
from ctvpipe.pipelines.directory.silver import dialects
from ctvpipe.pipelines.directory.silver.affected import KEY
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.entity import Entity, Field, Related, Shape, Source, Value
from ctvpipe.pipelines.directory.silver.rules import DIGEST, JSON_TEXT, SORTED, WHOLE_NUMBER
from ctvpipe.stores.types import Instant

VERSION, REFUSED = "version_", "refused_"
WHOLE = 100  # hundredths
_BETWEEN = "\x1f"  # the separator of fields, which is in no text that anybody writes
_PLACE, _VALUES = "place_", "values_"


@dataclass(frozen=True)
class _View:
    """See ``entity.View``: over the columns of one step."""

    step: sa.FromClause
    lists: Mapping[str, sa.FromClause] = field(default_factory=dict)

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

    def several(self, source: str) -> Expression:
        return self.step.c[_alive(source)] > 1

    def related(self, name: str) -> Expression:
        return dialects.or_no_list(self.lists[name].c[_VALUES])

    def column(self, name: str) -> Expression:
        return self.step.c[name]


def select(entity: Entity, keys: sa.FromClause) -> sa.Select[Any]:
    """One row for each of ``keys`` (column ``key_``) that a source has: the columns of silver without those that say who
    wrote it and when, ``version_``, a version that it was made of, and ``refused_``, why it must not be written.
    """
    read = _read(entity, keys)
    merged = _merged(entity, read)
    judged = _judged(entity, merged)
    return _final(entity, judged)


def told(entity: Entity, keys: sa.FromClause) -> sa.Select[Any]:
    """What the sources say of each of ``keys``: the version of each source, and each value that a field may have."""
    read = _read(entity, keys)
    view = _View(read)
    versions = [read.c[version_of(source)] for source in entity.sources]
    values = dict.fromkeys(value for field in entity.fields for value in field.values)
    return sa.select(*versions, *(view.value(value).label(told_as(value)) for value in values))


def version_of(source: Source) -> str:
    """What ``told`` calls the version of ``source``."""
    return _of(source.name)


def told_as(value: Value) -> str:
    """What ``told`` calls a value."""
    return f"{value.label}{value.rule.name if value.rule else ''}"


def _of(source: str) -> str:
    return f"{source}_"


def _alive(source: str) -> str:
    return f"{source}_alive_"


def _lost(source: str) -> str:
    return f"{source}_lost_"


def _newest(entity: Entity, keys: sa.FromClause) -> sa.FromClause:
    """Of each key the newest living version of each list, how many living ones it has, and how many it has lost."""
    alive = LATEST.c.content_hash.is_not(None)
    columns = []
    for source in entity.lists:
        of_source = LATEST.c.source_system == source.stream.source_system
        columns += [
            sa.func.max(LATEST.c.raw_id).filter(of_source, alive).label(_of(source.name)),
            sa.func.count().filter(of_source, alive).label(_alive(source.name)),
            sa.func.count().filter(of_source, ~alive).label(_lost(source.name)),
        ]
    same = sa.and_(LATEST.c.entity_type == entity.entity_type, LATEST.c.natural_key == keys.c[KEY])
    grouped = sa.select(keys.c[KEY], *columns).select_from(keys.join(LATEST, same)).group_by(keys.c[KEY])
    return _step("newest", grouped.having(sa.func.count().filter(alive) > 0))


def _read(entity: Entity, keys: sa.FromClause) -> sa.FromClause:
    """The values of the payloads."""
    newest = _newest(entity, keys)
    values = tuple(dict.fromkeys(value.read for value in entity.values()))
    joined: sa.FromClause = newest
    payloads: dict[str, sa.FromClause] = {}
    ranked: dict[str, sa.FromClause] = {}
    found: list[Expression] = list(newest.c)
    for source in entity.lists:
        if source.order:
            records = ranked[source.name] = _ranked(entity, source, keys, values)
            joined = joined.outerjoin(records, (records.c[KEY] == newest.c[KEY]) & (records.c[_PLACE] == 1))
        else:
            payload = payloads[source.name] = RAW_ENTITIES.alias(source.name)
            joined = joined.outerjoin(payload, payload.c.raw_id == newest.c[_of(source.name)])
    for source in entity.details:
        latest = LATEST.alias(f"{source.name}_latest")
        joined = joined.outerjoin(latest, _is_detail(source, payloads[source.detail_of], latest))
        payload = payloads[source.name] = RAW_ENTITIES.alias(source.name)
        joined = joined.outerjoin(payload, payload.c.raw_id == latest.c.raw_id)
        found.append(latest.c.raw_id.label(_of(source.name)))
    for value in values:
        if value.source in payloads:
            found.append(_payload_value(payloads[value.source], value))
        else:
            one = ranked[value.source].c[value.label]
            found.append((dialects.or_no_list(one) if value.shape is Shape.EVERY else one).label(value.label))
    read = sa.select(*found).select_from(joined)
    return _shared("read", read) if entity.related else _step("read", read)


def _ranked(entity: Entity, source: Source, keys: sa.FromClause, values: Iterable[Value]) -> sa.FromClause:
    """The records of a source that has several of a key, in their order, each with the lists of all of them."""
    of_source = [value for value in values if value.source == source.name]
    is_living = sa.and_(
        LATEST.c.entity_type == entity.entity_type,
        LATEST.c.source_system == source.stream.source_system,
        LATEST.c.natural_key.in_(sa.select(keys.c[KEY])),
        LATEST.c.content_hash.is_not(None),
    )
    needed = dict.fromkeys(
        [*(source(field) for field in source.order), *(replace(one, shape=Shape.TEXT) for one in of_source)]
    )
    texts = (_payload_value(RAW_ENTITIES, value) for value in needed)
    joined = LATEST.join(RAW_ENTITIES, RAW_ENTITIES.c.raw_id == LATEST.c.raw_id)
    living = sa.select(LATEST.c.natural_key.label(KEY), LATEST.c.raw_id, *texts).select_from(joined).where(is_living)
    rows = _step(f"{source.name}_records", living)
    order = [*(sa.nulls_last(WHOLE_NUMBER(rows.c[source(field).label])) for field in source.order), rows.c.raw_id]
    found = [sa.func.row_number().over(partition_by=rows.c[KEY], order_by=order).label(_PLACE)]
    for value in of_source:
        text: Expression = rows.c[replace(value, shape=Shape.TEXT).label]
        if value.shape is Shape.EVERY:
            every = dialects.gathered(text).filter(text.is_not(None))
            text = every.over(partition_by=rows.c[KEY], order_by=order, rows=(None, None))
        found.append(text.label(value.label))
    return sa.select(rows.c[KEY], *found).subquery(source.name)


def _payload_value(payload: sa.FromClause, value: Value) -> Expression:
    data = payload.c.raw_data
    if value.shape is Shape.LIST:
        return SORTED(dialects.payload_part(data, value.field)).label(value.label)
    return dialects.payload_text(data, value.field).label(value.label)


def _related(related: Related, read: sa.FromClause) -> sa.FromClause:
    """The values of each key, as one sorted list."""
    key, value = related.select(read).subquery().c
    return sa.select(key.label(KEY), dialects.sorted_texts(value).label(_VALUES)).group_by(key).subquery(related.name)


def _is_detail(source: Source, listed: sa.FromClause, latest: sa.FromClause) -> Expression:
    return sa.and_(
        latest.c.entity_type == source.stream.entity_type,
        latest.c.source_system == source.stream.source_system,
        latest.c.external_id == listed.c.external_id,
        latest.c.content_hash.is_not(None),
    )


def _merged(entity: Entity, read: sa.FromClause) -> sa.FromClause:
    """The columns of silver."""
    related = {one.name: _related(one, read) for one in entity.related}
    view = _View(read, related)
    joined: sa.FromClause = read
    for step in related.values():
        joined = joined.outerjoin(step, step.c[KEY] == read.c[KEY])
    made = [_column(entity, field, view).label(field.column) for field in entity.fields]
    systems = [sa.case((view.has(one.name), f"+{one.stream.source_system}"), else_="") for one in entity.lists]
    made.append(sa.func.substr(dialects.joined(systems), 2).label("source_system"))
    rules = [value.label for rule in entity.rules() for value in rule.values] + [one.label for one in entity.hashed]
    sources = [name(one.name) for one in entity.lists for name in (_of, _alive, _lost)]
    kept = [read.c[name] for name in dict.fromkeys([KEY, *sources, *rules])]
    return _step("merged", sa.select(*kept, *made).select_from(joined))


def _column(entity: Entity, field: Field, view: _View) -> Expression:
    if field.made:
        return field.made(view)
    parts = [*map(view.value, field.values), *([field.otherwise(view)] if field.otherwise else [])]
    if not parts:
        return sa.cast(sa.null(), entity.table.c[field.column].type)
    return _first(parts)


def _first(parts: Sequence[Expression]) -> Expression:
    """The first that is not null."""
    return sa.func.coalesce(*parts) if len(parts) > 1 else parts[0]


def _judged(entity: Entity, merged: sa.FromClause) -> sa.FromClause:
    view = _View(merged)
    rules = [rule.when.holds(view).label(_rule(rule.flag)) for rule in entity.deductions]
    refused = [(rule.when.holds(view), rule.reason) for rule in entity.refusals]
    refusal = sa.case(*refused) if refused else sa.null()
    version = _first([merged.c[_of(source.name)] for source in entity.lists])
    kept = [merged.c[name] for name in (KEY, *_plain(entity))]
    also = [DIGEST(JSON_TEXT(view.value(value))).label(value.label) for value in entity.hashed]
    also += [sa.cast(refusal, sa.Text).label(REFUSED), version.label(VERSION)]
    return _step("judged", sa.select(*kept, *rules, *also))


def _final(entity: Entity, judged: sa.FromClause) -> sa.Select[Any]:
    held = [(rule, judged.c[_rule(rule.flag)]) for rule in entity.deductions]
    lost = sum((sa.case((holds, rule.hundredths), else_=0) for rule, holds in held), start=sa.literal(0, sa.Integer))
    hundredths = sa.case((lost > WHOLE, 0), else_=WHOLE - lost)
    flags = dialects.texts(*(sa.case((holds, rule.flag)) for rule, holds in held))
    columns = [judged.c[name] for name in _plain(entity)]
    besides = [judged.c[value.label] for value in entity.hashed]
    hashed = [judged.c[KEY], *columns, *besides, hundredths, flags]
    return sa.select(
        judged.c[KEY].label(entity.key.name),
        *columns,
        (hundredths / sa.literal(float(WHOLE), sa.Float)).label("data_quality_score"),
        flags.label("quality_flags"),
        DIGEST(dialects.joined([_canonical(value) for value in hashed], _BETWEEN)).label("entity_hash"),
        judged.c[VERSION],
        judged.c[REFUSED],
    )


def _plain(entity: Entity) -> Iterator[str]:
    """The columns that are merged, in the order in which they are hashed."""
    yield from (field.column for field in entity.fields)
    yield "source_system"


def _canonical(value: Expression) -> Expression:
    """A value as a text that is the same on both stores; nothing is as an empty one, which no column has."""
    text: Expression
    match value.type:
        case sa.Boolean():
            text = sa.case((value, "yes"), (~value, "no"))
        case Instant():
            text = dialects.stamp(value)
        case sa.JSON():
            text = JSON_TEXT(value)
        case sa.Text():
            text = value
        case _:
            text = sa.cast(value, sa.Text)
    return sa.func.coalesce(text, "")


def _rule(flag: str) -> str:
    return f"{flag}?"


def _step(name: str, select: sa.Select[Any]) -> sa.FromClause:
    """A step that the next one looks at: for the offset, no store works it out anew wherever it is looked at."""
    return select.offset(0).subquery(name)


def _shared(name: str, select: sa.Select[Any]) -> sa.FromClause:
    """A step that several others look at."""
    return (
        select.cte(name).prefix_with("MATERIALIZED", dialect="postgresql").prefix_with("MATERIALIZED", dialect="sqlite")
    )
