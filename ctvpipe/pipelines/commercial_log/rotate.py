"""Job ``commercial-rotation``: single files for a week, monthly archives for a year (facts 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ctvpipe.core import clock, files
from ctvpipe.core.errors import PermanentError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log import archive, daily_files, rotation_plan
from ctvpipe.pipelines.commercial_log.rotation_plan import Archive, Month, Plan
from ctvpipe.pipelines.commercial_log.rotation_status import megabytes, status_lines
from ctvpipe.pipelines.commercial_log.settings import RotationSettings


@dataclass
class _Tally:
    """What a run has done."""

    archived: int = 0
    archived_bytes: int = 0
    months: int = 0
    kept: int = 0
    removed_archives: int = 0


def rotate(run: Run) -> None:
    """Archive what is old enough, remove archives that have expired, say what is there now.

    A month that cannot be archived is a failed unit, its files stay; the other months go on. Raises
    ``ContractError`` when the clock cannot be right, ``PermanentError`` when a directory cannot be read.
    """
    settings = run.load(RotationSettings)
    found = daily_files.listing(settings.daily_dir)
    archives = archive.listing(settings.archive_dir)
    today = clock.business_day(run.started, run.tz)
    plan = rotation_plan.plan(
        found.files, archives, today, keep_days=settings.keep_days, keep_months=settings.keep_months
    )
    _say_what_is_left_alone(run, found.undated, plan.waiting)
    if not plan.months:
        run.log.info("no files older than %d days", settings.keep_days)
    tally = _Tally()
    if not run.dry_run:
        _sweep(run, settings)
    for month, workbooks in plan.months:
        path = rotation_plan.archive_path(settings.archive_dir, month)
        try:
            work = archive.prepare(path, workbooks)
            _archive_month(run, month, work, tally)
        except PermanentError as error:
            run.fail_unit(f"{month}: {error}. {error.advice}".rstrip())
    _remove_expired(run, plan.expired, tally)
    _report(run, settings, plan, tally)


def _say_what_is_left_alone(run: Run, undated: Sequence[str], waiting: Sequence[Archive]) -> None:
    run.count("undated", len(undated))
    if undated:
        run.warn(f"left alone, because the name holds no date ({len(undated)}): {', '.join(undated[:5])}")
    if waiting:
        names = ", ".join(old.path.name for old in waiting[:5])
        run.warn(f"{len(waiting)} old archives are kept while no recent file bears out today's date: {names}")


def _sweep(run: Run, settings: RotationSettings) -> None:
    """Remove what a killed run left half-written; the job's lock is held, so nobody is writing it."""
    if not settings.archive_dir.exists():
        return
    with files.explained(f"tidy {settings.archive_dir}"):
        for path in settings.archive_dir.iterdir():
            if files.is_temporary(path) and "commercial-logs-" in path.name:
                run.log.info("removing %s, left by a run that was cut short", path.name)
                files.remove(path)


def _archive_month(run: Run, month: Month, work: archive.Work, tally: _Tally) -> None:
    for file in work.gone:
        run.log.info("skipped %s: it has gone meanwhile", file.path.name)
    for file, reason in work.unreadable:
        run.fail_unit(f"{month}: cannot read {file.path.name}: {reason}. It stays where it is.")
    pairs = (*work.additions, *work.stored)
    if not pairs:
        return
    _announce(run, month, work)
    if run.dry_run:
        tally.archived += len(pairs)
        tally.archived_bytes += sum(pair.member.content.size for pair in pairs)
        tally.months += 1
        return
    archive.extend(work)
    removed = sum(_release(run, month, pair, tally) for pair in pairs)
    tally.months += 1
    kilobytes = work.path.stat().st_size / 1000
    done = "created" if work.additions else "found complete"
    run.log.info("%s %s (%.0f KB), %d files removed", done, work.path, kilobytes, removed)


def _announce(run: Run, month: Month, work: archive.Work) -> None:
    would = "would be " if run.dry_run else ""
    run.log.info("archiving %d files for %s", len(work.additions) + len(work.stored), month)
    for pair in work.stored:
        run.log.info("%s is in the archive already", pair.file.path.name)
    for pair in work.additions:
        if pair.renamed:
            run.warn(
                f"{month}: {pair.file.path.name} differs from its namesake in the archive; {would}stored as "
                f"{pair.member.name!r}, both are kept"
            )


def _release(run: Run, month: Month, pair: archive.Pair, tally: _Tally) -> bool:
    """Delete one archived workbook; whether it is gone."""
    name = pair.file.path.name
    try:
        gone = archive.release(pair)
    except PermanentError as error:
        run.fail_unit(f"{month}: {name} is archived, but: {error}. {error.advice}".rstrip())
        gone = False
    else:
        if not gone:
            run.warn(f"{month}: {name} was replaced while it was archived: kept, the next rotation takes it")
    if gone:
        tally.archived += 1
        tally.archived_bytes += pair.member.content.size
    else:
        tally.kept += 1
    return gone


def _remove_expired(run: Run, expired: Sequence[Archive], tally: _Tally) -> None:
    for old in expired:
        run.log.info("%s old archive %s", "would remove" if run.dry_run else "removing", old.path)
        try:
            if not run.dry_run:
                with files.explained(f"remove {old.path}"):
                    files.remove(old.path)
        except PermanentError as error:
            run.fail_unit(f"{error}. {error.advice}".rstrip())
        else:
            tally.removed_archives += 1


def _report(run: Run, settings: RotationSettings, plan: Plan, tally: _Tally) -> None:
    due = sum(len(workbooks) for _, workbooks in plan.months)
    run.count("rows", tally.archived)
    run.count("bytes", tally.archived_bytes)
    run.count("months", tally.months)
    run.count("due", due)
    run.count("removed_archives", tally.removed_archives)
    for line in status_lines(settings):
        run.log.info(line)
    run.summary = (
        f"{tally.archived} of {due} old files archived ({megabytes(tally.archived_bytes)}) in {tally.months} months, "
        f"{tally.removed_archives} old archives removed."
    )
