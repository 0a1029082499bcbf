"""One stage of a night, done or told why not: the engines of the pipeline, with the settings and the database of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.ending import unforeseen
from ctvpipe.core.errors import CtvpipeError, PermanentError, Skipped
from ctvpipe.core.run import Run
from ctvpipe.pipelines.directory import enrich_plan, fetching, runs, stages, streams, telling, transforming
from ctvpipe.pipelines.directory.enriching import enrich
from ctvpipe.pipelines.directory.ingest import Options, Source, ingest
from ctvpipe.pipelines.directory.preview import preview
from ctvpipe.pipelines.directory.records import Failed, Record, Stream
from ctvpipe.pipelines.directory.result import StageResult
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.settings import SyncSettings
from ctvpipe.pipelines.directory.stages import Stage, Status
from ctvpipe.pipelines.directory.tdx_api import Api
from ctvpipe.stores import engine


@dataclass(frozen=True)
class Wanted:
    """How the operator wants it. ``full_sync``: as if nothing had been read before, still writing only what differs;
    ``force``: a version of everything, and any loss (P17); ``limit``: so many records of each stage, 0: all.
    """

    full_sync: bool = False
    force: bool = False
    limit: int = 0


@dataclass
class Work:
    """What every stage needs. ``connection``: in no transaction, and holding the job's lock; in a dry run in one that
    only reads, ``None`` where there is no database yet.
    """

    run: Run
    settings: SyncSettings
    connection: sa.Connection | None
    wanted: Wanted
    lines: telling.Lines
    _accounts: list[str] = field(default_factory=list)

    def do(self, stage: Stage, ended: Mapping[str, Status]) -> StageResult:
        """Do ``stage``; ``ended``: what became of those before it. A fault of its source is in the result, foreseen or
        not, and so is a row that the database does not take; that the database cannot be used is raised.
        """
        if waits := stages.waits_for(stage, ended):
            return StageResult(stage, Status.WAITED, f"it works on {', '.join(waits)}")
        if stages.has_nothing(stage, ended):
            return StageResult(stage, Status.SKIPPED, "there is nothing to work on")
        try:
            return self._done(stage)
        except Skipped as reason:
            return StageResult(stage, Status.SKIPPED, str(reason), error=reason)
        except CtvpipeError as error:
            return self._failed(stage, error)
        except (sa.exc.IntegrityError, sa.exc.DataError) as error:
            return self._failed(stage, engine.refused(error))
        except (sa.exc.SQLAlchemyError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  (one source must not take the others with it)
            fault = PermanentError(unforeseen(error), "The log has the traceback.")
            fault.__cause__ = error
            return self._failed(stage, fault)

    def _failed(self, stage: Stage, error: CtvpipeError) -> StageResult:
        return StageResult(stage, Status.FAILED, self.run.scrubber.clean(str(error)), error=error)

    def _done(self, stage: Stage) -> StageResult:
        if stage.stream is None:
            self.lines.begin(stage)
            return self._transformed(stage)
        fetching.require(self.settings, stage.stream)
        self.lines.begin(stage)
        if stage.kind == runs.INGEST:
            return self._ingested(stage, stage.stream)
        return self._enriched(stage, stage.stream)

    def _ingested(self, stage: Stage, stream: Stream) -> StageResult:
        settings, wanted = self.settings, self.wanted
        options = Options(
            limit=wanted.limit or settings.max_records,
            force=wanted.force,
            max_loss_percent=settings.max_loss_percent,
            batch_size=settings.batch_size,
        )
        progress = self.lines.progress(stage)
        with fetching.opened(settings, stream, self._account_ids) as source:
            if self.run.dry_run:
                done = preview(self.connection, stream, self._noted(stream, source), options, progress=progress)
            else:
                done = ingest(self._writing, stream, source, options, progress=progress)
        return self._counted(stage, done)

    def _enriched(self, stage: Stage, stream: Stream) -> StageResult:
        settings, now = self.settings, clock.now()
        bound = {
            streams.DEPARTMENT_DETAIL: settings.max_enrichment_departments,
            streams.USER_DETAIL: settings.max_enrichment_users,
        }[stream.entity_type]
        most = min(bound, self.wanted.limit) if self.wanted.limit else bound
        if self.run.dry_run:
            due = self._due(stream, most)
            return StageResult(stage, Status.DONE, f"{due:,} to be asked for one by one, by what is stored now")
        with Api(settings) as api:
            done = enrich(
                self._writing,
                stream,
                api,
                now=now,
                most=most,
                everything=self.wanted.full_sync,
                force=self.wanted.force,
                progress=self.lines.progress_of(stage),
            )
        if done is None:
            return StageResult(stage, Status.DONE, "nothing is due")
        return self._counted(stage, done)

    def _transformed(self, stage: Stage) -> StageResult:
        options = transforming.Options(
            full_sync=self.wanted.full_sync,
            force=self.wanted.force,
            limit=self.wanted.limit,
            dry_run=self.run.dry_run,
            max_error_percent=self.settings.max_error_percent,
        )
        progress = self.lines.progress(stage)
        return self._counted(stage, transforming.transform(self.connection, stage.what, options, progress=progress))

    def _due(self, stream: Stream, most: int) -> int:
        if self.connection is None:
            return 0
        everything = self.wanted.full_sync
        return len(enrich_plan.plan(self.connection, stream, now=clock.now(), most=most, everything=everything).due)

    def _counted(self, stage: Stage, done: StepRun) -> StageResult:
        """The result of a run; what of it failed is told by its reasons only, for records may be anybody's."""
        if done.failed:
            self.run.warn(f"{stage.name}: {done.failed:,} of {done.processed:,} records failed: {telling.why(done)}")
        return StageResult(stage, Status.DONE, telling.counts(done), done)

    def _account_ids(self) -> Sequence[str]:
        """The accounts by which people of TDX are found: in a dry run those that it has just read, for none is stored."""
        if self._accounts or self.connection is None:
            return self._accounts
        if self.run.dry_run:
            return enrich_plan.account_ids(self.connection)
        with self.connection.begin():
            return enrich_plan.account_ids(self.connection)

    def _noted(self, stream: Stream, source: Source) -> Iterator[Record | Failed]:
        for item in source:
            if stream is streams.TDX_ACCOUNTS and isinstance(item, Record):
                self._accounts.append(item.external_id)
            yield item

    @property
    def _writing(self) -> sa.Connection:
        if self.connection is None:
            raise TypeError("only a dry run has no database")
        return self.connection
