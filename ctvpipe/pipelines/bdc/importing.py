"""The import: Sonar's report, equipment and accounts become rows, by writing only what differs (facts 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ctvpipe.core.run import Run
from ctvpipe.pipelines.bdc import database, due, layout, stored
from ctvpipe.pipelines.bdc.checking import DriftError
from ctvpipe.pipelines.bdc.customers import Sorted
from ctvpipe.pipelines.bdc.importer import Half, Importer, Options, age_of
from ctvpipe.pipelines.bdc.report import Report
from ctvpipe.pipelines.bdc.result import Result
from ctvpipe.pipelines.bdc.settings import ImportSettings
from ctvpipe.pipelines.bdc.sonar import Sonar
from ctvpipe.stores import engine

__all__ = ["Half", "Options", "import_"]


def import_(run: Run, options: Options) -> Result:
    """Import what Sonar has; of a dry run what would be done, and with ``check`` only whether the report can be read.

    Raises ``Skipped`` where no Sonar is configured, ``ContractError`` for a report that is laid out otherwise, the errors
    of Sonar's and of the database. What failed of single customers is among the run's failures.
    """
    settings = run.load(ImportSettings)
    settings.require_sonar()
    settings.require_url()
    candidates = layout.candidates(settings.report_layout)
    _mention(run, settings)
    with _findings(run), Sonar(settings.access) as sonar:
        if options.check:
            return _checked(run, sonar.report(candidates))
        if run.dry_run:
            with database.reading(settings) as connection:
                return _planned(run, settings, options, sonar, connection)
        with database.session(run, settings) as connection:
            try:
                return Importer(run, settings, options, sonar, connection).run(candidates)
            except (sa.exc.IntegrityError, sa.exc.DataError) as error:
                raise engine.refused(error) from None


@contextmanager
def _findings(run: Run) -> Iterator[None]:
    """Tell everything that speaks against the report's layout, a line a field; the error itself has a few."""
    try:
        yield
    except DriftError as error:
        for finding in error.findings:
            run.log.error("Report: %s", finding)  # noqa: TRY400  (a traceback helps nobody here)
        raise


def _mention(run: Run, settings: ImportSettings) -> None:
    if settings.database_path is not None:
        run.log.info("The database is SQLite: it holds latitudes and longitudes; points are for PostGIS")
    if settings.is_exposed:
        run.warn("Sonar is asked over http: user and password cross the network for everybody to read")


def _checked(run: Run, report: Report) -> Result:
    """What the report looks like; nothing else is read."""
    run.summary = (
        f"The report is laid out as {report.layout.name}: {len(report.ids):,} customers, {report.rows:,} rows."
    )
    counts = {"report_rows": report.rows, "unique": len(report.ids), "duplicates": len(report.repeated)}
    return Result(counts={**counts, "unreadable": report.unreadable}, layout=report.layout.name)


def _planned(
    run: Run, settings: ImportSettings, options: Options, sonar: Sonar, connection: sa.Connection | None
) -> Result:
    """What an import would do."""
    if options.only is Half.INVENTORY:
        run.summary = f"The equipment of {len(sonar.models()):,} models would be read."
        return Result()
    report = sonar.report(layout.candidates(settings.report_layout))
    known = {} if connection is None else stored.known(connection, database.tables(settings))
    found = Sorted.of(report.customers(settings.placing), known, age_of(run, settings, options))
    chosen = found.first(options.limit)
    sonar.confirm(report, chosen)
    result = _checked(run, report)
    result.coordinates = found.coordinates
    missing = [] if options.limit else due.gone(report.ids, known)
    result.counts |= {"due": len(found.due), "skipped": found.skipped, "removed": len(missing)}
    result.log(run.log)
    new = len(chosen - known.keys())
    run.count("rows", len(report.ids))
    run.summary = f"{len(chosen):,} customers would be fetched, {new:,} of them new; {len(missing):,} would be gone."
    if due.has_shrunk(len(report.ids), due.live(known)):
        run.warn("The report has lost so many customers that nobody would be taken for gone without --accept-shrink")
    return result
