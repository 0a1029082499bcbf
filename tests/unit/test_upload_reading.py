"""Uploaded workbooks become rows and rejects: headers as they come, blanks as nothing, the first row of a key kept."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.fms import upload_layouts, upload_reading
from ctvpipe.pipelines.fms.upload_layouts import BUDGETS, OPERATIONS
from ctvpipe.pipelines.fms.upload_reading import SheetRows
from tests.fakes import uploads, workbook_hostile
from tests.fakes.workbook_raw import cell_xml, row_xml, sheet_xml, write_package

CONTENT_TYPES = "[Content_Types].xml"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACRO_TYPE = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "upload.xlsx"


def budgets(path: Path, *rows: Any, header: Any = uploads.BUDGET_HEADER) -> SheetRows:
    (found,) = upload_reading.read(uploads.budgets(path, rows, header=header), BUDGETS)
    return found


def operations(path: Path, **content: Any) -> dict[str, SheetRows]:
    found = upload_reading.read(uploads.operations(path, **content), OPERATIONS)
    return {sheet.table: sheet for sheet in found}


def told(sheet: SheetRows) -> list[str]:
    return [str(reject) for reject in sheet.rejects]


def test_operations_are_read_as_people_write_them(path: Path) -> None:
    found = operations(path)
    assert list(found) == ["ops_capacity", "holiday_blackout_dates", "rules"]
    assert found["ops_capacity"].rows == [("Dallas", 5, "two vans"), ("Los Angeles", 12, None), ("Reno", None, None)]
    assert found["holiday_blackout_dates"].rows == [
        ("Dallas", date(2026, 12, 25), "Christmas Day", "Federal", True, None, None, "closed"),
        ("Dallas", date(2026, 7, 3), "Eve of the Fourth", "Office", False, time(12, 30), time(17), None),
        ("Reno", date(2026, 11, 26), "Thanksgiving", None, True, None, None, None),
        ("Reno", date(2026, 12, 31), "New Year's Eve", None, None, time(15), time(23, 59), None),
    ]
    assert found["rules"].rows == [
        ("Toyota", "A+", 12, "0.5", 60, "Soft", "No more than one a month", None),
        ("Mazda", "B", None, None, None, "Hard", None, "to be agreed"),
        ("Mazda", "C", 1, "one in three", 30, None, None, None),
    ]
    assert [(sheet.read, sheet.accepted, told(sheet)) for sheet in found.values()] == [
        (3, 3, []),
        (4, 4, []),
        (3, 3, []),
    ]


def test_budgets_are_read_as_people_write_them(path: Path) -> None:
    found = budgets(path, *uploads.BUDGET_ROWS)
    assert found.fields == ("office", "fleet", "year", "quarter", "budget_amount", "amount_used")
    assert found.rows == [
        ("Dallas", "TOYOTA", 2026, "Q1", 12500.0, 4000.5),
        ("Dallas", "VOLKSWAGEN", 2026, "Q2", 1234.5, None),
        ("Los Angeles", "CHEVROLET", 2026, "Q3", None, 0.0),
    ]
    assert told(found) == []


def test_749_budgets_are_749_rows(path: Path) -> None:
    found = budgets(path, *uploads.many_budgets(749))
    assert (found.read, len(found.rows), found.duplicates, told(found)) == (749, 749, [], [])


def test_without_a_column_for_what_was_used_there_is_no_such_field(path: Path) -> None:
    found = budgets(path, *uploads.BUDGET_ROWS, header=("Office", "Fleet", "Year", "Quarter", "Budget #"))
    assert found.fields == ("office", "fleet", "year", "quarter", "budget_amount")
    assert found.rows[0] == ("Dallas", "TOYOTA", 2026, "Q1", 12500.0)


def test_a_row_that_cannot_be_stored_is_told_with_its_number_and_without_what_it_holds(path: Path) -> None:
    found = budgets(
        path,
        ("Dallas", "Kia", 2026, "Q1", 1),
        ("Dallas", "Kia", 2026, "Q7", "to be decided"),
        (None, " ", 2026, "Q1", 1),
        ("Dallas", "Kia", 2026, "Q2", -5),
        ("Dallas", "Kia", 2026, "Q3", 5),
    )
    assert told(found) == [
        "sheet 'Budgets by quarter', row 3: Quarter is not Q1, Q2, Q3 or Q4",
        "sheet 'Budgets by quarter', row 3: Budget is not an amount, 0 or more",
        "sheet 'Budgets by quarter', row 4: Office is empty",
        "sheet 'Budgets by quarter', row 4: Fleet is empty",
        "sheet 'Budgets by quarter', row 5: Budget is not an amount, 0 or more",
    ]
    assert (found.read, found.accepted, found.rejected, len(found.rows)) == (5, 2, 3, 2)


def test_the_first_row_of_a_key_counts_and_the_others_are_told(path: Path) -> None:
    found = budgets(
        path, ("Reno", "vw", 2026, "Q1", 1), ("Reno", "Volkswagen", 2026.0, "q1", 2), ("Reno", "VW", 2026, "Q2", 3)
    )
    assert [row[4] for row in found.rows] == [1.0, 3.0]
    assert (found.duplicates, found.read, found.accepted, found.rejected) == ([3], 3, 3, 0)


def test_blank_rows_are_no_rows_and_the_numbers_go_on(path: Path) -> None:
    blank, spaces = (None,) * 6, (" ", None, "", None, " ", None)
    found = budgets(
        path, blank, ("Reno", "Kia", 2026, "Q1", 1), spaces, blank, ("Reno", "Kia", 2026, "Q2", "x"), blank, spaces
    )
    assert (found.read, len(found.rows), [reject.row for reject in found.rejects]) == (2, 1, [6])


def test_headers_and_sheets_may_be_corrected_and_spelt_in_any_case(path: Path) -> None:
    holidays = ("OFFICE ", "date", "holiday  name", "Type", "All Day", "start time", "End_time", "Notes")
    rules = (
        "make", "RANK", "Loan cap per year", "Publication Rate Requirement", "Cooldown  Period", "soft vs hard constraint",
        "rule description", "Comment",
    )  # fmt: skip
    found = operations(
        path,
        without=("ops_capacity", "holiday_blackout_dates", "rules"),
        also={
            "Rules ": (rules, uploads.RULES),
            "Other": (("x",), ()),
            "OPS Capacity": (uploads.CAPACITY_HEADER[:2], [row[:2] for row in uploads.CAPACITY]),
            "Holiday Blackout Dates": (holidays, uploads.HOLIDAYS),
        },
    )
    assert found["ops_capacity"].fields == ("office", "drivers_per_day")
    assert found["holiday_blackout_dates"].rows[0][-1] == "closed"
    assert found["rules"].fields[-1] == "rule_description"
    assert found["rules"].unknown == ["Comment"]
    assert [row[3] for row in found["rules"].rows] == ["0.5", None, "one in three"]


def test_missing_sheets_are_told_beside_those_that_are_there(path: Path) -> None:
    with pytest.raises(
        ContractError, match=r"has no sheet ops_capacity, rules; it has 'holiday_blackout_dates', 'Rule book'"
    ):
        operations(path, without=("ops_capacity", "rules"), also={"Rule book": (uploads.RULES_HEADER, uploads.RULES)})


def test_two_sheets_of_one_meaning_are_refused(path: Path) -> None:
    with pytest.raises(ContractError, match="'rules', 'Rules_' both mean rules"):
        operations(path, also={"Rules_": (uploads.RULES_HEADER, ())})


def test_a_missing_column_is_told_beside_the_headers_that_mean_nothing(path: Path) -> None:
    header = ("Office", "Fleet", "Year", "Qtr", "Budget")
    with pytest.raises(ContractError, match=r"row 1: no column 'Quarter'; unknown are 'Qtr'$"):
        budgets(path, *uploads.BUDGET_ROWS, header=header)


def test_a_first_row_of_data_is_not_repeated(path: Path) -> None:
    uploads.write(path, {"people": (("Ann Example", "12 Sample St, Reno, NV", "Office"), ())})
    with pytest.raises(ContractError, match=r"no column 'Fleet', 'Year', 'Quarter', 'Budget'$") as refused:
        upload_reading.read(path, BUDGETS)
    assert "Ann" not in f"{refused.value} {refused.value.advice}"


def test_a_column_that_is_there_twice_is_refused(path: Path) -> None:
    with pytest.raises(ContractError, match="the column 'Budget' is there 2 times"):
        budgets(path, header=("Office", "Fleet", "Year", "Quarter", "Budget", "Budget #"))


def test_errors_and_formulas_without_results_are_not_taken_for_blanks(path: Path) -> None:
    found = budgets(
        path,
        ("Reno", "Kia", 2026, "Q1", "=1000*3"),
        ("Reno", "Kia", 2026, "Q2", "#REF!"),
        ("Reno", "Kia", 2026, "Q3", 3),
        (None, None, None, None, "#N/A"),
        (None, None, None, None, "=E2"),  # the last row, and to the reader none at all
    )
    what = "Budget is an error, or a formula that was saved without its result"
    assert [
        (reject.row, f"{reject.column} {reject.reason}") for reject in found.rejects if reject.column == "Budget"
    ] == [
        (2, what),
        (3, what),
        (5, what),
        (6, what),
    ]
    assert [row[3] for row in found.rows] == ["Q3"]


def test_an_error_in_a_column_that_is_not_read_is_nobodys_business(path: Path) -> None:
    found = budgets(path, ("Reno", "Kia", 2026, "Q1", 1, None, "#N/A"), header=(*uploads.BUDGET_HEADER, "Check"))
    assert (told(found), found.unknown, len(found.rows)) == ([], ["Check"], 1)


def test_the_result_of_a_formula_is_its_value(path: Path) -> None:
    header = "".join(cell_xml(f"{letter}1", text) for letter, text in zip("ABCDE", uploads.BUDGET_HEADER, strict=False))
    row = (
        f"{cell_xml('A2', 'Reno')}{cell_xml('B2', 'Kia')}<c r='C2'><v>2026</v></c>{cell_xml('D2', 'Q1')}"
        "<c r='E2'><f>SUM(1,2)</f><v>3</v></c>"
    )
    write_package(path, sheet_xml(f'<row r="1">{header}</row><row r="2">{row}</row>'))
    (found,) = upload_reading.read(path, BUDGETS)
    assert found.rows == [("Reno", "KIA", 2026, "Q1", 3.0)]


@pytest.mark.parametrize("name", ["old.xls", "macros.XLSM", "sheet.csv", "binary.xlsb", "plain", "odd.\x1b[2J"])
def test_only_xlsx_is_read_and_what_to_do_is_said(name: str) -> None:
    with pytest.raises(ContractError, match=r"only \.xlsx workbooks are read") as refused:
        upload_reading.require_xlsx(Path(name))
    assert "save it as 'Excel Workbook (.xlsx)'" in refused.value.advice
    upload_reading.require_xlsx(Path("Budget.XLSX"))


@pytest.mark.parametrize("package", [
    {"replaced": {CONTENT_TYPES: (SHEET_TYPE, MACRO_TYPE)}},
    {"added": {"xl/vbaProject.bin": b"\0"}},
], ids=["type", "part"])  # fmt: skip
def test_macros_are_refused_whatever_the_file_is_called(path: Path, package: dict[str, Any]) -> None:
    uploads.repackaged(uploads.budgets(path), **package)
    with pytest.raises(ContractError, match=r"upload\.xlsx may hold macros"):
        upload_reading.read(path, BUDGETS)


def test_a_row_far_below_is_refused(path: Path) -> None:
    far = f'<row r="60000">{cell_xml("A60000", "x")}</row>'
    write_package(path, sheet_xml(row_xml(1, uploads.BUDGET_HEADER) + far))
    with pytest.raises(ContractError, match="has 59,999 rows, more than the 50,000 allowed") as refused:
        upload_reading.read(path, BUDGETS)
    assert refused.value.advice == "Look for a stray cell far below the data."


@pytest.mark.parametrize("make", [
    workbook_hostile.truncated, workbook_hostile.not_a_zip, workbook_hostile.encrypted, workbook_hostile.empty_file,
    workbook_hostile.external_entity, workbook_hostile.empty_sheet, workbook_hostile.wrong_content_type,
])  # fmt: skip
def test_what_is_no_such_workbook_is_refused(path: Path, make: Any) -> None:
    make(path)
    with pytest.raises(ContractError):
        upload_reading.read(path, BUDGETS)


HEADERS = {
    header for sheet in (*OPERATIONS.sheets, *BUDGETS.sheets) for column in sheet.columns for header in column.headers
}


@given(st.sampled_from(sorted(HEADERS)), st.data())
def test_case_and_blanks_of_a_header_do_not_count(header: str, data: st.DataObject) -> None:
    signs = [
        data.draw(st.sampled_from((sign, sign.upper(), sign.lower()))) + data.draw(st.sampled_from(("", " ")))
        for sign in header
    ]
    assert upload_layouts.plain("".join(signs)) == upload_layouts.plain(header)


def test_no_two_columns_of_a_sheet_are_known_by_one_header() -> None:
    for sheet in (*OPERATIONS.sheets, *BUDGETS.sheets):
        known = [name for column in sheet.columns for name in column.known_as]
        assert len(known) == len(set(known))
        assert set(sheet.key) <= {column.field for column in sheet.columns if not column.optional}
