"""Departments: by the code of the UM API, which TDX has as its accounts' code (facts 4.8)."""

from __future__ import annotations

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import DEPARTMENTS
from ctvpipe.pipelines.directory.silver import dialects
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.entity import (
    Condition,
    Deduction,
    Entity,
    Field,
    Source,
    View,
    active,
    differing,
    empty,
    missing,
    several,
)
from ctvpipe.pipelines.directory.silver.rules import DEPARTMENT_NAME, FOLDED, INSTANT, WHOLE_NUMBER
from ctvpipe.pipelines.directory.streams import DEPARTMENT, TDX_ACCOUNT_DETAILS, TDX_ACCOUNTS, UMAPI_DEPARTMENTS

UM = Source("um", UMAPI_DEPARTMENTS)
TDX = Source("tdx", TDX_ACCOUNTS)
TDX_DETAIL = Source("tdx_detail", TDX_ACCOUNT_DETAILS, detail_of=TDX.name)

_UM_NAME, _TDX_NAME = UM("DeptDescription", DEPARTMENT_NAME), TDX("Name", DEPARTMENT_NAME)
_CAMPUS, _VP_AREA, _COLLEGE = UM("DeptGroupCampusDescr"), UM("DeptGroupVPAreaDescr"), UM("DeptGroupDescription")
_PATH = {
    _CAMPUS: "Unknown Campus",
    _VP_AREA: "Unknown VP Area",
    _COLLEGE: "Unknown Group",
    _UM_NAME: "Unknown Department",
}
_PLACE = {
    "city": "City", "address1": "Address1", "address2": "Address2", "address3": "Address3", "address4": "Address4",
    "postal_code": "PostalCode", "phone": "Phone", "fax": "Fax", "url": "Url", "state_abbr": "StateAbbr",
    "state_name": "StateName", "country": "Country",
}  # fmt: skip


def _path(view: View) -> Expression:
    """From the campus down, with a word for what the UM API leaves empty."""
    parts = [sa.func.coalesce(view.value(value), unknown) for value, unknown in _PATH.items()]
    return sa.case((view.has(UM.name), dialects.joined(parts, " -> ")))


def _location(view: View) -> Expression:
    return dialects.filled_object(
        {key: sa.func.coalesce(view.value(TDX(field)), view.value(TDX_DETAIL(field))) for key, field in _PLACE.items()}
    )


ENTITY = Entity(
    "departments",
    DEPARTMENT,
    DEPARTMENTS,
    sources=(UM, TDX, TDX_DETAIL),
    fields=(
        Field("tdx_id", (TDX("ID", WHOLE_NUMBER),)),
        Field("department_name", (_UM_NAME, _TDX_NAME), otherwise=lambda view: sa.literal("Department ") + view.key),
        Field("department_code", otherwise=lambda view: view.key),
        Field("description", (TDX("Notes"),)),
        Field("campus_name", (_CAMPUS,)),
        Field("college_group", (_COLLEGE,)),
        Field("vp_area", (_VP_AREA,)),
        Field(
            "hierarchical_path",
            tuple(_PATH),
            made=_path,
            says="campus -> VP area -> group -> department, of the UM API",
        ),
        active(TDX),
        Field("tdx_created_date", (TDX("CreatedDate", INSTANT),)),
        Field("tdx_modified_date", (TDX("ModifiedDate", INSTANT),)),
        Field(
            "location_info",
            tuple(source(field) for field in _PLACE.values() for source in (TDX, TDX_DETAIL)),
            made=_location,
            says="each part of TDX's list, else of its detail",
        ),
        Field("source_entity_id", otherwise=lambda view: view.key),
    ),
    deductions=(
        missing(UM),
        missing(TDX),
        empty("campus_name"),
        empty("college_group"),
        empty("vp_area"),
        differing("name_mismatch", _UM_NAME, _TDX_NAME, lambda one, other: FOLDED(one) == FOLDED(other)),
        several(TDX),
        Deduction("no_location_data", 0, Condition(lambda view: dialects.is_empty(view.column("location_info")))),
    ),
)
