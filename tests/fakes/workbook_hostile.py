"""Files that are not the commercial log they claim to be. Each function writes one, at ``path``.

``HOSTILE`` lists those that need no argument, for tests that want to try them all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from zipfile import ZipFile

from tests.fakes.workbook import Spec, write, write_rows
from tests.fakes.workbook_cells import CURRENCY, INDEX, Row, formula, header, text
from tests.fakes.workbook_raw import SHEET_PART, cell_xml, row_xml, sheet_xml, write_package
from tests.fakes.workbook_rows import rows
from tests.fakes.workbook_writer import Sheet, write_sheets

GIB = 1024**3
_PLAIN = Spec(rows=60, oddities=False, decoy_sheets=False)
_CREATED = _PLAIN.reference


def truncated(path: Path, *, keep: float = 0.6) -> None:
    """The first part of a good workbook, as an interrupted copy leaves it."""
    write(_PLAIN, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])


def not_a_zip(path: Path) -> None:
    """A web page under the workbook's name."""
    path.write_text("<!DOCTYPE html><title>Sign in</title><p>Your session has ended.</p>\n" * 40)


def empty_file(path: Path) -> None:
    """No bytes at all."""
    path.write_bytes(b"")


def damaged_member(path: Path) -> None:
    """A good workbook with some bytes inside the sheet's compressed data turned over."""
    write(_PLAIN, path)
    with ZipFile(path) as archive:
        info = archive.getinfo(SHEET_PART)
    data = bytearray(path.read_bytes())
    middle = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    for position in range(middle, middle + 16):
        data[position] ^= 0xFF
    path.write_bytes(data)


def corner_cell(path: Path, *, ref: str = "XFD1048576") -> None:
    """A good header and one cell far away: under 2 kB that a reader may turn into a rectangle of billions of cells."""
    row = ref.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    corner = f'<row r="{row}">{cell_xml(ref, "x")}</row>'
    write_package(path, sheet_xml(row_xml(1, header()) + corner))


def row_beyond_limit(path: Path) -> None:
    """A row one past the last that a sheet can have."""
    corner_cell(path, ref="A1048577")


def column_beyond_limit(path: Path) -> None:
    """A column one past the last that a sheet can have."""
    corner_cell(path, ref="XFE2")


def lying_dimension(path: Path, *, stated: str = "A1:XFD1048576") -> None:
    """A few honest rows under a stated size that is not theirs."""
    lines = "".join(row_xml(n, _texts(row)) for n, row in enumerate(rows(_PLAIN), start=2))
    write_package(path, sheet_xml(row_xml(1, header()) + lines, dimension=stated))


def too_small_dimension(path: Path) -> None:
    """Sixty rows under a stated size of one cell."""
    lying_dimension(path, stated="A1")


def deflate_bomb(path: Path, *, size: int = GIB, fill: bytes = b"\0", beginning: bytes = b"") -> None:
    """A sheet part of ``beginning`` and ``size`` times the byte ``fill``: a thousandth of that in the file.

    Zeros are no XML; blanks after ``bomb_beginning()`` keep a parser busy to the end.
    """
    write_package(path, beginning, padding=(fill, size))


def bomb_beginning() -> bytes:
    """The well-formed beginning of a sheet with a good header."""
    return sheet_xml(row_xml(1, header())).split(b"</sheetData>")[0]


def understated_bomb(path: Path, *, size: int = GIB // 4) -> None:
    """A bomb whose zip directory says that the sheet has two thousand bytes."""
    deflate_bomb(path, size=size, fill=b" ", beginning=bomb_beginning())
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 2000)
    path.write_bytes(data)


def sparse_file(path: Path, *, size: int = 10 * GIB, beginning: bytes = b"PK\x03\x04") -> None:
    """``size`` bytes of zeros after a zip's first four, taking no room on the disk."""
    with path.open("wb") as stream:
        stream.write(beginning)
        stream.truncate(size)


