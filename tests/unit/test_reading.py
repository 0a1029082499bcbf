"""From a workbook to rows of values: what is stored, what is left out, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log import reading
from ctvpipe.pipelines.commercial_log.columns import FIELDS, POSITION
from tests.fakes.workbook_cells import header

PLAIN: dict[str, Any] = {
    "bill_code": "Amber Foods", "air_date": date(2026, 11, 3), "broadcast_month": date(2026, 11, 15), "spot_type": "Com",
    "time_in": time(6, 0), "gross_rate": 40, "market_name": "SFO",
}  # fmt: skip
Line = dict[str, Any]


def read(
    path: Path, lines: Sequence[Line], *, sheets: Sequence[str] = ("Commercials",), percent: float = 5
) -> reading.Log:
    """Write ``lines`` into every sheet, and read them back."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "nan_inf_to_errors": True}) as book:
        clock = book.add_format({"num_format": "h:mm:ss"})
        for name in sheets:
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, header())
            for number, line in enumerate(lines, start=1):
                for field, value in line.items():
                    more = (clock,) if isinstance(value, time) else ()
                    sheet.write(number, POSITION[field], value, *more)
    return reading.read_log(path, tuple(sheets), max_rows=10_000, max_unreadable_percent=percent)


def plain(**changes: Any) -> Line:
    return {**PLAIN, **changes}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.xlsx"


def column(log: reading.Log, field: str) -> list[object]:
    return [row[POSITION[field]] for row in log.rows]


def test_a_row_has_the_values_of_its_columns_in_order(path: Path) -> None:
    (row,) = read(path, [plain()]).rows
    expected: Line = dict.fromkeys(FIELDS) | {
        **PLAIN, "air_date": "2026-11-03", "broadcast_month": "Nov-26", "spot_type": "COM", "time_in": "06:00:00", "gross_rate": 40.0,
    }  # fmt: skip
    assert dict(zip(FIELDS, row, strict=True)) == expected


def test_what_is_left_out_is_counted_by_reason(path: Path) -> None:
    log = read(path, [
        plain(), {}, {"comments": "  "}, plain(bill_code=" "), plain(broadcast_month=""), plain(air_date=""),
        plain(revenue_type=" TRADE "), {"gross_rate": 99.5}, plain(revenue_type="Trade-in"),
    ])  # fmt: skip
    assert len(log.rows) == 2
    assert log.counts == {
        "read": 7, "stored": 2, "blank": 2, "without_bill_code": 2, "without_month": 1, "without_air_date": 1, "trade": 1,
    }  # fmt: skip
    assert log.problems == log.rejected == []


def test_the_month_of_a_row_that_is_left_out_stands_in_the_file(path: Path) -> None:
    log = read(path, [
        plain(revenue_type="Trade", broadcast_month=date(2026, 12, 1)), plain(air_date="", broadcast_month="Jan-27"),
        plain(air_date="see order", broadcast_month="Feb-27"), plain(bill_code="", broadcast_month="Mar-27"), plain(),
    ])  # fmt: skip
    assert log.other_months == {"Dec-26", "Jan-27", "Feb-27"}


def test_unreadable_cells_are_named_and_only_required_ones_cost_the_row(path: Path) -> None:
    log = read(path, [
        plain(), plain(gross_rate="ask Ana"), plain(time_in="ROS"), plain(air_date="see order"), plain(broadcast_month="soon"),
        plain(sequence_number=2.5), plain(end_date="never"),
    ])  # fmt: skip
    assert [str(problem) for problem in log.problems] == [
        "sheet 'Commercials', row 3, column P (Unit rate Gross)",
        "sheet 'Commercials', row 4, column E (Time In)",
        "sheet 'Commercials', row 5, column B (Start Date)",
        "sheet 'Commercials', row 6, column S (Month)",
        "sheet 'Commercials', row 7, column L (Units-Spot count)",
        "sheet 'Commercials', row 8, column C (End Date)",
    ]
    assert [problem.row for problem in log.rejected] == [5, 6]
    assert log.counts["rejected"] == 2
    assert log.unreadable == {
        "gross_rate": 1, "time_in": 1, "air_date": 1, "broadcast_month": 1, "sequence_number": 1, "end_date": 1,
    }  # fmt: skip
    assert column(log, "gross_rate") == [40.0, None, 40.0, 40.0, 40.0]
    assert column(log, "time_in") == ["06:00:00", "06:00:00", "ROS", "06:00:00", "06:00:00"]


@pytest.mark.parametrize("cell", [float("nan"), "Vela:" + 251 * "x"], ids=["an error value", "far too long"])
def test_a_bill_code_that_cannot_be_read_costs_the_row_as_a_date_does(path: Path, cell: object) -> None:
    log = read(path, [plain(), plain(bill_code=cell), plain(bill_code="Vela:" + 250 * "x")])
    assert [str(problem) for problem in log.rejected] == ["sheet 'Commercials', row 3, column A (Bill Code)"]
    assert log.counts == {"read": 3, "stored": 2, "rejected": 1}
    assert log.unreadable == {"bill_code": 1}


def test_the_first_two_hundred_unreadable_cells_are_listed_and_all_are_counted(path: Path) -> None:
    log = read(path, [plain(air_date="see order")] * 201, percent=100)
    assert [len(log.problems), len(log.rejected)] == [200, 200]
    assert log.unreadable["air_date"] == log.counts["rejected"] == 201


