"""The appliances and their uplinks: what the device API says of one organisation becomes the inventory.

Fetch (five lists of the whole organisation, seven requests for 1,330 appliances) → check → who provides the addresses
→ apply (one transaction) → report. Nothing is written before everything is here (facts 4.4, 11, 3 and 4).
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ContractError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import appliance_store, appliances, database, gone, new_stores, rdap, rdap_cache
from ctvpipe.pipelines.circuits.appliance_store import Stored, Written
from ctvpipe.pipelines.circuits.appliances import Collected, Row
from ctvpipe.pipelines.circuits.meraki_api import Api, Organization, chosen
from ctvpipe.pipelines.circuits.rdap_cache import Answer
from ctvpipe.pipelines.circuits.settings import InventorySettings

_SOURCE, _ENTITY = "meraki", "meraki_inventory"


def collect(run: Run, *, force: bool = False) -> None:
    """Bring the inventory of appliances up to date; ``force``: also when too many of them would be gone.

    Raises ``Skipped`` where no key is configured, ``ContractError`` for lists that cannot be right, and the errors of
    the API and the database; in every such case the database is as it was.
    """
    settings = run.load(InventorySettings)
    api = Api(settings)
    settings.require_url()
    before, cached = _before(run, settings)
    with api:
        collected = _fetch(api, chosen(api.organizations(), settings.organization))
    run.count("requests", api.client.sent)
    run.count("rate_limited", api.client.limited)
    rows = appliances.rows(collected)
    _check(rows, collected, before, settings, force=force)
    _tell(run, rows, collected)
    if run.dry_run:
        _preview(run, rows, before)
        return
    rows, learned = _with_providers(run, settings, rows, before, cached)
    day = clock.business_day(run.started, run.tz)
    with database.writing(run, settings) as connection:
        # Once more: another machine may have written since.
        before = appliance_store.stored(connection)
        written = appliance_store.write(connection, rows, before, day=day, now=clock.now())
        stores = _find_stores(run, connection, settings, rows, day)
        answers = rdap_cache.store(connection, learned, clock.now())
        if written.anything or stores or answers.written:
            _record(run, connection, collected.organization, rows, written)
    _report(run, rows, written)


def _before(run: Run, settings: InventorySettings) -> tuple[Stored, list[Answer]]:
    """What is stored, and what registries have answered. The first transaction also brings the schema forward, and
    finds a database that is down before anything is asked for."""
    if run.dry_run:
        with database.reading(settings) as connection:
            return appliance_store.stored(connection), []
    with database.writing(run, settings) as connection:
        return appliance_store.stored(connection), rdap_cache.read(connection)


def _fetch(api: Api, organization: Organization) -> Collected:
    return Collected(
        organization,
        networks=api.networks(organization),
        devices=api.devices(organization, appliances_only=True),
        uplinks=api.uplinks(organization),
        availabilities=api.availabilities(organization),
    )


def _check(rows: list[Row], collected: Collected, before: Stored, settings: InventorySettings, *, force: bool) -> None:
    """Raise ``ContractError`` for lists that are empty, or that have lost too much."""
    for what, items in (("appliance", rows), ("network", collected.networks), ("uplink", collected.uplinks)):
        if not items:
            raise ContractError(
                f"the device API gives no {what} for the organisation {collected.organization.id}",
                "Check MERAKI_ORGANIZATION, and what the key may see.",
            )
    most = settings.max_loss_percent
    found = {row["serial"] for row in rows}
    gone.require_few(before.active, found, most_percent=most, of="active appliances", force=force)
    lines = {item["serial"] for item in collected.uplinks}
    gone.require_few(before.with_uplinks & found, lines, most_percent=most, of="appliances' uplinks", force=force)


def _tell(run: Run, rows: list[Row], collected: Collected) -> None:
    run.log.info(
        "Organisation %s: %d appliances in %d networks", collected.organization.id, len(rows), len(collected.networks)
    )
    unnamed = sum(row["network_name"] is None for row in rows)
    if unnamed:
        run.warn(f"{unnamed} appliances are in networks that the device API does not list")
    run.count("networks", len(collected.networks))
    run.count("offline", sum(row["availability"] != "online" for row in rows))


def _with_providers(
    run: Run, settings: InventorySettings, rows: list[Row], before: Stored, cached: list[Answer]
) -> tuple[list[Row], list[Answer]]:
    """The rows with who provides their addresses, and what is to be kept of the registries' answers. Where no registry
    answers, the provider that the address had before stays.
    """
    with rdap.resolving(run, settings, cached) as resolver:
        found = resolver.resolve(appliances.all_addresses(rows))

    def provider_of(address: str) -> str | None:
        provider = found[address]
        return before.providers.get(address) if provider.is_unanswered else provider.name

    return appliances.with_providers(rows, provider_of), resolver.learned


def _preview(run: Run, rows: list[Row], before: Stored) -> None:
    found = {row["serial"] for row in rows}
    run.count("rows", len(rows))
    run.summary = (
        f"would store {len(rows):,} appliances: {len(found - before.active):,} of them new or back; "
        f"{len(before.active - found):,} would be gone"
    )


def _find_stores(run: Run, connection: sa.Connection, settings: InventorySettings, rows: list[Row], day: date) -> int:
    """Bring the list of new stores up to date. Returns how many of its rows were written."""
    sites = new_stores.sites(connection)
    if not sites:
        run.warn("there are no circuits yet: new stores are not looked for")
        return 0
    there, left_out = new_stores.networks(rows, settings.excluded)
    wanted = new_stores.plan(there, sites, new_stores.stored(connection), day)
    merged = new_stores.write(connection, wanted, day=day, now=clock.now())
    run.count("excluded_networks", left_out)
    run.count("new_stores", merged.inserted)
    return merged.written


def _record(run: Run, connection: sa.Connection, organization: Organization, rows: list[Row], written: Written) -> None:
    database.record(
        connection,
        run,
        _ENTITY,
        written.merged,
        source=_SOURCE,
        processed=len(rows),
        details={"organization": organization.id, "gone": written.gone},
    )


def _report(run: Run, rows: list[Row], written: Written) -> None:
    merged = written.merged
    run.count("rows", len(rows))
    run.count("inserted", merged.inserted)
    run.count("updated", merged.updated)
    run.count("gone", written.gone)
    run.summary = (
        f"{len(rows):,} appliances: {merged.inserted:,} new, {merged.updated:,} changed, {written.gone:,} gone, "
        f"{merged.unchanged:,} as they were"
    )
