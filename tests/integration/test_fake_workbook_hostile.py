"""Each hostile file is hostile in the way it says, and in no other."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pytest
import python_calamine

from tests.fakes import workbook_hostile as hostile
from tests.fakes import xlsx_reader
from tests.fakes.workbook_cells import INDEX, header
from tests.fakes.workbook_raw import SHEET_PART
from tests.fakes.xlsx_reader import Kind


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Commercial Log.xlsx"


def _table(path: Path) -> list[list[str]]:
    return [["" if cell is None else cell.raw for cell in row] for row in xlsx_reader.values(path, "Commercials")]


def test_the_list_is_complete_and_deterministic(tmp_path: Path) -> None:
    public = {
        name for name, made in vars(hostile).items()
        if callable(made) and getattr(made, "__module__", "") == hostile.__name__ and not name.startswith("_")
    }  # fmt: skip
    assert public - {"bomb_beginning"} == set(hostile.HOSTILE)
    for name, make in hostile.HOSTILE.items():
        if "bomb" in name or "sparse" in name:
            continue
        make(tmp_path / "a")
        make(tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes(), name


@pytest.mark.parametrize("name", ["truncated", "not_a_zip", "empty_file", "encrypted"])
def test_no_zip(name: str, path: Path) -> None:
    hostile.HOSTILE[name](path)
    with pytest.raises(BadZipFile):
        ZipFile(path)


def test_damaged_member_fails_its_checksum_only(path: Path) -> None:
    hostile.damaged_member(path)
    with ZipFile(path) as archive:
        for member in archive.namelist():
            if member != SHEET_PART:
                archive.read(member)
    with pytest.raises(Exception, match=r"CRC|decompress|invalid"):
        ZipFile(path).read(SHEET_PART)


def test_encrypted_is_known_as_such(path: Path) -> None:
    hostile.encrypted(path)
    with pytest.raises(python_calamine.PasswordError):
        python_calamine.CalamineWorkbook.from_path(path)


@pytest.mark.parametrize(("name", "row", "column"), [
    ("corner_cell", 1048576, 16383), ("row_beyond_limit", 1048577, 0), ("column_beyond_limit", 2, 16384),
])  # fmt: skip
def test_far_cells_are_small_files_with_a_good_header(name: str, row: int, column: int, path: Path) -> None:
    hostile.HOSTILE[name](path)
    assert path.stat().st_size < 2000
    first, last = list(xlsx_reader.read(path, "Commercials"))
    assert tuple(cell.raw for cell in first.cells.values()) == header()
    assert (last.number, list(last.cells)) == (row, [column])


@pytest.mark.parametrize(("name", "stated"), [("lying_dimension", b"A1:XFD1048576"), ("too_small_dimension", b"A1")])
def test_dimensions_lie(name: str, stated: bytes, path: Path) -> None:
    hostile.HOSTILE[name](path)
    with ZipFile(path) as archive:
        assert b'<dimension ref="' + stated + b'"/>' in archive.read(SHEET_PART)
    assert len(_table(path)) == 61


@pytest.mark.parametrize("size", [5, 16 * 1024**2, 33 * 1024**2 + 7])
def test_deflate_bomb_is_a_valid_zip_of_the_size_asked_for(size: int, path: Path) -> None:
    hostile.deflate_bomb(path, size=size, fill=b" ", beginning=b"<worksheet>")
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read(SHEET_PART) == b"<worksheet>" + b" " * size
    assert path.stat().st_size < 3000 + size / 900


def test_a_bomb_beyond_four_gib_says_so_and_stays_small(path: Path) -> None:
    hostile.deflate_bomb(path, size=4 * hostile.GIB + 1)
    with ZipFile(path) as archive:
        assert archive.getinfo(SHEET_PART).file_size == 4 * hostile.GIB + 1
    assert path.stat().st_size < 6 * 1024**2


def test_understated_bomb_lies_about_its_size(path: Path) -> None:
    hostile.understated_bomb(path, size=20 * 1024**2)
    with ZipFile(path) as archive:
        info = archive.getinfo(SHEET_PART)
        assert (info.file_size, info.compress_size > 10_000) == (2000, True)


def test_sparse_file_takes_no_room(path: Path) -> None:
    hostile.sparse_file(path)
    assert (path.stat().st_size, path.stat().st_blocks * 512 < 100_000) == (10 * hostile.GIB, True)


def test_headers(path: Path) -> None:
    good = list(header())
    month, market = good.index("Month"), good.index("Market")
    value, net = INDEX["spot_value"], INDEX["station_net"]

    hostile.renamed_header(path)
    assert _table(path)[0] == [*good[:month], "Period", *good[month + 1 :]]
    rows = _table(path)[1:]
    hostile.duplicated_header(path)
    assert _table(path)[0] == [*good[:market], "Month"]
    hostile.blank_header(path)
    assert set(_table(path)[0]) == {" "}
    hostile.swapped_titles(path)
    assert (_table(path)[0][value], _table(path)[0][net]) == (good[net], good[value])
    assert _table(path)[1:] == rows
    hostile.swapped_columns(path)
    assert (_table(path)[0][value], _table(path)[0][net]) == (good[net], good[value])
    assert [row[value] for row in _table(path)[1:]] == [row[net] for row in rows]
    hostile.missing_column(path)
    assert _table(path)[0] == good[:month] + good[month + 1 :]
    assert [row[month] for row in _table(path)[1:]] == [row[month + 1] for row in rows]
    hostile.inserted_column(path)
    at = INDEX["spot_type"]
    assert _table(path)[0] == [*good[:at], "Notes", *good[at:]]
    assert [row[at + 1] for row in _table(path)[1:]] == [row[at] for row in rows]


def test_contents(path: Path) -> None:
    hostile.date_column_of_text(path)
    assert {row[INDEX["air_date"]] for row in _table(path)[1:]} == {"see order"}
    hostile.formulas_without_values(path)
    for row in xlsx_reader.values(path, "Commercials")[1:]:
        for field in ("air_date", "spot_value", "broadcast_month"):
            cell = row[INDEX[field]]
            assert cell is not None
            assert (cell.kind, cell.raw, bool(cell.formula)) == (Kind.BLANK, "", True)
    hostile.without_sheet(path)
    assert "Commercials" not in xlsx_reader.sheet_names(path)
    hostile.header_only(path)
    assert _table(path) == [list(header())]
    hostile.empty_sheet(path)
    assert _table(path) == []


def test_packages(path: Path) -> None:
    hostile.wrong_content_type(path)
    with ZipFile(path) as archive:
        assert b"wordprocessingml" in archive.read("[Content_Types].xml")
    hostile.climbing_member_names(path)
    assert {"../../outside.txt", "/absolute.txt"} <= set(ZipFile(path).namelist())
    assert len(_table(path)) == 61
    hostile.string_index_out_of_range(path)
    with pytest.raises(IndexError):
        _table(path)
    hostile.entity_expansion(path, levels=3)
    assert _table(path)[1][0] == "spotspotsp" * 100
    hostile.external_entity(path)
    with ZipFile(path) as archive:
        assert b'SYSTEM "file:///etc/passwd"' in archive.read(SHEET_PART)
