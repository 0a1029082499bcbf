"""The report's columns against the named fields of a few accounts (facts 3.7): the names confirm the layout, or tell
which column has what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ctvpipe.pipelines.bdc import kinds, values
from ctvpipe.pipelines.bdc.checking import Finding
from ctvpipe.pipelines.bdc.layout import Layout
from ctvpipe.pipelines.bdc.report_rows import split_zip, state_code

Row = Sequence[Any]
SAMPLE = 5
# Of a field, its name in an account's address.
_NAMES = {
    "address": "line1", "city": "city", "state": "state", "zip": "zip", "latitude": "latitude",
    "longitude": "longitude",
}  # fmt: skip
# What both have in one spelling, so that a column where none of several is found is the wrong one.
_SPELT_ALIKE = frozenset({"zip", "latitude", "longitude"})
_SEVERAL, _FEW = 3, 0.05
_DIGITS = 5


def findings(pairs: Sequence[tuple[Row, Mapping[str, Any]]], layout: Layout) -> list[Finding]:
    """What speaks against the layout, a line a field; each pair is a row and the address of the same account.

    A column is wrong that has what the account says in fewer than half of the rows, where another has it in more, or
    where it can be spelt in one way only. An address may have been changed in between.
    """
    found = []
    for field, name in _NAMES.items():
        known = [(row, told) for row, address in pairs if (told := _plain(field, address.get(name)))]
        columns = Counter(index for row, told in known for index in _columns(row, field, told))
        here = layout.columns[field]
        if not known or columns[here] * 2 >= len(known):
            continue
        best = max(columns, key=lambda index: (columns[index], -index), default=here)
        text = f"index {here} is what {columns[here]} of {len(known)} accounts say"
        if columns[best] > columns[here]:
            found.append(Finding(field, f"{text}; index {best} is what {columns[best]} say"))
        elif field in _SPELT_ALIKE and len(known) >= _SEVERAL:
            found.append(Finding(field, f"{text}; no column is what they say"))
    return found


def status_findings(statuses: Iterable[Any], known: frozenset[str], layout: Layout) -> list[Finding]:
    """What speaks against the column of the status: in more than a few rows, names that Sonar has no status of (any more)."""
    names = {name.casefold() for name in known}
    told = Counter(text for cell in statuses if (text := values.text(cell)))
    strange = [text for text in told if text.casefold() not in names]
    rows = sum(told[text] for text in strange)
    if rows <= _FEW * told.total():
        return []
    shapes = ", ".join(sorted({kinds.shape(text) for text in strange})[:_SEVERAL])
    index = layout.columns["status"]
    return [Finding("status", f"index {index} holds names ({shapes}) in {rows} rows that are no status of Sonar's")]


def _columns(row: Row, field: str, told: object) -> list[int]:
    return [index for index, cell in enumerate(row) if _plain(field, cell) == told]


def _plain(field: str, cell: Any) -> object:
    """A value so that two spellings of it are the same; nothing for what says nothing."""
    if field in kinds.COORDINATES:
        number = values.decimal(cell)
        return None if not number else round(number, _DIGITS)
    text = values.text(cell)
    if text is None:
        return None
    if field == "zip":
        return split_zip(text, None)[0]
    return (state_code(text) or "").casefold() if field == "state" else " ".join(text.casefold().split())
