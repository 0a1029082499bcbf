"""Plain text for people: aligned tables, and colours on a terminal only (``NO_COLOR`` switches them off)."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime, tzinfo

import typer

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_STATUSES = {"ok": "green", "off": "dim", "WARNING": "yellow", "FAILED": "red"}
_ESCAPE = "\x1b["
_WIDTH_WITHOUT_TERMINAL = 0
_GAP = "  "


def is_unicode() -> bool:
    """Whether standard output can show more than ASCII."""
    return (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "") in {"utf8", "utf16", "utf32"}


def is_coloured() -> bool:
    """Whether to use colours: a terminal, and neither ``NO_COLOR`` nor ``TERM=dumb``."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def coloured(text: str, style: str) -> str:
    """``text`` in a style of ``_CODES`` where colours are shown, as it is otherwise."""
    return f"{_ESCAPE}{_CODES[style]}m{text}{_ESCAPE}0m" if text and style and is_coloured() else text


def width() -> int:
    """Columns of the terminal; 0 (no limit) when the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL


def say(text: str = "") -> None:
    """Print a line; what the terminal cannot show is replaced by plain characters."""
    typer.echo(text if is_unicode() else text.replace("\u2013", "-").replace("…", "...").replace("→", "->"))


def result(status: str, name: str, text: str, advice: str = "") -> None:
    """Print what became of one of several things, and what to do where it is not well; ``status`` is in ``_STATUSES``."""
    label = coloured(f"{status:<7}", _STATUSES[status])
    say(f"{label}  {name}: {text}")
    if advice and status != "ok":
        say(f"{'':7}  → {advice}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Aligned lines, heading first; the columns numbered in ``right`` are right-aligned, the last is not padded.

    On a terminal a last column that is too long is cut. Cells may not hold colours.
    """
    cells = [[cell.replace("\n", " ") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    limit = width()
    return [_line(row, widths, right, limit) for row in cells]


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int], limit: int) -> str:
    padded = [
        cell.rjust(size) if column in right else cell.ljust(size)
        for column, (cell, size) in enumerate(zip(row, widths, strict=True))
    ]
    line = _GAP.join(padded).rstrip()
    return f"{line[: limit - 1]}…" if limit and len(line) > limit else line


def local(instant: datetime, tz: tzinfo) -> str:
    """An instant in the station's time."""
    return f"{instant.astimezone(tz):%Y-%m-%d %H:%M:%S}"
