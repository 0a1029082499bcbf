"""The import, killed and starved at every step, its child processes included: no file, the old one, or the new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import xlsx_reader

from .injector import DiskFull, ForkServer, FsyncError, Injector, Kill, every_step, restore
from .plans import (
    Plan,
    check_closed_up,
    check_recorded,
    check_status,
    check_told,
    full_in_mid_write,
    full_once,
    kill_after,
    kill_before,
    torn_write,
)
from .station import IMPORT, Station, digest

JOB = "commercial-import"
# Killed before a step is killed after the one before it: together the first two stop it at every point there is.
PLANS = [
    Plan("kill before", kill_before, stride=2, offset=0),
    Plan("kill after", kill_after, stride=2, offset=0),
    Plan("torn write", torn_write, stride=8, offset=1),
    Plan("disk full", DiskFull, stride=8, offset=0),
    Plan("disk full once", full_once, stride=8, offset=3),
    Plan("disk full in mid-write", full_in_mid_write, stride=8, offset=6),
    Plan("fsync error", FsyncError),
]


@dataclass
class Import:
    """A station, kept in a template, before an import, and what is in the daily directory before and after."""

    station: Station
    template: Path
    before: dict[str, str]
    after: dict[str, str]


def daily(station: Station) -> dict[str, str]:
    """What readers of the daily directory find: names and contents, without files in the making."""
    return {path.name: digest(path) for path in station.daily.iterdir() if not path.name.startswith(".")}


@pytest.fixture(scope="module")
def importing(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Import:
    """A second import of the day: an older edition of today's file is there, and yesterday's file."""
    folder = tmp_path_factory.mktemp("import")
    station = Station(Injector(folder / "root", jobs, tree=True))
    station.make_directories()
    station.write_yesterday()
    station.workbook().write_bytes(station.workbook(1).read_bytes())
    station.share_today()
    restore(station.root, folder / "template")
    before = daily(station)
    station.succeed(IMPORT)
    return Import(station, folder / "template", before, daily(station))


def test_the_new_file_has_the_rows_of_the_share(importing: Import) -> None:
    station = importing.station
    restore(importing.template, station.root)
    station.succeed(IMPORT)
    copied, original = (
        xlsx_reader.values(path, "Commercials") for path in (station.workbook(), station.shared_workbook)
    )
    assert len(copied) == 1 + 90 - 6 + 9
    assert [[plain(cell) for cell in row] for row in copied] == [[plain(cell) for cell in row] for row in original]
    assert importing.after == daily(station)
    assert importing.after.keys() == importing.before.keys()
    changed = {name for name in importing.after if importing.after[name] != importing.before[name]}
    assert changed == {station.workbook().name}
    trace = station.injector.run(IMPORT, station.env).trace
    for place in (station.state / "incoming", station.daily):
        assert f"write {place}/" in trace, "the children's steps must be counted"


def plain(cell: xlsx_reader.Cell | None) -> tuple[str, str, str] | None:
    """A cell's value and kind; where a formula stood its result counts."""
    return None if cell is None else (cell.raw, cell.kind, cell.nature)


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_an_import_publishes_nothing_or_all_at_every_step(plan: Plan, importing: Import) -> None:
    station = importing.station
    due, shown, followed = plan.follow_ups(), False, 0
    for step in every_step(
        station.injector, IMPORT, station.env, plan.fault,
        template=importing.template, stride=plan.stride, offset=plan.offset,
    ):  # fmt: skip
        found = daily(station)
        assert found in (importing.before, importing.after), f"{step}"
        stale = check_recorded(station, step, JOB, 0)
        if not isinstance(step.fault, Kill):
            check_told(step)
            assert found == importing.after or step.result.returncode != 0, f"success was claimed: {step}"
            assert not station.leftovers(), f"{step}"
        elif stale and not shown:
            check_status(station, step, stale[0])
            shown = True
        if due(step):
            station.succeed(IMPORT)
            assert daily(station) == importing.after, f"{step}"
            assert not station.leftovers(), f"{step}"
            check_closed_up(station, step, stale)
            followed += 1
    assert followed
