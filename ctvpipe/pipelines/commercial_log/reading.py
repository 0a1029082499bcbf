"""From the workbook to rows of values, checked and hashed. Runs inside a bounded child; imports little on purpose."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from ctvpipe import __version__
from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log import columns, values
from ctvpipe.pipelines.commercial_log.columns import COLUMNS, POSITION
from ctvpipe.sources import workbook, xlsx_scan

SpotValues = tuple[values.Value, ...]
HASH_BYTES = 16
_CHUNK_ROWS = 1000
_WIDTH = len(COLUMNS)
_BILL_CODE, _AIR_DATE = POSITION["bill_code"], POSITION["air_date"]
_MONTH, _REVENUE = POSITION["broadcast_month"], POSITION["revenue_type"]
_LISTED = 200
_DATE_AND_MONEY = [position for position, column in enumerate(COLUMNS) if column.kind in {"date", "money", "month"}]
_FEWEST_TO_JUDGE = 20


@dataclass(frozen=True)
class Problem:
    """A cell that could not be read: where it is. What it holds is not repeated, it may be anybody's data."""

    sheet: str
    row: int
    column: str
    header: str

    def __str__(self) -> str:
        return f"sheet {self.sheet!r}, row {self.row}, column {self.column} ({self.header})"


@dataclass
class Log:
    """The storable rows of a workbook and what became of the others.

    ``rows``: the 29 values of each spot in the order of ``columns.COLUMNS``; ``hashes``: their digests;
    ``sheets``: the sheet each came from; ``other_months``: the months of rows with a bill code that are not stored,
    such as Trade. ``counts``: rows read, stored, blank, trade, without_bill_code, without_month,
    without_air_date, rejected (they have a cell in a required column that cannot be read). ``unreadable`` and
    ``outside_domain`` count cells by column field; ``problems`` and ``rejected`` list the first of them.
    """

    rows: list[SpotValues] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    other_months: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    outside_domain: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    rejected: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Bad:
    """Stands for an unreadable cell between reading and sorting out; ``kept`` is what may be stored."""

    kept: values.Value


