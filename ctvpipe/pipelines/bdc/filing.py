"""The files of the filing: read from the tables, counted, written whole, or refused with the list of whom it lacks."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import files
from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.bdc import database, view
from ctvpipe.pipelines.bdc.counting import Count, Key, Line, Policy, Rules, Uncounted, megabits
from ctvpipe.pipelines.bdc.settings import FilingSettings
from ctvpipe.pipelines.bdc.technologies import Subject, Technologies
from ctvpipe.pipelines.bdc.view import View

_TRACT = re.compile(r"(?<!\d)\d{11}(?!\d)")
_MOST_REASONS = 5
_Row = tuple[object, ...]


@dataclass(frozen=True)
class Kind:
    """One file of the filing: which services it is about, how they are counted, its header, and a row of it."""

    name: str
    of: str
    count: Callable[[Rules, Iterable[Line]], Count]
    header: tuple[str, ...]
    row: Callable[[Key], _Row]


SUBSCRIPTION = Kind(
    "subscription",
    "data_service",
    Rules.subscription,
    (
        "tract",
        "technology_code",
        "advertised_download_speed",
        "advertised_upload_speed",
        "total_connections",
        "consumer_connections",
    ),
    lambda key: (key.tract, key.kind, megabits(key.download_kbps), megabits(key.upload_kbps)),
)
VOICE = Kind(
    "voice",
    "voice_service",
    Rules.voice,
    ("tract", "service_type", "total_lines_or_subscriptions", "consumer_lines_or_subscriptions"),
    lambda key: (key.tract, key.kind),
)


def rules(settings: FilingSettings) -> Rules:
    """How it is counted by ``settings``. Raises ``ConfigurationError`` for a file that cannot be used."""
    return Rules(Technologies.read(settings.technology_file), Policy(settings.counting), _tracts(settings.tracts_file))


def export(
    kind: Kind, settings: FilingSettings, target: Path, *, as_of: date | None = None, allow_uncounted: bool = False
) -> Count:
    """Write the file ``kind`` to ``target``, and whom it lacks beside it; ``as_of``: from that snapshot.

    Raises ``ContractError`` where services cannot be counted, unless ``allow_uncounted``: then only the list of them was
    written. Raises ``ConfigurationError`` as of ``rules`` and for a snapshot there is not, and the errors of the database.
    """
    counting = rules(settings)
    with database.filled(settings) as connection:
        seen = view.opened(connection, database.tables(settings), as_of)
        counted = kind.count(counting, list(lines(connection, seen, kind.of, counting.technologies)))
    beside = exceptions_file(target)
    _write(beside, Uncounted._fields, counted.uncounted)
    if counted.uncounted and not allow_uncounted:
        raise ContractError(
            f"{len(counted.uncounted):,} services cannot be counted: {_told(counted.reasons)}; nothing was exported",
            f"They are listed in {beside}. Put them right, or take the file without them: --allow-exceptions",
        )
    _write(target, kind.header, ((*kind.row(key), *numbers) for key, numbers in counted.rows.items()))
    return counted


def exceptions_file(target: Path) -> Path:
    """Where the list is of what is not in ``target``."""
    return target.with_name(f"{target.stem}.exceptions.csv")


def lines(connection: sa.Connection, seen: View, of: str, technologies: Technologies) -> Iterator[Line]:
    """The services that count, those with the flag ``of``: active ones that are charged for, of live customers."""
    services, customers = seen.services.c, seen.customers.c
    wanted = sa.and_(seen.counts, services.active, services[of], services.application == "debit")
    found = connection.execute(
        sa.select(
            services.customer_id,
            services.relationship_id,
            services.service_id,
            services.name,
            services.technology_code,
            services.quantity,
            services.download_kbps,
            services.upload_kbps,
            customers.block_fips,
            customers.account_type,
        )
        .join_from(seen.services, seen.customers, customers.id == services.customer_id)
        .where(wanted)
        .order_by(services.customer_id, services.relationship_id)
    )
    models = _models(connection, seen) if technologies.asks_for_models else {}
    groups = _groups(connection, seen) if technologies.asks_for_groups else {}
    with_speeds = of == SUBSCRIPTION.of
    for row in found:
        who = row.customer_id
        subject = Subject(row.service_id, row.name, row.technology_code, models.get(who, ()), groups.get(who, ()))
        speeds = (row.download_kbps, row.upload_kbps) if with_speeds else ()
        yield Line(who, row.relationship_id, subject, row.block_fips, row.account_type, row.quantity, *speeds)


def _models(connection: sa.Connection, seen: View) -> Mapping[int, Sequence[str]]:
    links, items = seen.customer_inventory, seen.inventory_items
    return _names(
        connection,
        sa.select(links.c.customer_id, items.c.model_name)
        .join_from(links, items, items.c.id == links.c.inventory_item_id)
        .where(items.c.model_name.is_not(None)),
    )


def _groups(connection: sa.Connection, seen: View) -> Mapping[int, Sequence[str]]:
    members, groups = seen.customer_groups, seen.groups
    return _names(
        connection,
        sa.select(members.c.customer_id, groups.c.name)
        .join_from(members, groups, groups.c.id == members.c.group_id)
        .where(groups.c.name.is_not(None)),
    )


def _names(connection: sa.Connection, query: sa.Select[Any]) -> Mapping[int, Sequence[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for customer, name in connection.execute(query):
        found[customer].append(name)
    return found


def _tracts(path: Path | None) -> frozenset[str]:
    if path is None:
        return frozenset()
    with files.explained(f"read {path}"):
        text = path.read_text(encoding="utf-8", errors="replace")
    found = frozenset(match[0] for line in text.splitlines() if (match := _TRACT.search(line)))
    if not found:
        raise ConfigurationError(f"{path}: there is no census tract in it", "A tract has 11 digits, one a line.")
    return found


def _told(reasons: Mapping[str, int]) -> str:
    told = [f"{reason} ({count:,})" for reason, count in list(reasons.items())[:_MOST_REASONS]]
    more = len(reasons) - len(told)
    return "; ".join(told) + (f"; and {more} more reasons" if more else "")


def _write(path: Path, header: Sequence[str], made: Iterable[Iterable[object]]) -> None:
    with files.publish(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(made)
