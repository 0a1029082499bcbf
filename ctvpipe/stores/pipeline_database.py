"""A pipeline's database: opened, brought forward and guarded for a job, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from ctvpipe.core.errors import ContractError, PermanentError
from ctvpipe.core.job import Job
from ctvpipe.core.run import Run
from ctvpipe.stores import engine, ingestion, migrate
from ctvpipe.stores.attended import NamedDatabase
from ctvpipe.stores.home import OWN, Home
from ctvpipe.stores.merge import Merged

_DATABASE = "database"  # counter by which a run knows which database an earlier one filled


@dataclass(frozen=True)
class PipelineDatabase:
    """The database that the jobs of one pipeline write.

    ``migrations``: the package of its migrations; ``holds``: what messages say is in it; ``filled_by``: its ``jobs``
    and the command that fills it first.
    """

    migrations: str
    holds: str
    jobs: tuple[Job, ...]
    filled_by: str

    @contextmanager
    def writing(self, run: Run, settings: NamedDatabase, *, creates: bool = True) -> Iterator[sa.Connection]:
        """The one transaction in which a job writes: schema current, and no other machine at the same job.

        A database that does not exist yet is made, unless a job of the pipeline has filled it before: missing then, it
        is an error, for what people decided would be gone without a word. ``creates``: whether the job brings data of
        its own; one that works on what others bring makes no empty database. Raises ``PermanentError`` for a database
        that is missing, ``ContractError`` where there is no data yet, and the errors of ``engine.transaction`` and
        ``migrate``.
        """
        opened = self._opened(run, settings, creates=creates)
        with engine.transaction(opened) as connection:
            engine.require_sole_run(connection, run.job.name)
            self._bring_forward(run, settings, connection, OWN)
            yield connection
        run.counters[_DATABASE] = _name(settings, OWN)

    @contextmanager
    def session(
        self,
        run: Run,
        settings: NamedDatabase,
        home: Home = OWN,
        *,
        creates: bool = True,
        on_new: Callable[[], None] = lambda: None,
    ) -> Iterator[sa.Connection]:
        """The same for a job with a transaction for each of its units: a connection that is in none yet.

        ``home``: where its tables are, if the database is not its own; ``on_new``: called before a new database is set
        up, which takes its time. Errors of the database within the block are explained as those of ``writing``.
        """
        opened = self._opened(run, settings, creates=creates, home=home)
        with engine.explained(opened), opened.connect() as connection:
            engine.hold_sole_run(connection, sole_name(run, home))
            with connection.begin():
                self._bring_forward(run, settings, connection, home, on_new)
            run.counters[_DATABASE] = _name(settings, home)
            yield connection

    @contextmanager
    def reading(self, settings: NamedDatabase, home: Home = OWN) -> Iterator[sa.Connection | None]:
        """A transaction that only reads; ``None`` where there is no database of ours yet.

        Raises ``PermanentError`` for a schema that is older or newer than this version's.
        """
        path = settings.database_path
        url = settings.require_url()
        if path is not None and not engine.require_database_file(path, settings.names):
            yield None
            return
        with engine.transaction(engine.open_engine(url, settings.names, read_only=True)) as connection:
            if migrate.current(connection, home) is None:
                yield None
                return
            if not migrate.require_current(connection, self.migrations, home):
                raise PermanentError(
                    f"the database of {self.holds} has the schema of an earlier version",
                    "The next run brings it forward.",
                )
            yield connection

    def _opened(self, run: Run, settings: NamedDatabase, *, creates: bool, home: Home = OWN) -> sa.Engine:
        url, path = settings.require_url(), settings.database_path
        if path is not None and not engine.require_database_file(path, settings.names):
            self._require_never_filled(run, _name(settings, home))
            if not creates:
                raise self.nothing()
            engine.create_database_file(path)
        return engine.open_engine(url, settings.names)

    def _bring_forward(
        self,
        run: Run,
        settings: NamedDatabase,
        connection: sa.Connection,
        home: Home,
        on_new: Callable[[], None] = lambda: None,
    ) -> None:
        if migrate.require_current(connection, self.migrations, home):
            return
        if migrate.current(connection, home) is None:
            self._require_never_filled(run, _name(settings, home))
            on_new()
            run.log.info("A new database of %s is set up: %s", self.holds, _name(settings, home))
        migrate.upgrade(connection, self.migrations, home)

    def nothing(self) -> ContractError:
        """The error of a job that works on what others bring, where there is nothing yet."""
        return ContractError(f"there are no {self.holds} in the database", f"Run '{self.filled_by}' first.")

    def _require_never_filled(self, run: Run, name: str) -> None:
        filled = [done for job in self.jobs if (done := run.latest_done(job.name, whole=False)) is not None]
        days = [
            f"{done.started_at.astimezone(run.tz):%Y-%m-%d}" for done in filled if done.counters.get(_DATABASE) == name
        ]
        if days:
            raise PermanentError(
                f"the database {name} is missing or empty, but it was filled on {max(days)}",
                "Restore a backup of it, or move the ledger's state away to start afresh.",
            )


def sole_name(run: Run, home: Home) -> str:
    """What two machines must not do at once: a job, of one home of its tables."""
    return f"{run.job.name} {home}".rstrip()


def _name(settings: NamedDatabase, home: Home) -> str:
    return " ".join(filter(None, (str(settings.database_path or "postgresql"), str(home))))


def record(
    connection: sa.Connection,
    run: Run,
    entity: str,
    merged: Merged,
    *,
    source: str,
    processed: int,
    details: Mapping[str, object],
) -> None:
    """Write what ``run`` has done to ``entity`` into the database itself; see ``stores.ingestion``."""
    ingestion.record(
        connection,
        run_id=run.id,
        source=source,
        entity=entity,
        started=run.started,
        processed=processed,
        created=merged.inserted,
        updated=merged.updated,
        details=details,
    )
