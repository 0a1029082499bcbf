"""A disk that gets full in mid-sync: the tables before are stored, and nobody is told otherwise."""

from __future__ import annotations

from pathlib import Path

from tests.fakes import fms_reports, fms_rows
from tests.fakes.fms_rows import Spec, body, rows
from tests.integration import small_disk
from tests.integration.fms_station import FmsStation

SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)


def test_what_was_committed_before_is_not_denied(tmp_path: Path) -> None:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as server:
        station = FmsStation(tmp_path, settings=server.settings)
        assert station.sync_here(only=["vehicles", "media_partners"]).code == 0
        server.reports["vehicles"].body = body(rows(SMALL)["vehicles"][:25])
        with small_disk.full(station.database, pages=2):
            done = station.sync_here()
        assert done.code == 1
        said = "the FMS database: the disk is full; what it was writing is not stored, what it had committed before is"
        assert said in done.line("ERROR")
        assert station.query("SELECT (SELECT count(*) FROM vehicles), (SELECT count(*) FROM loan_history)") == [(25, 0)]
