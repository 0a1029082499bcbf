"""The parts of an .xlsx package (ECMA-376 part 2): which part is which sheet, without parsing the sheets themselves."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from ctvpipe.core.errors import ContractError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_CONTENT_TYPES = "[Content_Types].xml"
_VBA = "vbaproject"
_OFFICE_DOCUMENT = "/officeDocument"
_CFB_MAGIC = b"\xd0\xcf\x11\xe0"
_LARGEST_INDEX = 8 * 1024 * 1024
_CHUNK = 1024 * 1024
_REFERENCE = re.compile(rb'\br="([A-Z]{1,4})(\d{1,8})"')


@dataclass(frozen=True)
class SheetPart:
    """A sheet's name, its part's path, and the relation by which the workbook refers to it."""

    name: str
    part: str
    relation: str


@dataclass(frozen=True)
class FarCell:
    """The cell farthest from A1 in a sheet; rows count from 1."""

    sheet: str
    row: int
    column: str


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The package as a zip. Raises ``ContractError`` when it is none, naming what it is instead where that is known."""
    try:
        with zipfile.ZipFile(path) as package:
            yield package
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        with path.open("rb") as file:
            head = file.read(8)
        if head.startswith(_CFB_MAGIC):
            reason, advice = "it is encrypted or in the old .xls format", "Save it as .xlsx without a password."
        elif head.startswith(b"PK"):
            reason, advice = (
                "its end is missing or damaged",
                "It was caught half-saved or cut off: save it again in Excel.",
            )
        else:
            reason, advice = "it is not a workbook at all", "Look at the file on the share."
        raise ContractError(f"{path.name} cannot be read: {reason} ({error})", advice) from None


def parse_part(package: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A small XML part as a tree. Raises ``ContractError`` when it is missing, too large or damaged."""
    try:
        if package.getinfo(name).file_size > _LARGEST_INDEX:
            raise ContractError(f"the workbook's part {name!r} is absurdly large", "Look at the workbook by hand.")
        data = package.read(name)
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise ContractError(
                f"the workbook's part {name!r} declares entities", "Excel never does: look at the workbook."
            )
        return ElementTree.fromstring(data)  # noqa: S314  (no entities, bounded size)
    except KeyError:
        raise ContractError(f"the workbook has no part {name!r}", "It is damaged: save it again in Excel.") from None
    except ElementTree.ParseError as error:
        raise ContractError(f"the workbook's part {name!r} is damaged ({error})", "Save it again in Excel.") from None


def relations_path(part: str) -> str:
    """Where the relations of ``part`` are kept."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def relations(package: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """The internal relations of ``part``: id -> (type, target part). External targets are left out."""
    path = relations_path(part)
    if path not in package.namelist():
        return {}
    found = {}
    for relation in parse_part(package, path):
        if relation.get("TargetMode") == "External":
            continue
        target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), relation.get("Target", "")))
        found[relation.get("Id", "")] = (relation.get("Type", ""), target.lstrip("/"))
    return found


def workbook_part(package: zipfile.ZipFile) -> str:
    """The path of the workbook part."""
    for kind, target in relations(package, "").values():
        if kind.endswith(_OFFICE_DOCUMENT):
            return target
    raise ContractError("the file is a zip but not a workbook", "Look at the file on the share.")


def has_macros(package: zipfile.ZipFile) -> bool:
    """Whether the workbook holds macros, or says that it may: by the types and the names of its parts."""
    types = [kind.get("ContentType", "").casefold() for kind in parse_part(package, _CONTENT_TYPES)]
    return any("macro" in kind or _VBA in kind for kind in types) or any(
        _VBA in name.casefold() for name in package.namelist()
    )


def sheets(package: zipfile.ZipFile) -> list[SheetPart]:
    """The workbook's sheets, in order."""
    book = workbook_part(package)
    targets = relations(package, book)
    found = []
    for sheet in parse_part(package, book).iter(f"{{{MAIN}}}sheet"):
        relation = sheet.get(f"{{{RELATIONS}}}id", "")
        if relation in targets:
            found.append(SheetPart(sheet.get("name", ""), targets[relation][1], relation))
    return found


def part_of(package: zipfile.ZipFile, name: str) -> str:
    """The part that holds the sheet called ``name``. Raises ``ContractError`` when the workbook refers to none."""
    for sheet in sheets(package):
        if sheet.name == name and sheet.part in package.namelist():
            return sheet.part
    raise ContractError(
        f"the workbook names sheet {name!r} and does not say where it is",
        "It is damaged, or saved as 'Strict Open XML': save it in Excel as an ordinary .xlsx workbook.",
    )


def farthest_cell(path: Path) -> FarCell | None:
    """The cell farthest from A1 in all sheets, by reading the sheets as a stream in constant memory."""
    far: FarCell | None = None
    most = 0
    with opened(path) as package:
        for sheet in sheets(package):
            for column, row in _references(package, sheet.part):
                reach = row * column_number(column)
                if reach > most:
                    most, far = reach, FarCell(sheet.name, row, column)
    return far


def _references(package: zipfile.ZipFile, part: str) -> Iterator[tuple[str, int]]:
    rest = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            data = rest + chunk
            for match in _REFERENCE.finditer(data):
                yield match[1].decode(), int(match[2])
            rest = data[-32:]


def column_number(column: str) -> int:
    """The position of a column counted from 1: ``A`` is 1."""
    number = 0
    for character in column:
        number = number * 26 + ord(character) - ord("A") + 1
    return number
