"""No key of the circuits' tables can be null: null is equal to nothing, and rows would double (facts 11, 13)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.circuits.schema.tables import METADATA

KEYS = [
    (table.name, key)
    for table in METADATA.sorted_tables
    for key in table.constraints
    if isinstance(key, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
]


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_key_is_never_null(table: str, key: sa.UniqueConstraint | sa.PrimaryKeyConstraint) -> None:
    assert [column.name for column in key.columns if column.nullable] == []


def test_every_table_has_a_number_of_its_own() -> None:
    assert {tuple(table.primary_key.columns.keys()) for table in METADATA.sorted_tables} == {("id",)}
