"""The sync of FMS, killed and starved at many steps: each table is as before it or as after it, nobody's choice is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import fms_reports, fms_rows, geocoders
from tests.fakes.fms_reports import ReportServer
from tests.fakes.fms_rows import Spec, body
from tests.fakes.geocoders import Geocoders

from .fms_station import SYNC, Data, FmsStation, Key
from .injector import DiskFull, ForkServer, FsyncError, Injector, Kill, Step, every_step, restore
from .plans import Plan, check_closed_up, check_recorded, check_told, full_once, kill_after, kill_before, torn_write

JOB = "fms-sync"
SMALL = Spec(vehicles=20, partners=20, loans=150, activity=25, approvals=60, orphans=2)
UNCHANGED = "approved_makes"
NOWHERE = (None, None)
PLANS = [
    Plan("kill before", kill_before, stride=9, offset=0, follow=8),
    Plan("kill after", kill_after, stride=9, offset=4, follow=8),
    Plan("torn write", torn_write, stride=8, offset=1, follow=8),
    Plan("disk full", DiskFull, stride=12, offset=0, follow=8),
    Plan("disk full once", full_once, stride=12, offset=5, follow=8),
    Plan("fsync error", FsyncError, stride=5, offset=0, follow=8),
]


@dataclass
class Night:
    """A station, kept in a template, before a sync: the database before and after it, and the runs in its ledger."""

    station: FmsStation
    template: Path
    runs: int
    before: Data
    after: Data

    @classmethod
    def watched(cls, station: FmsStation, template: Path) -> Night:
        restore(station.root, template)
        runs, before = len(station.ledger()), station.data()
        station.succeed(SYNC)
        return cls(station, template, runs, before, station.data())

    def disturb(self, plan: Plan) -> None:
        """Sync with a fault at every step of ``plan``, and after some of them once more without."""
        station, due, followed = self.station, plan.follow_ups(), 0
        for step in every_step(
            station.injector, SYNC, station.env, plan.fault,
            template=self.template, stride=plan.stride, offset=plan.offset,
        ):  # fmt: skip
            found = station.data()
            self._check(found, step)
            stale = check_recorded(station, step, JOB, self.runs)
            if not isinstance(step.fault, Kill):
                check_told(step)
                told = step.result.returncode != 0 or "what was known stays" in step.result.stderr
                assert found == self.after or told, f"success was claimed: {step}"
            if due(step):
                station.succeed(SYNC)
                assert station.data() == self.after, f"{step}"
                check_closed_up(station, step, stale)
                station.require_whole_bodies()
                assert not station.leftovers(), f"{step}"
                followed += 1
        assert followed

    def _check(self, found: Data, step: Step) -> None:
        for table, rows in found.tables.items():
            assert rows in (self.before.tables.get(table, []), self.after.tables[table]), f"{table}: {step}"
        assert found.choices.items() >= self.before.choices.items(), f"{step}"
        for key, day in found.days.items():
            was = self.before.days.get(key, (None,) * len(day))
            assert day in (was, self.after.days.get(key, was)), f"{key}: {step}"
        for key, place in found.places.items():
            was = self.before.places.get(key, NOWHERE)
            becomes = self.after.places.get(key, was)
            # Who moves is nowhere for a while: the old address would be wrong.
            assert place in ((was,) if was == becomes else (was, becomes, NOWHERE)), f"{key}: {step}"
        self.station.require_whole_bodies()


@pytest.fixture(scope="module")
def server() -> Iterator[ReportServer]:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as serving:
        yield serving


@pytest.fixture(scope="module")
def asked() -> Iterator[Geocoders]:
    with geocoders.serving() as serving:
        yield serving


def _station(root: Path, jobs: ForkServer, server: ReportServer, asked: Geocoders) -> FmsStation:
    station = FmsStation(Injector(root, jobs))
    station.settings = {**server.settings, **asked.settings, "FMS_MAX_REJECTED_PERCENT": "20"}
    station.make_directories()
    return station


@pytest.fixture(scope="module")
def first_night(
    server: ReportServer, asked: Geocoders, jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Night:
    """No database, no ledger, no exports."""
    folder = tmp_path_factory.mktemp("first")
    return Night.watched(_station(folder / "root", jobs, server, asked), folder / "template")


@pytest.fixture(scope="module")
def night(asked: Geocoders, jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Yesterday's exports are stored, and people have chosen; today's differ in all tables but one.

    Partner 0 stays and has both choices, 1 goes and was chosen in the table, 2 comes back, 3 moves, 4 is new.
    """
    folder = tmp_path_factory.mktemp("night")
    with fms_reports.serving(fms_rows.bodies(SMALL)) as server:
        station = _station(folder / "root", jobs, server, asked)
        made = fms_rows.rows(SMALL)
        partners = made["media_partners"]
        keys: list[Key] = [(row[0], row[3].strip()) for row in partners]
        station.succeed(SYNC)
        for number, day in ((0, "sat"), (2, "sun")):
            station.succeed(["ctvpipe", "fms", "preferred-day", *keys[number], day, "--by", "A. Example"])
        station.execute(
            f"UPDATE media_partners SET allowed_start_dows = 'Mon,Wed' WHERE {_is(keys[0])}",
            "UPDATE media_partners SET allowed_start_dows = 'Fri', preferred_day_of_week = 'Sunday',"
            f" preferred_day_source = 'manual' WHERE {_is(keys[1])}",
        )
        server.reports["media_partners"].body = body([row for place, row in enumerate(partners) if place not in {2, 4}])
        station.succeed(SYNC)
        changed = [row for place, row in enumerate(partners) if place != 1]
        changed[2] = [*changed[2][:2], "4711 Sample Elm Ct, Katy, TX", *changed[2][3:]]
        made["loan_history"] = made["loan_history"][10:]
        made["vehicles"][3][4] = made["current_activity"][3][6] = "Changed"
        made["current_activity"][5][4] = "soon"
        for table, rows in {**made, "media_partners": changed}.items():
            server.reports[table].body = body(rows)
        yield Night.watched(station, folder / "template")


def _is(key: Key) -> str:
    return f"person_id = '{key[0]}' AND office = '{key[1]}'"


def test_the_night_has_something_of_everything(night: Night) -> None:
    before, after = night.before, night.after
    assert {table for table, rows in after.tables.items() if rows == before.tables[table]} == {UNCHANGED}
    assert len(after.days.keys() - before.days.keys()) == 2
    assert len(before.days.keys() - after.days.keys()) == 1
    assert before.choices == after.choices
    assert len(after.choices) == 3
    stay = before.days.keys() & after.days.keys()
    assert any(before.days[key] != after.days[key] for key in stay)
    assert [key for key in stay if before.places[key] != after.places[key]]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_each_table_is_before_or_after_at_every_step(plan: Plan, night: Night) -> None:
    night.disturb(plan)


@pytest.mark.parametrize(
    "plan", [Plan(plan.name, plan.fault, plan.stride * 5, plan.offset * 4, plan.follow) for plan in PLANS], ids=str
)
def test_a_first_sync_is_nothing_or_whole_tables_at_every_step(plan: Plan, first_night: Night) -> None:
    first_night.disturb(plan)
