"""The FMS database with partners, loans and choices as a night leaves them, and how they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from ctvpipe.pipelines.fms.database import MIGRATIONS
from ctvpipe.pipelines.fms.schema.tables import LOAN_HISTORY, MEDIA_PARTNERS, PARTNER_CHOICES
from ctvpipe.stores import engine, migrate
from tests.integration.fms_station import FmsStation

T = TypeVar("T")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
AS_OF = date(2026, 11, 27)
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


@dataclass(frozen=True)
class Partners:
    """The database of ``station``, its schema made."""

    station: FmsStation

    def __post_init__(self) -> None:
        with self.transaction() as connection:
            migrate.upgrade(connection, MIGRATIONS)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        url = self.station.url or f"sqlite:///{self.station.database}"
        with engine.transaction(engine.open_engine(url)) as connection:
            yield connection

    def do(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What ``work(connection, …)`` gives, in a transaction of its own."""
        with self.transaction() as connection:
            return work(connection, *arguments, **named)

    def add(self, person_id: str, office: str = "Dallas", **columns: Any) -> None:
        """A partner; ``day``, ``source``, ``confidence`` and ``allowed`` for short."""
        short = {
            "day": "preferred_day_of_week",
            "source": "preferred_day_source",
            "confidence": "preferred_day_confidence",
            "allowed": "allowed_start_dows",
        }
        values = {short.get(name, name): value for name, value in columns.items()}
        row = {"person_id": person_id, "office": office, "name": f"A. Example {person_id}", "updated_at": LONG_AGO}
        self.do(lambda connection: connection.execute(sa.insert(MEDIA_PARTNERS).values(row | values)))

    def set(self, person_id: str, **columns: Any) -> None:
        """Change partners as people do it, straight in the table."""
        update = sa.update(MEDIA_PARTNERS).where(MEDIA_PARTNERS.c.person_id == person_id)
        self.do(lambda connection: connection.execute(update.values(columns)))

    def leave(self, person_id: str) -> None:
        """Delete a partner, as the load does with one that the export does not hold any more."""
        gone = sa.delete(MEDIA_PARTNERS).where(MEDIA_PARTNERS.c.person_id == person_id)
        self.do(lambda connection: connection.execute(gone))

    def lend(self, person_id: str | None, days: dict[int, int], office: str | None = "Dallas") -> None:
        """Recent loans, how many by weekday."""
        starts = [
            date(2026, 6, 1) + timedelta(days=number, weeks=week)
            for number, count in days.items()
            for week in range(count)
        ]
        self.lend_on(person_id, starts, office)

    def lend_on(self, person_id: str | None, starts: Iterable[date], office: str | None = "Dallas") -> None:
        """Loans that start on the days given."""
        first = int(self.station.query("SELECT count(*) FROM loan_history")[0][0])
        rows = [
            {
                "activity_id": str(number),
                "vin": "1EXAMPLE0VIN00001",
                "person_id": person_id,
                "office": office,
                "start_date": start,
                "end_date": start + timedelta(days=7),
                "updated_at": LONG_AGO,
            }
            for number, start in enumerate(starts, first + 1)
        ]
        self.do(lambda connection: connection.execute(sa.insert(LOAN_HISTORY), rows))

    def return_loans(self) -> None:
        """Take all loans out of the history."""
        self.do(lambda connection: connection.execute(sa.delete(LOAN_HISTORY)))

    def days(self) -> dict[str, tuple[str | None, float | None, str | None]]:
        """Day, confidence and source of the partners, by person and office."""
        c = MEDIA_PARTNERS.c
        columns = (c.person_id, c.office, c.preferred_day_of_week, c.preferred_day_confidence, c.preferred_day_source)
        rows = self.do(lambda connection: connection.execute(sa.select(*columns)).all())
        return {f"{person} {office}": (day, share, source) for person, office, day, share, source in rows}

    def allowed(self) -> dict[str, str | None]:
        """The allowed start days by person."""
        found = self.station.query("SELECT person_id, allowed_start_dows FROM media_partners")
        return {person: allowed for person, allowed in found}  # noqa: C416  (pairs, not rows)

    def written(self) -> set[str]:
        """The persons whose row was written since it was made."""
        c = MEDIA_PARTNERS.c
        changed = sa.select(c.person_id).where(c.updated_at != LONG_AGO)
        return set(self.do(lambda connection: connection.execute(changed).scalars().all()))

    def choices(self) -> set[tuple[Any, ...]]:
        """The choices: person, office, day, allowed days, who."""
        c = PARTNER_CHOICES.c
        columns = (c.person_id, c.office, c.preferred_day_of_week, c.allowed_start_dows, c.chosen_by)
        return {tuple(row) for row in self.do(lambda connection: connection.execute(sa.select(*columns)).all())}
