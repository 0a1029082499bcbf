"""A list of the UM API, whole or not at all (facts 4.0, P5).

Its pages overlap by one item: each has to begin with the last item of the page before it. So no item is lost when the
list changes while it is read; a server that forgets the index does not lead round in circles; and the end is where
nothing follows, not where a page is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ctvpipe.core.errors import ContractError, TransientError
from ctvpipe.sources.http import Client

Item = Mapping[str, Any]
_COUNT = 1000  # the API ignores larger ones
_PASSES = 3
_CHANGED = "Look at whether the UM API is being updated at that hour; the next run asks again."


@dataclass(frozen=True)
class Listing:
    """One list: its ``path``, the ``outer`` and ``inner`` name under which its items are, and what names an item."""

    path: str
    outer: str
    inner: str
    key: tuple[str, ...]

    def name(self, item: Item) -> tuple[str, ...]:
        """What tells an item from the others."""
        return tuple(str(item.get(field)) for field in self.key)


DEPARTMENTS = Listing("DeptData", "DepartmentList", "DeptData", ("DeptId",))
EMPLOYEES = Listing("DeptEmpData", "DeptEmpInfo", "DeptEmpData", ("EmplId", "EmplRcd"))


def items(client: Client, url: str, listing: Listing) -> Iterator[Item]:
    """Every item of a list at ``url``, each as it came; its end is the end of the list.

    A list that changes while it is read is read again, without the items that were had before. Raises what
    ``Client.get_json`` does, ``ContractError`` for an empty list or for anything that is no list, and
    ``TransientError`` for one that goes on changing.
    """
    had: set[tuple[str, ...]] = set()
    for _ in range(_PASSES):
        known = frozenset(had)
        try:
            for item in _pass(client, url, listing):
                name = listing.name(item)
                had.add(name)
                if name not in known:
                    yield item
        except _MovedError:
            continue
        return
    raise TransientError(f"the UM API's {listing.path} changed while it was read ({_PASSES} times)", _CHANGED)


class _MovedError(Exception):
    """A page does not follow the one before it."""


def _pass(client: Client, url: str, listing: Listing) -> Iterator[Item]:
    """The items, read once from the first to the last."""
    found = _page(client, url, listing, 0)
    if not found:
        raise ContractError(f"the UM API's {listing.path} is empty", "Nothing is taken for gone.")
    total = 0
    while found:
        yield from found
        total += len(found)
        last = found[-1]
        found = _page(client, url, listing, total - 1)
        if not found or listing.name(found[0]) != listing.name(last):
            raise _MovedError
        del found[0]


def _page(client: Client, url: str, listing: Listing, start: int) -> list[Item]:
    """The items from ``start`` on, as many as the API gives at once; a single one may come without a list around it."""
    answer = client.get_json(f"{url}/{listing.path}", {"$count": _COUNT, "$start_index": start})
    if not isinstance(answer, dict) or listing.outer not in answer:
        raise ContractError(f"the UM API's {listing.path} is not a {listing.outer}")
    outer = answer[listing.outer] or {}
    inner = (outer.get(listing.inner) or []) if isinstance(outer, dict) else outer
    found = [inner] if isinstance(inner, dict) else inner
    if not isinstance(found, list) or not all(isinstance(item, dict) and item for item in found):
        raise ContractError(f"the UM API's {listing.path} is not a list of items")
    return found