class _Memo(dict[object, object]):
    """Value of each distinct cell of a column; the cells of a log repeat themselves a lot."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._read = values.KINDS[kind]
        self._empty = values.EMPTY.get(kind)
        self.bad = False
        self.outside: set[object] = set()

    def __missing__(self, cell: object) -> object:
        value = self[cell] = self.read(cell)
        return value

    def forget(self, *cells: object) -> None:
        """Remember nothing of ``cells``."""
        for cell in cells:
            self.pop(cell, None)

    def read(self, cell: object) -> object:
        """The value of ``cell``, without remembering it."""
        try:
            return self._read(cell)
        except values.Unreadable as error:
            self.bad = True
            return _Bad(error.kept)
        except values.OutsideDomain:
            self.outside.add(cell)
            return self._empty


class _Tokens(dict[object, str]):
    """The canonical text of a value for hashing: its type and its content, without the separator."""

    def __missing__(self, value: object) -> str:
        if value is None or value == "":
            token = ""
        elif isinstance(value, str):
            token = "s" + value.replace("\\", "\\\\").replace("\x1f", "\\u")
        else:
            token = ("f" if isinstance(value, float) else "i") + repr(value)
        self[value] = token
        return token


def spot_hash(row: SpotValues) -> bytes:
    """The digest of all mapped columns of a spot: BLAKE2b of their types and values, in column order."""
    tokens = _Tokens()
    return _digest([tokens.__missing__(value) for value in row])


def _digest(tokens: Iterable[str]) -> bytes:
    return hashlib.blake2b("\x1f".join(tokens).encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest()


def read_log(path: Path, sheets: tuple[str, ...], *, max_rows: int, max_unreadable_percent: float) -> Log:
    """Read the wanted sheets of the workbook at ``path``.

    Raises ``ContractError`` for a damaged workbook, a missing sheet, wrong headers, or a date or money column of
    which more than ``max_unreadable_percent`` cannot be read, naming sheet, row and column.
    """
    log = Log()
    with workbook.reader(path, columns.SETTINGS) as book:
        for name in [book.find(sheet) for sheet in sheets]:
            rows = book.rows(name, max_rows=max_rows)
            header = next(rows, [])
            log.remarks += columns.check_headers(name, header)
            hidden = xlsx_scan.unreadable_cells(path, name)
            _SheetReading(log, name, max_unreadable_percent, hidden).read(rows)
    log.counts["stored"] = len(log.rows)
    return log


def key(sha256: str, sheets: tuple[str, ...], *, max_rows: int, max_unreadable_percent: float) -> str:
    """What ``read_log`` depends on, as a text: the workbook's digest, this version's rules, and the settings."""
    return " ".join(map(str, (sha256, __version__, *sheets, max_rows, max_unreadable_percent)))


class _SheetReading:
    """Reads one sheet into ``log``, column by column in chunks: most of the work is dictionary look-ups in C."""

    def __init__(self, log: Log, sheet: str, max_unreadable_percent: float, hidden: dict[int, list[int]]) -> None:
        self._log, self._sheet, self._most = log, sheet, max_unreadable_percent
        self._hidden = hidden  # cells that read as blank and are not
        self._memos = [_Memo(column.kind) for column in COLUMNS]
        self._tokens = [_Tokens() for _ in COLUMNS]
        self._is_trade = cache(values.is_trade)
        self._filled = 0
        self._unreadable: Counter[int] = Counter()
        self._first: dict[int, int] = {}

    def read(self, rows: Iterator[workbook.Row]) -> None:
        number = 2
        while chunk := list(islice(rows, _CHUNK_ROWS)):
            self._read_chunk(chunk, number)
            number += len(chunk)
        self._filled += number - 2
        self._log.counts["read"] += self._filled
        self._judge()

    def _read_chunk(self, chunk: list[workbook.Row], number: int) -> None:
        if len(chunk[0]) != _WIDTH:
            chunk = [(row + [""] * _WIDTH)[:_WIDTH] for row in chunk]
        cells = list(zip(*chunk, strict=True))
        read = [self._column(position, column) for position, column in enumerate(cells)]
        tokens = [list(map(memo.__getitem__, column)) for memo, column in zip(self._tokens, read, strict=True)]
        lines: Iterable[tuple[SpotValues, tuple[str, ...]]] = zip(
            zip(*read, strict=True), zip(*tokens, strict=True), strict=True
        )
        clean = not self._hidden and not any(memo.bad for memo in self._memos)
        for offset, (row, line) in enumerate(lines):
            if clean and row[_BILL_CODE] and row[_MONTH] and row[_AIR_DATE] and not self._is_trade(row[_REVENUE]):
                self._keep(row, line)
            else:
                self._sort_out(number + offset, row, line)

    def _column(self, position: int, cells: tuple[object, ...]) -> list[object]:
        memo = self._memos[position]
        column = list(map(memo.__getitem__, cells))
        if (0 in memo or 1 in memo) and bool in set(map(type, cells)):  # True and 1.0 are one key, but not one value
            memo.forget(0, 1)
            column = [memo.read(cell) if isinstance(cell, bool) else memo[cell] for cell in cells]
        if memo.outside:
            self._log.outside_domain[COLUMNS[position].field] += sum(cell in memo.outside for cell in cells)
        return column

    def _sort_out(self, number: int, row: SpotValues, tokens: tuple[str, ...]) -> None:
        log = self._log
        hidden = [position for position in self._hidden.get(number, ()) if position < _WIDTH]
        if not any(tokens) and not hidden:
            log.counts["blank"] += 1
            self._filled -= 1
            return
        bad = hidden
        if any(memo.bad for memo in self._memos):
            bad = sorted({*hidden, *(position for position, value in enumerate(row) if isinstance(value, _Bad))})
        if bad:
            row, tokens = self._without(bad, number, row)
        for position, reason in (
            (_BILL_CODE, "without_bill_code"),
            (_MONTH, "without_month"),
            (_AIR_DATE, "without_air_date"),
        ):
            if row[position] is None:
                if position in bad and (position == _BILL_CODE or row[_BILL_CODE] is not None):
                    log.counts["rejected"] += 1
                    self._list(log.rejected, number, position)
                else:
                    log.counts[reason] += 1
                self._keep_month(row)
                return
        if self._is_trade(row[_REVENUE]):
            log.counts["trade"] += 1
            self._keep_month(row)
            return
        self._keep(row, tokens)

    def _keep(self, row: SpotValues, tokens: tuple[str, ...]) -> None:
        log = self._log
        log.rows.append(row)
        log.hashes.append(_digest(tokens))
        log.sheets.append(self._sheet)

    def _keep_month(self, row: SpotValues) -> None:
        """The month of a row that is not stored stands in the file all the same."""
        if row[_BILL_CODE] is not None and row[_MONTH] is not None:
            self._log.other_months.add(str(row[_MONTH]))

    def _without(self, bad: list[int], number: int, row: SpotValues) -> tuple[SpotValues, tuple[str, ...]]:
        """The row with what may be kept of its unreadable cells."""
        cleaned: list[values.Value] = list(row)
        for position in bad:
            cell: object = row[position]
            cleaned[position] = cell.kept if isinstance(cell, _Bad) else None
            self._log.unreadable[COLUMNS[position].field] += 1
            self._unreadable[position] += 1
            self._first.setdefault(position, number)
            self._list(self._log.problems, number, position)
        return tuple(cleaned), tuple(memo[value] for memo, value in zip(self._tokens, cleaned, strict=True))

    def _list(self, problems: list[Problem], number: int, position: int) -> None:
        if len(problems) < _LISTED:
            header = COLUMNS[position].headers[0]
            problems.append(Problem(self._sheet, number, columns.letter(position), header))

    def _judge(self) -> None:
        """Refuse a sheet of which a date or money column is mostly something else."""
        for position in _DATE_AND_MONEY:
            count = self._unreadable[position]
            if count * 100 > self._most * self._filled and self._filled >= _FEWEST_TO_JUDGE:
                raise ContractError(
                    f"sheet {self._sheet!r}, column {columns.letter(position)} ({COLUMNS[position].headers[0]}): "
                    f"{count:,} of {self._filled:,} rows cannot be read as {COLUMNS[position].kind}, the first is row "
                    f"{self._first[position]}",
                    "The column holds something else than it should: ask traffic what changed. Nothing was changed.",
                )
