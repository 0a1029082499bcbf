"""What counts as a change of a circuit: values, not how they are printed; and what kind of change it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import history, tracked
from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS
from ctvpipe.pipelines.circuits.snapshots import Circuit
from ctvpipe.pipelines.circuits.tracked import Change, Snapshot

FILE = "tracking_data_2026-11-20.csv"


def values(**changed: Any) -> Snapshot:
    row: dict[str, Any] = dict.fromkeys(tracked.FIELDS)
    row |= {"site_name": "XYZ 01", "circuit_purpose": "Primary", "status": "Enabled", "data_source": "tracking"}
    return tracked.values(row | changed)  # type: ignore[arg-type]


def test_everything_is_compared_but_the_books() -> None:
    assert set(tracked.FIELDS) == {column.name for column in CIRCUITS.c} - {
        "id", "created_at", "updated_at", "date_record_updated", "last_csv_file", "fingerprint", "manual_override_date",
    }  # fmt: skip
    assert tracked.FIELD_TYPES.keys() < set(tracked.FIELDS)


@pytest.mark.parametrize(("field", "old", "new"), [
    ("monthly_cost", Decimal(450), Decimal("450.00")),
    ("monthly_cost", Decimal("450.1"), Decimal("450.10")),
    ("provider", "Comcast", " Comcast "),
    ("provider", None, " "),
    ("manual_override", None, False),
])  # fmt: skip
def test_equal_values_are_no_change_however_they_are_written(field: str, old: Any, new: Any) -> None:
    assert tracked.changes(values(**{field: old}), values(**{field: new})) == []


@pytest.mark.parametrize(("field", "old", "new", "change"), [
    ("monthly_cost", Decimal(450), Decimal("450.01"), ("450.00", "450.01", "COST_CHANGE")),
    ("install_cost", None, Decimal(0), (None, "0.00", "COST_CHANGE")),
    ("provider", "Comcast", "Cox", ("Comcast", "Cox", "PROVIDER_CHANGE")),
    ("speed", "1.0M x 1.0M", None, ("1.0M x 1.0M", None, "SPEED_CHANGE")),
    ("service_speed", None, "Cell", (None, "Cell", "SPEED_CHANGE")),
    ("install_date", date(2026, 3, 4), date(2026, 3, 5), ("2026-03-04", "2026-03-05", "FIELD_CHANGE")),
    ("manual_override", None, True, ("false", "true", "OVERRIDE_CHANGE")),
    ("status", None, "Enabled", (None, "Enabled", "CIRCUIT_ENABLED")),
    ("status", "Enabled", " order  CANCELED", ("Enabled", "order  CANCELED", "CIRCUIT_DISABLED")),
    ("status", "Enabled", "Enabled/Disconnected", ("Enabled", "Enabled/Disconnected", "CIRCUIT_DISABLED")),
    ("status", "a", "Ready for Enablement", ("a", "Ready for Enablement", "READY_FOR_ENABLEMENT")),
    ("status", "a", "Customer Action Required", ("a", "Customer Action Required", "CUSTOMER_ACTION_REQUIRED")),
    ("status", "a", "Information/Approval Needed From Sponsor",
     ("a", "Information/Approval Needed From Sponsor", "SPONSOR_APPROVAL_REQUIRED")),
    ("status", "a", "End-User Contact Required", ("a", "End-User Contact Required", "CONTACT_REQUIRED")),
    ("status", "a", "Jeopardy", ("a", "Jeopardy", "STATUS_CHANGE")),
    ("status", "a", None, ("a", None, "STATUS_CHANGE")),
])  # fmt: skip
def test_a_change_is_told_with_both_values_and_its_kind(
    field: str, old: Any, new: Any, change: tuple[Any, ...]
) -> None:
    assert tracked.changes(values(**{field: old}), values(**{field: new})) == [Change(field, *change)]


def test_status_and_speed_are_two_changes() -> None:
    found = tracked.changes(values(speed="1.0M x 1.0M"), values(status="Jeopardy", speed="2.0M x 1.0M"))
    assert [change.field_name for change in found] == ["status", "speed"]


@pytest.mark.parametrize(("old", "new", "expected"), [
    (None, values(), [Change("Circuit Status", None, "Active", "NEW_CIRCUIT")]),
    (values(), None, [Change("Circuit Status", "Active", None, "REMOVED_CIRCUIT")]),
    (values(), values(missing_since=date(2026, 3, 4)), [Change("Circuit Status", "Active", None, "REMOVED_CIRCUIT")]),
    (values(missing_since=date(2026, 3, 4)), values(), [Change("Circuit Status", None, "Active", "NEW_CIRCUIT")]),
    (values(missing_since=date(2026, 3, 4)), values(missing_since=date(2026, 3, 5)), []),
    (values(missing_since=date(2026, 3, 4)), None, []),
    (None, None, []),
])  # fmt: skip
def test_a_circuit_comes_and_goes_once(old: Snapshot, new: Snapshot, expected: list[Change]) -> None:
    assert tracked.changes(old, new) == expected


def test_a_column_that_an_earlier_snapshot_does_not_know_has_not_changed() -> None:
    earlier = dict(values() or {})
    del earlier["regional_manager"]
    assert tracked.changes(earlier, values(regional_manager="someone")) == []


snapshots = st.builds(
    values,
    status=st.sampled_from(["Enabled", "Jeopardy", None]),
    monthly_cost=st.sampled_from([None, Decimal(1), Decimal("1.50")]),
    missing_since=st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 2)),
)
circuits = st.dictionaries(st.integers(1, 4), st.builds(Circuit, snapshots, st.just(FILE)), min_size=1)


@given(circuits, circuits)
def test_the_second_comparison_finds_nothing(old: dict[int, Circuit], new: dict[int, Circuit]) -> None:
    before: dict[int, Snapshot] = {number: circuit.values for number, circuit in old.items()}
    found = history.compare(new, before)
    after = before | dict(found.taken)
    assert history.compare(new, after) == history.Compared()
    assert len({row[:2] for row in found.changed}) == len(found.changed)


def test_the_first_comparison_ever_is_the_baseline() -> None:
    found = history.compare({1: Circuit(dict(values() or {}), FILE)}, {})
    assert found.is_first
    assert found.changed == []
    assert len(found.taken) == 1


@pytest.mark.parametrize(("changed", "file", "source"), [
    ({"status": "Jeopardy"}, FILE, FILE),
    ({"status": "Jeopardy"}, None, "manual"),
    ({"status": "Jeopardy", "manual_override": True}, FILE, "manual"),
    ({"manual_override_by": "someone"}, FILE, "manual"),
    ({"missing_since": date(2026, 3, 4)}, FILE, None),
])  # fmt: skip
def test_the_source_is_the_file_or_people(changed: dict[str, Any], file: str | None, source: str | None) -> None:
    found = history.compare({1: Circuit(dict(values(**changed) or {}), file)}, {1: values()})
    assert {row[-1] for row in found.changed} == {source}
