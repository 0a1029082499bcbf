"""A workbook's zip package put together by hand, for files that no decent writer would produce."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

SHEET_PART = "xl/worksheets/sheet1.xml"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
WORKSHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
STRINGS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"

_BLOCK = 16 * 1024**2
_LAST_BLOCK = b"\x03\x00"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def write_package(
    path: Path,
    sheet: bytes,
    *,
    padding: tuple[bytes, int] = (b"", 0),
    name: str = "Commercials",
    strings: Sequence[str] = (),
    workbook_type: str = WORKBOOK_TYPE,
    extra: Mapping[str, bytes] | None = None,
) -> None:
    """Write a package with one sheet, whose XML is ``sheet``.

    ``padding``: a byte and how often it follows the sheet's XML; billions are fine. ``strings``: the shared
    strings. ``workbook_type``: the content type stated for the workbook part. ``extra``: further members by name,
    whatever the name.
    """
    relations = {"rId1": ("worksheet", "worksheets/sheet1.xml")}
    members = {
        "[Content_Types].xml": _content_types(workbook_type, strings=bool(strings)),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": _workbook(name),
    }
    if strings:
        relations["rId2"] = ("sharedStrings", "sharedStrings.xml")
        members["xl/sharedStrings.xml"] = _shared_strings(strings)
    members["xl/_rels/workbook.xml.rels"] = _relations(relations)
    members.update(extra or {})
    with ZipFile(path, "w") as archive:
        for member, body in members.items():
            archive.writestr(_info(member), body)
        if padding[1]:
            _write_padded(archive, SHEET_PART, sheet, *padding)
        else:
            archive.writestr(_info(SHEET_PART), sheet)


def _info(member: str) -> ZipInfo:
    info = ZipInfo(member)
    info.compress_type = ZIP_DEFLATED
    return info


def _write_padded(archive: ZipFile, member: str, beginning: bytes, fill: bytes, count: int) -> None:
    """Add ``beginning`` and ``count`` times ``fill`` as one deflated member, compressing one block only.

    The blocks are deflated apart, so that the same compressed bytes can be repeated; the member is written as if
    they were its stored content, and its headers then say what it really is.
    """
    block = fill * min(count, _BLOCK)
    rest = fill * (count % len(block))
    packed = _deflated(block)
    info = ZipInfo(member)
    with archive.open(info, "w", force_zip64=True) as stream:
        stream.write(_deflated(beginning))
        for _ in range(count // len(block)):
            stream.write(packed)
        stream.write(_deflated(rest) + _LAST_BLOCK)
    checksum = zlib.crc32(beginning)
    for _ in range(count // len(block)):
        checksum = zlib.crc32(block, checksum)
    info.compress_type = ZIP_DEFLATED
    info.CRC = zlib.crc32(rest, checksum)
    info.file_size = len(beginning) + count
    assert archive.fp is not None
    archive.fp.seek(info.header_offset)
    archive.fp.write(info.FileHeader(zip64=True))
    archive.fp.seek(archive.start_dir)


def _deflated(data: bytes) -> bytes:
    """Deflate blocks that end on a byte and refer to nothing before them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def sheet_xml(rows: str, *, dimension: str = "", doctype: str = "") -> bytes:
    """A sheet part around ready-made ``<row>`` elements."""
    stated = f"<dimension ref={quoteattr(dimension)}/>" if dimension else ""
    return (f'{_XML}{doctype}<worksheet xmlns="{_MAIN}">{stated}<sheetData>{rows}</sheetData></worksheet>').encode()


def row_xml(number: int, texts: Iterable[str]) -> str:
    """A ``<row>`` of inline strings from column A on."""
    cells = "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' for text in texts)
    return f'<row r="{number}">{cells}</row>'


def cell_xml(ref: str, text: str) -> str:
    """A ``<c>`` with an inline string; the text is taken as XML."""
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def _content_types(workbook_type: str, *, strings: bool) -> bytes:
    overrides = {
        "/xl/workbook.xml": workbook_type,
        f"/{SHEET_PART}": WORKSHEET_TYPE,
    }
    if strings:
        overrides["/xl/sharedStrings.xml"] = STRINGS_TYPE
    parts = "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    relations = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    xml = '<Default Extension="xml" ContentType="application/xml"/>'
    return f'{_XML}<Types xmlns="{_PACKAGE}/content-types">{relations}{xml}{parts}</Types>'.encode()


def _relations(targets: Mapping[str, tuple[str, str]]) -> bytes:
    items = "".join(
        f'<Relationship Id="{key}" Type="{_DOCUMENT}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{items}</Relationships>'.encode()


def _workbook(name: str) -> bytes:
    sheets = f'<sheets><sheet name={quoteattr(name)} sheetId="1" r:id="rId1"/></sheets>'
    return f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">{sheets}</workbook>'.encode()


def _shared_strings(strings: Sequence[str]) -> bytes:
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    return f'{_XML}<sst xmlns="{_MAIN}" count="{len(strings)}" uniqueCount="{len(strings)}">{items}</sst>'.encode()
