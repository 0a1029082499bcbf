"""Departments: of the UM API and TDX one typed, scored record, the same on both stores (facts 4.8)."""

from __future__ import annotations

from typing import Any

import pytest

from ctvpipe.pipelines.directory.streams import TDX_ACCOUNT_DETAILS, TDX_ACCOUNTS, UMAPI_DEPARTMENTS
from tests.fakes import campus
from tests.integration.directory_silver import Silver, counts

UM = {
    "DeptId": "990100", "DeptDescription": "Zoo Lab Svcs", "DeptGroupDescription": "College of Examples",
    "DeptGroupVPAreaDescr": "Provost Example", "DeptGroupCampusDescr": "Example Main",
}  # fmt: skip
TDX = {
    "ID": 9901, "Name": "Zoo Lab Svcs  990100", "Code": "990100", "IsActive": True, "Notes": "",
    "CreatedDate": "2020-01-01T00:00:00Z", "ModifiedDate": "0001-01-01T00:00:00Z",
}  # fmt: skip
OTHER_UM, OTHER_TDX = UM | {"DeptId": "990200"}, TDX | {"ID": 9902, "Code": "990200"}
DETAIL = TDX | {"City": "Exampleton", "Address1": "1 Example Way", "Fax": ""}
SPEC = campus.Spec()


def bring(silver: Silver, um: list[Any], tdx: list[Any]) -> None:
    silver.fetch(um, UMAPI_DEPARTMENTS, max_loss_percent=100)
    silver.fetch(tdx, TDX_ACCOUNTS, max_loss_percent=100)


