"""A workbook that was applied before is not read again, and that never shows in the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.workbook import Spec, rows, text, write_rows
from tests.integration.station import Result, Station

NOT_READ = "it is not read again"
SPEC = Spec(rows=60, seed=3)
MONTH = "(SELECT min(broadcast_month) FROM spots)"


@pytest.fixture
def workbook(any_station: Station, tmp_path: Path) -> Path:
    """A small workbook, applied once."""
    path = tmp_path / "Commercial Log 261122.xlsx"
    write_rows(path, rows(SPEC), spec=SPEC)
    assert _update(any_station, path).code == 0
    return path


def _update(station: Station, path: Path) -> Result:
    return station.run("update", "--unattended", "--file", str(path))


def _spots(station: Station) -> list[tuple[Any, ...]]:
    return sorted(
        station.query("SELECT row_hash, broadcast_month, spot_category, bill_code, customer_id FROM spots"), key=repr
    )


def _counters(station: Station) -> dict[str, Any]:
    """What does not depend on whether rows had to be written."""
    counters = station.runs("daily-update")[0].counters
    return {
        name: counters[name]
        for name in counters
        if name not in {"inserted", "unchanged", "categorised", "to_review", "new_markets"}
    }


def test_the_second_run_does_not_read_and_says_the_same(any_station: Station, workbook: Path) -> None:
    spots, counters, warnings = (
        _spots(any_station),
        _counters(any_station),
        any_station.runs("daily-update")[0].warnings,
    )
    assert NOT_READ in _update(any_station, workbook).text
    assert (_spots(any_station), _counters(any_station)) == (spots, counters)
    assert any_station.runs("daily-update")[0].warnings == warnings


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM spots WHERE spot_id = (SELECT min(spot_id) FROM spots)",
        "UPDATE spots SET row_hash = (SELECT row_hash FROM spots ORDER BY spot_id DESC LIMIT 1) WHERE spot_id = (SELECT min(spot_id) FROM spots)",
        f"DELETE FROM spots WHERE broadcast_month = {MONTH}",
    ],
)
def test_a_month_that_is_not_as_it_was_left_is_made_right_again(
    any_station: Station, workbook: Path, damage: str
) -> None:
    spots = _spots(any_station)
    any_station.execute(damage)
    assert _spots(any_station) != spots
    done = _update(any_station, workbook)
    assert done.code == 0
    assert NOT_READ not in done.text
    assert _spots(any_station) == spots


def test_a_month_closed_since_is_left_alone(any_station: Station, workbook: Path) -> None:
    ((month,),) = any_station.query("SELECT min(broadcast_month) FROM spots")
    assert any_station.run("months", "close", month, "--by", "a test", "--yes").code == 0
    spots = any_station.dump()["spots"]
    done = _update(any_station, workbook)
    assert NOT_READ in done.text
    assert any_station.dump()["spots"] == spots
    closed = any_station.query(f"SELECT count(*) FROM spots WHERE broadcast_month = '{month}'")
    assert any_station.runs("daily-update")[0].counters["filtered_closed"] == closed[0][0]


def test_what_people_added_since_is_applied(any_station: Station, workbook: Path) -> None:
    ((code,),) = any_station.query("SELECT min(bill_code) FROM spots WHERE bill_code NOT LIKE '%:%'")
    any_station.execute(f"INSERT INTO customers (normalized_name, created_by) VALUES ('{code}', 'a test')")
    assert NOT_READ in _update(any_station, workbook).text
    assert any(spot[-1] is not None for spot in _spots(any_station))


def test_other_bytes_or_other_settings_are_read(any_station: Station, workbook: Path) -> None:
    lines = list(rows(SPEC))
    write_rows(workbook, [*lines, lines[0]], spec=SPEC)
    assert NOT_READ not in _update(any_station, workbook).text
    assert NOT_READ in _update(any_station, workbook).text
    any_station.settings["COMMERCIAL_MAX_ROWS"] = "5000"
    assert NOT_READ not in _update(any_station, workbook).text


def test_a_night_with_rejected_rows_stays_partial(any_station: Station, workbook: Path) -> None:
    lines = [line.changed(air_date=text("some day")) if number == 5 else line for number, line in enumerate(rows(SPEC))]
    write_rows(workbook, lines, spec=SPEC)
    first = _update(any_station, workbook)
    message = any_station.runs("daily-update")[0].message
    second = _update(any_station, workbook)
    assert (first.code, second.code) == (4, 4)
    assert NOT_READ in second.text
    assert any_station.runs("daily-update")[0].message == message
