"""Copy sheets of a workbook into a workbook of their own, cell by cell as they are.

The sheet's XML is carried over, not re-created: numbers, texts, dates, formats, widths, hidden rows and merged cells
stay as they were saved. Left out is what is no cell: charts, notes, pivot tables, macros, links to other files; and
of formulas the last result is kept, not the formula, which could refer to sheets that are not copied. Strings that
only other sheets use are emptied. Equal input gives equal bytes. Runs inside a bounded child.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO
from xml.sax.saxutils import quoteattr

from ctvpipe.core import bounded
from ctvpipe.core.errors import ContractError
from ctvpipe.sources import workbook, xlsx_package, xlsx_scan

_MADE_BY = "ctvpipe"
_CHUNK = 1024 * 1024
_LEVEL = 6
_OLDEST = (1980, 1, 1, 0, 0, 0)
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STRING_INDEX = re.compile(rb'\bt="s"[^>]*>\s*<(?:\w+:)?v>(\d+)<')
_STRING_ITEM = re.compile(rb"<(\w+:)?si(?:\s*/>|>.*?</(?:\w+:)?si>)", re.DOTALL)
_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*>")
_METADATA = re.compile(rb'\s[cv]m="\d+"')
_CONTENT = "application/vnd.openxmlformats-officedocument."
_KINDS = {"styles": f"{_CONTENT}spreadsheetml.styles+xml", "theme": f"{_CONTENT}theme+xml"}


@dataclass
class Copied:
    """What was copied: the sheets' names as the workbook spells them, their rows below the header, the formulas whose
    results were taken, the cells that hold an error such as ``#REF!``.
    """

    available: list[str]
    sheets: list[str]
    rows: int = 0
    formulas: int = 0
    columns: int = 0
    errors: int = 0


@dataclass
class _State:
    """What is gathered while the sheets go by: shared strings in use, formulas resolved, cells that hold an error."""

    strings: set[int] = field(default_factory=set)
    formulas: int = 0
    errors: int = 0


def copy_sheets(
    source: Path, target: Path, wanted: tuple[str, ...], *, max_rows: int, names: workbook.Names = workbook.NO_NAMES
) -> Copied:
    """Write the ``wanted`` sheets of ``source`` to ``target`` and verify the copy cell by cell.

    Raises ``ContractError`` for a damaged workbook, a missing or empty sheet, and for formulas that were saved without
    their results, naming sheet, row and column.
    """
    with workbook.reader(source, names) as book:
        copied = Copied(book.names, list(dict.fromkeys(book.find(name) for name in wanted)))
    state = _State()
    with xlsx_package.opened(source) as package, zipfile.ZipFile(target, "w") as out:
        for number, name in enumerate(copied.sheets, start=1):
            with (
                package.open(xlsx_package.part_of(package, name)) as sheet,
                _member(out, f"xl/worksheets/sheet{number}.xml") as copy,
            ):
                for piece in _sheet(sheet, name, state):
                    copy.write(piece)
        _write_rest(package, out, copied.sheets, state)
    copied.formulas, copied.errors = state.formulas, state.errors
    _verify(source, target, copied, max_rows, names)
    return copied


def _member(out: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, _OLDEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # noqa: SLF001  (no public way before Python 3.13)
    return out.open(info, "w")


def _sheet(stream: IO[bytes], name: str, state: _State) -> Iterator[bytes]:
    """The sheet's XML up to its cells as it is, the rows cleaned, merged cells, and nothing else."""
    head = b""
    while (start := re.search(rb"<(\w+:)?sheetData\b[^>]*?(/?)>", head)) is None:
        chunk = stream.read(_CHUNK)
        if not chunk:
            raise ContractError(f"sheet {name!r} holds no cells at all", "Look at the workbook by hand.")
        head += chunk
    prefix = start[1] or b""
    yield head[: start.end()]
    if start[2]:
        yield b"</" + prefix + b"worksheet>"
        return
    row_end = b"</" + prefix + b"row>"
    data_end = b"</" + prefix + b"sheetData>"
    clean = _Cleaner(name, prefix, state)
    rest = head[start.end() :]
    while data_end not in rest:
        cut = rest.rfind(row_end)
        if cut >= 0:
            yield clean(rest[: cut + len(row_end)])
            rest = rest[cut + len(row_end) :]
        bounded.progress(None)
        chunk = stream.read(_CHUNK)
        if not chunk:
            raise ContractError(f"sheet {name!r} breaks off in the middle", "It was cut off: save it again in Excel.")
        rest += chunk
    cells, _, tail = rest.partition(data_end)
    yield clean(cells)
    yield data_end
    tail += stream.read()
    merged = re.search(rb"<" + prefix + rb"mergeCells\b.*?</" + prefix + rb"mergeCells>", tail, re.DOTALL)
    yield (merged[0] if merged else b"") + b"</" + prefix + b"worksheet>"


class _Cleaner:
    """Takes formulas and cell metadata out of complete rows, and notes which shared strings they use."""

    def __init__(self, sheet: str, prefix: bytes, state: _State) -> None:
        self._sheet, self._state = sheet, state
        self._formula_mark = b"<" + prefix + b"f"
        self._formula = re.compile(rb"<" + prefix + rb"f(?:\s[^>]*?)?(?:/>|>.*?</" + prefix + rb"f>)", re.DOTALL)

    def __call__(self, rows: bytes) -> bytes:
        if self._formula_mark in rows:
            rows = self._without_formulas(rows)
        self._state.errors += len(xlsx_scan.in_rows(rows))
        if b' cm="' in rows or b' vm="' in rows:
            rows = _CELL.sub(lambda cell: _METADATA.sub(b"", cell[0]), rows)
        self._state.strings.update(map(int, _STRING_INDEX.findall(rows)))
        return rows

    def _without_formulas(self, rows: bytes) -> bytes:
        for cell in xlsx_scan.without_result(rows):
            raise ContractError(
                f"sheet {self._sheet!r}{xlsx_scan.place_of(cell)}: a formula was saved without its result",
                "The workbook was saved by a program that does not calculate: open it in Excel and save it again.",
            )
        cleaned, count = self._formula.subn(b"", rows)
        self._state.formulas += count
        return cleaned


