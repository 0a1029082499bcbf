"""What silver is made of, as data: sources, the precedence of each field, deductions, and what must hold before a write.

The same data make the SQL of both stores (``wanted``) and tell a person why a field has its value (``explaining``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

import sqlalchemy as sa

from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.silver.companion import Companion
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.rules import Rule


class Shape(Enum):
    """What of a field is taken: its text, of several the first; its texts, sorted; its text in each of several records
    of one key, in their order.
    """

    TEXT = ""
    LIST = "[]"
    EVERY = "*"


@dataclass(frozen=True)
class Source:
    """A stream, of which a record is made of its newest living version of a key.

    ``detail_of``: it tells more of what that source lists, and is asked only where the list still has it (P11).
    ``order``: fields that are numbers: a key has several records, all of which count, the lowest as the first (P3).
    """

    name: str
    stream: Stream
    detail_of: str = ""
    order: tuple[str, ...] = ()

    def __call__(self, field: str, rule: Rule | None = None) -> Value:
        """The value of a field of the payload."""
        return Value(self.name, field, rule)

    def list(self, field: str) -> Value:
        """All values of a field."""
        return Value(self.name, field, shape=Shape.LIST)

    def every(self, field: str) -> Value:
        """The value of a field in each record."""
        return Value(self.name, field, shape=Shape.EVERY)


@dataclass(frozen=True)
class Value:
    """A field of a source's payload in a shape, put through ``rule``."""

    source: str
    field: str
    rule: Rule | None = None
    shape: Shape = Shape.TEXT

    @property
    def label(self) -> str:
        """What it is called in a statement before its rule."""
        return f"{self.source}.{self.field}{self.shape.value}"

    @property
    def read(self) -> Value:
        """The same before its rule."""
        return replace(self, rule=None)


class View(Protocol):
    """A record in the making, as expressions."""

    @property
    def key(self) -> Expression:
        """Its natural key."""

    def value(self, value: Value) -> Expression:
        """What a source has of it."""

    def has(self, source: str) -> Expression:
        """Whether a source has it."""

    def lost(self, source: str) -> Expression:
        """Whether a source had it, and has it no more (P4)."""

    def several(self, source: str) -> Expression:
        """Whether a source has more than one record of it, of which but one counts."""

    def related(self, name: str) -> Expression:
        """The list that is worked out for it: see ``Related``."""

    def column(self, name: str) -> Expression:
        """A column of the merged record."""


Made = Callable[[View], Expression]


@dataclass(frozen=True)
class Field:
    """A column and its precedence: the first of ``values`` that is not empty, else ``otherwise``.

    ``made``: how it is worked out of ``values``, where it is not the first of them; ``says`` tells a person.
    """

    column: str
    values: tuple[Value, ...] = ()
    otherwise: Made | None = None
    made: Made | None = None
    says: str = ""


@dataclass(frozen=True)
class Related:
    """A sorted list that is worked out of more than a record itself.

    ``select``: of the records that are read, keys and one value each, in two columns.
    """

    name: str
    select: Callable[[sa.FromClause], sa.Select[Any]]


@dataclass(frozen=True)
class Condition:
    """Something that may be so of a merged record; ``values``: what it looks at beyond the record's columns."""

    holds: Made
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Deduction:
    """A rule of quality: where ``when`` holds, the record has ``flag``, and loses so many hundredths of its score."""

    flag: str
    hundredths: int
    when: Condition


@dataclass(frozen=True)
class Refusal:
    """What must not be so of a record that is written (facts 1.7)."""

    reason: str
    when: Condition


@dataclass(frozen=True)
class Entity:
    """A table of silver and all that it is made of.

    ``fields``: without the key, and without that of the provenance that is the same for all. ``hashed``: what the hash is
    of besides the columns. ``is_personal``: its keys are the names of people, which are not told in errors.
    """

    name: str
    entity_type: str
    table: sa.Table
    sources: tuple[Source, ...]
    fields: tuple[Field, ...]
    deductions: tuple[Deduction, ...]
    refusals: tuple[Refusal, ...] = ()
    related: tuple[Related, ...] = ()
    hashed: tuple[Value, ...] = ()
    companion: type[Companion] = Companion
    is_personal: bool = False

    def told(self, called: object, reason: str) -> str:
        """An error of the record that is ``called`` by its key, or where that is a person's name, by a version."""
        if not self.is_personal:
            return f"{called}: {reason}"
        return f"version {called}: {reason}" if called else f"a record: {reason}"

    @property
    def key(self) -> sa.Column[Any]:
        """The column of the natural key."""
        (found,) = self.table.primary_key.columns
        return found

    @property
    def lists(self) -> tuple[Source, ...]:
        """The sources without their details."""
        return tuple(source for source in self.sources if not source.detail_of)

    @property
    def details(self) -> tuple[Source, ...]:
        """The details."""
        return tuple(source for source in self.sources if source.detail_of)

    def values(self) -> Iterator[Value]:
        """All that is read of payloads."""
        for field in self.fields:
            yield from field.values
        for rule in self.rules():
            yield from rule.values
        yield from self.hashed

    def rules(self) -> Iterator[Condition]:
        """The conditions that a merged record is looked at for."""
        yield from (rule.when for rule in self.deductions)
        yield from (rule.when for rule in self.refusals)


def active(source: Source) -> Field:
    """Whether it is active: as ``source`` says, of which the list has active ones only, so that what it has no more is
    not (P4); what it never had is.
    """
    said = source("IsActive")

    def made(view: View) -> Expression:
        is_lost = ~view.has(source.name) & view.lost(source.name)
        return sa.case((sa.func.lower(view.value(said)) == "false", sa.false()), (is_lost, sa.false()), else_=sa.true())

    says = f"what {source.stream.source_system} says; no, where it lists it no more; else yes"
    return Field("is_active", (said,), made=made, says=says)


def missing(source: Source) -> Deduction:
    """The seed's 0.10 for a source that has no record of it, flagged by the name of its system (facts 4.9, 8)."""
    system = source.stream.source_system
    return Deduction(f"missing_{system}_source", 10, Condition(lambda view: ~view.has(source.name)))


def several(source: Source) -> Deduction:
    """Without a deduction: a source has several records of one key, and the newest counts."""
    flag = f"several_{source.stream.source_system}_records"
    return Deduction(flag, 0, Condition(lambda view: view.several(source.name)))


def empty(column: str, called: str = "", hundredths: int = 5) -> Deduction:
    """The seed's 0.05 for a key field that is empty."""
    return Deduction(f"missing_{called or column}", hundredths, Condition(lambda view: view.column(column).is_(None)))


def differing(flag: str, one: Value, other: Value, agree: Callable[[Expression, Expression], Expression]) -> Deduction:
    """The seed's 0.05 for a field of which two sources say different things; one that says nothing agrees."""
    both = (one, other)
    return Deduction(flag, 5, Condition(lambda view: ~agree(*map(view.value, both)), both))
