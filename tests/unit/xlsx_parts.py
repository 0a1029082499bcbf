"""Workbooks for the tests of the copy, put together from XML as various programs write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Head</t></is></c><c r="B1" t="inlineStr"><is><t>Er</t></is></c></row>'
)
STYLES = (
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="m/d/yyyy"/></numFmts><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="46"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
)


@dataclass
class Book:
    """A workbook: ``sheets`` maps names to the XML of their rows. ``strings``: the items of the shared strings, as XML.

    ``prefix``: how elements are prefixed (``x:``); ``before`` and ``after``: XML around the sheets' data;
    ``properties``: attributes of ``workbookPr``; ``extra``: further parts, or others in place of those written.
    """

    sheets: Mapping[str, str]
    strings: tuple[str, ...] = ()
    prefix: str = ""
    before: str = ""
    after: str = ""
    properties: str = ""
    namespace: str = MAIN
    extra: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    def write(self, path: Path) -> Path:
        """Write it to ``path``, and return that."""
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for name, text in (self._parts() | dict(self.extra)).items():
                if name not in self.without:
                    archive.writestr(name, text)
        return path

    def _parts(self) -> dict[str, str]:
        numbered = list(enumerate(self.sheets.items(), start=1))
        kinds = {f"xl/worksheets/sheet{number}.xml": "worksheet" for number, _ in numbered}
        kinds |= {"xl/styles.xml": "styles", **({"xl/sharedStrings.xml": "sharedStrings"} if self.strings else {})}
        types = "".join(
            f'<Override PartName="/{part}" ContentType="{_KINDS}.{kind}+xml"/>' for part, kind in kinds.items()
        )
        relations = "".join(
            f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{part.removeprefix("xl/")}"/>'
            for number, (part, kind) in enumerate(kinds.items(), start=1)
        )
        listed = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>' for number, (name, _) in numbered
        )
        workbook = f"<workbookPr {self.properties}/><sheets>{listed}</sheets>"
        return {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="'
            f'application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships'
            f'+xml"/><Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>{types}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{RELATIONS}/'
            'officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>',
            "xl/workbook.xml": self._element("workbook", workbook, f' xmlns:r="{RELATIONS}"'),
            "xl/styles.xml": self._element("styleSheet", STYLES),
            "xl/sharedStrings.xml": self._element("sst", "".join(f"<si>{item}</si>" for item in self.strings)),
            **{
                f"xl/worksheets/sheet{number}.xml": self._element(
                    "worksheet", f"{self.before}<sheetData>{rows}</sheetData>{self.after}", f' xmlns:r="{RELATIONS}"'
                )
                for number, (_, rows) in numbered
            },
        }

    def _element(self, name: str, content: str, namespaces: str = "") -> str:
        own = f"xmlns:{self.prefix.rstrip(':')}" if self.prefix else "xmlns"
        text = f'<{name} {own}="{self.namespace}"{namespaces}>{content}</{name}>'
        if self.prefix:
            text = text.replace("</", "\x00").replace("<", f"<{self.prefix}").replace("\x00", f"</{self.prefix}")
        return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}'


def commercials(rows: str, **options: object) -> Book:
    """A workbook with the one sheet ``Commercials``: a header of two columns, and ``rows`` below it."""
    return Book({"Commercials": HEADER + rows}, **options)  # type: ignore[arg-type]
