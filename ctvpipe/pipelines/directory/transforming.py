"""One transform: the newest versions of all sources become typed, scored records of silver (facts 1.1, 4.8 to 4.10).

Affected keys, a page at a time → all that the sources have of them, merged by precedence, scored and checked, within
the database → the difference, each page in a transaction of its own. The watermark is what was read; it is stored when
all of that is done: a run that is cut short has written whole records, and the next one finds them as they should be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.directory import runs
from ctvpipe.pipelines.directory.bronze import Stamp
from ctvpipe.pipelines.directory.runs import MOST_ERRORS, Step, StepRun
from ctvpipe.pipelines.directory.schema.tables import LATEST, RAW_ENTITIES
from ctvpipe.pipelines.directory.silver import affected, departments, dialects, groups, rules, users, writing
from ctvpipe.pipelines.directory.silver.affected import Affected
from ctvpipe.pipelines.directory.silver.companion import Companion, Keys
from ctvpipe.pipelines.directory.silver.entity import Entity
from ctvpipe.pipelines.directory.silver.writing import Found, Staging
from ctvpipe.stores.engine import is_sqlite

SOURCE_SYSTEM = "silver_transformation"
ENTITIES = {entity.name: entity for entity in (departments.ENTITY, groups.ENTITY, users.ENTITY)}
Progress = Callable[[StepRun], None]
# SQLite has what it works on in the memory of this process, and joins the rows of a page each with each.
_PAGE, _PAGE_SQLITE = 20_000, 500


@dataclass(frozen=True)
class Options:
    """How a transform goes on (facts 1.5, P17).

    ``full_sync``: look at everything, whatever was read before; still only what differs is written. ``force``: write
    what is as it was, too. ``limit``: look at so many records and no more (0: all). ``dry_run``: write nothing.
    ``max_error_percent``: the largest share of the records that may be refused.
    """

    full_sync: bool = False
    force: bool = False
    limit: int = 0
    dry_run: bool = False
    max_error_percent: float = 10.0


def step(name: str) -> Step:
    """The step that the runs of a transform are of."""
    return Step(SOURCE_SYSTEM, ENTITIES[name].entity_type, runs.TRANSFORM)


def transform(
    connection: sa.Connection | None, name: str, options: Options, *, progress: Progress = lambda _: None
) -> StepRun:
    """Bring the table ``name`` of silver to what bronze has: ``departments``, ``users`` or ``groups``.

    ``connection`` is in no transaction, and holds the job's lock: nothing is ingested meanwhile. For a dry run it is in
    one that only reads, or ``None`` where there is no database yet. ``progress`` is called after every page.

    A record that is refused is counted, told of, and looked at again the next time. Raises ``ContractError`` where more
    of them are than ``options`` allow; the run is then recorded as failed, and the next one reads all of it again.
    """
    entity = ENTITIES[name]
    if connection is None or options.dry_run:
        with runs.recorded(None, step(name)) as run:
            if connection is not None:
                _Planning(connection, entity, options, run).go(progress)
        return run
    with runs.recorded(connection, step(name), **asdict(options)) as run:
        working = _Working(connection, entity, options, run)
        with working.staging.made():
            working.go(progress)
    return run


class _Planning:
    """A transform without a write of any kind (P6)."""

    def __init__(self, connection: sa.Connection, entity: Entity, options: Options, run: StepRun) -> None:
        self._connection, self._entity, self._options, self._run = connection, entity, options, run
        self._companion: Companion
        run.details |= {"retired": 0, "quality_issues": 0}

    def go(self, progress: Progress) -> None:
        """All of it."""
        with self._unit():
            dialects.prepare(self._connection, rules.FUNCTIONS)
            newest = affected.newest_version(self._connection, self._entity)
            before = runs.watermark(self._connection, self._run.step)
            since = None if self._options.full_sync or not before else before
            self._companion = self._entity.companion(self._connection)
            others = [] if since is None else [affected.former(self._entity, since)]
            others += [due] if (due := self._companion.due()) else []
            affected_keys = Affected(self._connection, self._entity, since, self._begin(since, others))
        last = ""
        while most := self._most():
            with self._unit():
                keys = affected_keys.after(last, most)
            if not keys:
                self._run.details[runs.WATERMARK] = newest
                break
            self._take(keys)
            last = keys[-1]
            progress(self._run)
        with self._unit():
            self._end(since)

    def _most(self) -> int:
        """How many records may be looked at now."""
        left = self._options.limit - self._run.processed
        size = _PAGE_SQLITE if is_sqlite(self._connection) else _PAGE
        return min(size, left) if self._options.limit else size

    def _unit(self) -> AbstractContextManager[object]:
        return nullcontext()

    def _begin(self, since: int | None, others: Sequence[Keys]) -> Sequence[str]:  # noqa: ARG002
        """See to it that ``others`` are looked at, too. Returns those that are not pending."""
        return [key for one in others for key in self._connection.scalars(one.select, one.values)]

    def _take(self, keys: Sequence[str]) -> None:
        page = writing.planned(self._connection, self._entity, keys, self._companion.parameters(keys))
        self._count(len(keys), page.found(force=self._options.force, most=MOST_ERRORS))

    def _end(self, since: int | None) -> None:  # noqa: ARG002
        self._require_bearable()

    def _count(self, size: int, found: Found) -> None:
        run = self._run
        run.processed += size
        run.created += found.created
        run.updated += found.updated + found.retired
        run.failed += found.refused
        run.skipped += size - found.written - found.refused
        run.errors += found.errors[: MOST_ERRORS - len(run.errors)]
        run.quality_issues += found.worst[: MOST_ERRORS - len(run.quality_issues)]
        run.details["retired"] += found.retired
        run.details["quality_issues"] += found.issues

    def _require_bearable(self) -> None:
        """Raise ``ContractError`` where too large a part of all records is refused."""
        refused, most = self._run.failed * 100, self._options.max_error_percent
        if refused <= most * self._run.processed:
            return
        total = max(self._run.processed, writing.stored(self._connection, self._entity))
        if refused > most * total:
            raise ContractError(
                f"{self._entity.name}: {self._run.failed:,} of {total:,} records are refused, more than {most:g} %; the "
                f"first: {self._run.errors[0]}",
                "What was not refused is written; the next run reads all of it again.",
            )


class _Working(_Planning):
    """A transform that writes; ``connection`` is in no transaction between its units."""

    def __init__(self, connection: sa.Connection, entity: Entity, options: Options, run: StepRun) -> None:
        super().__init__(connection, entity, options, run)
        self.staging = Staging(connection, entity)

    def _unit(self) -> AbstractContextManager[object]:
        return self._connection.begin()

    def _begin(self, since: int | None, others: Sequence[Keys]) -> Sequence[str]:
        if since is None:
            dialects.analyze(self._connection, LATEST, RAW_ENTITIES)
        for one in others:
            affected.await_(self._connection, self._entity, one)
        self._companion.start()
        return ()

    def _take(self, keys: Sequence[str]) -> None:
        """Write a page; what the database does not take is found by halves, and the others go on (P21)."""
        try:
            with self._unit():
                page = self.staging.page(keys, self._companion.parameters(keys))
                found = page.found(force=self._options.force, most=MOST_ERRORS)
                page.write(found, Stamp(self._run.id, clock.now()), force=self._options.force)
                also = self._companion.written(keys, page.source)
        except (sa.exc.IntegrityError, sa.exc.DataError):
            if len(keys) > 1:
                middle = len(keys) // 2
                self._take(keys[:middle])
                self._take(keys[middle:])
                return
            with self._unit():
                found, also = writing.refuse(self._connection, self._entity, keys[0]), {}
        self._count(len(keys), found)
        for name, number in also.items():
            self._run.details[name] = self._run.details.get(name, 0) + number

    def _end(self, since: int | None) -> None:
        self._require_bearable()
        if since is None:
            dialects.analyze(self._connection, self._entity.table)
        self._run.complete(self._connection)
