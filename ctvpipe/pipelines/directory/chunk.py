"""A chunk of a fetch, as it is staged; what of it cannot be stored fails by itself, and the others go on (P21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ctvpipe.pipelines.directory.bronze import Version
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.staging import Row
from ctvpipe.pipelines.directory.storable import LONGEST_KEY, UnstorableError, fits, payload_json, unfit_key


@dataclass(frozen=True)
class Chunk:
    """``rows``: what is staged; ``failed``: what cannot be read or stored; ``size``: all there is, with both."""

    rows: list[Row]
    failed: list[Failed]
    size: int
    _first: int
    _items: Sequence[Record | Failed]

    @classmethod
    def read(cls, items: Sequence[Record | Failed], first: int) -> Self:
        """The chunk of ``items``, of which the first is at position ``first`` of the fetch."""
        failed: list[Failed] = []
        rows: list[Row] = []
        for position, item in enumerate(items, first):
            if isinstance(item, Record):
                rows.append((str(position), item[0], item[1] or "", item[3]))
            else:
                failed.append(item)
                if not unfit_key(item.external_id, None):  # it is there, and not to be taken for gone
                    rows.append((str(position), item.external_id, "", ""))
        if not _are_fit(rows):
            failed += [Failed("", reason) for row in rows if (reason := unfit_key(row[1], row[2]))]
            rows = [row for row in rows if not unfit_key(row[1], row[2])]
        return cls(rows, failed, len(items), first, items)

    def version(self, position: int) -> Version | None:
        """The record at ``position`` of the fetch as it is stored; ``None`` where it cannot be: it is then ``failed``."""
        record = self._items[position - self._first]
        if isinstance(record, Failed):
            raise TypeError("what cannot be read has no version")
        try:
            raw_data = payload_json(record.payload)
        except UnstorableError as error:
            self.failed.append(Failed(record.external_id, str(error)))
            return None
        return Version(record.external_id, record.natural_key, raw_data, record.content_hash)


def _are_fit(rows: Sequence[Row]) -> bool:
    """Whether ``unfit_key`` finds nothing wrong with any of ``rows``, looked at all at once."""
    try:
        text = "".join(map("".join, rows))
    except TypeError:  # not only texts
        return False
    return fits(text) and all(0 < len(row[1]) <= LONGEST_KEY >= len(row[2]) for row in rows)
