"""Customers of a contact report, as often as it is read (facts of BDC 1.3, 3.5, 3.6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.bdc.coordinates import Box, Placing
from ctvpipe.pipelines.bdc.layout import DOCUMENTED, KNOWN, SEED
from ctvpipe.pipelines.bdc.records import CoordStatus, Customer, Place
from ctvpipe.pipelines.bdc.report import Report, require_whole
from ctvpipe.pipelines.bdc.report_rows import customer
from ctvpipe.sources.http import NotJsonError
from tests.fakes import sonar_payloads
from tests.fakes.sonar_people import Spec, subscriber

ROW = [
    90417, "<a href='https://isp.example/accounts/90417'>Orla &amp; Test</a>", "Active", "O&#039;Test", "orla@example.net",
    "5550100111", None, "5550100112", None, "Wireless", " 12 Example Rd ", "Unit B", "Port Alder", "Washington",
    "98999-0001", "47.100100", "-120.200200", "PO Box 7", None, "Port Alder", "WA", "98999",
]  # fmt: skip


def rows(name: str = "documented", customers: int = 100) -> list[list[Any]]:
    return [sonar_payloads.row(subscriber(id_), name) for id_ in Spec(customers=customers).ids]


def body(found: list[Any], *, bare: bool = False) -> bytes:
    return json.dumps(found if bare else {"data": found}).encode()


def report(found: list[Any]) -> Report:
    return Report(body(found), KNOWN)


def by_id(found: Report, placing: Placing | None = None) -> dict[int, Customer]:
    made = list(found.customers(placing))
    assert len({one.id for one in made}) == len(made), "each customer once"
    return {one.id: one for one in made}


def changed(row: list[Any], **cells: object) -> list[Any]:
    made = list(row)
    for field, cell in cells.items():
        made[DOCUMENTED.columns[field]] = cell
    return made


def test_a_row_as_it_is_documented() -> None:
    made = customer(ROW, DOCUMENTED, Placing())
    assert made == Customer(
        id=90417, status="Active", name="O'Test", address="12 Example Rd", street2="Unit B", city="Port Alder",
        state="WA", zip="98999", plus4="0001", country=None, source=None,
        place=Place(CoordStatus.OK, 47.1001, -120.2002), row_hash=made.row_hash if made else "",
    )  # fmt: skip


def test_without_a_name_it_has_its_accounts() -> None:
    for blank in (None, "", " "):
        made = customer(changed(ROW, name=blank), DOCUMENTED, Placing())
        assert made is not None
        assert made.name == "Orla & Test"


@pytest.mark.parametrize(("cell", "zip_code", "plus4"), [
    ("98999", "98999", None), ("98999-0001", "98999", "0001"), ("989990001", "98999", "0001"), ("00501", "00501", None),
    ("K1A 0B1", "K1A 0B1", None), ("9899", "9899", None), (None, None, None),
])  # fmt: skip
def test_zip_codes(cell: object, zip_code: str | None, plus4: str | None) -> None:
    made = customer(changed(ROW, zip=cell), DOCUMENTED, Placing())
    assert made is not None
    assert (made.zip, made.plus4) == (zip_code, plus4)


def test_both_layouts_tell_the_same_of_everybody() -> None:
    first, second = by_id(report(rows("documented"))), by_id(report(rows("seed")))
    assert set(first) == set(second)
    for id_, one in first.items():
        other = second[id_]
        for field in ("id", "status", "name", "address", "street2", "city", "state", "zip", "plus4", "place"):
            assert getattr(one, field) == getattr(other, field)
        assert (one.country, other.country, other.source) == (None, "US", "import")


def test_coordinates_are_judged_in_the_service_area() -> None:
    found = report(rows())
    plain, fixed = by_id(found), by_id(found, Placing(Box(47, -121, 48, -120), fix=True))
    odd = {id_: one.place.status.value for id_, one in plain.items() if one.place.status is not CoordStatus.OK}
    assert odd == {10_014: "missing", 10_034: "zero", 10_054: "swapped", 10_074: "sign"}
    assert all(fixed[id_].place.fixed for id_ in (10_054, 10_074))
    assert plain[10_054].place == Place(CoordStatus.SWAPPED)
    assert plain[10_054].row_hash != fixed[10_054].row_hash, "what changes is to be stored"


def test_a_bare_list_is_a_report_too() -> None:
    assert len(by_id(Report(body(rows(), bare=True), KNOWN))) == 100


def test_the_hash_is_of_what_is_told_and_of_nothing_else() -> None:
    same = customer(ROW, DOCUMENTED, Placing())
    mail = list(ROW)
    mail[4] = "other@example.net"
    assert customer(mail, DOCUMENTED, Placing()) == same
    for field in set(DOCUMENTED.columns) - {"link"}:
        other = customer(changed(ROW, **{field: "98998" if field == "zip" else "7"}), DOCUMENTED, Placing())
        assert other is not None
        assert same is not None
        assert other.row_hash != same.row_hash, field


def test_coordinates_that_are_withheld_still_count_for_the_hash() -> None:
    hashes = {
        getattr(customer(changed(ROW, latitude=text), DOCUMENTED, Placing()), "row_hash", "") for text in ("x", "y")
    }
    assert len(hashes) == 2


def test_rows_of_one_customer() -> None:
    some = rows()
    good, twin, poor = some[0], some[1], some[2]
    found = report([
        changed(good, latitude=None), *some, twin, changed(poor, street2=None, status=None), changed(good, longitude="x"),
    ])  # fmt: skip
    assert found.repeated == {10_001, 10_002, 10_003}
    assert found.differing == {10_001, 10_003}
    assert found.rows == 104
    made = by_id(found)
    assert made[10_001].place.status == "ok"
    assert made[10_003].status == "Active"
    assert len(made) == len(found.ids) == 100


@settings(max_examples=30)
@given(st.permutations([(None, 0), ("47.1", 0), ("47.1", 1), ("47.1", 2), (None, 2)]))
def test_the_best_of_several_rows_is_the_same_in_any_order(order: list[tuple[str | None, int]]) -> None:
    base = rows()
    kinds = [
        changed(base[0], latitude=latitude, street2="Unit 7" if full else None, name="Best" if full > 1 else None)
        for latitude, full in order
    ]
    made = by_id(report([*base[1:], *kinds]))[10_001]
    assert (made.place.status, made.street2, made.name) == ("ok", "Unit 7", "Best")


def test_a_row_that_cannot_be_read_is_counted_and_its_customer_is_not_gone() -> None:
    some = rows(customers=300)
    some[7] = some[7][:5]
    some[8] = ["?", *some[8][1:]]
    some[9] = "what"  # type: ignore[call-overload]
    found = report(some)
    assert found.unreadable == 3
    assert set(found.ids) - set(by_id(found)) == {10_008}
    assert len(by_id(found)) == 297


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"data": null}', b'{"data": [[1, 2]', b"<html></html>"])
def test_what_is_no_report(broken: bytes) -> None:
    with pytest.raises(NotJsonError):
        require_whole(broken)


@pytest.mark.parametrize("empty", [b"[]", b'{"data": []}'])
def test_an_empty_report_is_an_error(empty: bytes) -> None:
    require_whole(empty)
    with pytest.raises(ContractError, match="is empty"):
        Report(empty, KNOWN)


def test_too_narrow_a_report_is_not_taken_for_the_wider_layout() -> None:
    narrow = [row[:17] for row in rows()]
    assert Report(body(narrow), KNOWN).layout is DOCUMENTED
    with pytest.raises(ContractError, match="they have 17 columns, and 22 are needed"):
        Report(body(narrow), (SEED,))


def test_the_fullest_rows_are_those_that_tell_most_of_an_address() -> None:
    some = rows()
    found = report([*some, some[0]])
    ids = [id_ for id_, _ in found.fullest(range(10_001, 10_101), 5)]
    assert ids == [10_002, 10_003, 10_004, 10_005, 10_006], "the first has two rows"
    assert [id_ for id_, _ in found.fullest({10_014, 10_020}, 5)] == [10_020, 10_014], "one has no coordinates"
    assert found.fullest(set(), 5) == found.fullest({7}, 5) == []
    assert found.fullest({10_020}, 1)[0][1] == some[19]
