"""Groups of Active Directory: by their name in small letters (facts 4.10). Their members: ``members``."""

from __future__ import annotations

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import GROUPS
from ctvpipe.pipelines.directory.silver import dialects
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.entity import (
    Condition,
    Deduction,
    Entity,
    Field,
    Source,
    View,
    empty,
    several,
)
from ctvpipe.pipelines.directory.silver.members import Members
from ctvpipe.pipelines.directory.silver.rules import FOLDED, NAMES_GROUP, SORTED
from ctvpipe.pipelines.directory.streams import AD_GROUPS, GROUP

AD = Source("ad", AD_GROUPS)

_NAME, _ALSO = AD("cn"), (AD("name"), AD("sAMAccountName"))
_TYPE, _DN = AD("groupType"), AD("distinguishedName")
_MEMBERS, _OWNERS = AD.list("member"), AD.list("managedBy")
_SYNCED = "ou=mcommadsync,"


def _aliases(view: View) -> Expression:
    name = view.value(_NAME)
    return SORTED(dialects.texts(*(sa.func.nullif(view.value(one), name) for one in _ALSO)))


def _is_security(view: View) -> Expression:
    """A negative group type: its highest bit is set (facts 4.4)."""
    group_type = view.value(_TYPE)
    return sa.case((group_type.is_not(None), group_type.like("-%")))


def _is_synced(view: View) -> Expression:
    return sa.func.coalesce(FOLDED(view.value(_DN)).contains(_SYNCED), sa.false())


ENTITY = Entity(
    "groups",
    GROUP,
    GROUPS,
    sources=(AD,),
    fields=(
        Field("group_name", (_NAME,), otherwise=lambda view: view.key),
        Field("group_aliases", (_NAME, *_ALSO), made=_aliases, says="its other names"),
        Field("gid_number", (AD("gidNumber"),)),
        Field("description", (AD("description"),)),
        Field("email_address", (AD("mail"),)),
        Field("ad_object_guid", (AD("objectGUID"),)),
        Field("ad_sam_account_name", (AD("sAMAccountName"),)),
        Field("ad_object_sid", (AD("objectSid"),)),
        Field("mcommunity_dn"),  # no stream brings the groups of MCommunity
        Field("is_security_group", (_TYPE,), made=_is_security, says="its group type is negative"),
        Field(
            "member_count",
            (_MEMBERS,),
            made=lambda view: dialects.length(view.value(_MEMBERS)),
            says="how many it names",
        ),
        Field(
            "owner_count", (_OWNERS,), made=lambda view: dialects.length(view.value(_OWNERS)), says="how many manage it"
        ),
        Field(
            "has_nested_groups",
            (_MEMBERS,),
            made=lambda view: NAMES_GROUP(view.value(_MEMBERS)),
            says="a member is a group",
        ),
        Field("is_ad_synced", (_DN,), made=_is_synced, says="it is in OU=MCommADSync"),
        Field("sync_source", otherwise=lambda _: sa.literal("ad_only")),
        Field("is_active", otherwise=lambda _: sa.true()),
        Field("source_entity_id", (AD("objectGUID"),), otherwise=lambda view: view.key),
    ),
    deductions=(
        empty("description"),
        Deduction("no_members", 10, Condition(lambda view: view.column("member_count") == 0)),
        Deduction("no_email_address", 0, Condition(lambda view: view.column("email_address").is_(None))),
        several(AD),
    ),
    hashed=(_MEMBERS, _OWNERS),
    companion=Members,
)
