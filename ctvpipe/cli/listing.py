"""Lists that people and programs read: an aligned table, or one JSON document with ``--json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ctvpipe.cli import output

_SCHEMA_VERSION = 1


def document(parts: Mapping[str, object]) -> None:
    """Print one JSON document, marked with the version of its shape (names may be added, never removed)."""
    output.say(json.dumps({"schema_version": _SCHEMA_VERSION, **parts}, indent=2))


def rows(head: Sequence[str], cells: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print an aligned table; ``None`` is an empty cell."""
    for line in output.table(head, [[plain(cell) for cell in row] for row in cells], right=right):
        output.say(line)


def money(amount: float | None) -> str:
    """An amount with thousands separated and cents."""
    return "" if amount is None else f"{amount:,.2f}"


def plain(cell: object) -> str:
    """A text from a workbook as a terminal may show it: what could steer the terminal becomes ``?``."""
    text = "" if cell is None else str(cell)
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)
