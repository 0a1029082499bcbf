"""Who is said to have enabled a circuit."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ctvpipe.pipelines.circuits.attribution import UNKNOWN, Assignment, Attribution
from ctvpipe.pipelines.circuits.statuses import State
from ctvpipe.pipelines.circuits.transitions import Enablement

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
READY = State("Ready for Enablement")


def enablement(site_id: str = "XYZ 01-B", purpose: str = "Secondary", named: str | None = None) -> Enablement:
    return Enablement(site_id, DAY, 1, READY, State("Enabled", "XYZ 01", purpose, "R1", named))


def assignment(to: str, site_id: str | None = None, purpose: str = "", **changes) -> Assignment:
    return Assignment("xyz  01", site_id, purpose, to, DAY, NOON, 1)._replace(**changes)


BY_ID, BY_CIRCUIT, BY_SITE = (
    assignment("by id", "XYZ 01 - B"),
    assignment("by circuit", None, "Secondary"),
    assignment("by site"),
)


@pytest.mark.parametrize(
    ("assignments", "of_circuit", "of_file", "expected"),
    [
        ([BY_SITE, BY_CIRCUIT, BY_ID], "circuit", "file", "by id"),
        ([BY_SITE, BY_CIRCUIT], "circuit", "file", "by circuit"),
        ([BY_SITE], "circuit", "file", "by site"),
        ([], "circuit", "file", "circuit"),
        ([], None, "file", "file"),
        ([], None, None, UNKNOWN),
        ([assignment("another", None, "Primary"), assignment("another", "XYZ 01")], None, None, UNKNOWN),
        ([assignment("another", site_name="XYZ 010")], None, None, UNKNOWN),
    ],
)
def test_the_closest_assignment_counts(
    assignments: list[Assignment], of_circuit: str | None, of_file: str | None, expected: str
) -> None:
    assert Attribution(assignments).of(enablement(named=of_file), of_circuit) == expected


@pytest.mark.parametrize(
    "later",
    [
        {"assignment_date": date(2026, 11, 21), "id": 0},
        {"updated_at": datetime(2026, 11, 20, 13, tzinfo=UTC), "id": 0},
        {"id": 2},
    ],
)
def test_of_several_the_newest_counts_whatever_their_order(later: dict[str, object]) -> None:
    pair = [assignment("old"), assignment("new", **later)]
    for assignments in (pair, pair[::-1]):
        assert Attribution(assignments).of(enablement()) == "new"
