"""What is done with an export as soon as it has come: kept, read, and checked against the limits.

It happens in the thread that has fetched it, while the database works on another table.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from ctvpipe.core.errors import ContractError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import bodies, past, reading
from ctvpipe.pipelines.fms.feeds import Feed
from ctvpipe.pipelines.fms.fetching import Export
from ctvpipe.pipelines.fms.past import Past
from ctvpipe.pipelines.fms.reading import Reading
from ctvpipe.pipelines.fms.settings import SyncSettings


@dataclass(frozen=True)
class Checked:
    """An export and its rows; without rows where it is the one that the table was last loaded from."""

    export: Export
    read: Reading | None


class Checking:
    """See the module's text; ``force``: take what has not changed, and what has lost many rows.

    An export that comes before the past of the tables is told waits for it.
    """

    def __init__(self, run: Run, settings: SyncSettings, *, force: bool) -> None:
        self._run, self._settings, self._force = run, settings, force
        self._known: Future[Mapping[str, Past]] = Future()

    def tell(self, known: Mapping[str, Past]) -> None:
        """Go on with the exports, ``known`` being the past of every table; what is told first counts."""
        if not self._known.done():
            self._known.set_result(known)

    def check(self, feed: Feed, export: Export) -> Checked:
        """The rows of the export, whose bytes are kept, whether it is accepted or not.

        Raises ``ContractError`` for one that is not, ``PermanentError`` where its bytes cannot be kept.
        """
        if self._known.result()[feed.table].is_same(export.sha256) and not self._force:
            return Checked(export, None)
        accepted = False
        try:
            read = reading.read(feed, export.body)
            self._require_acceptable(feed, read)
            accepted = True
        finally:
            if not self._run.dry_run:
                self._keep(feed, export, accepted=accepted)
        return Checked(export, read)

    def _keep(self, feed: Feed, export: Export, *, accepted: bool) -> None:
        settings = self._settings
        bodies.keep(
            settings.bodies_dir,
            feed.table,
            export,
            accepted=accepted,
            now=self._run.started,
            most=settings.keep_bodies,
        )

    def _require_acceptable(self, feed: Feed, read: Reading) -> None:
        if not read.rows:
            said = f": {reading.commonest(read.rejects)}" if read.rejects else ""
            raise ContractError(
                f"{feed.table}: no row of the export can be stored{said}",
                "Look at the export; what was stored before stays.",
            )
        most = self._settings.max_rejected_percent
        if 100 * len(read.rejects) > most * read.read:
            raise ContractError(
                f"{feed.table}: {len(read.rejects):,} of {read.read:,} rows cannot be stored, at most {most:g} % may be: "
                f"{reading.commonest(read.rejects)}",
                "Look at the export; FMS_MAX_REJECTED_PERCENT is the limit.",
            )
        if not self._force:
            past.require_enough(
                feed, self._known.result()[feed.table], read.accepted, max_loss_percent=self._settings.max_loss_percent
            )
