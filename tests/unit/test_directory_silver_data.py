"""The data that silver is made of: whole, without a doubt, and with the seed's deductions (facts 4.8 to 4.10, 6, 8)."""

from __future__ import annotations

import pytest

from ctvpipe.pipelines.directory.silver.entity import Entity
from ctvpipe.pipelines.directory.transforming import ENTITIES

PROVENANCE = {
    "data_quality_score", "quality_flags", "source_system", "entity_hash", "created_at", "updated_at", "ingestion_run_id",
}  # fmt: skip
# When something changed is told by what changed.
NOT_SIGNIFICANT = {"CreatedDate", "ModifiedDate"}
EVERY = pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda one: one.name)


@EVERY
def test_p27_the_fields_are_the_columns_of_the_table(entity: Entity) -> None:
    """Naive: a column that was renamed is filled with nothing."""
    fields = [field.column for field in entity.fields]
    assert sorted([entity.key.name, *fields, *PROVENANCE]) == sorted(column.name for column in entity.table.columns)


@EVERY
def test_p14_what_silver_has_is_significant_in_its_stream(entity: Entity) -> None:
    """Naive: a change of a field that is not hashed makes no version, and silver never hears of it."""
    streams = {source.name: source.stream for source in entity.sources}
    read = {(value.source, value.field) for value in entity.values() if value.field not in NOT_SIGNIFICANT}
    assert {(source, field) for source, field in read if field not in streams[source].fields} == set()


@EVERY
def test_a_score_is_never_below_nothing(entity: Entity) -> None:
    assert sum(rule.hundredths for rule in entity.deductions) <= 100
    flags = [rule.flag for rule in entity.deductions]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize(("name", "expected"), [
    ("departments", {
        "missing_umich_api_source": 10, "missing_tdx_source": 10, "missing_campus_name": 5, "missing_college_group": 5,
        "missing_vp_area": 5, "name_mismatch": 5, "several_tdx_records": 0, "no_location_data": 0,
    }),
    ("users", {
        "missing_tdx_source": 10, "missing_umich_api_source": 10, "missing_mcommunity_ldap_source": 10, "missing_name": 5,
        "missing_email": 5, "missing_department_id": 5, "email_mismatch": 5, "name_mismatch": 5, "no_phone_number": 0,
        "several_tdx_records": 0, "several_mcommunity_ldap_records": 0,
    }),
    ("groups", {
        "missing_description": 5, "no_members": 10, "no_email_address": 0, "several_active_directory_records": 0,
    }),
])  # fmt: skip
def test_the_deductions_are_the_seeds(name: str, expected: dict[str, int]) -> None:
    assert {rule.flag: rule.hundredths for rule in ENTITIES[name].deductions} == expected
