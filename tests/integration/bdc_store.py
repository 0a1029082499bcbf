"""A BDC database without a station: records made by hand, a writer, and what the tables hold after it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.bdc.batch import Context, Unit
from ctvpipe.pipelines.bdc.database import MIGRATIONS
from ctvpipe.pipelines.bdc.prefix import Prefix
from ctvpipe.pipelines.bdc.records import CoordStatus, Customer, Detail, Group, Item, Place, Service
from ctvpipe.pipelines.bdc.rows import Names
from ctvpipe.pipelines.bdc.schema.tables import Tables
from ctvpipe.pipelines.bdc.settings import DatabaseSettings
from ctvpipe.pipelines.bdc.writer import Writer
from ctvpipe.stores import engine, migrate
from tests.integration.station import query

S = TypeVar("S", bound=DatabaseSettings)
NOW = datetime(2030, 6, 30, 5, 30, tzinfo=UTC)
NAMES = Names({12: ("Demo CPE 5G", 3, "Demo Radios Inc")})
LOG = logging.getLogger("tests.bdc")


def customer(number: int, **changes: Any) -> Customer:
    """An invented customer; ``changes``: what is different of this one."""
    made = {
        "status": "Active",
        "name": f"Orla Test {number}",
        "address": f"{number} Example Rd",
        "street2": None,
        "city": "Port Alder",
        "state": "WA",
        "zip": "01999",
        "plus4": "0001",
        "country": None,
        "source": None,
        "place": Place(CoordStatus.OK, round(47.1 + number / 1000, 6), round(-120.2 - number / 1000, 6)),
    } | changes
    return Customer(id=number, row_hash=str(hash(tuple(map(str, made.values())))), **made)


def service(number: int, **changes: Any) -> Service:
    """An invented service."""
    made = {
        "service_id": 31,
        "name": "Home 100",
        "type": "recurring",
        "application": "debit",
        "amount": Decimal("59.10"),
        "quantity": 1,
        "active": True,
        "data_service": True,
        "voice_service": False,
        "download_kbps": 100_000,
        "upload_kbps": 20_000,
        "technology_code": 70,
    } | changes
    return Service(relationship_id=number, **made)


def detail(number: int, **changes: Any) -> Detail:
    """The detail of customer ``number``: a service, a group, an item."""
    made = {
        "account_type_id": 1,
        "account_type": "residential",
        "country": "US",
        "block_fips": "539990001001000",
        "deleted": False,
        "groups": (Group(4, "Wireless"),),
        "services": (service(7000 + number),),
        "items": (item(5000 + number, number),),
    } | changes
    return Detail(customer_id=number, **made)


def item(number: int, owner: int | None, **changes: Any) -> Item:
    """An invented piece of equipment."""
    made = {"model_id": 12, "status": "functional", "condition": "new"} | changes
    return Item(id=number, customer_id=owner, **made)


def unit(number: int, removed_at: datetime | None = None, **changes: Any) -> Unit:
    """A customer with its detail; ``changes``: of the detail."""
    return Unit(customer(number), detail(number, **changes), removed_at)


class Store:
    """The database at ``address``: the path of an SQLite file that is yet to be, or a PostgreSQL URL."""

    def __init__(self, address: str, prefix: str = "sonar.") -> None:
        self.address, self.prefix = address, prefix
        self.is_file = "://" not in address
        if self.is_file and not Path(address).exists():
            engine.create_database_file(Path(address))
        self.home = Prefix.parse(prefix).home(sqlite=self.is_file)
        self.tables = Tables.of(self.home, points=not self.is_file)
        self.opened = engine.open_engine(f"sqlite:///{address}" if self.is_file else address)
        with engine.transaction(self.opened) as connection:
            migrate.upgrade(connection, MIGRATIONS, self.home)

    @contextmanager
    def writer(self, *, now: datetime = NOW, size: int = 2, interval: int = 4, **more: Any) -> Iterator[Writer]:
        """A writer with a connection of its own; what it has not committed is rolled back."""
        active: Mapping[str, bool] = {"active": True, "inactive": False}
        with self.opened.connect() as connection:
            context = Context(self.tables, now, NAMES, active)
            lock = more.pop("lock", lambda: None)
            yield Writer(connection, context, size, interval, lock, LOG, **more)

    def write(self, units: Iterable[Unit], **how: Any) -> Writer:
        """Write and commit ``units``."""
        with self.writer(**how) as writer:
            for each in units:
                writer.add(each)
            writer.commit()
        return writer

    def rows(self, table: str, columns: str = "*", more: str = "") -> list[tuple[Any, ...]]:
        """What a table holds, sorted, read without the product's code."""
        return sorted(query(self.address, f"SELECT {columns} FROM {self.home}{table} {more}"), key=repr)

    def settings(self, cls: type[S], **variables: str) -> S:
        """Settings that name this database."""
        prefix = {"BDC_PREFIX": self.prefix}
        return Environment(database_settings(self.address) | prefix | variables).load(cls)

    def content(self, *, stamps: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of six of the tables; ``stamps``: with the instants at which they were written."""
        found = {}
        for name in ("customers", "inventory_items", "customer_inventory", "groups", "customer_groups", "services"):
            table: sa.Table = getattr(self.tables, name)
            columns = [c.name for c in table.c if stamps or c.name not in {"first_seen", "last_updated"}]
            found[name] = self.rows(name, ", ".join(columns))
        return found


def database_settings(address: str) -> dict[str, str]:
    """The variables that name the database at ``address``."""
    if "://" not in address:
        return {"BDC_DATABASE_PATH": address}
    parts = urlsplit(address)
    named = {"HOST": parts.hostname, "PORT": parts.port, "DB": parts.path[1:], "USER": parts.username}
    return {f"POSTGRES_{name}": str(value) for name, value in named.items()} | {
        "POSTGRES_PASSWORD": unquote(parts.password or "")
    }
