"""Networks that are no stores: hubs, labs, voice and test sites (facts 6.2); shared by the inventory and the enrichment.

Whole words are compared, so that a store's code that happens to hold "lab" stays. The lists are settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

TAGS = "hub, lab, voice, test"
NAMES = "hub, lab, voice, datacenter, test, store in a box, sib"
NOTES = "test store, test site, lab site, hub site, voice site"


@dataclass(frozen=True)
class Exclusions:
    """``tags`` that a device of such a network has, and words in its ``names`` and ``notes``; as ``listed`` gives them."""

    tags: tuple[str, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...]

    def reason(self, *, name: str | None, tags: Iterable[str], notes: str | None) -> str | None:
        """Why a network of that ``name``, whose devices have these ``tags`` and ``notes``, is no store; ``None`` if it is."""
        worn = {tag.strip().casefold() for tag in tags}
        for kind, found in (
            ("tag", next((tag for tag in self.tags if tag in worn), None)),
            ("name", _word(self.names, name)),
            ("notes", _word(self.notes, notes)),
        ):
            if found is not None:
                return f"{kind}: {found}"
        return None


def listed(text: str) -> tuple[str, ...]:
    """The items of a setting, separated by commas, as they are compared."""
    items = (" ".join(item.split()).casefold() for item in text.split(","))
    return tuple(dict.fromkeys(item for item in items if item))


def _word(words: Iterable[str], text: str | None) -> str | None:
    """The first of ``words`` that stands in ``text``, not as part of another word."""
    said = " ".join((text or "").replace("_", " ").split()).casefold()
    there = (word for word in words if word in said)  # most names hold none of them, and patterns cost more
    return next((word for word in there if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said)), None)
