"""The sample workbook is what the tests take it for: counted by a reader that shares no code with the generator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
import python_calamine

from tests.fakes import xlsx_reader
from tests.fakes.workbook import DECOYS, Spec, Summary, main, rows, write, write_all, write_rows
from tests.fakes.workbook_cells import COLUMNS, INDEX, KNOWN_MARKETS, Row, header, money, text
from tests.fakes.workbook_oddities import _TABLE
from tests.fakes.workbook_rows import broadcast_days, months
from tests.fakes.xlsx_reader import Cell, Kind, Nature, to_date, to_seconds

FIVE_HUNDRED = Spec(rows=500, seed=3)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    path = tmp_path_factory.mktemp("sample") / "Commercial Log.xlsx"
    return path, write(FIVE_HUNDRED, path)


@pytest.fixture(scope="module")
def cells(sample: tuple[Path, Summary]) -> list[dict[str, Cell]]:
    """The main sheet's rows below the header, by field, as the independent reader sees them."""
    return [_by_field(row) for row in xlsx_reader.read(sample[0], "Commercials") if row.number > 1]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Cell]]:
    path = tmp_path_factory.mktemp("plain") / "plain.xlsx"
    write(Spec(rows=400, oddities=False), path)
    return [_by_field(row) for row in xlsx_reader.read(path, "Commercials") if row.number > 1]


