"""How a value of a source becomes a value of silver: pure rules, each as Python and as PostgreSQL's SQL.

On SQLite the Python is called from within the statement; a test compares the two. Blanks are those of ASCII, and
letter case is that of Latin letters: neither depends on how a server was set up. What cannot be read is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import JSON
from ctvpipe.pipelines.directory.silver import dialects
from ctvpipe.pipelines.directory.silver.dialects import BLANKS, BLANKS_ESCAPED, Expression
from ctvpipe.stores.types import Instant

_CAPITALS = "".join(
    letter for letter in map(chr, range(0x180)) if letter.lower() != letter and len(letter.lower()) == 1
)
_SMALL = "".join(letter.lower() for letter in _CAPITALS)
_APART = ",.'’-\t\n"  # no more than names have: each costs time
_BLANK = r"[ \t\n\r\f\v]"
# Facts 4.8: in TDX the name is followed by two blanks and the code.
_CODE_BEHIND = rf"{_BLANK}{{2,}}[0-9]+$"
# ISO 8601, every day of which there is; the years 0 and 1 stand for no date (facts 6, P24).
_LEAP = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29"
_DAY = (
    r"([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    rf"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP})"
)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"
_INSTANT = rf"^{_DAY}T{_TIME}(Z|[+]00:00)?$"
_FIRST_YEAR = "0002"
_PHONE_DIGITS = 10
# A distinguished name: its first attribute, the value of that, the rest.
_DN = r"^(cn|uid)=((?:[^,\\]|\\.)+)(,.*)?$"
# Where people are, where groups, and where those of other organisations; whoever is in none of them is a person.
_PEOPLE, _GROUPS = ",ou=(accounts|people),", ",ou=([^,]*groups?|mcommadsync)(,|$)"
_FOREIGN = ",cn=foreignsecurityprincipals,"
_UNIQNAME = r"[a-z][a-z0-9.\-]{0,49}"
_LONGEST = 255
PERSON, _A_GROUP = "u", "g"


@dataclass(frozen=True)
class Rule:
    """A rule, to be called with expressions.

    ``python``: of values as SQLite has them; ``postgresql``: from the text of the arguments to its own; ``of_null``: what
    it is of null.
    """

    name: str
    python: Callable[..., Any]
    postgresql: Callable[..., str]
    type: sa.types.TypeEngine[Any] = field(default_factory=sa.Text)
    of_null: Any = None

    def __post_init__(self) -> None:
        made = dialects.function(f"ctv_{self.name}", self.type, postgresql=self.postgresql)
        object.__setattr__(self, "_function", made)

    def __call__(self, *arguments: Expression) -> Expression:
        """The rule of ``arguments``."""
        made: Expression = self._function(*arguments)  # type: ignore[attr-defined]
        return made

    def of(self, *values: Any) -> Any:
        """The rule of values."""
        return self.of_null if None in values else self.python(*values)


def _department_name(name: str) -> str | None:
    plain = re.sub(rf"{_BLANK}+", " ", re.sub(rf"{_CODE_BEHIND[:-1]}\Z", "", name)).strip(" ")
    return plain or None


def _folded(text: str) -> str:
    return text.translate(str.maketrans(_CAPITALS, _SMALL))


def words(text: str) -> tuple[str, ...]:
    """The words of a name in small letters, whatever stands between them."""
    apart = _folded(text).translate(str.maketrans(_APART, " " * len(_APART)))
    return tuple(word for word in apart.split(" ") if word)


def _names_agree(one: str, other: str) -> bool:
    """Whether one has no word that the other has not: ``Example,Jo Q`` and ``Jo Example`` agree (facts 6, P18)."""
    first, second = set(words(one)), set(words(other))
    return first <= second or second <= first


def _phone(number: str) -> str:
    """Ten digits as ``(XXX) XXX-XXXX``, anything else unchanged (facts 4.9)."""
    digits = re.sub(r"[^0-9]", "", number)
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == _PHONE_DIGITS else number


def _whole_number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _instant(text: str) -> str | None:
    """As SQLAlchemy stores it on SQLite: UTC, with microseconds; what is beyond them is cut off."""
    if not re.fullmatch(_INSTANT, text) or text[:4] < _FIRST_YEAR:
        return None
    seconds, _, rest = text.removesuffix("Z").removesuffix("+00:00").replace("T", " ").partition(".")
    return f"{seconds}.{rest[:6]:0<6}"


def _sorted(text: str) -> str:
    """The texts of a list, or the one that stands for itself, each once and in the order of their letters (P14, P16)."""
    value = json.loads(text, parse_int=str, parse_float=str)
    texts = {one.strip(BLANKS) for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)}
    return json.dumps(sorted(texts - {""}), ensure_ascii=False)


def _member(dn: str) -> str | None:
    """A person, by uniqname, or a group, by name in small letters, whom a distinguished name names (facts 4.10).

    The first letter says which; none for what is neither, such as an object of a directory conflict (P21).
    """
    named = re.match(_DN, dn, re.IGNORECASE | re.DOTALL)
    if not named:
        return None
    attribute, name, rest = (_folded(part or "") for part in named.groups())
    name = re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL)
    if attribute == "cn" and not re.search(_PEOPLE, rest) and re.search(_GROUPS, rest):
        return f"{_A_GROUP}{name}" if len(name) <= _LONGEST else None
    return f"{PERSON}{name}" if re.fullmatch(_UNIQNAME, name) and _FOREIGN not in rest else None


def _names_group(text: str) -> bool:
    return any((_member(dn) or "").startswith(_A_GROUP) for dn in json.loads(text))


def _digest(text: str) -> str:
    """SHA-256 (facts 2.8)."""
    return sha256(text.encode()).hexdigest()


def _json_text(text: str) -> str:
    """JSON as PostgreSQL writes it."""
    return json.dumps(_in_order(json.loads(text)), ensure_ascii=False)


def _in_order(value: Any) -> Any:
    """With the keys of objects in the order of JSONB: by length, then by letter."""
    match value:
        case dict():
            return {
                name: _in_order(value[name])
                for name in sorted(value, key=lambda one: (len(one.encode()), one.encode()))
            }
        case list():
            return [_in_order(one) for one in value]
        case _:
            return value


def _member_sql(dn: str) -> str:
    parts = f"SELECT regexp_match({dn}, '{_DN}', 'i') OFFSET 0"
    folded = f"SELECT {', '.join(_folded_sql(f'm[{place}]') for place in (1, 2, 3))} FROM ({parts}) AS p(m) OFFSET 0"  # noqa: S608
    plain = rf"SELECT attribute, regexp_replace(name, '\\(.)', '\1', 'g'), coalesce(rest, '') FROM ({folded}) AS f(attribute, name, rest) OFFSET 0"  # noqa: S608
    is_group = f"attribute = 'cn' AND rest !~ '{_PEOPLE}' AND rest ~ '{_GROUPS}'"
    group = f"CASE WHEN length(name) <= {_LONGEST} THEN '{_A_GROUP}' || name END"
    person = f"CASE WHEN name ~ '^{_UNIQNAME}$' AND rest !~ '{_FOREIGN}' THEN '{PERSON}' || name END"
    return f"(SELECT CASE WHEN {is_group} THEN {group} ELSE {person} END FROM ({plain}) AS q(attribute, name, rest))"  # noqa: S608


def _names_group_sql(value: str) -> str:
    member = _member_sql("dn")
    return f"EXISTS (SELECT 1 FROM jsonb_array_elements_text({value}) AS d(dn) WHERE left({member}, 1) = '{_A_GROUP}')"  # noqa: S608


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _escaped(signs: str) -> str:
    """Signs as a text of PostgreSQL's that has escapes."""
    return "E" + _quoted("".join(f"\\u{ord(sign):04X}" for sign in signs))


