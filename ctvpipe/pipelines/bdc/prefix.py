"""What the names of the tables begin with (facts 2.1): the operator's choice, so that they fit beside his own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ctvpipe.stores.home import Home

# PostgreSQL cuts a name at 63 bytes; the longest that follows a prefix is that of an index.
_LONGEST = 24
_WORD = f"[a-z_][a-z0-9_]{{0,{_LONGEST - 1}}}"
_RESERVED = ("pg_", "sqlite_")
_PREFIX = re.compile(rf"(?:({_WORD})\.)?({_WORD}(?<=_))?", re.ASCII)


@dataclass(frozen=True)
class Prefix:
    """``schema`` and the beginning of every table's ``name`` in it; either may be empty, not both."""

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """``schema.``, ``name_`` or ``schema.name_``; capitals are taken for small letters, as PostgreSQL does.

        Raises ``ValueError``, which says what is allowed, for anything else: a prefix stands in the text of statements.
        """
        found = _PREFIX.fullmatch(text.lower())
        if not text or found is None or text.lower().startswith(_RESERVED):
            raise ValueError(
                "must be SCHEMA. or NAME_ or SCHEMA.NAME_, of letters, digits and underscores, "
                f"at most {_LONGEST} of them each"
            )
        return cls(found[1] or "", found[2] or "")

    def home(self, *, sqlite: bool) -> Home:
        """Where the tables are. SQLite has no schemas: there its name is the beginning of the tables' names."""
        if sqlite:
            return Home("", f"{self.schema}_{self.name}" if self.schema else self.name)
        return Home(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}." * bool(self.schema) + self.name
