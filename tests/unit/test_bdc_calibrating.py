"""A report's columns against what accounts say of themselves (facts of BDC 3.7)."""

from __future__ import annotations

from typing import Any

import pytest

from ctvpipe.pipelines.bdc import calibrating, details
from ctvpipe.pipelines.bdc.layout import DOCUMENTED, SEED, Layout
from tests.fakes import sonar_payloads
from tests.fakes.sonar_people import Spec, subscriber

IDS = Spec(customers=5).ids
Pair = tuple[list[Any], dict[str, Any]]


def pairs(name: str = "documented") -> list[Pair]:
    """Rows and addresses of five accounts."""
    found = []
    for id_ in IDS:
        one = subscriber(id_)
        address = details.account(sonar_payloads.account(one, 0), id_).address
        found.append((sonar_payloads.row(one, name), dict(address)))
    return found


def lines(found: list[Pair], layout: Layout = DOCUMENTED) -> dict[str, str]:
    return {one.field: one.text for one in calibrating.findings(found, layout)}


@pytest.mark.parametrize("layout", [DOCUMENTED, SEED], ids=lambda one: one.name)
def test_the_accounts_confirm_what_is_right(layout: Layout) -> None:
    assert lines(pairs(layout.name), layout) == {}


def test_they_tell_which_column_has_what() -> None:
    assert lines(pairs("documented"), SEED) == {
        "city": "index 11 is what 0 of 5 accounts say; index 12 is what 5 say",
        "state": "index 12 is what 0 of 5 accounts say; index 13 is what 5 say",
        "zip": "index 13 is what 0 of 5 accounts say; index 14 is what 5 say",
        "latitude": "index 14 is what 0 of 5 accounts say; index 15 is what 5 say",
        "longitude": "index 15 is what 0 of 5 accounts say; index 16 is what 5 say",
    }


def test_exchanged_coordinates_in_range_are_found() -> None:
    """On the eastern coast both ways round are in range."""
    found = pairs()
    for row, address in found:
        address["latitude"], address["longitude"] = "40.10010", -75.2002
        row[15], row[16] = "-75.2002", "40.1001"
    assert set(lines(found)) == {"latitude", "longitude"}
    assert lines(found)["latitude"].endswith("index 16 is what 5 say")


def test_another_address_before_the_address_is_found() -> None:
    found = [([*row[:10], "12 Example Rd", *row[10:]], address) for row, address in pairs("seed")]
    assert set(lines(found)) == {"address"}


def test_another_number_before_the_latitude_is_found() -> None:
    found = [([*row[:15], "1.5", *row[15:]], address) for row, address in pairs()]
    assert lines(found)["latitude"] == "index 15 is what 0 of 5 accounts say; index 16 is what 5 say"


def test_spellings_make_no_difference() -> None:
    found = pairs()
    for row, address in found:
        address["line1"] = f" {str(address['line1']).upper()} "
        address["state"] = "washington"
        address["zip"] = str(address["zip"])[:5]
        address["latitude"] = float(address["latitude"])
        row[12] = "Port &#65;lder" if row[12] == "Port Alder" else row[12]
    assert lines(found) == {}


def test_one_that_was_changed_in_between_is_outvoted() -> None:
    found = pairs()
    found[0][1].update(line1="1 Elsewhere", city="Elsewhere", zip="00001", latitude="1.5")
    assert lines(found) == {}


def test_the_majority_decides_between_two_columns() -> None:
    found = pairs()
    for row, _ in found[:3]:
        row[14], row[21] = None, row[14]
    assert lines(found) == {"zip": "index 14 is what 2 of 5 accounts say; index 21 is what 5 say"}
    found[2][0][14] = found[2][0][21]
    assert lines(found) == {}


def test_what_no_column_has_is_told_where_it_is_spelt_in_one_way_only() -> None:
    found = pairs()
    for _, address in found:
        address.update(line1="Suite at the far end", latitude="1.5")
    assert lines(found) == {"latitude": "index 15 is what 0 of 5 accounts say; no column is what they say"}
    assert lines(found[:2]) == {}


def test_accounts_that_say_nothing_contradict_nothing() -> None:
    assert lines([(row, {}) for row, _ in pairs("documented")], SEED) == {}
    assert lines([]) == {}


def test_statuses_are_those_of_sonar_but_for_a_few() -> None:
    known = frozenset({"Active", "Active - VIP"})
    column = ["active"] * 60 + ["Active - VIP "] * 34 + [None, ""] + ["Old one"] * 4
    assert calibrating.status_findings(column, known, DOCUMENTED) == []
    (found,) = calibrating.status_findings([*column, "Old two", "Old two"], known, DOCUMENTED)
    assert str(found) == "status: index 2 holds names (AAA AAA) in 6 rows that are no status of Sonar's"
