"""A station whose partners are put into the table directly, and whose nights are nothing but geocoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import database, geocoding
from ctvpipe.pipelines.fms.geocoding import Geocoded
from ctvpipe.pipelines.fms.schema.tables import GEOCODE_CACHE, MEDIA_PARTNERS
from ctvpipe.pipelines.fms.settings import SyncSettings
from ctvpipe.stores import engine, migrate
from tests.integration.fms_station import FmsStation

FIRST = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Watch:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept.append(seconds)


def address(number: int) -> str:
    """An invented address, as FMS writes them."""
    return f"{1200 + number} Sample Oak Dr, Plano, TX"


@dataclass
class Night:
    """What a night has left: how the run ended, what it has reported, said and written, in how many transactions."""

    code: int
    text: str
    made: Geocoded | None
    warnings: list[str]
    statements: list[str] = field(default_factory=list)
    transactions: int = 0

    @property
    def geocoded(self) -> Geocoded:
        assert self.made is not None, self.text
        return self.made

    @property
    def writes(self) -> list[str]:
        """The statements that write a table, temporary ones too."""
        return [text for text in self.statements if text.split()[0] not in {"SELECT", "PRAGMA", "BEGIN"}]


class GeocodingStation(FmsStation):
    """A station with the FMS schema and nothing in it."""

    def __init__(self, root: Path, url: str = "", settings: dict[str, str] | None = None) -> None:
        super().__init__(root, url=url, settings=settings or {})
        self.engine = engine.open_engine(self.url or f"sqlite:///{self.database}")
        with engine.transaction(self.engine) as connection:
            migrate.upgrade(connection, database.MIGRATIONS)

    @property
    def own_settings(self) -> dict[str, str]:
        return {**super().own_settings, "GEOCODER": "census"}

    def put(self, addresses: Iterable[str | None], *, first: int = 1, office: str = "Dallas") -> None:
        """New partners with these addresses, their ids counted from ``first``."""
        rows = [
            {"person_id": str(number), "office": office, "name": f"Partner {number}", "address": text,
             "preferred_day_of_week": "Monday", "updated_at": _LONG_AGO}
            for number, text in enumerate(addresses, first)
        ]  # fmt: skip
        with engine.transaction(self.engine) as connection:
            connection.execute(sa.insert(MEDIA_PARTNERS), rows)

    def move(self, person: int, to: str | None) -> None:
        """Change the address of a partner, as an import does: no other column."""
        with engine.transaction(self.engine) as connection:
            mine = MEDIA_PARTNERS.c.person_id == str(person)
            connection.execute(sa.update(MEDIA_PARTNERS).where(mine).values(address=to))

    def night(
        self,
        now: datetime = FIRST,
        *,
        watch: Watch | None = None,
        before: Callable[[sa.Connection], object] | None = None,
    ) -> Night:
        """Geocode as a run of the sync does, at ``now``; ``watch``: its clock; ``before``: called with the connection."""
        night = Night(-1, "", None, [])
        clock = watch or Watch()

        def count(_: object) -> None:
            night.transactions += 1

        def geocode(run: Run) -> None:
            settings = run.load(SyncSettings)
            with database.session(run, settings) as connection:
                sa.event.listen(connection, "before_cursor_execute", lambda *call: night.statements.append(call[2]))
                sa.event.listen(connection, "begin", count)
                if before is not None:
                    before(connection)
                night.warnings = run.warnings
                night.made = geocoding.run(run, settings, connection, now=now, monotonic=clock, sleep=clock.sleep)
                assert not connection.in_transaction()

        ended = self.here("fms-sync", geocode)
        night.code, night.text = ended.code, ended.text
        return night

    def positions(self) -> dict[int, tuple[float, float] | None]:
        """The coordinates of each partner, by its number."""
        found = sa.select(MEDIA_PARTNERS.c.person_id, MEDIA_PARTNERS.c.latitude, MEDIA_PARTNERS.c.longitude)
        with engine.transaction(self.engine) as connection:
            return {
                int(person): None if latitude is None else (latitude, longitude)
                for person, latitude, longitude in connection.execute(found)
            }

    def statuses(self) -> dict[int, str | None]:
        """What is said of each partner's address."""
        found = sa.select(MEDIA_PARTNERS.c.person_id, MEDIA_PARTNERS.c.geocode_status)
        with engine.transaction(self.engine) as connection:
            return {int(person): status for person, status in connection.execute(found)}

    def cache(self) -> list[Any]:
        """The rows of the cache, by hash."""
        with engine.transaction(self.engine) as connection:
            return list(connection.execute(sa.select(GEOCODE_CACHE).order_by(GEOCODE_CACHE.c.address_hash)))

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of both tables, in order; the same on both stores when they hold the same."""
        made = {}
        with engine.transaction(self.engine) as connection:
            for table in (MEDIA_PARTNERS, GEOCODE_CACHE):
                stored = connection.execute(sa.select(table).order_by(*table.primary_key.columns))
                made[table.name] = [tuple(row) for row in stored]
        return made
