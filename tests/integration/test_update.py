"""The daily update writes the difference, and nothing else; what may not be lost is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from tests.fakes.workbook import Spec, write, write_rows
from tests.fakes.workbook_cells import Row, day, text
from tests.integration.nights import BOOKS, MONTH, PLAIN, by_id, content, month_label_of, night
from tests.integration.station import Station

SMALL = Spec(rows=200, seed=5, decoy_sheets=False)


def test_only_the_difference_is_written_and_unchanged_rows_keep_everything(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    (decided,) = station.query(
        "SELECT spot_id, row_hash FROM spots WHERE comments IS NOT NULL ORDER BY spot_id LIMIT 1"
    )
    station.execute(
        "INSERT INTO language_decisions (row_hash, broadcast_month, language_code, decided_by)"
        f" SELECT row_hash, broadcast_month, 'K', 'traffic' FROM spots WHERE spot_id = {decided[0]}",
        "UPDATE spot_language_assignments SET language_code = 'K', assignment_method = 'manual',"
        f" assigned_date = '2020-02-02 02:02:02' WHERE spot_id = {decided[0]}",
    )
    before = by_id(station)
    decisions = station.query("SELECT * FROM language_decisions")
    changed = [
        *lines[:10],
        lines[10].changed(comments=text("moved to the evening")),
        *lines[12:],
        lines[0],
        lines[20].changed(media=text("A title nobody has seen")),
    ]
    assert night(station, changed).code == 0
    after = by_id(station)

    gone, come = before.keys() - after.keys(), after.keys() - before.keys()
    assert (len(gone), len(come)) == (2, 3)
    assert all(after[spot_id] == before[spot_id] for spot_id in before.keys() & after.keys())
    assert min(come) > max(before)
    assert Counter(line[1:30] for line in after.values()) == Counter(
        tuple(line[1:30] for line in fresh(station, changed).values())
    )
    assert station.query("SELECT * FROM language_decisions") == decisions
    assert station.runs()[0].counters["unchanged"] == 58


def test_who_looks_at_the_plan_and_declines_says_nothing_of_the_night(station: Station, lines: list[Row]) -> None:
    assert station.update_here().code == 1, "there is no workbook"
    write_rows(station.workbook(), lines, spec=PLAIN)
    assert station.update_here(confirm=lambda _question: False).code == 0
    declined, failed = station.runs("daily-update")
    assert (declined.outcome, declined.whole, failed.outcome) == ("skipped", False, "failed")
    done = station.run("status")
    assert done.code == 2
    assert "daily-update: failed just now: there is no workbook in" in done.out


def fresh(station: Station, lines: Iterable[Row]) -> dict[int, tuple[Any, ...]]:
    """What a station that starts afresh makes of the rows."""
    other = Station(station.root / "other")
    assert night(other, lines).code == 0
    return by_id(other)


def test_a_month_that_is_not_in_the_file_is_left_alone(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    before = by_id(station)
    assert night(station, [line for line in lines if month_label_of(line) != "Oct-26"]).code == 0
    assert by_id(station) == before
    assert {line[MONTH] for line in before.values()} == {"Oct-26", "Nov-26", "Dec-26"}


def test_replace_gives_the_same_contents_with_new_ids(station: Station) -> None:
    write(SMALL, station.workbook())
    assert station.update_here().code == 0
    station.execute(
        "INSERT INTO language_decisions (row_hash, broadcast_month, language_code, decided_by)"
        " SELECT row_hash, broadcast_month, 'K', 'traffic' FROM spots ORDER BY spot_id LIMIT 1",
        "UPDATE spot_language_assignments SET language_code = 'K', assignment_method = 'manual', confidence = 1.0,"
        " language_status = 'determined', requires_review = 0, notes = 'decided by traffic' WHERE spot_id = 1",
    )
    before, ids = content(station), set(by_id(station))
    assert station.update_here(strategy="replace").code == 0
    assert content(station) == before
    assert not ids & set(by_id(station)), "ids are never used again"


def test_a_month_that_does_not_end_up_as_the_file_has_it_is_rolled_back(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    station.execute(
        "CREATE TRIGGER eats_spots AFTER INSERT ON spot_language_assignments"
        " BEGIN DELETE FROM spots WHERE spot_id = NEW.spot_id; END"
    )
    before = station.dump()
    result = night(station, [*lines, lines[10].changed(comments=text("one more"))])
    assert result.code == 1
    assert f"{month_label_of(lines[10])}: not the file's rows after the update" in result.line("ERROR")
    assert station.dump() == before


def test_the_batch_says_in_json_what_became_of_each_month(station: Station, hundred: list[Row]) -> None:
    december = hundred[0].changed(broadcast_month=day(date(2026, 12, 1), "mmm-yy"))
    assert night(station, [*hundred[3:], december, december]).code == 0
    *_, (_, months, imported, deleted) = station.query(
        "SELECT import_date, broadcast_months_affected, records_imported, records_deleted FROM import_batches ORDER BY 1"
    )
    assert json.loads(months) == {
        "Oct-26": {"rows": 97, "inserted": 0, "deleted": 3},
        "Dec-26": {"rows": 2, "inserted": 2, "deleted": 0},
    }
    assert (imported, deleted) == (2, 3)


def test_a_second_run_writes_no_data_row(station: Station) -> None:
    write(SMALL, station.workbook())
    assert station.update_here().code == 0
    before = station.dump(without=BOOKS)
    assert station.update_here().code == 0
    assert station.dump(without=BOOKS) == before
    assert len(station.query("SELECT * FROM import_batches")) == 2


def test_a_month_that_lost_41_percent_is_refused_and_nothing_changes(station: Station, hundred: list[Row]) -> None:
    before = station.dump()
    write_rows(station.workbook(), hundred[:59], spec=PLAIN)
    result = station.update()
    assert result.code == 3
    assert "Oct-26 would go from 100 to 59 rows, a loss of 41 %" in result.line("ERROR")
    assert station.dump() == before
    assert station.runs()[0].outcome == "refused"

    assert station.update("--force").code == 0
    assert len(by_id(station)) == 59


def test_a_month_that_lost_exactly_40_percent_is_accepted(station: Station, hundred: list[Row]) -> None:
    assert night(station, hundred[:60]).code == 0
    assert len(by_id(station)) == 60


@pytest.mark.parametrize("left", [
    pytest.param({"revenue_type": text("Trade")}, id="Trade"),
    pytest.param({"air_date": None}, id="without date"),
])  # fmt: skip
def test_a_month_of_which_no_storable_row_is_left_counts_as_lost(
    station: Station, hundred: list[Row], left: dict[str, Any]
) -> None:
    december = hundred[0].changed(broadcast_month=day(date(2026, 12, 1), "mmm-yy"))
    result = night(station, [december, hundred[0].changed(**left)])
    assert result.code == 3
    assert "Oct-26 would go from 100 to 0 rows, a loss of 100 %" in result.line("ERROR")
    assert len(by_id(station)) == 100

    assert night(station, [december, hundred[0].changed(**left)], force=True).code == 0
    assert {line[MONTH] for line in by_id(station).values()} == {"Dec-26"}


def test_rows_that_cannot_be_stored_make_the_run_partial_and_are_named(station: Station, hundred: list[Row]) -> None:
    bad = hundred[49].changed(air_date=text("see order"))
    result = night(station, [*hundred[:49], bad, *hundred[50:]])
    assert result.code == 4
    assert "sheet 'Commercials', row 51, column B (Start Date)" in result.line("ERROR: daily-update")
    assert len(by_id(station)) == 99


def test_amounts_that_cannot_be_read_are_stored_empty_and_listed_with_their_rows(
    station: Station, hundred: list[Row]
) -> None:
    bad = hundred[7].changed(gross_rate=text("ask Ana"))
    assert night(station, [*hundred[:7], bad, *hundred[8:]]).code == 0
    log = (station.log / "ctv-daily-update/update.log").read_text()
    assert "Cannot be read: sheet 'Commercials', row 9, column P (Unit rate Gross)" in log
    assert "ask Ana" not in log, "what a cell holds may be anybody's data"
    assert station.query("SELECT gross_rate FROM spots WHERE comments = 'airing 7'") == [(None,)]
    assert station.runs()[0].counters["unreadable"] == 1
