"""Which customers came, and which failed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ctvpipe.core.errors import TransientError


@dataclass
class Tally:
    """``taken``: how many came, in whatever way; ``failed``: by their ids, why they could not be had or stored."""

    taken: int = 0
    failed: dict[int, str] = field(default_factory=dict)

    def require_any(self) -> None:
        """Raise ``TransientError`` where all failed."""
        if self.failed and len(self.failed) == self.taken:
            reason = next(iter(self.failed.values()))
            raise TransientError(f"none of {self.taken:,} customers could be had: {reason}", "Look at Sonar.")

    @property
    def reasons(self) -> dict[str, int]:
        """How many failed for each reason, the commonest first."""
        return dict(Counter(self.failed.values()).most_common())


def listed(ids: Sequence[int], most: int = 20) -> str:
    """Ids for a line: the first of them, and how many more there are."""
    more = f" and {len(ids) - most:,} more" if len(ids) > most else ""
    return ", ".join(map(str, ids[:most])) + more