def renamed_header(path: Path, *, names: Mapping[str, str] | None = None) -> None:
    """Good rows under a header in which some titles are different ones (default: Month is called Period)."""
    changed = names or {"Month": "Period"}
    _with_header(path, tuple(changed.get(title, title) for title in header()))


def swapped_columns(path: Path, *, first: str = "spot_value", second: str = "station_net") -> None:
    """Two columns have changed places, titles and cells; the fields are named as in ``COLUMNS``."""
    order = list(range(len(INDEX)))
    order[INDEX[first]], order[INDEX[second]] = INDEX[second], INDEX[first]
    _with_columns(path, order)


def swapped_titles(path: Path, *, first: str = "spot_value", second: str = "station_net") -> None:
    """Two titles have changed places, the cells below have not."""
    titles = list(header())
    titles[INDEX[first]], titles[INDEX[second]] = titles[INDEX[second]], titles[INDEX[first]]
    _with_header(path, tuple(titles))


def duplicated_header(path: Path, *, title: str = "Month", over: str = "Market") -> None:
    """One title stands twice, the second time in another's place."""
    renamed_header(path, names={over: title})


def missing_column(path: Path, *, field: str = "broadcast_month") -> None:
    """A column was deleted, and the ones after it moved up."""
    _with_columns(path, [column for column in range(len(INDEX)) if column != INDEX[field]])


def inserted_column(path: Path, *, before: str = "spot_type") -> None:
    """Somebody put a column of notes in between."""
    order: list[int | None] = list(range(len(INDEX)))
    order.insert(INDEX[before], None)
    _with_columns(path, order)


def blank_header(path: Path) -> None:
    """Good rows under a header row of empty titles."""
    _with_header(path, tuple(" " for _ in header()))


def date_column_of_text(path: Path) -> None:
    """Every Start Date is a remark."""
    write_rows(path, (row.changed(air_date=text("see order")) for row in rows(_PLAIN)), spec=_PLAIN)


def formulas_without_values(path: Path) -> None:
    """Dates, months and amounts are formulas whose results were never stored."""
    nothing = text("")
    changed = (
        row.changed(
            air_date=formula("=DATE(2026,11,{row})", nothing),
            spot_value=formula("=P{row}", nothing._replace(number_format=CURRENCY)),
            broadcast_month=formula("=B{row}", nothing),
        )
        for row in rows(_PLAIN)
    )
    write_rows(path, changed, spec=_PLAIN)


def wrong_content_type(path: Path) -> None:
    """A package whose main part says that it is a text document."""
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    lines = "".join(row_xml(n, _texts(row)) for n, row in enumerate(rows(_PLAIN), start=2))
    write_package(path, sheet_xml(row_xml(1, header()) + lines), workbook_type=kind)


def encrypted(path: Path) -> None:
    """A workbook with a password: a compound file that holds an encrypted package, not a zip."""
    package = Random(1).randbytes(8 * 512)
    chains = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 10), 0xFFFFFFFE, *range(11, 18), 0xFFFFFFFE]
    table = struct.pack("<128I", *chains, *[0xFFFFFFFF] * (128 - len(chains)))
    directory = b"".join(
        (
            _directory_entry("Root Entry", kind=5, child=1, start=0xFFFFFFFE, size=0),
            _directory_entry("EncryptionInfo", kind=2, right=2, start=2, size=len(package)),
            _directory_entry("EncryptedPackage", kind=2, start=10, size=len(package)),
            _directory_entry("", kind=0, start=0, size=0),
        )
    )
    beginning = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0,
    )  # fmt: skip
    sectors = struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    path.write_bytes(beginning + sectors + table + directory + package + package)


def without_sheet(path: Path) -> None:
    """A good workbook whose sheets have other names."""
    sheets = [Sheet("Data", header(), rows(_PLAIN)), Sheet("commercials old", header(), ())]
    write_sheets(path, sheets, created=_CREATED)


