"""The enrichment: every circuit with the WAN it is on, and every network with what is on its WANs (facts 6).

Read (circuits, inventory, what people confirmed) → plan (matching, shown values) → apply (one transaction that writes
only differences) → report. What people confirmed is joined in and never written; nor are circuits or costs.
"""

from __future__ import annotations

import sqlalchemy as sa

from ctvpipe import jobs
from ctvpipe.core import clock, predecessors
from ctvpipe.core.errors import ContractError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import database, enrich_plan, enrich_reading
from ctvpipe.pipelines.circuits.enrich_plan import Plan
from ctvpipe.pipelines.circuits.schema.tables import ENRICHED_CIRCUITS, ENRICHED_WANS
from ctvpipe.pipelines.circuits.settings import EnrichSettings
from ctvpipe.stores.merge import Merged
from ctvpipe.stores.reconcile import reconcile

_SOURCE, _ENTITY = "circuits", "enriched_circuits"
_FEW = 10  # so many may lose their WAN in any night


def enrich(run: Run, *, force: bool = False) -> None:
    """Rebuild the enriched tables; see the module's text.

    ``force``: also where today's import or inventory did not finish, or too many circuits would lose their WAN. Raises
    ``ContractError`` for those, ``NotNowError`` for one of them that takes too long, and the errors of the database;
    in every such case yesterday's rows stay.
    """
    settings = run.load(EnrichSettings)
    settings.require_url()
    if force:
        run.log.info("Today's import and inventory are not asked for: --force")
    else:
        before = [jobs.find(name) for name in run.job.after]
        predecessors.require_done(
            run,
            before,
            seconds=settings.wait_seconds,
            variable="CIRCUITS_WAIT_SECONDS",
            otherwise="With --force it goes on with what there is.",
        )
    if run.dry_run:
        with database.reading(settings) as connection:
            if connection is None:
                raise database.no_circuits()
            planned = _planned(connection, settings, force=force)
        _report(run, planned)
        run.summary = f"would match {_matched(planned):,} of {len(planned.circuits):,} circuits"
        return
    with database.writing(run, settings, creates=False) as connection:
        planned = _planned(connection, settings, force=force)
        circuits, wans = _write(connection, planned)
        if circuits.written or wans.written:
            database.record(
                connection,
                run,
                _ENTITY,
                circuits,
                source=_SOURCE,
                processed=len(planned.circuits),
                details={"deleted": circuits.deleted, "wans_written": wans.written},
            )
    _report(run, planned)
    run.count("rows", len(planned.circuits))
    for name in ("inserted", "updated", "deleted", "unchanged"):
        run.count(name, getattr(circuits, name))
    run.count("wans_written", wans.written)
    run.summary = (
        f"{_matched(planned):,} of {len(planned.circuits):,} circuits are matched; {circuits.inserted:,} rows new,"
        f" {circuits.updated:,} changed, {circuits.deleted:,} gone."
    )


def _planned(connection: sa.Connection, settings: EnrichSettings, *, force: bool) -> Plan:
    facts = enrich_reading.read(connection)
    if not facts.circuits:
        raise database.no_circuits()
    planned = enrich_plan.plan(facts, enabled=settings.matched_forms, excluded=settings.excluded)
    before, lost = facts.matched_before, facts.matched_before - _matched(planned)
    if not force and lost > _FEW and 100 * lost > settings.max_loss_percent * before:
        raise ContractError(
            f"{lost:,} of {before:,} matched circuits would lose their WAN, at most {settings.max_loss_percent:g} % may",
            "Look at the inventory; if that is right, --force goes on.",
        )
    return planned


def _write(connection: sa.Connection, planned: Plan) -> tuple[Merged, Merged]:
    now = {"enriched_at": clock.now()}
    circuits = reconcile(
        connection,
        ENRICHED_CIRCUITS,
        enrich_plan.CIRCUIT_COLUMNS,
        planned.circuits,
        key=("circuit_id",),
        on_insert=now,
        on_update=now,
        scope=sa.true(),
    )
    wans = reconcile(
        connection,
        ENRICHED_WANS,
        enrich_plan.WAN_COLUMNS,
        planned.wans,
        key=("network_id", "wan_slot"),
        on_insert=now,
        on_update=now,
        scope=sa.true(),
    )
    return circuits, wans


def _report(run: Run, planned: Plan) -> None:
    for name, value in {**planned.counts, "unmatched": len(planned.circuits) - _matched(planned)}.items():
        run.count(name, value)
    run.log.info("%s", ", ".join(f"{name} {value}" for name, value in planned.counts.items()))


def _matched(planned: Plan) -> int:
    return planned.counts["wan1"] + planned.counts["wan2"]
