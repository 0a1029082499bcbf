"""What a transform of one entity has to do besides: by default nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa


class Keys(NamedTuple):
    """Keys of records, as a query and the values of its parameters."""

    select: sa.Select[Any]
    values: Mapping[str, Any]


class Companion:
    """One for each run, made in its first transaction; a method that writes is not called in a dry run."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def due(self) -> Keys | None:
        """The records that have to be made anew because of something else than their sources."""
        return None

    def start(self) -> None:
        """The run is going to write; what is ``due`` becomes pending in the same transaction."""

    def parameters(self, keys: Sequence[str]) -> dict[str, Any]:  # noqa: ARG002
        """The values of further parameters of the query of a page."""
        return {}

    def written(self, keys: Sequence[str], staged: sa.FromClause) -> Mapping[str, int]:  # noqa: ARG002
        """The page, of which ``staged`` is wanted, is written: write what goes with it, in the same transaction.

        Returns counts for the run's details.
        """
        return {}

    @staticmethod
    def notes(connection: sa.Connection, row: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:  # noqa: ARG004
        """What there is to say of the columns of a record, beyond what its sources say."""
        return {}
