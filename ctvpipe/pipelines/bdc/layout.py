"""In which column the contact report has what (facts 1.3): two known layouts, and one that the operator describes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctvpipe.core.errors import ConfigurationError

NEEDED = ("id", "status", "name", "address", "city", "state", "zip", "latitude", "longitude")
FIELDS = (*NEEDED, "street2", "plus4", "country", "source", "link")
_MOST_COLUMNS = 200
AUTO = "auto"


@dataclass(frozen=True)
class Layout:
    """The column of each field; one that is not there is in no column. ``link`` holds the account's id once more."""

    name: str
    columns: Mapping[str, int]

    @property
    def width(self) -> int:
        """How many columns a row has at least."""
        return max(self.columns.values()) + 1

    def cell(self, row: Sequence[Any], field: str) -> Any:
        """What a row has of a field; ``None`` where the layout has none."""
        column = self.columns.get(field)
        return None if column is None else row[column]


DOCUMENTED = Layout("documented", {
    "id": 0, "link": 1, "status": 2, "name": 3, "address": 10, "street2": 11, "city": 12, "state": 13, "zip": 14,
    "latitude": 15, "longitude": 16,
})  # fmt: skip
SEED = Layout("seed", {
    "id": 0, "status": 2, "name": 3, "address": 10, "city": 11, "state": 12, "zip": 13, "latitude": 14,
    "longitude": 15, "plus4": 16, "street2": 17, "country": 20, "source": 21,
})  # fmt: skip
KNOWN = (DOCUMENTED, SEED)


def candidates(wanted: str) -> tuple[Layout, ...]:
    """The layouts that the report may have: both known ones for ``auto``, one by its name, or the one in a file.

    A file is TOML: a line ``field = column`` for each field, counted from 0. Raises ``ConfigurationError`` for one
    that cannot be read, or does not describe a layout.
    """
    known = {one.name: (one,) for one in KNOWN}
    return KNOWN if wanted == AUTO else known.get(wanted) or (_from_file(Path(wanted)),)


def _from_file(path: Path) -> Layout:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"the report layout {path} cannot be read ({error.strerror})",
            f"Give a file, or one of: {AUTO}, {', '.join(one.name for one in KNOWN)}.",
        ) from None
    except ValueError:
        raise ConfigurationError(f"the report layout {path} is not TOML", "Its lines are like: latitude = 15") from None
    if problem := _problem(found):
        raise ConfigurationError(f"the report layout {path} {problem}", f"Its fields are: {', '.join(FIELDS)}.")
    return Layout(path.stem, found)


def _problem(found: Mapping[str, Any]) -> str:
    """What keeps a description from being a layout; empty where nothing does."""
    if unknown := [name for name in found if name not in FIELDS]:
        return f"has no field called {unknown[0]}"
    if missing := [name for name in NEEDED if name not in found]:
        return f"does not say where {', '.join(missing)} stands"
    bad = [name for name, column in found.items() if type(column) is not int or not 0 <= column < _MOST_COLUMNS]
    if bad:
        return f"has no column number for {bad[0]}"
    if len(set(found.values())) < len(found):
        return "has two fields in one column"
    return ""