def _folded_sql(text: str) -> str:
    is_ascii = f"octet_length({text}) = length({text})"
    other = f"translate({text}, {_escaped(_CAPITALS)}, {_escaped(_SMALL)})"
    return f'CASE WHEN {is_ascii} THEN lower({text} COLLATE "C") ELSE {other} END'


def _department_name_sql(name: str) -> str:
    short = f"regexp_replace({name}, '{_CODE_BEHIND}', '')"
    return f"nullif(btrim(regexp_replace({short}, '{_BLANK}+', ' ', 'g'), ' '), '')"


def _names_agree_sql(one: str, other: str) -> str:
    def named(name: str) -> str:
        # Each has an empty word, at its end if nowhere else.
        return f"string_to_array(translate({_folded_sql(name)}, {_escaped(_APART)}, '{' ' * len(_APART)}') || ' ', ' ')"

    first, second = named(one), named(other)
    return f"({one} = {other} OR {first} <@ {second} OR {second} <@ {first})"


def _phone_sql(number: str) -> str:
    others = f"translate({number}, '0123456789', '')"
    digits = f"SELECT translate({number}, {others}, '') OFFSET 0"
    shown = "'(' || left(digits, 3) || ') ' || substr(digits, 4, 3) || '-' || substr(digits, 7)"
    found = f"CASE WHEN length(digits) = {_PHONE_DIGITS} THEN {shown} ELSE {number} END"
    return f"(SELECT {found} FROM ({digits}) AS d(digits))"  # noqa: S608


