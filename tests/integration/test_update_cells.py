"""The big workbook: every cell against an independent reading of the file and the rules of the facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import xlsx_reader
from tests.fakes.workbook import Spec, Summary, write
from tests.fakes.xlsx_reader import Cell, Kind, Nature, to_date, to_seconds
from tests.integration.nights import BOOKS, FIELDS
from tests.integration.station import Result, Station


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Station, Summary, Result]:
    """The station after its first night with the whole workbook."""
    station = Station(tmp_path_factory.mktemp("big"))
    summary = write(Spec(rows=15_576), station.workbook())
    result = station.run_measured("update", "--unattended")
    assert result.code == 0, result.text
    return station, summary, result


def test_every_storable_row_of_the_big_workbook_is_stored_cell_by_cell(big: tuple[Station, Summary, Result]) -> None:
    station, summary, _ = big
    sheet = xlsx_reader.values(station.workbook(), "Commercials")
    expected = [line for row in sheet[1:] if (line := storable(row)) is not None]
    stored = station.query(f"SELECT {', '.join(FIELDS)} FROM spots ORDER BY spot_id")

    assert (summary.trade, summary.spots) == (44, 15_532)
    assert len(stored) == len(expected) == 15_532
    assert Counter(map(typed, stored)) == Counter(map(typed, expected))
    filled = {field for line in expected for field, value in zip(FIELDS, line, strict=True) if value not in (None, "")}
    assert filled == set(FIELDS), "the workbook tries every column"


def test_the_big_run_counts_and_says_what_it_did(big: tuple[Station, Summary, Result]) -> None:
    station, summary, result = big
    (run,) = station.runs()
    assert {name: run.counters[name] for name in ("rows", "inserted", "trade", "deleted", "unchanged", "rejected")} == {
        "rows": 15_532, "inserted": 15_532, "trade": 44, "deleted": 0, "unchanged": 0, "rejected": 0,
    }  # fmt: skip
    assert re.search(
        r"SUCCESS: daily-update: .*Duration: \d+\.\d s", (station.log / "ctv-daily-update/update.log").read_text()
    )
    assert "SUCCESS" in (station.log / "ctv-daily-update/wrapper.log").read_text()
    assert len(station.query("SELECT DISTINCT broadcast_month FROM spots")) == len(summary.months)
    assert result.memory_mib < 300


def test_the_second_night_with_the_same_big_workbook_writes_no_data_row(big: tuple[Station, Summary, Result]) -> None:
    station, _, _ = big
    before = station.dump(without=BOOKS)
    result = station.update()
    assert result.code == 0, result.text
    assert station.dump(without=BOOKS) == before
    assert station.runs()[0].counters["unchanged"] == 15_532


def typed(line: Iterable[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((type(value).__name__, value) for value in line)


def storable(cells: list[Cell | None]) -> tuple[Any, ...] | None:
    """What the facts (3.4, 3.5) make of a row of the sheet; ``None`` for a row that is not stored."""
    padded = [*cells, *[None] * len(FIELDS)][: len(FIELDS)]
    line = {field: ORACLES.get(field, plain)(cell) for field, cell in zip(FIELDS, padded, strict=True)}
    if not line["bill_code"] or not line["air_date"] or not line["broadcast_month"]:
        return None
    if (line["revenue_type"] or "").lower() == "trade":
        return None
    return tuple(line.values())


def plain(cell: Cell | None) -> str | None:
    if cell is None or cell.kind is Kind.BLANK:
        return None
    if cell.kind is Kind.NUMBER:
        assert cell.nature is Nature.NUMBER
        number = Decimal(cell.raw)
        return str(int(number)) if number == int(number) else repr(float(cell.raw))
    return cell.raw.strip() or None


def calendar_day(cell: Cell | None) -> str | None:
    if cell is not None and cell.kind is Kind.NUMBER:
        return to_date(cell.raw).isoformat()
    written = plain(cell)
    if written is None or re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        return written
    month, day_number, year = (int(part) for part in written.split("/"))
    return date(year + (2000 if year < 100 else 0), month, day_number).isoformat()


def clock(cell: Cell | None) -> str | None:
    if cell is not None and cell.kind is Kind.NUMBER:
        seconds = to_seconds(cell.raw)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    written = plain(cell)
    if written is None:
        return None
    if written.endswith("M"):
        return datetime.strptime(written, "%I:%M:%S %p").strftime("%H:%M:%S")
    return written if len(written) == len("07:00:00") else f"0{written}"


def amount(cell: Cell | None) -> float | None:
    if cell is not None and cell.kind is Kind.NUMBER:
        return float(cell.raw)
    written = (plain(cell) or "").replace("$", "").replace(",", "")
    if not written:
        return None
    return -float(written[1:-1]) if written.startswith("(") else float(written)


def whole(cell: Cell | None) -> int | None:
    written = plain(cell)
    return None if written is None else int(written)


def month(cell: Cell | None) -> str | None:
    written = plain(cell) if cell is None or cell.kind is not Kind.NUMBER else to_date(cell.raw).isoformat()
    if written is None or re.fullmatch(r"[A-Z][a-z]{2}-\d\d", written):
        return written
    shape = "%m/%d/%Y" if "/" in written else "%Y-%m-%d"
    return datetime.strptime(written, shape).strftime("%b-%y")


def spot_type(cell: Cell | None) -> str:
    written = (plain(cell) or "").upper()
    known = {"SPOT": "COM", "COMMERCIAL": "COM", "BONUS": "BNS", "PROD": "PRD", "PROGRAM": "PRG", "SERVICE": "SVC"}
    code = known.get(written, written)
    return code if code in {"AV", "BB", "BNS", "COM", "CRD", "PKG", "PRD", "PRG", "SVC"} else ""


def revenue_type(cell: Cell | None) -> str | None:
    written = plain(cell)
    return "Internal Ad Sales" if written in {"A&O", "A and O", "a & o", "A/O", "A.&.O.", "A - O"} else written


def one_of(*domain: str) -> Any:
    def read(cell: Cell | None) -> str | None:
        written = (plain(cell) or "").lower()
        return next((value for value in domain if value.lower() == written), None)

    return read


ORACLES: dict[str, Any] = {
    "air_date": calendar_day, "end_date": calendar_day, "broadcast_month": month,
    "time_in": clock, "time_out": clock, "length_seconds": clock,
    "sequence_number": whole, "line_number": whole, "priority": whole,
    "gross_rate": amount, "spot_value": amount, "broker_fees": amount, "station_net": amount,
    "spot_type": spot_type, "revenue_type": revenue_type,
    "billing_type": one_of("Calendar", "Broadcast"), "affidavit_flag": one_of("Y", "N"),
}  # fmt: skip