def test_both_sources_are_merged_by_precedence(any_silver: Silver) -> None:
    bring(any_silver, [UM], [TDX | {"Notes": " Building 7 "}])
    any_silver.fetch([DETAIL], TDX_ACCOUNT_DETAILS, whole=False)
    assert counts(any_silver.transform()) == (1, 1, 0, 0, 0)
    found = any_silver.rows()["990100"]
    created, modified = found.pop("tdx_created_date"), found.pop("tdx_modified_date")
    assert (created.isoformat(), modified) == ("2020-01-01T00:00:00+00:00", None)
    assert len(found.pop("entity_hash")) == 64
    assert found == {
        "dept_id": "990100", "tdx_id": 9901, "department_name": "Zoo Lab Svcs", "department_code": "990100",
        "description": "Building 7", "campus_name": "Example Main", "college_group": "College of Examples",
        "vp_area": "Provost Example", "is_active": True, "source_system": "umich_api+tdx", "source_entity_id": "990100",
        "hierarchical_path": "Example Main -> Provost Example -> College of Examples -> Zoo Lab Svcs",
        "location_info": {"city": "Exampleton", "address1": "1 Example Way"}, "quality_flags": [],
        "data_quality_score": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(("um", "tdx", "name", "path", "flags", "score"), [
    ([UM | {"DeptDescription": " ", "DeptGroupVPAreaDescr": " "}], [TDX], "Zoo Lab Svcs",
     "Example Main -> Unknown VP Area -> College of Examples -> Unknown Department",
     ["missing_vp_area", "no_location_data"], 0.95),
    ([OTHER_UM], [TDX], "Zoo Lab Svcs", None,
     ["missing_umich_api_source", "missing_campus_name", "missing_college_group", "missing_vp_area", "no_location_data"],
     0.75),
    ([UM], [OTHER_TDX], "Zoo Lab Svcs",
     "Example Main -> Provost Example -> College of Examples -> Zoo Lab Svcs",
     ["missing_tdx_source", "no_location_data"], 0.9),
    ([UM | {"DeptDescription": "ZOO LAB SVCS"}], [TDX], "ZOO LAB SVCS",
     "Example Main -> Provost Example -> College of Examples -> ZOO LAB SVCS", ["no_location_data"], 1.0),
    ([UM | {"DeptDescription": "Zoology"}], [TDX], "Zoology",
     "Example Main -> Provost Example -> College of Examples -> Zoology", ["name_mismatch", "no_location_data"], 0.95),
    ([UM | {"DeptDescription": None}], [TDX | {"Name": "  990100"}], "990100",
     "Example Main -> Provost Example -> College of Examples -> Unknown Department", ["no_location_data"], 1.0),
    ([UM | {"DeptDescription": None}], [OTHER_TDX], "Department 990100",
     "Example Main -> Provost Example -> College of Examples -> Unknown Department",
     ["missing_tdx_source", "no_location_data"], 0.9),
])  # fmt: skip
def test_what_is_missing_or_differs_lowers_the_score(
    any_silver: Silver, um: list[Any], tdx: list[Any], name: str, path: str | None, flags: list[str], score: float
) -> None:
    bring(any_silver, um, tdx)
    any_silver.transform()
    found = any_silver.rows()["990100"]
    assert (found["department_name"], found["hierarchical_path"]) == (name, path)
    assert (found["quality_flags"], found["data_quality_score"]) == (flags, score)


def test_p12_accounts_without_a_code_are_departments_of_their_own(any_silver: Silver) -> None:
    """Naive: all accounts without a code are one department, or one is taken for that with its number as the code."""
    bring(any_silver, [UM | {"DeptId": "9901"}], [TDX | {"Code": ""}, TDX | {"ID": 9902, "Code": None}])
    any_silver.transform()
    found = {key: (row["tdx_id"], row["source_system"]) for key, row in any_silver.rows().items()}
    assert found == {"9901": (None, "umich_api"), "TDX_9901": (9901, "tdx"), "TDX_9902": (9902, "tdx")}


def test_of_two_accounts_of_one_code_the_newest_counts_and_that_is_told(any_silver: Silver) -> None:
    bring(any_silver, [UM], [TDX, TDX | {"ID": 9902}])
    any_silver.transform()
    found = any_silver.rows()["990100"]
    assert (found["tdx_id"], found["quality_flags"]) == (9902, ["several_tdx_records", "no_location_data"])


@pytest.mark.parametrize(("is_active", "expected"), [(True, True), (False, False), (None, True), ("False", False)])
def test_a_department_is_active_as_tdx_says(any_silver: Silver, is_active: object, expected: bool) -> None:
    bring(any_silver, [UM], [TDX | {"IsActive": is_active}])
    any_silver.transform()
    assert any_silver.rows()["990100"]["is_active"] is expected


def test_p4_an_account_that_tdx_lists_no_more_is_not_active(any_silver: Silver) -> None:
    """Naive: TDX lists active accounts only, so that none is ever seen to be otherwise."""
    bring(any_silver, [UM, OTHER_UM], [TDX, OTHER_TDX])
    any_silver.transform()
    bring(any_silver, [UM, OTHER_UM], [OTHER_TDX])
    assert counts(any_silver.transform()) == (1, 0, 1, 0, 0)
    found = any_silver.rows()["990100"]
    assert (found["is_active"], found["tdx_id"], found["source_system"]) == (False, None, "umich_api")
    assert "missing_tdx_source" in found["quality_flags"]


def test_p4_what_no_source_has_any_more_stays_and_is_not_active_until_it_is_back(any_silver: Silver) -> None:
    bring(any_silver, [UM, OTHER_UM], [OTHER_TDX])
    any_silver.transform()
    before = any_silver.rows()
    bring(any_silver, [OTHER_UM], [OTHER_TDX])
    run = any_silver.transform()
    assert (counts(run), run.details["retired"]) == ((1, 0, 1, 0, 0), 1)
    gone = any_silver.rows()["990100"]
    assert gone == before["990100"] | {"is_active": False, "entity_hash": gone["entity_hash"]}
    assert counts(any_silver.transform(full_sync=True)) == (2, 0, 0, 2, 0)
    bring(any_silver, [UM, OTHER_UM], [OTHER_TDX])
    assert counts(any_silver.transform()) == (1, 0, 1, 0, 0)
    assert any_silver.rows() == before


def test_p11_a_detail_fills_what_the_list_has_not_and_no_newer_list_hides_it(any_silver: Silver) -> None:
    """Naive: silver does not notice a detail that comes later, or the next version of the list hides it."""
    bring(any_silver, [UM], [TDX])
    any_silver.transform()
    any_silver.fetch([DETAIL], TDX_ACCOUNT_DETAILS, whole=False)
    assert counts(any_silver.transform()) == (1, 0, 1, 0, 0)
    bring(any_silver, [UM], [TDX | {"Notes": "moved"}])
    assert counts(any_silver.transform()) == (1, 0, 1, 0, 0)
    found = any_silver.rows()["990100"]
    assert (found["location_info"]["city"], found["description"]) == ("Exampleton", "moved")


def test_p11_a_detail_of_what_the_list_has_no_more_is_not_asked(any_silver: Silver) -> None:
    bring(any_silver, [UM, OTHER_UM], [TDX, OTHER_TDX])
    any_silver.fetch([DETAIL], TDX_ACCOUNT_DETAILS, whole=False)
    bring(any_silver, [UM, OTHER_UM], [OTHER_TDX])
    any_silver.transform()
    assert any_silver.rows()["990100"]["location_info"] == {}


@pytest.mark.parametrize("full_sync", [False, True])
def test_a_code_that_changes_takes_the_account_to_another_department(any_silver: Silver, full_sync: bool) -> None:
    """Naive: only the department that the account is of now is looked at, and the former one keeps what it was told."""
    bring(any_silver, [UM, OTHER_UM], [TDX, TDX | {"ID": 1, "Code": "1"}])
    any_silver.transform()
    bring(any_silver, [UM, OTHER_UM], [TDX | {"Code": "990200"}, TDX | {"ID": 1, "Code": "2"}])
    planned = any_silver.transform(dry_run=True, full_sync=full_sync)
    assert counts(any_silver.transform(full_sync=full_sync)) == counts(planned) == (4, 1, 3, 0, 0)
    found = {key: (row["tdx_id"], row["is_active"]) for key, row in any_silver.rows().items()}
    assert found == {"1": (1, False), "2": (1, True), "990100": (None, True), "990200": (9901, True)}


def test_a_second_run_writes_nothing(any_silver: Silver) -> None:
    bring(any_silver, list(campus.um_departments(SPEC)), list(campus.tdx_accounts(SPEC)))
    assert counts(any_silver.transform()) == (26, 26, 0, 0, 0)
    before = any_silver.rows(whole=True)
    assert counts(any_silver.transform()) == (0, 0, 0, 0, 0)
    assert counts(any_silver.transform(full_sync=True)) == (26, 0, 0, 26, 0)
    assert any_silver.rows(whole=True) == before