def _instant_sql(text: str) -> str:
    # The last of more than six digits is not to round the others.
    plain = rf"regexp_replace({text}, '([.][0-9]{{6}})[0-9]+', '\1')"
    return (
        f"CASE WHEN {text} ~ '{_INSTANT}' AND left({text}, 4) >= '{_FIRST_YEAR}' THEN CAST({plain} AS timestamptz) END"
    )


def _sorted_sql(value: str) -> str:
    some = f"CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END"
    plain = f"btrim(one #>> '{{}}', E'{BLANKS_ESCAPED}')"
    texts = f"jsonb_typeof(one) IN ('string', 'number') AND {plain} <> ''"
    listed = f"coalesce(jsonb_agg(DISTINCT {plain} COLLATE \"C\") FILTER (WHERE {texts}), CAST('[]' AS jsonb))"
    return f"(SELECT {listed} FROM jsonb_array_elements({some}) AS o(one))"  # noqa: S608


DEPARTMENT_NAME = Rule("department_name", _department_name, _department_name_sql)
FOLDED = Rule("folded", _folded, _folded_sql)
NAMES_AGREE = Rule("names_agree", _names_agree, _names_agree_sql, sa.Boolean())
PHONE = Rule("phone", _phone, _phone_sql)
WHOLE_NUMBER = Rule(
    "whole_number",
    _whole_number,
    lambda text: f"CASE WHEN {text} ~ '^[0-9]{{1,18}}$' THEN CAST({text} AS bigint) END",
    sa.BigInteger(),
)
INSTANT = Rule("instant", _instant, _instant_sql, Instant())
SORTED = Rule("sorted", _sorted, _sorted_sql, JSON, of_null="[]")
MEMBER = Rule("member", _member, _member_sql)
NAMES_GROUP = Rule("names_group", _names_group, _names_group_sql, sa.Boolean(), of_null=False)
JSON_TEXT = Rule("json_text", _json_text, lambda value: f"CAST({value} AS text)")
DIGEST = Rule("digest", _digest, lambda text: f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')")

RULES = (
    DEPARTMENT_NAME,
    FOLDED,
    NAMES_AGREE,
    PHONE,
    WHOLE_NUMBER,
    INSTANT,
    SORTED,
    MEMBER,
    NAMES_GROUP,
    JSON_TEXT,
    DIGEST,
)
# What SQLite calls: the rules, and what PostgreSQL has itself.
FUNCTIONS = (
    *((f"ctv_{rule.name}", rule.of) for rule in RULES),
    ("ctv_texts", lambda *values: json.dumps([value for value in values if value is not None], ensure_ascii=False)),
)
