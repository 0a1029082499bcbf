"""All devices of every organisation that the key sees, and how many there are of each model (facts 5).

An organisation is collected whole or not at all. One that fails keeps yesterday's devices and makes the run partial;
only those collected whole mark devices as gone. Nothing is written before everything is here, and then in one
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError, CtvpipeError, NotNowError, TransientError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import database, gone, lifecycle, stock, stock_store
from ctvpipe.pipelines.circuits.meraki_api import Api, Organization
from ctvpipe.pipelines.circuits.settings import AllInventorySettings
from ctvpipe.pipelines.circuits.stock import Row, Stock
from ctvpipe.pipelines.circuits.stock_store import Device, Written

_SOURCE, _ENTITY = "meraki", "inventory_devices"


@dataclass
class _Collected:
    """The rows of the organisations that were collected whole, by their id; ``seen``: all that the key sees."""

    whole: dict[str, list[Row]] = field(default_factory=dict)
    seen: list[Organization] = field(default_factory=list)
    first_error: CtvpipeError | None = None

    def rows(self, before: dict[str, Device]) -> list[Row]:
        """Each device once. One that an organisation has in stock stays with another that has it in a network, though
        that one could not be asked today.
        """
        made = stock.united(self.whole.values())
        return [row for row in made if row["network_id"] or not self._is_held(before.get(row["serial"]))]

    def lost(self, before: dict[str, Device], rows: list[Row]) -> set[str]:
        """The stored devices that are gone: of organisations collected whole, and in no other."""
        found = {row["serial"] for row in rows}
        return {
            serial for serial, device in before.items() if device.organization_id in self.whole and serial not in found
        }

    def _is_held(self, device: Device | None) -> bool:
        return device is not None and bool(device.network_id) and device.organization_id not in self.whole


def collect(run: Run, *, force: bool = False) -> None:
    """Bring the inventory of all organisations up to date; ``force``: also where too many devices would be gone.

    Raises ``Skipped`` where no key is configured, ``TransientError`` where no organisation could be collected, and the
    errors of the API and the database; in every such case the database is as it was.
    """
    settings = run.load(AllInventorySettings)
    api = Api(settings)
    settings.require_url()
    dates = lifecycle.read(settings.lifecycle_file)
    before = _before(run, settings)
    with api:
        collected = _collect(run, api, before, settings, force=force)
    run.count("requests", api.client.sent)
    run.count("rate_limited", api.client.limited)
    run.count("organizations", len(collected.whole))
    if run.dry_run:
        _preview(run, collected, before)
        return
    day = clock.business_day(run.started, run.tz)
    with database.writing(run, settings) as connection:
        # Once more: another machine may have written since.
        before = stock_store.active(connection)
        rows = collected.rows(before)
        lost = collected.lost(before, rows)
        written = stock_store.write(connection, rows, lost, dates=dates, day=day, now=clock.now())
        if written.anything:
            _record(run, connection, rows, written)
    _report(run, rows, written)
    _warn_of_unseen(run, collected, before)


def _before(run: Run, settings: AllInventorySettings) -> dict[str, Device]:
    """What is stored; the first transaction also brings the schema forward."""
    if run.dry_run:
        with database.reading(settings) as connection:
            return stock_store.active(connection)
    with database.writing(run, settings) as connection:
        return stock_store.active(connection)


def _collect(
    run: Run, api: Api, before: dict[str, Device], settings: AllInventorySettings, *, force: bool
) -> _Collected:
    collected = _Collected(seen=api.organizations())
    for organization in collected.seen:
        if not organization.enabled:
            run.log.info("Organisation %s does not let the API be used: it is left out", organization.id)
            continue
        try:
            collected.whole[organization.id] = _one(run, api, organization, before, settings, force=force)
        except (ConfigurationError, NotNowError):
            raise
        except CtvpipeError as error:
            collected.first_error = collected.first_error or error
            run.fail_unit(f"organisation {organization.id} keeps the devices it had: {error}")
    if not collected.whole:
        why = collected.first_error or "none of them lets the API be used"
        raise TransientError(f"none of {len(collected.seen)} organisations could be collected: {why}")
    return collected


def _one(
    run: Run,
    api: Api,
    organization: Organization,
    before: dict[str, Device],
    settings: AllInventorySettings,
    *,
    force: bool,
) -> list[Row]:
    """The rows of one organisation. Raises ``ContractError`` where it has lost too many."""
    rows = stock.rows(
        Stock(organization, api.networks(organization), api.devices(organization), api.inventory(organization))
    )
    active = {serial for serial, device in before.items() if device.organization_id == organization.id}
    found = {row["serial"] for row in rows}
    gone.require_few(active, found, most_percent=settings.max_loss_percent, of="active devices", force=force)
    run.log.info("Organisation %s: %d devices", organization.id, len(rows))
    return rows


def _preview(run: Run, collected: _Collected, before: dict[str, Device]) -> None:
    rows = collected.rows(before)
    run.count("rows", len(rows))
    new = len({row["serial"] for row in rows} - before.keys())
    run.summary = (
        f"would store {len(rows):,} devices of {len(collected.whole)} organisations: {new:,} of them new or back; "
        f"{len(collected.lost(before, rows)):,} would be gone"
    )


def _record(run: Run, connection: sa.Connection, rows: list[Row], written: Written) -> None:
    database.record(
        connection,
        run,
        _ENTITY,
        written.merged,
        source=_SOURCE,
        processed=len(rows),
        details={"gone": written.gone, "failed": len(run.failures)},
    )


def _report(run: Run, rows: list[Row], written: Written) -> None:
    merged = written.merged
    run.count("rows", len(rows))
    run.count("inserted", merged.inserted)
    run.count("updated", merged.updated)
    run.count("gone", written.gone)
    run.count("networks", len({row["network_id"] for row in rows if row["network_id"]}))
    run.count("models", written.summary.inserted + written.summary.updated + written.summary.unchanged)
    run.summary = (
        f"{len(rows):,} devices: {merged.inserted:,} new, {merged.updated:,} changed, {written.gone:,} gone, "
        f"{merged.unchanged:,} as they were."
    )


def _warn_of_unseen(run: Run, collected: _Collected, before: dict[str, Device]) -> None:
    seen = {organization.id for organization in collected.seen}
    unseen = {device.organization_id for device in before.values()} - seen
    if unseen:
        run.warn(f"the key no longer sees {len(unseen)} organisations whose devices are stored; they stay as they are")
