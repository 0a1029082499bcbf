"""How names of customers, agencies and bill codes are compared: blanks and case do not count (facts 3.8)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

_ALIKE = 0.7
_SUGGESTED = 3


def tidy(name: str) -> str:
    """``name`` as it is stored: trimmed, single blanks."""
    return " ".join(name.split())


def folded(name: str) -> str:
    """The form in which two spellings of one name are equal."""
    return tidy(name).casefold()


class Similar:
    """Finds existing names that look like a wanted one; an agency-qualified name is also found by its last part."""

    def __init__(self, existing: Iterable[str]) -> None:
        self._whole: dict[str, list[str]] = {}
        self._last: dict[str, list[str]] = {}
        for name in existing:
            self._whole.setdefault(folded(name), []).append(name)
            self._last.setdefault(folded(name.rpartition(":")[2]), []).append(name)

    def to(self, name: str) -> list[str]:
        """At most three names like ``name``, the most alike first."""
        found = [
            *_closest(folded(name), self._whole),
            *_closest(folded(name.rpartition(":")[2]), self._last),
        ]
        best: dict[str, float] = {}
        for candidate, score in found:
            best[candidate] = max(score, best.get(candidate, 0.0))
        return sorted(best, key=lambda candidate: (-best[candidate], candidate))[:_SUGGESTED]


def _closest(wanted: str, table: Mapping[str, list[str]]) -> list[tuple[str, float]]:
    keys = difflib.get_close_matches(wanted, table, n=_SUGGESTED, cutoff=_ALIKE)
    return [(name, difflib.SequenceMatcher(None, key, wanted).ratio()) for key in keys for name in table[key]]
