"""Which layout a contact report has, and that one which has another is refused by name (facts of BDC 1.3, 3.7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.bdc import checking, kinds, layout
from ctvpipe.pipelines.bdc.checking import DriftError
from ctvpipe.pipelines.bdc.layout import DOCUMENTED, KNOWN, NEEDED, SEED, Layout
from ctvpipe.pipelines.bdc.report_rows import state_code
from tests.fakes import sonar_payloads
from tests.fakes.sonar_people import Spec, subscriber

Rows = list[list[Any]]
BY_NAME = {one.name: one for one in KNOWN}
LAYOUTS = st.sampled_from(sorted(BY_NAME))


def rows(name: str = "documented", customers: int = 100) -> Rows:
    return [sonar_payloads.row(subscriber(id_), name) for id_ in Spec(customers=customers).ids]


PEOPLE = [subscriber(id_) for id_ in Spec(customers=100).ids]
PERSONAL = {
    text
    for one in PEOPLE
    for text in (one.name, one.line1, one.city, one.zip, one.latitude, one.longitude, str(one.id))
    if text and text != "0.0000000"
}


def refused(broken: Rows, *candidates: Layout) -> DriftError:
    with pytest.raises(DriftError) as caught:
        checking.chosen(broken, candidates or KNOWN)
    told = str(caught.value) + "".join(map(str, caught.value.findings))
    assert not [text for text in PERSONAL if text in told]
    return caught.value


def lines(error: DriftError) -> dict[str, str]:
    return {one.field: one.text for one in error.findings}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("customers", [5, 20, 300])
def test_each_layout_is_found_by_what_is_in_it(name: str, customers: int) -> None:
    assert checking.chosen(rows(name, customers), KNOWN) is BY_NAME[name]


@pytest.mark.parametrize("name", BY_NAME)
def test_the_other_layout_is_refused_by_name(name: str) -> None:
    (other,) = (one for one in KNOWN if one.name != name)
    error = refused(rows(name), other)
    assert {"state", "zip", "latitude"} <= set(lines(error))


def test_zips_where_latitudes_should_be() -> None:
    error = refused(rows("documented"), SEED)
    assert (
        lines(error)["latitude"]
        == "index 14 holds ZIP-like values (99999, 99999-9999) in 100% of rows; index 15 looks like latitude"
    )
    assert (
        lines(error)["zip"]
        == "index 13 holds state-like values (AA, AAAAAAAAAA) in 100% of rows; index 14 looks like zip"
    )
    assert str(error).startswith("the contact report is not laid out as seed: ")
    assert str(error).endswith(f"; and {len(error.findings) - 3} fields more")


@settings(max_examples=40)
@given(LAYOUTS, st.integers(0, 16), st.sampled_from([None, "", "x", "7", "12 Example Rd", "2030-01-02", "WA", 0]))
def test_one_column_inserted_is_refused_or_does_no_harm(name: str, at: int, cell: object) -> None:
    """Without harm is what lies behind all that matters, or turns one layout into the other; of addresses and cities
    only the accounts can tell, as of another coordinate before the coordinates.
    """
    whole = rows(name, 40)
    broken = [[*row[:at], cell, *row[at:]] for row in whole]
    try:
        found = checking.chosen(broken, KNOWN)
    except DriftError:
        return
    for before, after in zip(whole, broken, strict=True):
        for field in set(NEEDED) - {"address", "city"}:
            was, is_ = BY_NAME[name].cell(before, field), found.cell(after, field)
            assert is_ == was or (field == "state" and state_code(is_) == state_code(was))


@settings(max_examples=30)
@given(LAYOUTS, st.integers(0, 13))
def test_one_column_left_out_is_refused(name: str, at: int) -> None:
    refused([[*row[:at], *row[at + 1 :]] for row in rows(name, 40)])


@pytest.mark.parametrize("name", BY_NAME)
def test_columns_at_the_end_are_no_matter(name: str) -> None:
    assert checking.chosen([[*row, "more", None] for row in rows(name)], KNOWN) is BY_NAME[name]


@pytest.mark.parametrize("field", NEEDED)
def test_a_column_that_is_empty_is_refused(field: str) -> None:
    broken = rows()
    for row in broken:
        row[DOCUMENTED.columns[field]] = None
    assert lines(refused(broken, DOCUMENTED))[field].startswith(
        f"index {DOCUMENTED.columns[field]} is empty in all rows"
    )


def changed(field: str, make: Callable[[int], object], share: float) -> Rows:
    found = rows(customers=100)
    for n, row in enumerate(found):
        if n < share * 100:
            row[DOCUMENTED.columns[field]] = make(n)
    return found


@pytest.mark.parametrize(("field", "make", "most"), [
    ("id", lambda n: f"A{n}", 0.01),
    ("link", lambda n: "no link", 0.01),
    ("status", lambda n: "since 2030", 0.05),
    ("name", lambda n: f"box{n}@example.net", 0.05),
    ("address", lambda n: "7", 0.20),
    ("address", lambda n: "PO Box", 0.40),
    ("city", lambda n: "98999", 0.20),
    ("state", lambda n: "XX", 0.10),
    ("zip", lambda n: "9899", 0.10),
    ("latitude", lambda n: "-1200.5", 0.08),
    ("longitude", lambda n: "W 12.5", 0.09),
    ("latitude", lambda n: "47", 0.02),
])  # fmt: skip
def test_a_column_may_hold_so_much_that_it_should_not_and_no_more(
    field: str, make: Callable[[int], object], most: float
) -> None:
    assert checking.chosen(changed(field, make, most), [DOCUMENTED]) is DOCUMENTED
    assert field in lines(refused(changed(field, make, most + 0.04), DOCUMENTED))


def test_too_many_statuses_are_none() -> None:
    word = "abcdefghijklmnopqrstuvwxyz"
    broken = changed("status", lambda n: word[n % 26] + word[n // 26], 0.6)
    assert "more than 50 different values" in lines(refused(broken, DOCUMENTED))["status"]


def test_links_that_lead_to_other_accounts_are_told() -> None:
    broken = rows()
    ids = [row[0] for row in broken]
    for row, id_ in zip(broken, ids[1:] + ids[:1], strict=True):
        row[0] = id_
    assert "other accounts than index 0 names in 100% of rows" in lines(refused(broken, DOCUMENTED))["link"]


def test_a_report_that_fits_two_layouts_is_nobodys() -> None:
    twin = Layout("twin", DOCUMENTED.columns)
    with pytest.raises(ContractError, match="fits the layouts documented and twin"):
        checking.chosen(rows(), [DOCUMENTED, twin])


@pytest.mark.parametrize(("lengths", "said"), [
    ({22: 97, 21: 3}, "97% have 22 columns"),
    ({5: 100}, "they have 5 columns, and 17 are needed"),
    ({-1: 100}, "they are no lists of cells"),
])  # fmt: skip
def test_the_shape_of_rows(lengths: dict[int, int], said: str) -> None:
    with pytest.raises(DriftError) as caught:
        checking.usual_width(Counter(lengths), KNOWN)
    assert said in str(caught.value)


def test_the_usual_width_and_an_empty_report() -> None:
    assert checking.usual_width(Counter({22: 99, 3: 1}), KNOWN) == 22
    with pytest.raises(ContractError, match="is empty"):
        checking.usual_width(Counter(), KNOWN)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.text())))
def test_a_shape_says_nothing_of_what_is_there(cell: object) -> None:
    assert set(kinds.shape(cell)) <= set("A9?… .,-/#'") or kinds.shape(cell) == "nothing"


def test_a_layout_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text("\n".join(f"{field} = {column}" for field, column in DOCUMENTED.columns.items()))
    assert layout.candidates(str(file)) == (Layout("ours", DOCUMENTED.columns),)
    assert layout.candidates("auto") == KNOWN
    assert layout.candidates("seed") == (SEED,)


@pytest.mark.parametrize(("text", "said"), [
    ("id = 0\nlatidude = 15", "has no field called latidude"),
    ("id = 0", "does not say where status, name"),
    ("latitude 15", "is not TOML"),
    (None, "cannot be read"),
    ("\n".join(f"{field} = 3" for field in NEEDED), "has two fields in one column"),
    ("\n".join(f'{field} = "3"' for field in NEEDED), "has no column number for id"),
    ("\n".join(f"{field} = {n - 1}" for n, field in enumerate(NEEDED)), "has no column number for id"),
])  # fmt: skip
def test_a_file_that_describes_no_layout(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "ours.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        layout.candidates(str(tmp_path / "ours.toml"))
