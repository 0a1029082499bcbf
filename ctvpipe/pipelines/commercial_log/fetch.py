"""Stage 1: today's workbook from the share, copied into local storage (facts 1.2).

Fetch (bounded, whole or not at all) → check → copy the wanted sheets, verified cell by cell → publish → report.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ctvpipe.core import bounded, clock, files, progress
from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log import columns, daily_files
from ctvpipe.pipelines.commercial_log.settings import ImportSettings, ShareSettings
from ctvpipe.sources import share, workbook, xlsx_copy

_MIB = 1024 * 1024
_SHRUNK = 0.6


@dataclass(frozen=True)
class Target:
    """Where the workbook is, who asks for it, and how patiently."""

    location: share.ShareLocation
    credentials: share.Credentials
    workbook: str
    waits: share.Waits


def target(settings: ShareSettings) -> Target:
    """The share as the settings name it. Raises ``Skipped`` when none is configured, ``ConfigurationError``."""
    settings.require_share()
    waits = share.Waits(
        network_seconds=settings.network_seconds,
        connect_seconds=settings.connect_seconds,
        stall_seconds=settings.stall_seconds,
        total_seconds=settings.copy_seconds,
        settle_tries=settings.settle_tries,
        settle_seconds=settings.settle_seconds,
    )
    credentials = share.Credentials(settings.username, settings.password.get_secret_value(), settings.domain)
    return Target(share.parse_location(settings.share), credentials, settings.workbook, waits)


def import_log(run: Run) -> None:
    """Publish today's ``Commercial Log YYMMDD.xlsx``.

    Raises the share's errors, ``ContractError`` for a workbook that is none or lacks a sheet, ``PermanentError`` for a
    full disk; in every such case no file is published. A dry run does all but publish, in a temporary directory.
    """
    settings = run.load(ImportSettings)
    where = target(settings)
    published = daily_files.path_for(settings.daily_dir, clock.business_day(clock.now(), run.tz))
    files.require_free(settings.daily_dir, settings.min_free_mib)
    with _incoming(run) as incoming:
        source = incoming / share.parse_path(where.workbook)[-1]
        fetched = _fetch(run, settings, where, source)
        workbook.require_sane_file(source, max_mib=settings.max_workbook_mib, names=columns.SETTINGS)
        if run.dry_run:
            copied = _copy(settings, source, incoming / f"copy of {published.name}")
            run.summary = f"would publish {published.name}: {_figures(copied, fetched.size)}"
            return
        if published.exists():
            run.log.info("%s exists already and is replaced", published.name)
        with files.publish(published) as temporary:
            copied = _copy(settings, source, temporary)
    _report(run, copied, published)


@contextmanager
def _incoming(run: Run) -> Iterator[Path]:
    """A private directory for the fetched workbook, emptied before and after."""
    if run.dry_run:
        with tempfile.TemporaryDirectory(prefix="ctvpipe-") as temporary:
            yield Path(temporary)
        return
    directory = run.shared.state_dir / "incoming"
    with files.explained(f"use {directory}"):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _fetch(run: Run, settings: ImportSettings, where: Target, source: Path) -> share.Fetched:
    run.log.info("Share: %s, workbook: %s", where.location, where.workbook)
    with progress.shown("Copying from the share", 100, run.log) as on_progress:
        fetched = share.fetch(
            where.location,
            where.credentials,
            where.workbook,
            source,
            waits=where.waits,
            max_bytes=settings.max_workbook_mib * _MIB,
            owner_file=settings.owner_file,
            on_progress=lambda done, total: on_progress(done * 100 // max(total, 1)),
        )
    if fetched.case_differs:
        run.warn(
            f"the workbook is at '{fetched.actual_path}', not at '{fetched.requested_path}' (upper and lower case)"
        )
    if fetched.attempts > 1:
        run.log.info("it was being saved: copied at attempt %d", fetched.attempts)
    saved = f"{fetched.modified.astimezone(run.tz):%Y-%m-%d %H:%M}"
    run.log.info("Fetched: %d bytes, saved %s", fetched.size, saved)
    return fetched


def _copy(settings: ImportSettings, source: Path, to: Path) -> xlsx_copy.Copied:
    return workbook.explained(
        source,
        lambda: bounded.call(
            xlsx_copy.copy_sheets,
            source,
            to,
            settings.sheet_names,
            max_rows=settings.max_rows,
            names=columns.SETTINGS,
            limits=workbook.limits_for(source),
        ),
    )


def _report(run: Run, copied: xlsx_copy.Copied, published: Path) -> None:
    size = published.stat().st_size
    run.log.info("Sheets: %s; copied: %s", ", ".join(copied.available), ", ".join(copied.sheets))
    run.log.info("Created: %s (%d bytes, %d rows)", published, size, copied.rows)
    if copied.formulas:
        run.log.info("Formulas replaced by their results: %d", copied.formulas)
    before = run.latest_done()
    if before is not None and copied.rows < _SHRUNK * int(before.counters.get("rows", 0)):
        run.warn(f"the log has {copied.rows:,} rows, {int(before.counters['rows']):,} the time before")
    run.count("rows", copied.rows)
    run.count("bytes", size)
    run.summary = f"{published.name}: {_figures(copied, size)}"


def _figures(copied: xlsx_copy.Copied, size: int) -> str:
    return f"{copied.rows} rows, {copied.columns} columns, {size / _MIB:.1f} MiB"