def header_only(path: Path) -> None:
    """The sheet is there, with its header and no row."""
    write_rows(path, (), spec=_PLAIN)


def empty_sheet(path: Path) -> None:
    """The sheet is there, without a single cell."""
    write_package(path, sheet_xml(""))


def climbing_member_names(path: Path) -> None:
    """A good sheet beside members whose names lead out of any folder they are unpacked in."""
    names = ("../../outside.txt", "/absolute.txt", "..\\..\\outside.txt", "xl/../../outside.txt")
    lines = "".join(row_xml(n, _texts(row)) for n, row in enumerate(rows(_PLAIN), start=2))
    write_package(path, sheet_xml(row_xml(1, header()) + lines), extra=dict.fromkeys(names, b"x"))


def string_index_out_of_range(path: Path) -> None:
    """A cell refers to the millionth of two shared strings."""
    row = '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="H2" t="s"><v>1000000</v></c></row>'
    write_package(path, sheet_xml(row_xml(1, header()) + row), strings=("Northlight Media", "Amber Foods"))


def entity_expansion(path: Path, *, levels: int = 12) -> None:
    """A bill code that unfolds tenfold at every level."""
    first = '<!ENTITY e0 "spotspotsp">'
    rest = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels))
    row = f'<row r="2">{cell_xml("A2", f"&e{levels - 1};")}</row>'
    doctype = f"<!DOCTYPE worksheet [{first}{rest}]>"
    write_package(path, sheet_xml(row_xml(1, header()) + row, doctype=doctype))


def external_entity(path: Path, *, target: str = "file:///etc/passwd") -> None:
    """A bill code that asks the reader to fetch a file."""
    row = f'<row r="2">{cell_xml("A2", "&outside;")}</row>'
    doctype = f'<!DOCTYPE worksheet [<!ENTITY outside SYSTEM "{target}">]>'
    write_package(path, sheet_xml(row_xml(1, header()) + row, doctype=doctype))


HOSTILE: dict[str, Callable[[Path], None]] = {
    make.__name__: make
    for make in (
        truncated, not_a_zip, empty_file, damaged_member, corner_cell, row_beyond_limit, column_beyond_limit,
        lying_dimension, too_small_dimension, deflate_bomb, understated_bomb, sparse_file, renamed_header,
        swapped_columns, swapped_titles, duplicated_header, missing_column, inserted_column, blank_header,
        date_column_of_text, formulas_without_values, wrong_content_type, encrypted, without_sheet, header_only,
        empty_sheet, climbing_member_names, string_index_out_of_range, entity_expansion, external_entity,
    )
}  # fmt: skip


def _with_header(path: Path, titles: tuple[str, ...]) -> None:
    write_sheets(path, [Sheet("Commercials", titles, rows(_PLAIN))], created=_CREATED)


def _with_columns(path: Path, order: Sequence[int | None]) -> None:
    """Good titles and rows with their columns in another order; ``None`` is a column of notes."""
    note = text("note")
    changed = (Row(tuple(note if n is None else row.cells[n] for n in order)) for row in rows(_PLAIN))
    titles = tuple("Notes" if n is None else header()[n] for n in order)
    write_sheets(path, [Sheet("Commercials", titles, changed)], created=_CREATED)


def _texts(row: Row) -> list[str]:
    return ["" if cell is None else str(cell.value) for cell in row.cells]


def _directory_entry(name: str, *, kind: int, start: int, size: int = 0, child: int = -1, right: int = -1) -> bytes:
    """One of the 128-byte entries of a compound file's directory; ``-1`` is nobody."""
    coded = name.encode("utf-16-le")
    length = len(coded) + 2 if name else 0
    links = struct.pack("<3I", 0xFFFFFFFF, right & 0xFFFFFFFF, child & 0xFFFFFFFF)
    return struct.pack("<64sHBB12s36xIII", coded, length, kind, 1, links, start, size, 0)
