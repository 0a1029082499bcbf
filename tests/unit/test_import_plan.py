"""What an import would change: overrides, fingerprints, what stays (facts 3.3 and 13)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import import_plan
from ctvpipe.pipelines.circuits.import_plan import TRACKING, Plan, Stored, fingerprint
from ctvpipe.pipelines.circuits.tracking_columns import FIELDS, KEY

DAY = date(2026, 11, 22)
ALL = frozenset(FIELDS)
NO_TASKS = ALL - {"assigned_to", "sctask"}


def row(**values: Any) -> tuple[Any, ...]:
    plain = {"site_name": "XYZ 01", "circuit_purpose": "Primary", "status": "Enabled", "provider": "Comcast"}
    return tuple((plain | values).get(name) for name in FIELDS)


def stored(values: tuple[Any, ...], **others: Any) -> Stored:
    return Stored(1, values, fingerprint(values), TRACKING, None, protected=False)._replace(**others)


def plan(wanted: tuple[Any, ...], before: Stored | None, **options: Any) -> Plan:
    known = {} if before is None else {before.values[:2]: before}
    return import_plan.plan([wanted], known, **{"fields": ALL, **options})


def written(made: Plan) -> dict[str, Any]:
    (found,) = made.new + made.changed
    return dict(zip(import_plan.WRITTEN, import_plan.complete(found), strict=True))


def test_an_unchanged_row_is_counted_and_not_written() -> None:
    assert plan(row(), stored(row())) == Plan(unchanged=1)


def test_a_protected_row_is_skipped_and_counted() -> None:
    made = plan(row(status="Order Canceled"), stored(row(), protected=True))
    assert made == Plan(protected=[("XYZ 01", "Primary")])


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in (*KEY, "assigned_to", "sctask")])
def test_a_change_of_any_column_is_written(name: str) -> None:
    made = plan(row(**{name: "new"}), stored(row(**{name: "old"})))
    assert (len(made.changed), made.unchanged) == (1, 0)
    assert written(made)[name] == "new"
    assert plan(row(**{name: None}), stored(row(**{name: "old"}))).changed


def test_a_row_that_somebody_changed_by_hand_without_an_override_gets_the_brokers_values_back() -> None:
    before = stored(row())
    made = plan(row(), before._replace(values=row(status="by hand")))
    assert made.status_changes == [import_plan.StatusChange("XYZ 01", "Primary", "by hand", "Enabled")]


@pytest.mark.parametrize("others", [
    {"data_source": "manual"}, {"data_source": "new_stores"}, {"missing_since": DAY}, {"fingerprint": None},
])  # fmt: skip
def test_a_row_is_the_brokers_once_its_file_has_it(others: dict[str, Any]) -> None:
    found = written(plan(row(), stored(row(), **others)))
    assert (found["data_source"], found["missing_since"]) == (TRACKING, None)
    assert found["fingerprint"] == fingerprint(row())


def test_assignees_once_stored_are_never_overwritten() -> None:
    before = stored(row(assigned_to="A. Example", sctask=None))
    assert written(plan(row(assigned_to="B. Example", sctask="SCTASK1"), before))["assigned_to"] == "A. Example"
    assert written(plan(row(assigned_to="B. Example", sctask="SCTASK1"), before))["sctask"] == "SCTASK1"
    assert plan(row(assigned_to="B. Example"), before).unchanged == 1
    assert plan(row(), before, fields=NO_TASKS).unchanged == 1


def test_columns_that_the_file_does_not_have_stay() -> None:
    before = stored(row(monthly_cost=450, notes="ours"))
    made = plan(row(status="Jeopardy"), before, fields=ALL - {"monthly_cost", "notes"})
    assert (written(made)["monthly_cost"], written(made)["notes"]) == (450, "ours")


@pytest.mark.parametrize(("status", "options", "kept"), [
    ("Enabled", {}, True),
    ("Enabled", {"clear_notes": True, "fields": ALL - {"notes"}}, False),
    ("Order Canceled", {"clear_notes": True, "fields": ALL - {"notes"}}, False),
    ("Ready for Enablement", {"clear_notes": True, "fields": ALL - {"notes"}}, True),
])  # fmt: skip
def test_notes_of_ours_go_only_where_that_is_wanted(status: str, options: dict[str, Any], kept: bool) -> None:
    before = stored(row(status=status, notes="call the landlord"))
    made = plan(row(status=status, notes="call the landlord"), before, **options)
    assert made.notes_cleared == (not kept)
    assert made.unchanged == kept


def test_only_circuits_of_the_broker_are_missing_once_and_never_an_overridden_one() -> None:
    gone = {
        ("A", str(number)): stored(row(site_name="A", circuit_purpose=str(number)), id=number, **others)
        for number, others in enumerate(
            [{}, {"protected": True}, {"data_source": "manual"}, {"missing_since": DAY}, {}]
        )
    }
    made = import_plan.plan([row()], gone, fields=ALL)
    assert (len(made.new), made.missing) == (1, [0, 4])


VALUES = st.lists(
    st.one_of(st.none(), st.sampled_from(["", "null", "None", "a", "b", '"', ","])), min_size=3, max_size=3
)


@given(VALUES, VALUES)
def test_fingerprints_are_equal_for_equal_values_only(one: list[Any], other: list[Any]) -> None:
    key = ["XYZ 01", "Primary"]
    assert (fingerprint(key + one) == fingerprint(key + other)) == (one == other)
    assert fingerprint(key + one) == fingerprint(["ABC 02", "Backup", *one])
    assert len(fingerprint(key + one)) == 64


def test_the_fingerprint_of_a_stored_row_stays_what_it_is() -> None:
    """Another one for the same values would rewrite every circuit the night after an upgrade."""
    assert fingerprint(row()).startswith("07d0ee5aa9a4e45a")
    typed = {
        "monthly_cost": Decimal("89.90"),
        "date_record_updated": datetime(2026, 11, 2, 10, 11, 12),
        "milestone_enabled": date(2026, 3, 4),
    }
    assert fingerprint(row(**typed, city="Cañon City", notes='a "b"')).startswith("4384c5c37a171aa0")
