"""The result of a sync in the shape that its users know (facts 5.1), and the lines of its log (facts 5.2)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from ctvpipe.core.errors import CtvpipeError

PREFIX = "[Nightly Sync] "
_RULE = "=" * 40


@dataclass
class TableResult:
    """What became of one table. ``status``: loaded, unchanged, failed or skipped; ``processed``: rows that can be
    stored, duplicates among them; ``affected``: rows written; ``sha256``: of the export that was loaded.
    """

    table: str
    status: str
    processed: int = 0
    affected: int = 0
    text: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    error: CtvpipeError | None = None
    sha256: str = ""

    @property
    def success(self) -> bool:
        return self.status in {"loaded", "unchanged"}

    def shape(self) -> dict[str, Any]:
        """The entry of the table in the result."""
        if self.status == "failed":
            return {"table": self.table, "success": False, "error": self.text, **self.details}
        told = {"rows_processed": self.processed, "rows_affected": self.affected, "message": self.text}
        return {"table": self.table, "success": self.success, "status": self.status, **told, **self.details}


@dataclass
class SyncResult:
    """What became of a whole sync; instants are UTC, and told in ``tz``."""

    run_id: str
    trigger: str
    started: datetime
    tz: tzinfo
    tables: list[TableResult] = field(default_factory=list)
    ended: datetime | None = None
    seconds: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def succeeded(self) -> list[TableResult]:
        return [table for table in self.tables if table.success]

    @property
    def failed(self) -> list[TableResult]:
        return [table for table in self.tables if table.status == "failed"]

    @property
    def total(self) -> int:
        """Rows processed of the tables that succeeded."""
        return sum(table.processed for table in self.succeeded)

    @property
    def status(self) -> str:
        if not self.failed:
            return "success"
        return "partial" if self.succeeded else "failed"

    def require_any(self) -> None:
        """Raise the first table's error where every table has failed."""
        if self.failed and not self.succeeded and (error := self.failed[0].error) is not None:
            error.message = f"all {len(self.failed)} tables failed: {self.failed[0].text}"
            raise error

    def shape(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {
            "start_time": self._local(self.started),
            "end_time": self._local(self.ended or self.started),
            "duration_seconds": round(self.seconds, 2),
            "total_tables": len(self.tables),
            "success_count": len(self.succeeded),
            "failure_count": len(self.failed),
            "total_rows_processed": self.total,
            "results": [table.shape() for table in self.tables],
            "run_id": self.run_id,
            "status": self.status,
            "trigger": self.trigger,
            **self.more,
        }

    def log_start(self, log: logging.Logger) -> None:
        _say(
            log, _RULE, f"Starting nightly FMS data sync at {self.started.astimezone(self.tz):%Y-%m-%d %H:%M:%S}", _RULE
        )

    def log_end(self, log: logging.Logger) -> None:
        ended = (self.ended or self.started).astimezone(self.tz)
        tried = len(self.succeeded) + len(self.failed)
        _say(
            log,
            _RULE,
            f"Nightly FMS data sync completed at {ended:%Y-%m-%d %H:%M:%S}",
            f"Duration: {self.seconds:.1f} seconds",
            f"Success: {len(self.succeeded)}/{tried} tables",
            f"Total rows processed: {self.total}",
        )
        if self.failed:
            count = len(self.failed)
            log.warning("%s⚠ %d %s failed to sync", PREFIX, count, "table" if count == 1 else "tables")
            for table in self.failed:
                log.warning("%s  - %s: %s", PREFIX, table.table, table.text)
        _say(log, _RULE)

    def _local(self, instant: datetime) -> str:
        return instant.astimezone(self.tz).isoformat(timespec="seconds")


def log_begun(log: logging.Logger, table: str) -> None:
    _say(log, f"Starting sync for {table}")


def log_done(log: logging.Logger, result: TableResult) -> None:
    _say(log, f"✓ {result.table} synced successfully: {result.processed} rows ({result.text})")


def _say(log: logging.Logger, *lines: str) -> None:
    for line in lines:
        log.info("%s%s", PREFIX, line)
