"""People: by their uniqname in small letters, as TDX, MCommunity and the UM API have them (facts 4.9, 8)."""

from __future__ import annotations

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import DEPARTMENTS, USERS
from ctvpipe.pipelines.directory.silver import affiliations, members
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.entity import (
    Condition,
    Deduction,
    Entity,
    Field,
    Refusal,
    Source,
    Value,
    View,
    active,
    differing,
    empty,
    missing,
    several,
)
from ctvpipe.pipelines.directory.silver.rules import FOLDED, NAMES_AGREE, PHONE
from ctvpipe.pipelines.directory.streams import MCOMMUNITY_USERS, TDX_USER_DETAILS, TDX_USERS, UMAPI_EMPLOYEES, USER

TDX = Source("tdx", TDX_USERS)
MCOMMUNITY = Source("mcommunity", MCOMMUNITY_USERS)
UM = Source("um", UMAPI_EMPLOYEES, order=("EmplRcd", "EmplId"))
TDX_DETAIL = Source("tdx_detail", TDX_USER_DETAILS, detail_of=TDX.name)

_EMPL_ID = (UM("EmplId"), TDX("ExternalID"))
_TDX_UID, _UID_NUMBER = TDX("UID"), MCOMMUNITY("uidNumber")
_NAMES = (TDX("FullName"), UM("Name"), MCOMMUNITY("displayName"))
_TDX_EMAIL, _MCOMMUNITY_EMAIL = TDX("PrimaryEmail"), MCOMMUNITY("mail")
_AFFILIATIONS = MCOMMUNITY.list("ou")
_SPOKEN_OF, _MEMBERSHIPS = affiliations.departments(_AFFILIATIONS), members.memberships()
_LONGEST_EMAIL = 320  # RFC 5321


def _of_tdx(field: str, *also: Value) -> tuple[Value, ...]:
    """What TDX lists, else what it tells of one person; then the others."""
    return TDX(field), TDX_DETAIL(field), *also


def _names_agree(view: View) -> Expression:
    tdx, um, mcommunity = map(view.value, _NAMES)

    def agree(one: Expression, other: Expression) -> Expression:
        return sa.func.coalesce(NAMES_AGREE(one, other), sa.true())

    return agree(tdx, um) & (
        sa.func.coalesce(tdx == mcommunity, sa.false()) | (agree(tdx, mcommunity) & agree(um, mcommunity))
    )


def _email(view: View) -> Expression:
    return view.column("primary_email")


def _department_is_unknown(view: View) -> Expression:
    known = sa.exists().where(DEPARTMENTS.c.dept_id == view.column("department_id"))
    return view.column("department_id").is_not(None) & ~known


ENTITY = Entity(
    "users",
    USER,
    USERS,
    sources=(TDX, MCOMMUNITY, UM, TDX_DETAIL),
    fields=(
        Field("umich_empl_id", _EMPL_ID),
        Field("ldap_uid_number", (_UID_NUMBER,)),
        Field("tdx_user_uid", (_TDX_UID,)),
        # No stream brings the people of Active Directory.
        *(Field(name) for name in ("ad_object_guid", "ad_sam_account_name", "ad_last_logon", "ad_account_disabled")),
        Field("first_name", (TDX("FirstName"), UM("FirstName"), MCOMMUNITY("givenName"))),
        Field("last_name", (TDX("LastName"), UM("LastName"), MCOMMUNITY("sn"))),
        Field("full_name", _NAMES),
        Field("primary_email", (_TDX_EMAIL, _MCOMMUNITY_EMAIL)),
        Field(
            "work_phone",
            (
                TDX("WorkPhone", PHONE),
                TDX_DETAIL("WorkPhone", PHONE),
                UM("Work_Phone", PHONE),
                MCOMMUNITY("telephoneNumber", PHONE),
            ),
        ),
        Field("job_title", (UM("UniversityJobTitle"), MCOMMUNITY("umichTitle"))),
        Field("tdx_job_title", _of_tdx("Title")),
        Field("department_id", (UM("DepartmentId"),)),
        Field("department_job_titles", (UM.every("DepartmentJobTitle"),)),
        Field("department_ids", (UM.every("DepartmentId"),)),
        Field("job_codes", (UM.every("Jobcode"),)),
        Field("supervisor_ids", (UM.every("SupervisorId"),)),
        Field("work_city", _of_tdx("WorkCity", UM("Work_City"))),
        Field("work_state", _of_tdx("WorkState", UM("Work_State"))),
        Field("work_postal_code", _of_tdx("WorkZip", UM("Work_Postal"))),
        Field("work_country", _of_tdx("WorkCountry", UM("Work_Country"))),
        Field("work_address_line1", _of_tdx("WorkAddress", UM("Work_Address1"))),
        Field("work_address_line2", (UM("Work_Address2"),)),
        active(TDX),
        Field("mcommunity_ou_affiliations", (_AFFILIATIONS,)),
        Field(
            "ou_department_ids",
            (_AFFILIATIONS,),
            made=lambda view: view.related(_SPOKEN_OF.name),
            says="the departments that the affiliations speak of: of that name, else of the longest name within it",
        ),
        Field(
            "ad_group_memberships",
            made=lambda view: view.related(_MEMBERSHIPS.name),
            says="the groups of Active Directory that name the person",
        ),
        Field("source_entity_id", (*_EMPL_ID, _TDX_UID, _UID_NUMBER), otherwise=lambda view: view.key),
    ),
    deductions=(
        missing(TDX),
        missing(UM),
        missing(MCOMMUNITY),
        empty("full_name", "name"),
        empty("primary_email", "email"),
        empty("department_id"),
        differing("email_mismatch", _TDX_EMAIL, _MCOMMUNITY_EMAIL, lambda one, other: FOLDED(one) == FOLDED(other)),
        Deduction("name_mismatch", 5, Condition(lambda view: ~_names_agree(view), _NAMES)),
        Deduction("no_phone_number", 0, Condition(lambda view: view.column("work_phone").is_(None))),
        several(TDX),
        several(MCOMMUNITY),
    ),
    refusals=(
        Refusal("its e-mail has no @", Condition(lambda view: ~_email(view).contains("@"))),
        Refusal("its e-mail is too long", Condition(lambda view: sa.func.length(_email(view)) > _LONGEST_EMAIL)),
        Refusal("its department is not known", Condition(_department_is_unknown)),
    ),
    related=(_SPOKEN_OF, _MEMBERSHIPS),
    companion=affiliations.Affiliations,
    is_personal=True,
)