def _write_rest(package: zipfile.ZipFile, out: zipfile.ZipFile, sheets: list[str], state: _State) -> None:
    """The workbook around the sheets: styles and theme as they are, the strings in use, and new indexes."""
    book = xlsx_package.workbook_part(package)
    names = set(package.namelist())
    relations, overrides = [], []
    for number in range(1, len(sheets) + 1):
        relations.append(("worksheet", f"worksheets/sheet{number}.xml"))
        overrides.append((f"xl/worksheets/sheet{number}.xml", f"{_CONTENT}spreadsheetml.worksheet+xml"))
    for kind, part in xlsx_package.relations(package, book).values():
        name = kind.rpartition("/")[2]
        if name in _KINDS and part in names and xlsx_package.relations_path(part) not in names:
            with package.open(part) as stream, _member(out, f"xl/{name}.xml") as copy:
                copy.write(stream.read())
            relations.append((name, f"{name}.xml"))
            overrides.append((f"xl/{name}.xml", _KINDS[name]))
        elif name == "sharedStrings" and part in names:
            with package.open(part) as stream, _member(out, "xl/sharedStrings.xml") as copy:
                copy.write(_strings_in_use(stream.read(), state.strings))
            relations.append((name, "sharedStrings.xml"))
            overrides.append(("xl/sharedStrings.xml", f"{_CONTENT}spreadsheetml.sharedStrings+xml"))
    properties = xlsx_package.parse_part(package, book).find(f"{{{xlsx_package.MAIN}}}workbookPr")
    date1904 = properties is not None and properties.get("date1904") in {"1", "true"}
    for path, text in _indexes(sheets, relations, overrides, date1904=date1904, errors=state.errors):
        with _member(out, path) as member:
            member.write((_DECLARATION + text).encode())


def _strings_in_use(xml: bytes, used: set[int]) -> bytes:
    numbers = count()

    def kept(item: re.Match[bytes]) -> bytes:
        prefix = item[1] or b""
        return item[0] if next(numbers) in used else b"<%ssi><%st/></%ssi>" % (prefix, prefix, prefix)

    return _STRING_ITEM.sub(kept, xml)


def _indexes(
    sheets: list[str],
    relations: list[tuple[str, str]],
    overrides: list[tuple[str, str]],
    *,
    date1904: bool,
    errors: int,
) -> Iterator[tuple[str, str]]:
    office = xlsx_package.RELATIONS
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(sheets, 1)
    )
    dates = '<workbookPr date1904="1"/>' if date1904 else ""
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{xlsx_package.MAIN}" xmlns:r="{office}">{dates}<sheets>{listed}</sheets></workbook>',
    )
    lines = "".join(
        f'<Relationship Id="rId{number}" Type="{office}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(relations, 1)
    )
    package_relations = xlsx_package.PACKAGE_RELATIONS
    yield "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package_relations}">{lines}</Relationships>'
    parts = (
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        f'<Relationship Id="rId2" Type="{office}/extended-properties" Target="docProps/app.xml"/>'
    )
    yield "_rels/.rels", f'<Relationships xmlns="{package_relations}">{parts}</Relationships>'
    properties = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
    made_by = _MADE_BY if errors else xlsx_scan.PLAIN_COPY
    yield "docProps/app.xml", f'<Properties xmlns="{properties}"><Application>{made_by}</Application></Properties>'
    kinds = {
        "xl/workbook.xml": f"{_CONTENT}spreadsheetml.sheet.main+xml",
        "docProps/app.xml": f"{_CONTENT}extended-properties+xml",
        **dict(overrides),
    }
    types = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in kinds.items())
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    content_types = "http://schemas.openxmlformats.org/package/2006/content-types"
    yield "[Content_Types].xml", f'<Types xmlns="{content_types}">{defaults}{types}</Types>'


def _verify(source: Path, target: Path, copied: Copied, max_rows: int, names: workbook.Names) -> None:
    """Compare every cell of the copy, value and type, with the source; count the rows."""
    with workbook.reader(source, names) as theirs, workbook.reader(target) as ours:
        if ours.names != copied.sheets:
            raise AssertionError("the copy has other sheets than those that were copied")
        for sheet in copied.sheets:
            rows = -1
            pairs = zip(theirs.rows(sheet, max_rows=max_rows), ours.rows(sheet, max_rows=max_rows), strict=True)
            for rows, (before, after) in enumerate(pairs):
                if before != after or [*map(type, before)] != [*map(type, after)]:
                    raise AssertionError(f"row {rows + 1} of the copied sheet {sheet!r} differs from the source")
                if rows == 0:
                    copied.columns = max(copied.columns, len(before))
            copied.rows += max(rows, 0)
            bounded.progress(None)
    if copied.rows == 0:
        raise ContractError(
            f"sheet {', '.join(map(repr, copied.sheets))} has a header at most, and no rows",
            "An empty log is taken for an accident: look at the workbook on the share.",
        )
