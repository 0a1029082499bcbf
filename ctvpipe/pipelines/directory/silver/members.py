"""Who is in a group: people and other groups, as the distinguished names of its members tell (facts 2.6, 4.10).

The rows are kept in step by set: what a group has no more goes, what is new comes, what stays is not touched. Whoever
comes or goes is a person whose own record names the groups, and has to be made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import GROUP_MEMBERS, PENDING, RAW_ENTITIES, USERS
from ctvpipe.pipelines.directory.silver import dialects
from ctvpipe.pipelines.directory.silver.affected import KEY, bound, given
from ctvpipe.pipelines.directory.silver.companion import Companion
from ctvpipe.pipelines.directory.silver.dialects import Expression
from ctvpipe.pipelines.directory.silver.entity import Related
from ctvpipe.pipelines.directory.silver.rules import MEMBER, PERSON, SORTED
from ctvpipe.pipelines.directory.silver.wanted import REFUSED, VERSION
from ctvpipe.pipelines.directory.streams import AD, USER
from ctvpipe.stores.engine import is_sqlite

_IDENTITY = ("group_id", "member_type", "member_key")
_WANTED = sa.Table(
    "wanted_members",
    sa.MetaData(),
    *(sa.Column(name, sa.Text, primary_key=True) for name in _IDENTITY),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)
_SAME = sa.and_(*(GROUP_MEMBERS.c[name] == _WANTED.c[name] for name in _IDENTITY), GROUP_MEMBERS.c.source_system == AD)


class Members(Companion):
    """The members of the groups of a run of ``groups``."""

    def start(self) -> None:
        _WANTED.drop(self._connection, checkfirst=True)
        _WANTED.create(self._connection)

    def written(self, keys: Sequence[str], staged: sa.FromClause) -> Mapping[str, int]:
        """Returns how many members came and went."""
        self._connection.execute(sa.delete(_WANTED))
        self._connection.execute(sa.insert(_WANTED).from_select(_IDENTITY, _told(staged)))
        handed = {"keys": bound(self._connection, keys)}
        of_page = GROUP_MEMBERS.c.group_id.in_(sa.select(given(sqlite=is_sqlite(self._connection)).c[KEY]))
        gone = sa.and_(of_page, ~sa.exists().where(_SAME).correlate(GROUP_MEMBERS))
        new = ~sa.exists().where(_SAME).correlate(_WANTED)
        self._connection.execute(_await_people(gone, new), handed)
        removed = self._connection.execute(sa.delete(GROUP_MEMBERS).where(gone), handed).rowcount
        columns = [_WANTED.c[name] for name in _IDENTITY]
        rows = sa.select(*columns, sa.literal(AD)).where(new)
        insert = sa.insert(GROUP_MEMBERS).from_select([*_IDENTITY, "source_system"], rows)
        return {"members_added": self._connection.execute(insert).rowcount, "members_removed": removed}


def memberships() -> Related:
    """The groups that a person is in."""

    def select(read: sa.FromClause) -> sa.Select[Any]:
        is_in = (GROUP_MEMBERS.c.member_type == "user") & (GROUP_MEMBERS.c.member_key == read.c[KEY])
        return sa.select(read.c[KEY], GROUP_MEMBERS.c.group_id).select_from(read.join(GROUP_MEMBERS, is_in))

    return Related("memberships", select)


def _told(staged: sa.FromClause) -> sa.Select[Any]:
    """The members that the payloads of the groups in ``staged`` name."""
    one = dialects.each(SORTED(dialects.payload_part(RAW_ENTITIES.c.raw_data, "member")), "one")
    rows = staged.join(RAW_ENTITIES, RAW_ENTITIES.c.raw_id == staged.c[VERSION]).join(one, sa.true())
    fits = staged.c[REFUSED].is_(None)
    told = (
        sa.select(staged.c.group_id, MEMBER(one.c.value).label("member")).select_from(rows).where(fits).subquery("told")
    )
    is_person = sa.func.substr(told.c.member, 1, 1) == PERSON
    member_type = sa.case((is_person, "user"), else_="group")
    found = sa.select(told.c.group_id, member_type, sa.func.substr(told.c.member, 2))
    return found.where(told.c.member.is_not(None)).distinct()


def _await_people(gone: Expression, new: Expression) -> sa.Insert:
    """Make those pending who come or go, as far as silver has them."""
    are_people = [table.c.member_type == "user" for table in (GROUP_MEMBERS, _WANTED)]
    moved = sa.union(
        sa.select(GROUP_MEMBERS.c.member_key).where(gone, are_people[0]),
        sa.select(_WANTED.c.member_key).where(new, are_people[1]),
    ).subquery("moved")
    known = sa.exists().where(PENDING.c.entity_type == USER, PENDING.c.key == USERS.c.uniqname)
    people = sa.select(sa.literal(USER), USERS.c.uniqname).where(
        USERS.c.uniqname.in_(sa.select(moved.c.member_key)), ~known
    )
    return sa.insert(PENDING).from_select(["entity_type", "key"], people)