def test_whatever_reading_depends_on_is_in_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def key(sha256: str = "abc", sheets: Sequence[str] = ("Commercials",), rows: int = 9, percent: float = 5) -> str:
        return reading.key(sha256, tuple(sheets), max_rows=rows, max_unreadable_percent=percent)

    keys = [key(), key(sha256="abd"), key(sheets=("Pending",)), key(rows=8), key(percent=4)]
    monkeypatch.setattr(reading, "__version__", "999")
    assert len({*keys, key()}) == 6


def test_values_outside_their_domain_keep_the_row_and_are_counted(path: Path) -> None:
    log = read(path, [
        plain(billing_type="Quarterly", affidavit_flag="yes", spot_type="XYZ"), plain(affidavit_flag=True), plain(affidavit_flag="y"),
    ])  # fmt: skip
    assert (column(log, "billing_type"), column(log, "affidavit_flag")) == ([None] * 3, [None, None, "Y"])
    assert column(log, "spot_type") == ["", "COM", "COM"]
    assert log.outside_domain == {"billing_type": 1, "affidavit_flag": 2, "spot_type": 1}


def test_true_is_not_one(path: Path) -> None:
    log = read(
        path, [plain(comments=1), plain(comments=True), plain(comments=1), plain(comments=False), plain(comments=0)]
    )
    assert column(log, "comments") == ["1", "TRUE", "1", "FALSE", "0"]
    assert len(set(log.hashes)) == 4


@pytest.mark.parametrize("changes", [
    {field: value} for field, value in {
        "bill_code": "Ember", "air_date": date(2026, 11, 4), "end_date": date(2026, 11, 3), "day_of_week": "Monday",
        "time_in": time(6, 1), "time_out": time(7, 0), "length_seconds": time(0, 0, 30), "media": "x", "comments": "x",
        "language_code": "M", "format": "x", "sequence_number": 1, "line_number": 1, "spot_type": "BNS", "estimate": "x",
        "gross_rate": 40.01, "make_good": "x", "spot_value": 0, "broadcast_month": date(2026, 12, 1), "broker_fees": 0,
        "priority": 0, "station_net": 0, "sales_person": "x", "revenue_type": "Other", "billing_type": "Calendar",
        "agency_flag": "Agency", "affidavit_flag": "N", "contract": "0", "market_name": "LAX",
    }.items()
], ids=FIELDS)  # fmt: skip
def test_a_change_in_any_column_changes_the_hash(path: Path, changes: Line) -> None:
    log = read(path, [plain(), plain(**changes), plain()])
    assert log.hashes[0] == log.hashes[2] != log.hashes[1]


def test_the_hash_knows_columns_and_types_and_is_the_same_everywhere(path: Path) -> None:
    log = read(
        path,
        [plain(media="a", comments="b"), plain(media="ab"), plain(comments="ab"), plain(media="a\x1fb", comments="")],
    )
    assert len(set(log.hashes)) == 4
    assert [reading.spot_hash(row) for row in log.rows] == log.hashes
    assert reading.spot_hash(("a\x1fsb", "c")) != reading.spot_hash(("a", "b\x1fsc"))
    assert reading.spot_hash(("1",)) != reading.spot_hash((1,)) != reading.spot_hash((1.0,))
    assert reading.spot_hash((None, "a")) == reading.spot_hash(("", "a"))


def test_sheets_are_read_one_after_the_other(path: Path) -> None:
    log = read(path, [plain(), plain(comments="x")], sheets=("Commercials", "Worldlink Lines"))
    assert log.sheets == ["Commercials"] * 2 + ["Worldlink Lines"] * 2
    with pytest.raises(ContractError, match="has no sheet 'Pending'; it has 'Commercials', 'Worldlink Lines'"):
        reading.read_log(path, ("Pending",), max_rows=10, max_unreadable_percent=5)
    assert len(reading.read_log(path, (" commercials",), max_rows=10, max_unreadable_percent=5).rows) == 2


@pytest.mark.parametrize(("bad", "refused"), [(5, False), (6, True)])
@pytest.mark.parametrize(
    "field", ["air_date", "end_date", "gross_rate", "spot_value", "broadcast_month", "station_net"]
)
def test_a_column_may_be_unreadable_to_five_percent(path: Path, field: str, bad: int, refused: bool) -> None:
    lines = [plain() for _ in range(100 - bad)] + [plain(**{field: "see order"}) for _ in range(bad)]
    if not refused:
        assert read(path, lines).unreadable == {field: 5}
        return
    with pytest.raises(
        ContractError, match=r"sheet 'Commercials', column \w+ \(.*\): 6 of 100 rows .* the first is row 96"
    ):
        read(path, lines)


def test_a_sheet_with_more_rows_than_allowed_is_refused(path: Path) -> None:
    read(path, [plain() for _ in range(11)])
    assert len(reading.read_log(path, ("Commercials",), max_rows=11, max_unreadable_percent=5).rows) == 11
    with pytest.raises(ContractError, match="sheet 'Commercials' has 11 rows, more than the 10 allowed"):
        reading.read_log(path, ("Commercials",), max_rows=10, max_unreadable_percent=5)


def test_rows_keep_their_numbers_over_gaps_and_chunks(path: Path) -> None:
    lines: list[Line] = [plain()] * 1500 + [{}] * 3 + [plain(gross_rate="x")]
    log = read(path, lines)
    assert [problem.row for problem in log.problems] == [1505]
    assert log.counts["blank"] == 3
