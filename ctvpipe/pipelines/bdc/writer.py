"""The one writer: customers in batches, each behind a savepoint, committed every so many (facts 3.3, 5)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from ctvpipe.pipelines.bdc import batch
from ctvpipe.pipelines.bdc.batch import Context, Unit
from ctvpipe.stores import engine

# What the database says of a row that it does not take, and its driver of a value that it cannot hand on.
REFUSED = (sa.exc.IntegrityError, sa.exc.DataError, UnicodeError, OverflowError)


@dataclass
class Writer:
    """Stores units whole. ``connection`` is in no transaction, and nobody else uses it.

    ``size``: units a batch; ``interval``: units between commits, at least a batch; ``lock``: takes the lock of the import
    again, once the connection had to be made anew. ``refused``: the customers that the database did not take, and why.
    """

    connection: sa.Connection
    context: Context
    size: int
    interval: int
    lock: Callable[[], None]
    log: logging.Logger
    refused: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._waiting: list[Unit] = []
        self._uncommitted: list[Unit] = []
        self._counts: Counter[str] = Counter()

    def add(self, unit: Unit) -> None:
        """Take a unit, and write, or commit, where it is time for that."""
        self._waiting.append(unit)
        if len(self._waiting) >= self.size:
            self._write()
            if len(self._uncommitted) >= self.interval:
                self.commit()

    def commit(self) -> None:
        """Write what is left and commit it."""
        if self._waiting:
            self._write()
        self._in_spite_of_loss(self.connection.commit)
        self._uncommitted.clear()
        self.context.counts.update(self._counts)
        self._counts.clear()

    def _write(self) -> None:
        units = list(self._waiting)
        self._in_spite_of_loss(lambda: self._store(units))
        self._uncommitted += units
        self._waiting.clear()

    def _in_spite_of_loss(self, act: Callable[[], None]) -> None:
        """Do it; where the connection is lost meanwhile, once more on a new one, with all that was not committed."""
        try:
            act()
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self.log.warning("the connection to the database was lost; it is made anew")
            self.connection.rollback()
            self.lock()
            self._counts.clear()
            for start in range(0, len(self._uncommitted), self.size):
                self._store(self._uncommitted[start : start + self.size])
            act()

    def _store(self, units: Sequence[Unit]) -> None:
        """Write a batch; where the database refuses it, one unit after the other, without those it does not take."""
        try:
            with self.connection.begin_nested():
                self._counts.update(batch.write(self.connection, self.context, units))
        except REFUSED as error:
            if len(units) > 1:
                for unit in units:
                    self._store([unit])
                return
            self._refuse(units[0], error)

    def _refuse(self, unit: Unit, error: Exception) -> None:
        if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
            reason = str(engine.refused(error))
        else:
            reason = f"a value cannot be stored ({type(error).__name__})"
        self.refused[unit.customer.id] = reason
