"""Which department an affiliation of MCommunity speaks of: ``Zoo Lab Svcs - Faculty and Staff`` (facts 4.9, 6, P19).

An affiliation is what it names without its suffix: the active department of that name, else the one with the longest
name of whole words within it; of several of one name the one with the lowest code. Whatever order departments come in,
the answer is the same. It is worked out once an affiliation, not once a person, and stored with the rule by which it was
found; when departments change, the affiliations of which the answer changes tell whose records have to be made anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import AFFILIATIONS, DEPARTMENTS, LATEST, RAW_ENTITIES, USERS
from ctvpipe.pipelines.directory.silver import dialects, rules
from ctvpipe.pipelines.directory.silver.affected import KEY, bound, given
from ctvpipe.pipelines.directory.silver.companion import Companion, Keys
from ctvpipe.pipelines.directory.silver.dialects import BLANKS
from ctvpipe.pipelines.directory.silver.entity import Related, Value
from ctvpipe.pipelines.directory.streams import MCOMMUNITY_USERS
from ctvpipe.stores.engine import is_sqlite
from ctvpipe.stores.merge import merge

Words: TypeAlias = tuple[str, ...]
# Facts 4.9.
_SUFFIXES = tuple(f" - {one}" for one in ("Faculty and Staff", "Staff", "Student", "Students", "All"))
_APART = str.maketrans(dict.fromkeys('/;()"`_&', " "))
_COLUMNS = ("affiliation", "dept_id", "rule")
_PARAMETER = "affiliations"


class Match(NamedTuple):
    """The department of an affiliation, none where there is none, and by which rule: ``exact`` or ``contained``."""

    dept_id: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Names:
    """Departments by the words of their names. ``longest``: so many words has the longest."""

    departments: Mapping[Words, str]
    longest: int

    @classmethod
    def of(cls, departments: Mapping[str, str]) -> Names:
        """``departments``: names by code."""
        found = {_words(name): code for code, name in sorted(departments.items(), reverse=True)}
        found.pop((), None)
        return cls(found, max(map(len, found), default=0))

    def match(self, affiliation: str) -> Match:
        """The department that ``affiliation`` speaks of."""
        named = affiliation.strip()
        for suffix in _SUFFIXES:
            if named.lower().endswith(suffix.lower()):
                named = named[: -len(suffix)]
                break
        words = _words(named)
        if (exact := self.departments.get(words)) is not None:
            return Match(exact, "exact")
        within = [
            (len(" ".join(part)), code)
            for start in range(len(words))
            for end in range(start + 1, min(start + self.longest, len(words)) + 1)
            if (code := self.departments.get(part := words[start:end])) is not None
        ]
        if not within:
            return Match()
        most = max(length for length, _ in within)
        return Match(min(code for length, code in within if length == most), "contained")


class Affiliations(Companion):
    """The affiliations of a run of ``users``."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        active = sa.select(DEPARTMENTS.c.dept_id, DEPARTMENTS.c.department_name).where(DEPARTMENTS.c.is_active)
        self._names = Names.of({row.dept_id: row.department_name for row in connection.execute(active)})
        stored = connection.execute(sa.select(*(AFFILIATIONS.c[name] for name in _COLUMNS)))
        before = {row.affiliation: Match(row.dept_id, row.rule) for row in stored}
        now = {affiliation: self._names.match(affiliation) for affiliation in before}
        self._changed = {affiliation: match for affiliation, match in now.items() if match != before[affiliation]}
        self._of_page: dict[str, Match] = {}

    def due(self) -> Keys | None:
        """The people with an affiliation that speaks of another department than before."""
        if not self._changed:
            return None
        changed = given(sqlite=is_sqlite(self._connection))
        one = dialects.each(USERS.c.mcommunity_ou_affiliations, "one")
        has_one = sa.exists().where(one.c.value.in_(sa.select(changed.c[KEY]))).correlate(USERS)
        return Keys(sa.select(USERS.c.uniqname).where(has_one), {"keys": bound(self._connection, [*self._changed])})

    def start(self) -> None:
        self._store(self._changed)

    def parameters(self, keys: Sequence[str]) -> dict[str, Any]:
        rows = self._connection.execute(_of_page(self._connection), {"keys": bound(self._connection, keys)})
        held = {text.strip(BLANKS) for text in rows.scalars() if isinstance(text, str)} - {""}
        self._of_page = {affiliation: self._names.match(affiliation) for affiliation in held}
        found = {affiliation: match.dept_id for affiliation, match in self._of_page.items() if match.dept_id}
        return {_PARAMETER: json.dumps(found)}

    def written(self, keys: Sequence[str], staged: sa.FromClause) -> Mapping[str, int]:  # noqa: ARG002
        self._store(self._of_page)
        return {}

    @staticmethod
    def notes(connection: sa.Connection, row: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
        """Which affiliation speaks of which department, by which rule."""
        held = AFFILIATIONS.c.affiliation.in_(row.get("mcommunity_ou_affiliations", []))
        known = connection.execute(sa.select(AFFILIATIONS).where(held).order_by(AFFILIATIONS.c.affiliation))
        said = [f"{one.affiliation}: {one.dept_id} ({one.rule})" for one in known if one.dept_id]
        return {"ou_department_ids": said}

    def _store(self, matches: Mapping[str, Match]) -> None:
        if matches:
            rows = [(affiliation, *match) for affiliation, match in matches.items()]
            merge(self._connection, AFFILIATIONS, _COLUMNS, rows, key=["affiliation"])


def departments(listed: Value) -> Related:
    """The departments of the affiliations ``listed``, as far as they speak of one."""

    def select(read: sa.FromClause) -> sa.Select[Any]:
        one = dialects.each(read.c[listed.label], "one_affiliation")
        known = dialects.pairs(sa.bindparam(_PARAMETER, type_=sa.Text), "known_affiliation")
        joined = read.join(one, sa.true()).join(known, known.c.key == one.c.value)
        return sa.select(read.c[KEY], known.c.value).select_from(joined)

    return Related("departments_spoken_of", select)


def _words(text: str) -> Words:
    """The words of a department's name; more stands between them than between those of a person's."""
    return rules.words(text.translate(_APART))


def _of_page(connection: sa.Connection) -> sa.Select[Any]:
    """The affiliations of all that MCommunity has of the keys of a page."""
    keys = given(sqlite=is_sqlite(connection))
    one = dialects.each(dialects.payload_part(RAW_ENTITIES.c.raw_data, "ou"), "one")
    is_living = sa.and_(
        LATEST.c.entity_type == MCOMMUNITY_USERS.entity_type,
        LATEST.c.source_system == MCOMMUNITY_USERS.source_system,
        LATEST.c.natural_key == keys.c[KEY],
        LATEST.c.content_hash.is_not(None),
    )
    rows = keys.join(LATEST, is_living).join(RAW_ENTITIES, RAW_ENTITIES.c.raw_id == LATEST.c.raw_id)
    return sa.select(one.c.value).distinct().select_from(rows.join(one, sa.true()))
