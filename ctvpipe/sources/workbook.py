"""Read sheets of a workbook that may be hostile.

What is here runs inside a bounded child (``ctvpipe.core.bounded``): the fast reader allocates the whole rectangle a
sheet claims, and a crafted sheet of 1.5 kB claims hundreds of gigabytes. ``limits_for`` gives a child the memory a
workbook of that size may need; ``explain_death`` says what was wrong when it was not enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ctvpipe.core import bounded, files
from ctvpipe.core.errors import ContractError, PermanentError
from ctvpipe.sources import xlsx_package

T = TypeVar("T")
Cell = object
Row = list[Cell]

_BASE_MEMORY_MIB = 180
_MEMORY_PER_CONTENT_MIB = 3
_HIGHEST_USUAL_RATIO = 40
_MOST_MEMORY_MIB = 2048
_SECONDS = 300.0
_MIB = 1024 * 1024
_HIGHEST_RATIO = 200
_RATIO_MATTERS_FROM = 16 * _MIB
_LARGEST_CONTENT = 4096 * _MIB


@dataclass(frozen=True)
class Names:
    """How messages call the settings that a workbook must keep to; empty: there is no such setting."""

    max_mib: str = ""
    max_rows: str = ""
    sheets: str = ""


NO_NAMES = Names()


def limits_for(path: Path, *, seconds: float = _SECONDS) -> bounded.Limits:
    """What a child may take to read the workbook at ``path``: by the size of its sheets and strings, not of its pictures."""
    with xlsx_package.opened(path) as package:
        parts = [part for part in package.infolist() if part.filename.endswith(".xml")]
    content = sum(min(part.file_size, part.compress_size * _HIGHEST_USUAL_RATIO) for part in parts) / _MIB
    memory = min(_BASE_MEMORY_MIB + int(content * _MEMORY_PER_CONTENT_MIB), _MOST_MEMORY_MIB)
    return bounded.Limits(seconds, memory_mib=memory)


def require_sane_file(path: Path, *, max_mib: int, names: Names = NO_NAMES) -> None:
    """Raise ``ContractError`` for a file that is no workbook, too large, or would unpack to an absurd size.

    Raises ``PermanentError`` for one that this user may not read.
    """
    with files.explained(f"read {path}"), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
    if size > max_mib * _MIB:
        raise ContractError(
            f"{path.name} has {size // _MIB} MiB, more than the {max_mib} MiB allowed",
            f"Raise {names.max_mib}." if names.max_mib else "Look at it by hand: what it is for takes less.",
        )
    with xlsx_package.opened(path) as package:
        members = package.infolist()
    total = 0
    for member in members:
        total += member.file_size
        ratio = member.file_size / max(member.compress_size, 1)
        if (ratio > _HIGHEST_RATIO and member.file_size > _RATIO_MATTERS_FROM) or total > _LARGEST_CONTENT:
            raise ContractError(
                f"{path.name}: its part {member.filename!r} would unpack to {member.file_size // _MIB} MiB",
                "This is not a workbook that Excel saved; nothing was read from it.",
            )


@contextmanager
def reader(path: Path, names: Names = NO_NAMES) -> Iterator[SheetReader]:
    """Open the workbook's sheets; raises ``ContractError`` when it cannot be read as a workbook."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError) as error:
        raise unreadable(path, error) from None
    try:
        yield SheetReader(path, book, names)
    finally:
        book.close()


class SheetReader:
    """The sheets of an open workbook."""

    def __init__(self, path: Path, book: object, names: Names) -> None:
        self._path, self._book, self._names = path, book, names

    @property
    def names(self) -> list[str]:
        """The sheets' names, in order."""
        return list(self._book.sheet_names)  # type: ignore[attr-defined]

    def rows(self, sheet: str, *, max_rows: int) -> Iterator[Row]:
        """The sheet's rows from row 1 on, blank ones included. Raises ``ContractError`` when there is no such sheet
        (the name is compared without regard to case and outer blanks), or it is longer than ``max_rows``.
        """
        import python_calamine

        name = self.find(sheet)
        try:
            found = self._book.get_sheet_by_name(name)  # type: ignore[attr-defined]
            below_header = found.end[0] if found.end else 0
            if below_header > max_rows:
                raising = f", or raise {self._names.max_rows}" if self._names.max_rows else ""
                raise ContractError(
                    f"sheet {name!r} has {below_header:,} rows, more than the {max_rows:,} allowed",
                    f"Look for a stray cell far below the data{raising}.",
                )
            above = found.start[0] if found.start else 0
            left = found.start[1] if found.start else 0
            for _ in range(above):
                yield []
            for row in found.iter_rows():
                yield [""] * left + row if left else row
        except python_calamine.CalamineError as error:
            raise unreadable(self._path, error) from None

    def find(self, sheet: str) -> str:
        """The name of ``sheet`` as the workbook spells it."""
        wanted = sheet.strip().casefold()
        for name in self.names:
            if name.strip().casefold() == wanted:
                return name
        setting = f"; the wanted sheets are named in {self._names.sheets}" if self._names.sheets else ""
        raise ContractError(
            f"{self._path.name} has no sheet {sheet!r}; it has {', '.join(map(repr, self.names))}",
            f"Find out whether the sheet was renamed{setting}.",
        )


def unreadable(path: Path, error: Exception) -> ContractError:
    """The refusal of a damaged workbook."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ContractError(
        f"{path.name} cannot be read as a workbook: {reason}",
        "It may have been caught half-saved or be damaged: open it in Excel and save it again.",
    )


def explained(path: Path, call: Callable[[], T]) -> T:
    """``call()``, a bounded read of ``path``, with the child's death turned into what the workbook did to cause it."""
    try:
        return call()
    except bounded.ChildTimeout as error:
        raise ContractError(
            f"{path.name}: reading it took too long ({error})", "Look at the workbook by hand."
        ) from None
    except bounded.ChildDied as error:
        cell = bounded.call(xlsx_package.farthest_cell, path, limits=bounded.Limits(60, memory_mib=_BASE_MEMORY_MIB))
        where = f": sheet {cell.sheet!r} has a cell in row {cell.row:,}, column {cell.column}" if cell else ""
        if error.signal_number is None:
            raise PermanentError(
                f"{path.name}: the reader crashed ({error})", "Look at the workbook by hand."
            ) from None
        raise ContractError(
            f"{path.name} needs more memory than a workbook of its size may take{where}",
            "Delete stray cells far from the data, or look at the workbook by hand.",
        ) from None
