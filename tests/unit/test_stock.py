"""The devices of several organisations as one list, and until when their models live (facts 5)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits.lifecycle import Dates, dates_of
from ctvpipe.pipelines.circuits.stock import united

SEEN = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from("abcde"), st.sampled_from([None, "N_1", "N_2"])), max_size=12
)


@settings(max_examples=60)
@given(SEEN)
def test_every_device_is_there_once_and_in_its_network(seen: list[tuple[int, str, str | None]]) -> None:
    made = [
        [{"serial": serial, "organization_id": organization, "network_id": network} for of, serial, network in seen if of == organization]
        for organization in range(3)
    ]  # fmt: skip
    rows = united(made)
    assert [row["serial"] for row in rows] == sorted({serial for _, serial, _ in seen})
    for row in rows:
        claims = [claim for each in made for claim in each if claim["serial"] == row["serial"]]
        assigned = [claim for claim in claims if claim["network_id"]]
        assert row == (assigned or claims)[-1]


TABLE = {
    name: Dates(end_of_sale=date(2020, 1, number))
    for number, name in enumerate(("MX67", "MS220-8", "MR36", "MX67C"), 1)
}


@pytest.mark.parametrize(("model", "of"), [
    ("MX67", "MX67"), ("MX67-HW", "MX67"), ("MX67C-NA", "MX67C"), ("MX67W", None), ("MX6", None),
    ("MS220-8P", "MS220-8"), ("MS220-8LP", "MS220-8"), ("MS220-8", "MS220-8"), ("MS220-48", None),
    ("MS2200-8P", None), ("MR36-A-B", "MR36"), ("", None),
])  # fmt: skip
def test_dates_count_for_a_model_and_its_variants_behind_a_hyphen(model: str, of: str | None) -> None:
    """With a plain prefix MX67W and MX67C-NA would have the dates of MX67."""
    assert dates_of(model, TABLE) == (TABLE[of] if of else None)


@pytest.mark.parametrize(("sale", "support", "mark"), [
    (None, None, None), (1, None, None), (0, None, None), (-1, None, "eos"), (-9, 1, "eos"), (-9, -1, "eol"), (None, -1, "eol"),
])  # fmt: skip
def test_a_date_is_passed_the_day_after(sale: int | None, support: int | None, mark: str | None) -> None:
    today = date(2026, 5, 15)
    dates = (None if days is None else today.replace(day=15 + days) for days in (sale, support))
    assert Dates(None, *dates).highlight(today) == mark
