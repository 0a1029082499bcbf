"""One table synced by hand: it is repaired, and the night is still the one that it was."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fakes import fms_reports, fms_rows
from tests.fakes.fms_rows import Spec
from tests.integration.fms_station import FmsStation

SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)


def test_one_table_by_hand_does_not_repair_a_night(tmp_path: Path) -> None:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as server:
        station = FmsStation(tmp_path, settings=server.settings)
        server.reports["vehicles"].status = 404
        assert station.sync_here().code == 4
        partial = station.runs()[0]
        server.reports["vehicles"].status = 200

        done = station.run("fms", "sync", "--table", "vehicles")
        assert (done.code, station.query("SELECT count(*) FROM vehicles")) == (0, [(30,)])
        run = station.runs()[0]
        assert (run.outcome, run.only, run.trigger) == ("success", "vehicles", "manual")
        status = station.run("status")
        assert status.code == 1
        assert "fms-sync: partial just now: 1 of its units failed: vehicles" in status.out
        assert f"Details: ctvpipe runs show {partial.run_id[:8]}" in status.out
        assert json.loads(station.run("fms", "status", "--json").out)["last_sync"]["run_id"] == partial.run_id

        assert station.run("fms", "sync").code == 0
        assert station.run("status").code == 0


def test_a_database_filled_by_one_table_is_missed_as_any_other(tmp_path: Path) -> None:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as server:
        station = FmsStation(tmp_path, settings=server.settings)
        assert station.sync_here(only=["vehicles"]).code == 0
        station.database.unlink()
        missed = station.sync_here()
        assert missed.code == 1
        assert "is missing or empty, but it was filled on" in missed.line("ERROR")
