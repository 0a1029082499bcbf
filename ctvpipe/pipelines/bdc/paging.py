"""A list of Sonar's REST API, whole or not at all (facts 1.2): page 1, then the others side by side.

The list may change while it is read. Then a page says another total, or what came is not as much as was said: it is
read again, and what was had before is not given twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ctvpipe.core.errors import TransientError
from ctvpipe.pipelines.bdc import values
from ctvpipe.sources.http import WrongBodyError
from ctvpipe.sources.workers import Workers

Item = Mapping[str, Any]
LIMIT = 200
_PASSES = 3


class Page(NamedTuple):
    """The items of a page; ``total`` and ``pages`` of the whole list, ``None`` where it comes without pages."""

    items: list[Item]
    total: int | None = None
    pages: int = 1


def page_of(answer: Any, what: str) -> Page:
    """The page that an answer is: a bare list, or ``data`` with or without a ``paginator``.

    Raises ``WrongBodyError`` for anything else.
    """
    found = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise WrongBodyError(f"Sonar's {what} are not a list of objects")
    paginator = answer.get("paginator") if isinstance(answer, dict) else None
    if paginator is None:
        return Page(found)
    total, pages = (
        values.whole(paginator.get(name)) if isinstance(paginator, dict) else None
        for name in ("total_count", "total_pages")
    )
    if total is None or pages is None:
        raise WrongBodyError(f"Sonar's {what} do not say how many they are")
    return Page(found, total, pages)


def items(ask: Callable[[int], Page], workers: int, what: str) -> Iterator[Item]:
    """Every item of a list, once, in no order; ``ask`` gives the page of a number, to several threads at a time.

    Its end is the end of the list. Raises what ``ask`` does, and ``TransientError`` for a list that goes on changing.
    """
    had: set[int] = set()
    for _ in range(_PASSES):
        came: set[int] = set()
        nameless = 0
        steady = True
        first: Page | None = None
        for page in _pages(ask, workers):
            first = first or page
            steady = steady and page.total == first.total
            for item in page.items:
                name = values.identifier(item.get("id"))
                if name is None:
                    nameless += 1
                else:
                    came.add(name)
                if name is None or name not in had:
                    yield item
                if name is not None:
                    had.add(name)
        if first is None or first.total is None or (steady and len(came) + nameless == first.total):
            return
    raise TransientError(
        f"Sonar's {what} changed while they were read ({_PASSES} times)",
        "Look at whether Sonar is being updated at that hour; the next run asks again.",
    )


def _pages(ask: Callable[[int], Page], workers: int) -> Iterator[Page]:
    first = ask(1)
    yield first
    if first.pages > 1:
        with Workers(ask, range(2, first.pages + 1), min(workers, first.pages - 1)) as coming:
            yield from coming
