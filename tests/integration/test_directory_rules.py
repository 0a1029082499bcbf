"""The rules of silver: what each makes of a value, and that PostgreSQL makes the same of it as Python does for SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctvpipe.pipelines.directory.schema.tables import JSON
from ctvpipe.pipelines.directory.silver import dialects, rules
from ctvpipe.pipelines.directory.silver.rules import Rule
from ctvpipe.stores import engine
from tests.integration.postgres_server import PostgresServer

SIGNS = "aZzvÀéŸİßΣ01239,.-'_\\\"% \t\n\v\u00a0\u2028;/()"
TEXTS = st.text(st.sampled_from(SIGNS), max_size=8)
WORDS = st.lists(st.sampled_from(["Jo", "JO", "Éx", "éx", "Q", "O'Stub", "De-Mo"]), max_size=4)
NAMES = st.builds(lambda words, between: between.join(words), WORDS, st.sampled_from([" ", ",", "  ", ", "]))
DATES = st.builds(
    "{}-{}-{}T{}:{}:{}{}{}".format,
    st.sampled_from(["0000", "0001", "0002", "1900", "2000", "2023", "2024", "99999"]),
    st.sampled_from(["01", "02", "04", "12", "13", "2"]),
    st.sampled_from(["00", "01", "28", "29", "30", "31", "32"]),
    st.sampled_from(["00", "23", "24", "7"]),
    st.sampled_from(["00", "59", "60"]),
    st.sampled_from(["00", "59", "60"]),
    st.sampled_from(["", ".1", ".1234565", ".999999999", ".1234567891"]),
    st.sampled_from(["", "Z", "+00:00", "+01:00", " "]),
)
DNS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["CN=", "cn=", "UID=", "OU=", ""]),
    st.one_of(TEXTS, st.sampled_from(["Jo", "jo\\, ex", "Éx-Group", "jo CNF:0", "a" * 51, "g" * 256, "S-1-5", "jo\n"])),
    st.sampled_from(
        [
            "",
            ",",
            ",OU=Accounts,DC=x",
            ",OU=People,OU=User Groups",
            ",ou=Zoo Group,DC=x",
            ",OU=MCommADSync",
            ",CN=ForeignSecurityPrincipals,DC=x",
        ]
    ),
)
JSONS = st.recursive(
    st.one_of(TEXTS, st.integers(-5, 5), st.none(), st.booleans()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
)
LISTS = st.lists(DNS, max_size=4)
ARGUMENTS = {
    "department_name": st.tuples(st.one_of(TEXTS, st.from_regex(r"[aZ \t]{0,5}[0-9 ]{0,6}", fullmatch=True))),
    "folded": st.tuples(TEXTS),
    "names_agree": st.tuples(st.one_of(NAMES, TEXTS), st.one_of(NAMES, TEXTS)),
    "phone": st.tuples(st.one_of(TEXTS, st.from_regex(r"\+?[0-9]{3}[ /.)-]?[0-9]{3}[ -]?[0-9]{3,5}", fullmatch=True))),
    "whole_number": st.tuples(st.one_of(TEXTS, st.from_regex(r"[0-9]{1,19}\n?", fullmatch=True))),
    "instant": st.tuples(st.one_of(TEXTS, DATES)),
    "sorted": st.tuples(JSONS),
    "member": st.tuples(st.one_of(TEXTS, DNS)),
    "names_group": st.tuples(LISTS),
    "json_text": st.tuples(JSONS),
    "digest": st.tuples(TEXTS),
}
OF_JSON = {"sorted", "names_group", "json_text"}


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Iterator[sa.Connection]:
    url = postgres.create()
    with engine.open_engine(url).connect() as opened:
        yield opened
    postgres.drop(url)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Connection]:
    path = tmp_path_factory.mktemp("rules") / "rules.db"
    engine.create_database_file(path)
    with engine.open_engine(f"sqlite:///{path}").connect() as opened:
        yield opened


def is_plain(values: list[Any]) -> bool:
    return not any(isinstance(value, list | dict) for value in values)


def asked(connection: sa.Connection, rule: Rule, cases: list[tuple[Any, ...]]) -> list[Any]:
    """What PostgreSQL makes of each case."""
    kind = JSON if rule.name in OF_JSON else sa.Text()
    names = [f"c{place}" for place in range(len(cases[0]))]
    rows = sa.values(sa.column("n", sa.Integer), *(sa.column(name, sa.Text) for name in names), name="v").data(
        [(number, *case) for number, case in enumerate(cases)]
    )
    arguments = [sa.cast(rows.c[name], kind) for name in names]
    found = connection.execute(sa.select(rule(*arguments)).select_from(rows).order_by(rows.c.n)).scalars()
    return list(found)


def shown(rule: Rule, value: Any) -> Any:
    """A value of Python's as PostgreSQL has it."""
    if rule.name == "sorted":
        return json.loads(value)
    if rule.name == "instant" and value is not None:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_stores_have_the_same_rule(connection: sa.Connection, rule: Rule, data: st.DataObject) -> None:
    cases = data.draw(st.lists(ARGUMENTS[rule.name], min_size=1, max_size=40))
    if rule.name in OF_JSON:
        cases = [tuple(json.dumps(value) for value in case) for case in cases]
    assert asked(connection, rule, cases) == [shown(rule, rule.of(*case)) for case in cases]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(JSONS, min_size=1, max_size=40))
def test_both_stores_read_the_same_text_of_a_payload(
    connection: sa.Connection, embedded: sa.Connection, values: list[Any]
) -> None:
    """Numbers, truth values, the first of a list; nothing of what is blank, and of an object."""
    payloads = [{"x": value} for value in values if not isinstance(value, list) or is_plain(value[:1])] or [{}]
    read = []
    for store in (connection, embedded):
        rows = sa.union_all(
            *(
                sa.select(sa.literal(n).label("n"), sa.literal(json.dumps(one)).label("data"))
                for n, one in enumerate(payloads)
            )
        ).subquery()
        text = dialects.payload_text(sa.cast(rows.c.data, JSON) if store is connection else rows.c.data, "x")
        read.append(list(store.execute(sa.select(text).select_from(rows).order_by(rows.c.n)).scalars()))
    assert read[0] == read[1]
    for payload, text in zip(payloads, read[0], strict=True):
        if isinstance(payload.get("x"), str):
            assert text == (payload["x"].strip(dialects.BLANKS) or None)


def test_every_rule_is_compared() -> None:
    assert {rule.name for rule in rules.RULES} == set(ARGUMENTS)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_of_null(connection: sa.Connection, rule: Rule) -> None:
    nothing = [None] * (2 if rule is rules.NAMES_AGREE else 1)
    (found,) = asked(connection, rule, [tuple(nothing)])
    assert found == (json.loads(rule.of_null) if rule is rules.SORTED else rule.of_null)
    assert rule.of(*nothing) == rule.of_null
