"""A step of the directory by hand: it is done, and the night is still the one that it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import um_api
from tests.fakes.campus import Spec
from tests.integration.directory_station import DirectoryStation

SMALL = Spec(people=20, departments=6)


@pytest.mark.parametrize(
    ("words", "only"),
    [
        (["ingest", "umapi-departments"], "ingest umapi-departments"),
        (["transform", "departments", "groups"], "transform departments, transform groups"),
        (["sync", "--limit", "3"], "the first 3 of each step"),
        (["ingest", "umapi-departments", "--limit", "2"], "ingest umapi-departments, the first 2 of each step"),
    ],
)
def test_a_step_by_hand_does_not_repair_a_night(tmp_path: Path, words: list[str], only: str) -> None:
    with um_api.serving(SMALL) as api:
        station = DirectoryStation(tmp_path, settings=api.settings)
        api.fail("DeptData", "403")
        assert station.sync_here().code == 4
        api.heal()
        assert station.run("directory", *words).code == 0
        run = station.runs()[0]
        assert (run.outcome, run.only) == ("success", only)
        assert "directory-sync: partial just now" in station.run("status").out
        assert station.sync_here().code == 0
        assert station.run("status").code == 0
