"""The prefix of the BDC tables stands in the text of statements, so nothing but a name gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.bdc.prefix import Prefix
from ctvpipe.pipelines.bdc.schema.tables import SEVEN, Tables
from ctvpipe.pipelines.bdc.settings import DatabaseSettings


@pytest.mark.parametrize(
    ("text", "schema", "name", "on_sqlite"),
    [
        ("sonar.", "sonar", "", "sonar_"),
        ("bdc.", "bdc", "", "bdc_"),
        ("sonar_", "", "sonar_", "sonar_"),
        ("isp.sonar_", "isp", "sonar_", "isp_sonar_"),
        ("Sonar.", "sonar", "", "sonar_"),
        ("_x9.", "_x9", "", "_x9_"),
    ],
)
def test_a_prefix_is_a_schema_a_beginning_or_both(text: str, schema: str, name: str, on_sqlite: str) -> None:
    found = Prefix.parse(text)
    assert (found.schema, found.name) == (schema, name)
    assert str(found) == str(found.home(sqlite=False)) == text.lower()
    assert str(found.home(sqlite=True)) == on_sqlite


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "sonar",
        "a.b",
        "a..",
        "a.b_.",
        "9a.",
        "a b.",
        "a;.",
        "a.\n",
        "é_",
        '"a".',
        "a-b_",
        "x" * 25 + ".",
        "pg_x.",
        "sqlite_",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be SCHEMA\. or NAME_ or SCHEMA\.NAME_"):
        Prefix.parse(text)
    if text:
        with pytest.raises(ConfigurationError, match=r"^BDC_PREFIX: must be SCHEMA\."):
            Environment({"BDC_PREFIX": text}).load(DatabaseSettings)


@given(st.text(max_size=30))
def test_what_gets_through_needs_no_quotes(text: str) -> None:
    try:
        found = str(Prefix.parse(text))
    except ValueError:
        return
    assert found.isascii()
    assert found.replace("_", "").replace(".", "", 1).isalnum()


@pytest.mark.parametrize("sqlite", [True, False])
def test_names_are_as_long_as_postgresql_takes(sqlite: bool) -> None:
    longest = Prefix.parse(f"{'s' * 24}.{'n' * 23}_")
    made = Tables.of(longest.home(sqlite=sqlite), points=not sqlite)
    assert len(SEVEN) == 7
    for metadata in made.own:
        for table in metadata.sorted_tables:
            assert sqlite or all(len(name) <= 63 for name in (table.name, *(str(one.name) for one in table.indexes)))
            assert not any("." in str(one.name) for one in table.indexes)
