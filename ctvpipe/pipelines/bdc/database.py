"""The BDC database; see ``ctvpipe.stores.pipeline_database``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ctvpipe import jobs
from ctvpipe.core.run import Run
from ctvpipe.pipelines.bdc.schema.tables import Tables
from ctvpipe.pipelines.bdc.settings import DatabaseSettings
from ctvpipe.stores.pipeline_database import PipelineDatabase, record

__all__ = ["MIGRATIONS", "filled", "reading", "record", "session", "tables"]

MIGRATIONS = "ctvpipe.pipelines.bdc.schema.versions"
_JOBS = tuple(job for job in jobs.JOBS if job.pipeline == "bdc")
_DATABASE = PipelineDatabase(MIGRATIONS, "BDC tables", _JOBS, "ctvpipe bdc import")


def tables(settings: DatabaseSettings) -> Tables:
    """The tables that ``settings`` name."""
    return Tables.of(settings.home, points=settings.database_path is None)


@contextmanager
def session(run: Run, settings: DatabaseSettings) -> Iterator[sa.Connection]:
    """The database for a job; errors as of ``PipelineDatabase.session``, and ``PermanentError`` without PostGIS."""
    with _DATABASE.session(run, settings, settings.home) as connection:
        yield connection


@contextmanager
def reading(settings: DatabaseSettings) -> Iterator[sa.Connection | None]:
    """The database, only read; as of ``PipelineDatabase.reading``."""
    with _DATABASE.reading(settings, settings.home) as connection:
        yield connection


@contextmanager
def filled(settings: DatabaseSettings) -> Iterator[sa.Connection]:
    """The same, for what is of no use without data: raises ``ContractError`` where there is none yet."""
    with reading(settings) as connection:
        if connection is None:
            raise _DATABASE.nothing()
        yield connection
