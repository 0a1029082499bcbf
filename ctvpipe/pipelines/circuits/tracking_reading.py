"""Read the broker's CSV: from the bytes of a file to the records of circuits (facts 2.3, 3.1, 3.3).

What is wrong with the file as a whole is refused before anything is written; what is wrong with a row or a cell is
counted, with the numbers of the rows, and left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.circuits import site_names, tracking_cells, tracking_columns
from ctvpipe.pipelines.circuits.tracking_columns import COLUMNS, FIELDS, PLACES

NO_NAME, NO_PURPOSE, NO_CODE = "no site name", "no purpose", "the trading name, and no store code"
WRONG_WIDTH = "a wrong number of cells"
_LOOK_AT_IT = "Look at the file and download it again; nothing was changed."


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the file: its number there (the header is 1), and its values in the order of ``COLUMNS``."""

    number: int
    values: tuple[Any, ...]

    def __getitem__(self, name: str) -> Any:
        """The value of the field called ``name``."""
        return self.values[PLACES[name]]

    @property
    def key(self) -> tuple[str, str]:
        """The circuit's business key."""
        return self.values[0], self.values[1]


@dataclass(frozen=True)
class Reading:
    """What a file holds. ``fields``: the columns it has; ``rejected``: numbers of the rows left out, by reason;
    ``unreadable``: numbers of the rows whose cell was left empty, by field.
    """

    records: list[Record]
    fields: frozenset[str]
    missing: tuple[str, ...]
    rows: int
    rejected: Mapping[str, list[int]] = field(default_factory=dict)
    unreadable: Mapping[str, list[int]] = field(default_factory=dict)
    repaired: int = 0
    unknown_purposes: int = 0
    replaced_bytes: int = 0

    @property
    def rejects(self) -> int:
        """How many rows were left out."""
        return sum(map(len, self.rejected.values()))


def read(
    data: bytes, name: str, *, synonyms: Mapping[str, str], trading_names: Collection[str], force: bool = False
) -> Reading:
    """The records of the file called ``name``.

    ``synonyms``: further headers (see ``tracking_columns.found``); ``trading_names``: what is no store's name, as it is
    compared; ``force``: take a file that does not end with a line break. Raises ``ContractError`` for a file that is
    not the broker's CSV, or not all of it.
    """
    decoded, replaced = _decoded(data)
    if decoded.lstrip().startswith("<"):
        raise ContractError(f"{name} is a web page, not CSV", "The login to the portal may have failed. " + _LOOK_AT_IT)
    rows = _rows(decoded, name)
    first = next(rows, [])
    header = tracking_columns.found(first, synonyms, name)
    reader = _Reader(header, trading_names)
    last: list[str] = []
    for number, row in enumerate(rows, 2):
        if any(row):
            last = row
            reader.take(number, row)
    if last and len(last) < header.width:
        raise ContractError(f"{name} ends within a row: it is not all there", _LOOK_AT_IT)
    if not decoded.endswith(("\n", "\r")) and not force:
        raise ContractError(
            f"{name} does not end with a line break: the rest may be missing", f"{_LOOK_AT_IT} --force takes it."
        )
    if not reader.rows:
        raise ContractError(f"{name} has a header and no rows", _LOOK_AT_IT)
    return Reading(
        reader.records,
        frozenset(header.places),
        header.missing,
        reader.rows,
        reader.rejected,
        reader.unreadable,
        reader.repaired,
        reader.unknown_purposes,
        replaced,
    )


def _decoded(data: bytes) -> tuple[str, int]:
    """The text, UTF-8 or else Windows-1252, and how many of its bytes are neither."""
    try:
        return data.decode("utf-8-sig"), 0
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        return text, text.count("\ufffd")


def _rows(text: str, name: str) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from rows
    except csv.Error as error:
        raise ContractError(f"{name} is not CSV at line {rows.line_num}: {error}", _LOOK_AT_IT) from error


class _Reader:
    """Makes records of rows, and counts what it cannot read."""

    def __init__(self, header: tracking_columns.Header, trading_names: Collection[str]) -> None:
        self._width, self._trading_names = header.width, trading_names
        self._cells: list[tuple[int, int, Callable[[str], Any]]] = [
            (place, header.places[column.field], tracking_cells.reader(column.kind))
            for place, column in enumerate(COLUMNS)
            if column.field in header.places
        ]
        self._empty: list[Any] = [None] * len(COLUMNS)
        self.records: list[Record] = []
        self.rejected: dict[str, list[int]] = {}
        self.unreadable: dict[str, list[int]] = {}
        self.rows = self.repaired = self.unknown_purposes = 0

    def take(self, number: int, row: list[str]) -> None:
        self.rows += 1
        if len(row) != self._width:
            self._reject(WRONG_WIDTH, number)
            return
        values = self._empty[:]
        for place, cell, read_cell in self._cells:
            try:
                values[place] = read_cell(row[cell])
            except tracking_cells.Unreadable:
                self.unreadable.setdefault(FIELDS[place], []).append(number)
        site, purpose = values[0], values[1]
        if site is None or purpose is None:
            self._reject(NO_NAME if site is None else NO_PURPOSE, number)
            return
        if site_names.comparable_site(site) in self._trading_names:
            values[0] = site_names.store_code(values[PLACES["site_id"]])
            if not values[0]:
                self._reject(NO_CODE, number)
                return
            self.repaired += 1
        self.unknown_purposes += purpose not in tracking_cells.KNOWN_PURPOSES
        self.records.append(Record(number, tuple(values)))

    def _reject(self, reason: str, number: int) -> None:
        self.rejected.setdefault(reason, []).append(number)
