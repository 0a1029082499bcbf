"""The details of customers on their way: threads ask, one takes them as they come, and too many failures end it (facts 3.4, 3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from ctvpipe.core.errors import ConfigurationError, ContractError, CtvpipeError, PermanentError, TransientError
from ctvpipe.pipelines.bdc.records import Detail, Failed, Gone
from ctvpipe.sources.gate import StoppedError
from ctvpipe.sources.http import StatusError, WrongBodyError
from ctvpipe.sources.workers import Workers

_FIRST, _MOST_OF_FIRST = 200, 40
_IN_A_ROW = 50
_FIRST_LOOKED_AT, _MOST_MISSHAPEN = 100, 5


@dataclass(frozen=True, slots=True)
class _Misshapen(Failed):
    """An account that is not what an account must be."""


class Fetching:
    """The details of customers, ``number`` at a time, as ``ask`` gives them.

    Iterate inside a ``with``: ``Detail``, ``Gone``, or ``Failed`` for one that could not be had, while the others go
    on. Raises ``PermanentError`` where Sonar refuses who asks, ``TransientError`` where more than a fifth of the first
    two hundred fail or fifty in a row, ``ContractError`` where more than five of the first hundred are no accounts.
    """

    def __init__(self, ask: Callable[[int], Detail], ids: Iterable[int], number: int) -> None:
        self._workers = Workers(_told(ask), ids, number)

    def __enter__(self) -> Self:
        self._workers.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._workers.__exit__(*error)

    def __iter__(self) -> Iterator[Detail | Gone | Failed]:
        come = failed = misshapen = in_a_row = 0
        for one in self._workers:
            yield one
            come += 1
            in_a_row = in_a_row + 1 if isinstance(one, Failed) else 0
            if not isinstance(one, Failed):
                continue
            failed += 1
            misshapen += isinstance(one, _Misshapen)
            if come <= _FIRST_LOOKED_AT and misshapen > _MOST_MISSHAPEN:
                raise ContractError(f"{misshapen} of the first {come} accounts are not as they should be: {one.reason}")
            if in_a_row >= _IN_A_ROW or (come <= _FIRST and failed > _MOST_OF_FIRST):
                raise TransientError(
                    f"{failed} of {come} customers could not be had, {in_a_row} of them in a row: {one.reason}",
                    "Look at Sonar; with fewer workers (-w) it has less to bear. The next run goes on from here.",
                )

    def stop(self, seconds: float = 10.0) -> None:
        """Ask for nothing more; the iteration gives what is under way and comes within ``seconds``, and ends."""
        self._workers.stop(seconds)


def _told(ask: Callable[[int], Detail]) -> Callable[[int], Detail | Gone | Failed]:
    """What comes of asking, with the failures that say something of one customer only."""

    def told(id_: int) -> Detail | Gone | Failed:
        try:
            return ask(id_)
        except StatusError as error:
            return Gone(id_) if error.status == HTTPStatus.NOT_FOUND else Failed(id_, str(error))
        except (PermanentError, ConfigurationError, StoppedError):
            raise
        except WrongBodyError as error:
            return Failed(id_, str(error))
        except ContractError as error:
            return _Misshapen(id_, str(error))
        except CtvpipeError as error:
            return Failed(id_, str(error))

    return told
