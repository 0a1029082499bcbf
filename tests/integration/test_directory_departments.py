"""Departments: of the UM API and TDX one typed, scored record, the same on both stores (facts 4.8)."""

from __future__ import annotations

from pathlib import Path
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
SPEC = campus.Spec()


@pytest.fixture(params=["sqlite", "postgresql"])
def silver(request: pytest.FixtureRequest, tmp_path: Path) -> Silver:
    wants_server = request.param == "postgresql"
    return Silver(request.getfixturevalue("postgres_url") if wants_server else str(tmp_path / "directory.db"))


def bring(silver: Silver, um: list[Any], tdx: list[Any]) -> None:
    silver.fetch(um, UMAPI_DEPARTMENTS)
    silver.fetch(tdx, TDX_ACCOUNTS)


def test_both_sources_are_merged_by_precedence(silver: Silver) -> None:
    bring(silver, [UM], [TDX | {"Notes": " Building 7 "}])
    silver.fetch(
        [TDX | {"City": "Exampleton", "Address1": "1 Example Way", "Fax": ""}], TDX_ACCOUNT_DETAILS, whole=False
    )
    assert counts(silver.transform()) == (1, 1, 0, 0, 0)
    found = silver.rows()["990100"]
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


def test_a_second_run_writes_nothing(silver: Silver) -> None:
    bring(silver, list(campus.um_departments(SPEC)), list(campus.tdx_accounts(SPEC)))
    assert counts(silver.transform()) == (26, 26, 0, 0, 0)
    before = silver.rows(whole=True)
    assert counts(silver.transform()) == (0, 0, 0, 0, 0)
    assert counts(silver.transform(full_sync=True)) == (26, 0, 0, 26, 0)
    assert silver.rows(whole=True) == before
