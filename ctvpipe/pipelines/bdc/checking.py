"""Whether the contact report has the layout that it is taken to have (facts 3.7): nothing is written before.

What is found is told by the name of the field, with the shapes of cells instead of cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.bdc import kinds, values
from ctvpipe.pipelines.bdc.kinds import KINDS, Kind
from ctvpipe.pipelines.bdc.layout import NEEDED, Layout

Row = Sequence[Any]
_MANY, _SEVERAL = 20, 5
_SAMPLES, _LOOKED_AT = 3, 200
_EVEN = 0.99
_TOLD = 3
_ADVICE = (
    "Sonar may have changed its report. Look at it; a layout of your own can be given in a file (--report-layout FILE)."
)


@dataclass(frozen=True)
class Finding:
    """What is wrong with a field, as one line without anybody's data."""

    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


class DriftError(ContractError):
    """The report is not laid out as it should be; ``findings`` has a line for each field."""

    def __init__(self, what: str, findings: Sequence[Finding]) -> None:
        told = "; ".join(map(str, findings[:_TOLD]))
        more = f"; and {len(findings) - _TOLD} fields more" if len(findings) > _TOLD else ""
        super().__init__(f"{what}: {told}{more}", _ADVICE)
        self.findings = tuple(findings)


@dataclass
class _Tally:
    """The cells of one field, counted."""

    kind: Kind
    cells: int = 0
    passed: list[int] = field(default_factory=list)
    distinct: set[str] = field(default_factory=set)
    samples: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.passed = [0] * len(self.kind.tests)

    def add(self, text: str) -> None:
        """Count a cell."""
        self.cells += 1
        fits = True
        for index, (_, test) in enumerate(self.kind.tests):
            if test(text):
                self.passed[index] += 1
            else:
                fits = False
        if self.kind.distinct is not None and len(self.distinct) <= self.kind.distinct:
            self.distinct.add(text)
        if not fits and len(self.samples) < _SAMPLES and (shape := kinds.shape(text)) not in self.samples:
            self.samples.append(shape)

    @property
    def fits(self) -> bool:
        """Whether there are cells, and enough of them pass."""
        few = all(
            self.cells - passed <= _misses(self.cells, share)
            for passed, (share, _) in zip(self.passed, self.kind.tests, strict=True)
        )
        return few and self.cells > 0 and (self.kind.distinct is None or len(self.distinct) <= self.kind.distinct)

    @property
    def share(self) -> float:
        """The share that passes the test that fewest pass."""
        return min(self.passed) / self.cells if self.cells else 0.0


def _misses(cells: int, share: float) -> int:
    """How many cells may fail. A share of a few says little: of fewer than twenty one may, of fewer than five none."""
    return int((1 - share) * cells + 1e-9) if cells >= _MANY else int(cells >= _SEVERAL)


class _Check:
    """What speaks against a layout: the fields that are ``wrong``, and in how many rows the link names another id."""

    def __init__(self, rows: Iterable[Row], layout: Layout) -> None:
        self.layout = layout
        self.tallies = {name: _Tally(KINDS[name]) for name in layout.columns if name in KINDS}
        self.links = self.other_ids = 0
        for row in rows:
            for name, tally in self.tallies.items():
                _add(tally, name, row[layout.columns[name]])
            if "link" in layout.columns and (link := kinds.LINK.search(str(layout.cell(row, "link")))):
                self.links += 1
                self.other_ids += int(link[1]) != values.identifier(layout.cell(row, "id"))
        self.wrong = [
            name for name, tally in self.tallies.items() if not tally.fits and (tally.cells or name in NEEDED)
        ]

    @property
    def links_elsewhere(self) -> bool:
        """Whether the column of the id and that of the link do not go together."""
        return self.other_ids > _misses(self.links, KINDS["link"].tests[0][0])

    def findings(self, rows: Iterable[Row]) -> list[Finding]:
        """A line for each field; what would be a better column for it, ``rows`` tell."""
        looks = _Looks(rows)
        columns = self.layout.columns
        found = [Finding(name, _text(name, columns[name], self.tallies[name], looks)) for name in self.wrong]
        if self.links_elsewhere:
            text = f"index {columns['link']} links to other accounts than index {columns['id']} names"
            found.append(Finding("link", f"{text} in {self.other_ids / self.links:.0%} of rows"))
        return found


