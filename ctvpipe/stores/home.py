"""Where a pipeline's tables are in a database that holds others beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Home:
    """``schema``: on PostgreSQL, empty for the one that the search path begins with; ``prefix``: what the names of the
    tables begin with. Neither: the database is the pipeline's own.
    """

    schema: str = ""
    prefix: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether the database may hold tables that are nobody's business here."""
        return bool(self.schema or self.prefix)

    def __str__(self) -> str:
        return f"{self.schema}." * bool(self.schema) + self.prefix


OWN = Home()