def test_same_seed_same_bytes_in_another_process_time_zone_and_hash_order(
    sample: tuple[Path, Summary], tmp_path: Path
) -> None:
    again = tmp_path / "again.xlsx"
    subprocess.run(
        [sys.executable, "-m", "tests.fakes.workbook", again, "--rows", "500", "--seed", "3"],
        env={**os.environ, "TZ": "Asia/Kolkata", "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert again.read_bytes() == sample[0].read_bytes()


@pytest.mark.parametrize("other", [Spec(rows=500, seed=4), Spec(rows=500, seed=3, reference=date(2026, 12, 22))])
def test_another_seed_or_date_gives_other_rows(other: Spec) -> None:
    assert list(rows(other)) != list(rows(FIVE_HUNDRED))


@pytest.mark.parametrize("count", [1, 7, 49, 500, 1300])
@pytest.mark.parametrize("oddities", [True, False])
def test_summary_is_what_the_reader_counts(count: int, oddities: bool, tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    summary = write(Spec(rows=count, oddities=oddities, decoy_sheets=False), path)
    found = [row for row in xlsx_reader.read(path, "Commercials") if row.number > 1]
    lines = [_by_field(row) for row in found if not row.blank]
    spots = [line for line in lines if _text(line, "bill_code") and _text(line, "revenue_type").lower() != "trade"]
    last_row = max(row.number for row in found)

    assert summary.rows == last_row - 1
    assert summary.blank == last_row - 1 - len(lines)
    assert summary.spots + summary.trade == count
    assert summary.spots == len(spots)
    assert summary.totals == sum(not _text(line, "bill_code") for line in lines) == int(oddities)
    assert summary.hidden == sum(row.hidden for row in found)
    assert summary.formulas == sum(cell.formula is not None for row in found for cell in row.cells.values())
    assert summary.months == Counter(_month(line["broadcast_month"]) for line in spots)
    markets = Counter(_text(line, "market_name") for line in spots)
    assert summary.unknown_markets == {code: n for code, n in markets.items() if code not in KNOWN_MARKETS}


@pytest.mark.parametrize(("spec", "trade"), [
    (Spec(), 44), (Spec(rows=500, trade_rows=44), 44), (Spec(rows=3, trade_rows=3), 3), (Spec(rows=50), 1),
    (Spec(rows=5), 0), (Spec(rows=500, trade_rows=0), 0),
])  # fmt: skip
def test_trade_rows_are_exact(spec: Spec, trade: int) -> None:
    found = [cell.value for row in rows(spec) if (cell := row.cell("revenue_type")) is not None]
    assert sum(str(value).strip().lower() == "trade" for value in found) == trade


def test_more_trade_rows_than_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="4 Trade rows do not fit in 3 rows"):
        list(rows(Spec(rows=3, trade_rows=4)))


def test_every_oddity_comes_several_times_in_five_hundred_rows(sample: tuple[Path, Summary]) -> None:
    wanted = {f"{field}: {oddity.name}" for field, oddities in _TABLE.items() for oddity in oddities}
    wanted |= {"hidden row", "identical twin", "spot value by formula", "air date in another calendar month"}
    rare = {name: sample[1].oddities.get(name, 0) for name in wanted if sample[1].oddities.get(name, 0) < 3}
    assert rare == {}


@pytest.mark.parametrize(("field", "kind", "raw", "number_format"), [
    ("gross_rate", Kind.TEXT, "$1,234.50", "General"),
    ("gross_rate", Kind.TEXT, "(50.00)", "General"),
    ("gross_rate", Kind.NUMBER, "117.635294117647", '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)'),
    ("gross_rate", Kind.NUMBER, "-250", '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)'),
    ("gross_rate", Kind.BLANK, "", '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)'),
    ("time_out", Kind.NUMBER, "1", "h:mm:ss AM/PM"),
    ("time_out", Kind.NUMBER, "1", "[h]:mm:ss"),
    ("length_seconds", Kind.NUMBER, "0.25", "h:mm:ss"),
    ("contract", Kind.NUMBER, "24017", "General"),
    ("contract", Kind.NUMBER, "0", "General"),
    ("contract", Kind.TEXT, "0042", "General"),
    ("media", Kind.TEXT, "=1+1", "General"),
    ("media", Kind.TEXT, "NULL", "General"),
    ("media", Kind.TEXT, "  leading blanks", "General"),
    ("media", Kind.TEXT, "Éxito – 春節 🎬", "General"),
    ("media", Kind.TEXT, "A & B <C>", "General"),
    ("comments", Kind.TEXT, "two\nlines", "General"),
    ("revenue_type", Kind.TEXT, "a & o", "General"),
    ("billing_type", Kind.TEXT, "Quarterly", "General"),
    ("language_code", Kind.TEXT, "M/C", "General"),
])  # fmt: skip
def test_the_file_holds_these_cells_exactly(
    cells: list[dict[str, Cell]], field: str, kind: Kind, raw: str, number_format: str
) -> None:
    found = {(c.kind, c.raw, c.number_format) for line in cells if (c := line.get(field)) and c.formula is None}
    assert (kind, raw, number_format) in found


def test_bill_codes_come_in_all_shapes(cells: list[dict[str, Cell]]) -> None:
    codes = [line["bill_code"].raw for line in cells if "bill_code" in line]
    assert {code.count(":") for code in codes} == {0, 1, 2}
    assert any(len(code) == 49 and "(" in code and not code.endswith(")") for code in codes)
    for part in (" PRODUCTION", " PROD", " (Broker Fees  - DO NOT INVOICE)", " CREDIT MEMO", " "):
        assert any(code.endswith(part) for code in codes), part
    assert {"WorldLink", "Worldlink"} <= {code[:9] for code in codes}


def test_plain_rows_have_one_type_and_format_a_column(plain: list[dict[str, Cell]]) -> None:
    natures = {"air_date": Nature.DATE, "end_date": Nature.DATE, "broadcast_month": Nature.DATE,
               "time_in": Nature.TIME, "time_out": Nature.TIME, "length_seconds": Nature.TIME}  # fmt: skip
    numbers = {"sequence_number", "line_number", "estimate", "gross_rate", "spot_value", "broker_fees", "priority",
               "station_net"}  # fmt: skip
    for column in COLUMNS:
        found = {(line[column.field].kind, line[column.field].nature) for line in plain if column.field in line}
        kind = Kind.NUMBER if column.field in {*natures, *numbers} else Kind.TEXT
        assert found == {(kind, natures.get(column.field, Nature.NUMBER))}, column.field
    assert all(cell.formula is None for line in plain for cell in line.values())
    assert {c.number_format for line in plain for c in (line["broadcast_month"],)} == {"mmm-yy"}


def test_bonus_and_added_value_have_no_price(plain: list[dict[str, Cell]]) -> None:
    unpriced = [line for line in plain if line["spot_type"].raw in {"BNS", "AV"}]
    assert unpriced
    assert not any({"gross_rate", "spot_value"} & set(line) for line in unpriced)
    assert all("gross_rate" in line for line in plain if line["spot_type"].raw == "COM")


def test_months_follow_the_billing_type(plain: list[dict[str, Cell]]) -> None:
    later = 0
    for line in plain:
        aired = to_date(line["air_date"].raw)
        if line["billing_type"].raw == "Broadcast":
            sunday = aired + timedelta(days=6 - aired.weekday())
            later += sunday.month != aired.month
            aired = sunday
        month = to_date(line["broadcast_month"].raw)
        assert (month.year, month.month) == (aired.year, aired.month)
    assert later > 0
    assert {to_date(line["broadcast_month"].raw).replace(day=1) for line in plain} == set(months(Spec()))


def test_broadcast_months_meet_without_gap_or_overlap() -> None:
    ranges = [broadcast_days(month) for month in months(Spec(months_back=30, months_ahead=30))]
    assert all(later[0] - earlier[1] == timedelta(days=1) for earlier, later in pairwise(ranges))
    assert broadcast_days(date(2026, 11, 1)) == (date(2026, 10, 26), date(2026, 11, 29))


def test_the_month_cells_use_several_days_and_texts(cells: list[dict[str, Cell]]) -> None:
    found = [line["broadcast_month"] for line in cells if "broadcast_month" in line]
    assert {to_date(cell.raw).day for cell in found if cell.kind is Kind.NUMBER} == {1, 11, 15}
    texts = [cell.raw for cell in found if cell.kind is Kind.TEXT]
    assert {"".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in t) for t in texts} == {
        "aaa-99", "99/99/9999", "9999-99-99"}  # fmt: skip


def test_formulas_point_at_their_own_row_and_carry_their_result(cells: list[dict[str, Cell]]) -> None:
    values = [line for line in cells if "spot_value" in line and line["spot_value"].formula is not None]
    spots = [line for line in values if "bill_code" in line]
    assert len(spots) > 20
    for line in spots:
        assert line["spot_value"].formula == f"P{line['spot_value'].row}"
        assert (line["spot_value"].kind, line["spot_value"].raw) == (line["gross_rate"].kind, line["gross_rate"].raw)
    [totals] = [line for line in values if "bill_code" not in line]
    above = totals["spot_value"].row - 1
    assert totals["spot_value"].formula == f"SUM(R2:R{above})"
    numbers = [float(line["spot_value"].raw) for line in cells[:-1] if _kind(line, "spot_value") is Kind.NUMBER]
    assert float(totals["spot_value"].raw) == pytest.approx(sum(numbers))


@pytest.mark.parametrize("variant", ["classic", "2025"])
def test_sheets_headers_and_the_active_sheet(variant: str, tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    summaries = write_all(Spec(rows=20, headers=variant), path)  # type: ignore[arg-type]
    assert xlsx_reader.sheet_names(path)[0] == "Commercials"
    assert xlsx_reader.active_sheet(path) == "Revenue Summary"
    assert set(xlsx_reader.sheet_names(path)) == {"Commercials", "Revenue Summary", *DECOYS}
    assert {name: summary.spots for name, summary in summaries.items() if name in DECOYS} == DECOYS
    for name in ("Commercials", *DECOYS):
        titles = next(xlsx_reader.read(path, name))
        assert tuple(cell.raw for cell in titles.cells.values()) == header(variant)  # type: ignore[arg-type]
    contracts = [row.cells[INDEX["contract"]] for row in xlsx_reader.read(path, "Worldlink Lines") if row.number > 1]
    assert {cell.kind for cell in contracts} == {Kind.NUMBER}
    assert header("2025")[INDEX["gross_rate"]] == " Gross "


def test_inline_strings_hold_the_same(sample: tuple[Path, Summary], tmp_path: Path) -> None:
    path = tmp_path / "inline.xlsx"
    summary = write(Spec(rows=500, seed=3, inline_strings=True), path)
    assert summary == sample[1]
    shared, inline = (xlsx_reader.values(p, "Commercials") for p in (sample[0], path))
    assert [[_content(cell) for cell in row] for row in inline] == [[_content(cell) for cell in row] for row in shared]


def test_openpyxl_reads_the_same(sample: tuple[Path, Summary]) -> None:
    book = openpyxl.load_workbook(sample[0], data_only=True)
    theirs = [list(row) for row in book["Commercials"].iter_rows(values_only=True)]
    _agree(xlsx_reader.values(sample[0], "Commercials"), theirs)
    hidden = {n for n, row in book["Commercials"].row_dimensions.items() if row.hidden}
    assert hidden == {row.number for row in xlsx_reader.read(sample[0], "Commercials") if row.hidden}


def test_calamine_reads_the_same(sample: tuple[Path, Summary]) -> None:
    sheet = python_calamine.CalamineWorkbook.from_path(sample[0]).get_sheet_by_name("Commercials")
    _agree(xlsx_reader.values(sample[0], "Commercials"), sheet.to_python(skip_empty_area=False))


def test_edited_rows_are_written_as_given(tmp_path: Path) -> None:
    path = tmp_path / "edited.xlsx"
    spec = Spec(rows=30, trade_rows=0, oddities=False)
    night = list(rows(spec))
    moved = night[0].changed(comments=text("moved"), gross_rate=money(1.25), media=None)
    edited = [night[2], *night[5:], night[7], moved]
    summary = write_rows(path, edited, spec=spec)
    found = xlsx_reader.values(path, "Commercials")[1:]

    assert summary.spots == len(found) == len(edited) == 28
    assert [_written(row) for row in found] == [_intended(row) for row in edited]
    assert found[-1][INDEX["comments"]].raw == "moved"  # type: ignore[union-attr]
    assert xlsx_reader.sheet_names(path) == ["Commercials"]


def test_an_edit_shows_in_the_counts(tmp_path: Path) -> None:
    spec = Spec(rows=40, trade_rows=0, oddities=False, new_markets=0)
    night = list(rows(spec))
    night[3] = night[3].changed(revenue_type=text(" TRADE"))
    night[4] = night[4].changed(market_name=text("ZZZ"), broadcast_month=text("Jan-31"))
    summary = write_rows(tmp_path / "x.xlsx", night, spec=spec, others={"Pending": night[:2]})
    assert (summary.spots, summary.trade) == (39, 1)
    assert summary.unknown_markets == {"ZZZ": 1}
    assert summary.months["Jan-31"] == 1


def test_new_markets_all_occur_even_in_a_small_file(tmp_path: Path) -> None:
    summary = write(Spec(rows=12, trade_rows=0, new_markets=3), tmp_path / "x.xlsx")
    assert sorted(summary.unknown_markets) == ["ABQ", "PDX", "RNO"]


def test_command_line_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "demo.xlsx"
    main([str(path), "--rows", "60", "--seed", "2", "--reference", "2027-02-01", "--plain", "--trade-rows", "2"])
    assert "58 spots and 2 Trade rows in 6 months" in capsys.readouterr().out
    found = [to_date(row[INDEX["broadcast_month"]].raw) for row in xlsx_reader.values(path, "Commercials")[1:]]  # type: ignore[union-attr]
    assert (min(found).replace(day=1), max(found).replace(day=1)) == (date(2026, 11, 1), date(2027, 4, 1))


def _by_field(row: xlsx_reader.Row) -> dict[str, Cell]:
    return {COLUMNS[column].field: cell for column, cell in row.cells.items()}


def _text(line: dict[str, Cell], field: str) -> str:
    return line[field].raw.strip() if field in line else ""


def _kind(line: dict[str, Cell], field: str) -> Kind | None:
    return line[field].kind if field in line else None


def _month(cell: Cell) -> str:
    """``Mmm-YY`` from what the Month column may hold, told apart by its shape."""
    if cell.kind is Kind.NUMBER:
        return f"{to_date(cell.raw):%b-%y}"
    if cell.raw[4:5] == "-":
        return f"{date.fromisoformat(cell.raw):%b-%y}"
    if cell.raw[2:3] == "/":
        month, _, year = cell.raw.split("/")
        return f"{date(int(year), int(month), 1):%b-%y}"
    return cell.raw


def _content(cell: Cell | None) -> tuple[object, ...] | None:
    return None if cell is None else (cell.kind, cell.raw, cell.number_format, cell.formula)


def _written(row: list[Cell | None]) -> list[str | float | None]:
    return [None if cell is None else float(cell.raw) if cell.kind is Kind.NUMBER else cell.raw for cell in row]


def _intended(row: Row) -> list[str | float | None]:
    return [None if cell is None else cell.value for cell in row.cells]


def _agree(ours: list[list[Cell | None]], theirs: Sequence[Sequence[object]]) -> None:
    """Another reader's values are what the referee's cells say, each in that reader's Python types."""
    assert len(theirs) == len(ours)
    for mine, other in zip(ours, theirs, strict=True):
        assert len(other) == len(mine)
        for cell, value in zip(mine, other, strict=True):
            if cell is None or cell.kind is Kind.BLANK:
                assert value in {None, ""}, cell
            elif cell.kind is Kind.TEXT:
                assert value == cell.raw, cell
            elif cell.nature is Nature.NUMBER:
                assert value == float(cell.raw), cell
            elif cell.nature is Nature.DATE:
                assert str(value)[:10] == to_date(cell.raw).isoformat(), cell
            else:
                assert _seconds(value) == to_seconds(cell.raw), (cell, value)


def _seconds(value: object) -> int:
    """A time, a duration, or the day after the epoch that 24:00 becomes."""
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    if isinstance(value, date):
        assert f"{value:%Y-%m-%d %H:%M:%S}" in {"1899-12-31 00:00:00", "1900-01-01 00:00:00"}
        return 86400
    assert isinstance(value, time)
    return value.hour * 3600 + value.minute * 60 + value.second