def _add(tally: _Tally, name: str, cell: object) -> None:
    """Count a cell, unless it is empty, or a coordinate that is none."""
    if not values.is_blank(cell):
        text = str(cell).strip()
        if name not in kinds.COORDINATES or not kinds.is_zero(text):
            tally.add(text)


class _Looks:
    """What each column of the first rows looks like."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._columns: list[dict[str, _Tally]] = []
        for row in islice(rows, _LOOKED_AT):
            while len(self._columns) < len(row):
                self._columns.append({name: _Tally(kind) for name, kind in KINDS.items()})
            for column, cell in zip(self._columns, row, strict=False):
                for name, tally in column.items():
                    _add(tally, name, cell)

    def of(self, index: int) -> str:
        """How a column is called by what it looks like; empty where that is nothing special."""
        column = self._columns[index] if index < len(self._columns) else {}
        return next((word for name, word in kinds.LOOKS.items() if column and column[name].fits), "")

    def best(self, name: str, here: int) -> int | None:
        """The column that looks like a field, the nearest to ``here`` of several."""
        fitting = [index for index, column in enumerate(self._columns) if column[name].fits]
        return min(fitting, key=lambda index: abs(index - here), default=None)


def _text(name: str, index: int, tally: _Tally, looks: _Looks) -> str:
    if not tally.cells:
        said = f"index {index} is empty in all rows"
    elif tally.kind.distinct is not None and len(tally.distinct) > tally.kind.distinct:
        said = f"index {index} holds more than {tally.kind.distinct} different values"
    else:
        like = looks.of(index)
        samples = ", ".join(tally.samples)
        said = f"index {index} holds {like or 'other'} values ({samples}) in {1 - tally.share:.0%} of rows"
    best = looks.best(name, index)
    return f"{said}; index {best} looks like {name}" if best is not None else f"{said}; no column looks like {name}"


def chosen(rows: Iterable[Row], candidates: Sequence[Layout]) -> Layout:
    """The one of ``candidates`` that the rows have; ``rows`` can be read again and again, each wide enough for all.

    Raises ``DriftError`` where none fits, with what speaks against the one that fits best, and ``ContractError`` where
    several do.
    """
    checks = [_Check(rows, layout) for layout in candidates]
    fitting = [check.layout for check in checks if not check.wrong and not check.links_elsewhere]
    if len(fitting) > 1:
        raise ContractError(
            f"the report fits the layouts {' and '.join(one.name for one in fitting)}", "Say which: --report-layout"
        )
    if not fitting:
        best = min(checks, key=lambda check: len(check.wrong))
        raise DriftError(f"the contact report is not laid out as {best.layout.name}", best.findings(rows))
    return fitting[0]


def usual_width(lengths: Counter[int], candidates: Sequence[Layout]) -> int:
    """The number of columns that rows have; ``lengths`` counts how many have how many, -1 those that are no rows.

    Raises ``ContractError`` where there are none, ``DriftError`` where too many have another number, or it is too small
    for every layout.
    """
    total = lengths.total()
    if not total:
        raise ContractError("the contact report is empty", "Nobody is taken for gone. Look at the report in Sonar.")
    width, rows = max(lengths.items(), key=lambda one: (one[1], one[0]))
    if total - rows > _misses(total, _EVEN):
        raise DriftError("the contact report is uneven", [Finding("rows", f"{rows / total:.0%} have {width} columns")])
    least = min(layout.width for layout in candidates)
    if width < least:
        text = f"they have {width} columns, and {least} are needed" if width >= 0 else "they are no lists of cells"
        raise DriftError("the contact report is too narrow", [Finding("rows", text)])
    return width
