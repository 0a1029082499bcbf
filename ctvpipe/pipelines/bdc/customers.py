"""The customers of an import: what comes of those who are due goes to the writer, and who is gone is marked (facts 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol, Self

import sqlalchemy as sa

from ctvpipe.core import signals
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.bdc import batch
from ctvpipe.pipelines.bdc.batch import Context, Unit
from ctvpipe.pipelines.bdc.due import Age, Known
from ctvpipe.pipelines.bdc.records import Customer, Detail, Failed, Gone
from ctvpipe.pipelines.bdc.schema.tables import Tables
from ctvpipe.pipelines.bdc.tally import Tally
from ctvpipe.pipelines.bdc.writer import Writer

_ROWS_A_STATEMENT = 1000
_NOBODY = Known(None, None, None, None)


class Coming(Protocol):
    """What the threads that ask bring, as it comes."""

    def __iter__(self) -> Iterator[Detail | Gone | Failed]: ...

    def stop(self) -> None:
        """Begin nothing more; whoever goes on iterating gets what comes within some seconds, and then the end."""


@dataclass
class Sorted:
    """The customers of a report: the ids of those who are ``due``, how many are ``skipped``, and how many have coordinates
    of which kind.
    """

    due: list[int] = field(default_factory=list)
    skipped: int = 0
    coordinates: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, customers: Iterable[Customer], known: Mapping[int, Known], age: Age) -> Self:
        """Sort ``customers`` by what is ``known`` of them."""
        found = cls()
        for customer in customers:
            found.coordinates[str(customer.place.status)] += 1
            if age.is_due(customer, known.get(customer.id)):
                found.due.append(customer.id)
            else:
                found.skipped += 1
        return found

    def first(self, limit: int | None) -> frozenset[int]:
        """Those who are due, or as many of them as ``limit`` says, by their ids (facts 3.3)."""
        return frozenset(self.due if limit is None else sorted(self.due)[:limit])


def refresh(connection: sa.Connection, context: Context, skipped: Iterable[Customer]) -> int:
    """Store what the report says of stored customers whose detail is not fetched (facts 3.2), and commit it; returns how
    many differed.
    """
    differed = 0
    coming = iter(skipped)
    for some in iter(lambda: list(islice(coming, _ROWS_A_STATEMENT)), []):
        differed += batch.refresh(connection, context, some)
        connection.commit()
    return differed


class Asked:
    """Customers on their way to those who ask, and back with what is said of them: no more than are under way."""

    def __init__(self, customers: Iterable[Customer], due: Collection[int]) -> None:
        self._customers = (customer for customer in customers if customer.id in due)
        self._under_way: dict[int, Customer] = {}

    def __iter__(self) -> Iterator[int]:
        """The ids of those who are due, each when it is wanted."""
        for customer in self._customers:
            self._under_way[customer.id] = customer
            yield customer.id

    def back(self, id_: int) -> Customer:
        """The customer of that id, who is asked for no more."""
        return self._under_way.pop(id_)


def store(
    coming: Coming,
    asked: Asked,
    known: Mapping[int, Known],
    writer: Writer,
    tally: Tally,
    progress: Callable[[int], None],
) -> None:
    """Store what comes of the customers ``asked``; all that is whole is committed, however it ends.

    A stop lets those in that are under way, another one does not. Raises what ``coming`` raises, and
    ``KeyboardInterrupt``.
    """

    def take(result: Detail | Gone | Failed) -> None:
        customer = asked.back(result.customer_id)
        tally.taken += 1
        if isinstance(result, Failed):
            tally.failed[customer.id] = result.reason
        else:
            detail = result if isinstance(result, Detail) else None
            writer.add(Unit(customer, detail, known.get(customer.id, _NOBODY).removed_at))
        progress(tally.taken)

    with signals.first_only_asks(coming.stop):
        try:
            for result in coming:
                take(result)
        except CtvpipeError:
            writer.commit()
            raise
        writer.commit()


def doubt(connection: sa.Connection, tables: Tables, failed: Iterable[int]) -> None:
    """Mark customers whose detail could not be had, so that the next run asks again; nothing else of them is touched."""
    table = tables.customers
    for some in _chunks(list(failed)):
        connection.execute(sa.update(table).where(table.c.id.in_(some), table.c.detail_ok).values(detail_ok=False))


def bury(connection: sa.Connection, tables: Tables, gone: Sequence[int], now: datetime) -> None:
    """Mark customers that the report does not have any more; all that is known of them is kept."""
    table = tables.customers
    for some in _chunks(gone):
        connection.execute(sa.update(table).where(table.c.id.in_(some)).values(removed_at=now))


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _ROWS_A_STATEMENT):
        yield ids[start : start + _ROWS_A_STATEMENT]
