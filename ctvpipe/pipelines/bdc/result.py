"""What an import did, as its log, its record and its line of JSON tell it (facts 5): numbers, and ids of accounts."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Result:
    """``counts``: by the names of the summary; ``coordinates``: customers by the status of theirs; ``failed``: how many
    customers for which reason.
    """

    status: str = "ok"
    counts: dict[str, int] = field(default_factory=dict)
    coordinates: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    layout: str = ""
    seconds: float = 0.0

    @property
    def speed(self) -> float:
        """Customers fetched a second."""
        return self.counts.get("fetched", 0) / self.seconds if self.seconds else 0.0

    def shape(self) -> dict[str, Any]:
        """The result as an object."""
        return {
            "status": self.status,
            "report_layout": self.layout,
            **{name: self.counts.get(name, 0) for _, names in _LINES for name, _ in names},
            **self.counts,
            "coordinates": dict(self.coordinates),
            "failed_by_reason": dict(self.failed),
            "elapsed_seconds": round(self.seconds, 1),
            "customers_per_second": round(self.speed, 1),
        }

    def line(self) -> str:
        """The same as one line of JSON."""
        return json.dumps(self.shape())

    def log(self, log: logging.Logger) -> None:
        """Tell it in a few lines, without what there is none of."""
        for title, names in _LINES:
            told = [f"{self.counts[name]:,} {words}" for name, words in names if self.counts.get(name)]
            if told:
                log.info("%s: %s", title, ", ".join(told))
        if self.coordinates:
            kinds = sorted(self.coordinates.items(), key=lambda one: (-one[1], one[0]))
            log.info("Coordinates: %s", ", ".join(f"{count:,} {kind}" for kind, count in kinds))
        for reason, count in self.failed.items():
            log.info("Failed: %d, because: %s", count, reason)
        log.info("Elapsed: %.1f s, %.1f customers a second", self.seconds, self.speed)


_LINES = (
    (
        "Report",
        (
            ("report_rows", "rows"),
            ("unique", "customers"),
            ("duplicates", "in more than one row"),
            ("unreadable", "rows unreadable"),
        ),
    ),
    (
        "Customers",
        (
            ("due", "due"),
            ("skipped", "fresh enough"),
            ("fetched", "fetched"),
            ("inserted", "new"),
            ("updated", "changed"),
            ("unchanged", "as they were"),
            ("refreshed", "changed in the report alone"),
            ("removed", "gone"),
            ("reappeared", "back"),
            ("failed", "failed"),
        ),
    ),
    ("With them", (("services", "services"), ("groups", "memberships of groups"), ("links", "pieces of equipment"))),
    (
        "Equipment",
        (
            ("models", "models"),
            ("items", "pieces"),
            ("items_written", "written"),
            ("items_renamed", "with another name"),
            ("calls_saved", "calls saved by reading it at once"),
        ),
    ),
    (
        "Sonar",
        (
            ("requests", "requests"),
            ("retries", "of them repeated"),
            ("limited", "answered 429"),
            ("pauses", "pauses for everybody"),
            ("logins", "logins"),
            ("bytes", "bytes"),
        ),
    ),
)
