"""The sync of the directory, killed and starved at many steps: whole versions, none lost, and the next night goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.campus import Spec
from tests.integration.directory_station import Campus, campus_with, ldap_serving
from tests.integration.ldap_server import LdapServer

from .directory_station import SILVER, SYNC, Data, DirectoryStation
from .injector import DiskFull, ForkServer, FsyncError, Injector, Kill, Step, every_step, restore
from .plans import Plan, check_closed_up, check_recorded, check_told, full_once, kill_after, kill_before, torn_write

JOB = "directory-sync"
SMALL = Spec(people=30, departments=12, groups=6)
PLANS = [
    Plan("kill before", kill_before, stride=19, offset=0, follow=8),
    Plan("kill after", kill_after, stride=19, offset=9, follow=8),
    Plan("torn write", torn_write, stride=17, offset=1, follow=8),
    Plan("disk full", DiskFull, stride=23, offset=0, follow=8),
    Plan("disk full once", full_once, stride=23, offset=9, follow=8),
    Plan("fsync error", FsyncError, stride=13, offset=0, follow=8),
]
# What the first night does not see of the directories.
FEWER = {
    "MCOMMUNITY_LDAP_FILTER": "(&(uid=*)(!(uidNumber=990008))(!(uidNumber=990011)))",
    "AD_FILTER": "(&(objectClass=adGroup)(!(cn=ex-group-0002)))",
}


@dataclass
class Night:
    """A station, kept in a template, before a sync: the database before and after it, and the runs in its ledger."""

    station: DirectoryStation
    template: Path
    runs: int
    before: Data
    after: Data

    @classmethod
    def watched(cls, station: DirectoryStation, template: Path) -> Night:
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
                is_done = (found.latest, found.silver) == (self.after.latest, self.after.silver)
                assert step.result.returncode != 0 or is_done, f"success was claimed: {step}"
            if due(step):
                station.succeed(SYNC)
                done = station.data()
                assert done.latest == self.after.latest, f"{step}"
                assert done.versions == self.after.versions, f"none twice, none out of turn: {step}"
                assert done.asked == self.after.asked, f"{step}"
                assert done.silver == self.after.silver, f"{step}"
                check_closed_up(station, step, stale)
                assert not station.leftovers(), f"{step}"
                followed += 1
        assert followed

    def _check(self, found: Data, step: Step) -> None:
        for stream, whole in self.after.versions.items():
            there, before = found.versions.get(stream, []), self.before.versions.get(stream, [])
            assert there == whole[: len(there)], f"{stream}: {step}"
            assert len(there) >= len(before), f"{stream}: {step}"
        for entity, records in found.silver.items():
            before, after = self.before.silver.get(entity, {}), self.after.silver[entity]
            for key, row in records.items():
                assert row in (before.get(key), after.get(key)), f"{entity} {key}: {step}"
            assert before.keys() <= records.keys(), f"{step}"
        for which, count in found.runs.items():
            if count == self.after.runs[which]:
                _, *brought = which
                made = tuple(brought)
                if made in SILVER:
                    assert found.silver[made] == self.after.silver[made], f"{which}: {step}"
                else:
                    assert found.versions.get(made) == self.after.versions[made], f"{which}: {step}"
        assert found.asked <= self.after.asked, f"{step}"


@pytest.fixture(scope="module")
def ldap() -> Iterator[LdapServer]:
    with ldap_serving(SMALL) as server:
        yield server


def _station(root: Path, jobs: ForkServer, campus: Campus, **more: str) -> DirectoryStation:
    station = DirectoryStation(Injector(root, jobs))
    station.settings = {**campus.settings, "MCOMMUNITY_LDAP_MAX_RESULTS": "0", **more}
    station.make_directories()
    return station


@pytest.fixture(scope="module")
def night(jobs: ForkServer, ldap: LdapServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The campus was known; since then, in every source, something is new, something has changed and something is gone."""
    folder = tmp_path_factory.mktemp("night")
    with campus_with(ldap, SMALL) as campus:
        new_department, new_employee = campus.um.lists["DeptData"].pop(3), campus.um.lists["DeptEmpData"].pop(2)
        new_account, new_person = campus.tdx.accounts.popitem(), campus.tdx.people.popitem()
        station = _station(folder / "root", jobs, campus, DIRECTORY_MAX_LOSS_PERCENT="60", **FEWER)
        station.succeed(SYNC)
        station.settings = {**station.settings, "MCOMMUNITY_LDAP_FILTER": "(!(uidNumber=990007))"}
        station.settings["AD_FILTER"] = "(&(objectClass=adGroup)(!(cn=ex-group-0001)))"
        for found, new, name in (
            (campus.um.lists["DeptData"], new_department, "DeptDescription"),
            (campus.um.lists["DeptEmpData"], new_employee, "Name"),
        ):
            found[1] = {**found[1], name: "Changed"}
            del found[0]
            found.append(new)
        for held, (key, item), name in (
            (campus.tdx.accounts, new_account, "Notes"),
            (campus.tdx.people, new_person, "FullName"),
        ):
            first, second, *_ = held
            held[second] = {**held[second], name: "Changed"}
            del held[first]
            held[key] = item
        yield Night.watched(station, folder / "template")


@pytest.fixture(scope="module")
def first_night(jobs: ForkServer, ldap: LdapServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """No database, no ledger."""
    folder = tmp_path_factory.mktemp("first")
    with campus_with(ldap, SMALL) as campus:
        yield Night.watched(_station(folder / "root", jobs, campus), folder / "template")


def test_the_night_has_something_of_everything(night: Night) -> None:
    before, after = night.before.latest, night.after.latest
    for stream in night.after.versions:
        was, has = ({key: row for key, row in side.items() if key[:2] == stream} for side in (before, after))
        assert has.keys() - was.keys(), f"new: {stream}"
    gone = {key[:2] for key, row in after.items() if row[1] is None}
    changed = {key[:2] for key, row in after.items() if key in before and before[key] != row and row[1] is not None}
    lists = {stream for stream in night.after.versions if not stream[0].endswith("_detail")}
    assert gone == lists
    assert changed >= {stream for stream in night.after.versions if stream[1] in {"umich_api", "tdx"}}
    for entity, rows in night.after.silver.items():
        before_it = night.before.silver[entity]
        assert rows.keys() - before_it.keys(), f"new: {entity}"
        assert any(rows[key] != row for key, row in before_it.items()), f"changed: {entity}"


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_versions_are_whole_and_in_turn_at_every_step(plan: Plan, night: Night) -> None:
    night.disturb(plan)


@pytest.mark.parametrize(
    "plan", [Plan(plan.name, plan.fault, plan.stride * 5, plan.offset * 4, plan.follow) for plan in PLANS], ids=str
)
def test_a_first_sync_too(plan: Plan, first_night: Night) -> None:
    first_night.disturb(plan)
