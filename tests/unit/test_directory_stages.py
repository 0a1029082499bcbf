"""The steps of a directory night: their order, what waits for what, and what is said of them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.cli import directory
from ctvpipe.core.errors import ConfigurationError, ContractError, Skipped, TransientError
from ctvpipe.pipelines.directory import stages, streams, telling, transforming
from ctvpipe.pipelines.directory.records import Failed
from ctvpipe.pipelines.directory.result import StageResult, SyncResult
from ctvpipe.pipelines.directory.runs import INGEST, Step, StepRun
from ctvpipe.pipelines.directory.stages import STAGES, Stage, Status

NOW = datetime(2026, 11, 27, 5, tzinfo=UTC)
NAMES = [stage.name for stage in STAGES]
PEOPLE = STAGES[NAMES.index("ingest tdx-users")]
STATUSES = st.fixed_dictionaries({name: st.sampled_from(Status) for name in NAMES})


def test_every_stream_is_brought_once() -> None:
    brought = [stage.stream for stage in STAGES if stage.stream is not None]
    assert len(set(NAMES)) == len(NAMES)
    assert sorted(map(id, brought)) == sorted(map(id, (*streams.INGESTS, *streams.ENRICHMENTS)))


def test_every_table_of_silver_is_made_from_the_lists_of_its_sources() -> None:
    """And in the order in which they follow from each other."""
    made = {stage.what: stage for stage in STAGES if stage.stream is None}
    assert set(made) == set(transforming.ENTITIES)
    for name, entity in transforming.ENTITIES.items():
        lists = {f"ingest {source.stream.job}" for source in entity.lists}
        assert lists <= set(made[name].needs), name
        assert {need for need in made[name].needs if need.startswith("ingest ")} == lists, name


def test_what_a_step_works_on_comes_before_it() -> None:
    for place, stage in enumerate(STAGES):
        assert set(stage.needs) <= set(NAMES[:place]), stage.name


def test_the_command_offers_the_steps_there_are() -> None:
    for kind, offered in (
        ("ingest", directory.INGESTS),
        ("enrich", directory.ENRICHMENTS),
        ("transform", directory.TABLES),
    ):
        assert offered.split(", ") == [stage.what for stage in STAGES if stage.kind == kind]


def test_steps_are_chosen_by_name_and_come_in_their_order() -> None:
    chosen = stages.chosen("ingest", ["tdx-users", "ad-groups"])
    assert [stage.name for stage in chosen] == ["ingest ad-groups", "ingest tdx-users"]
    with pytest.raises(ConfigurationError, match="there is no enrich called 'ad-groups'") as caught:
        stages.chosen("enrich", ["ad-groups"])
    assert caught.value.advice == "There are: tdx-accounts, tdx-users."


@given(STATUSES)
def test_only_what_works_on_a_failure_waits(ended: dict[str, Status]) -> None:
    for stage in STAGES:
        bad = [name for name in stage.needs if ended[name] in {Status.FAILED, Status.WAITED}]
        assert stages.waits_for(stage, ended) == bad
        assert not (bad and stages.has_nothing(stage, ended))


def test_what_was_not_wanted_tonight_is_waited_for_by_nobody() -> None:
    assert stages.waits_for(PEOPLE, {}) == []
    assert not stages.has_nothing(PEOPLE, {})


def test_what_works_only_on_what_was_skipped_has_nothing_to_do() -> None:
    (accounts,) = PEOPLE.needs
    assert stages.has_nothing(PEOPLE, {accounts: Status.SKIPPED})
    assert not stages.has_nothing(STAGES[0], dict.fromkeys(NAMES, Status.SKIPPED)), "it works on nothing else"
    both = Stage("ingest", "x", ("a", "b"), streams.TDX_USERS)
    assert not stages.has_nothing(both, {"a": Status.SKIPPED, "b": Status.DONE})


def counted(stage: Stage = STAGES[0], **counts: Any) -> StageResult:
    run = StepRun(Step("umich_api", "department", INGEST), started=NOW, ended=NOW, **counts)
    return StageResult(stage, Status.DONE, telling.counts(run), run)


def result_of(*done: StageResult) -> SyncResult:
    return SyncResult("run", False, NOW, list(done), NOW)


def test_the_summary_names_what_failed_and_what_waits() -> None:
    failed = StageResult(STAGES[4], Status.FAILED, "TDX answered 500", error=TransientError("TDX answered 500"))
    waits = StageResult(PEOPLE, Status.WAITED, "it works on ingest tdx-accounts")
    off = StageResult(STAGES[3], Status.SKIPPED, "Active Directory is not configured")
    made = result_of(counted(processed=1200, created=3, details={"gone": 2}), off, failed, waits)
    assert telling.summary(made) == (
        "1 of 3 steps done, 1,200 records, 5 changes; failed: ingest tdx-accounts; waiting for that: ingest tdx-users."
    )


def test_a_night_without_changes_says_so() -> None:
    assert telling.summary(result_of(counted(processed=7, skipped=7))) == (
        "1 of 1 steps done, 7 records, nothing has changed."
    )


def test_nobody_is_in_what_the_ledger_keeps() -> None:
    one = counted(processed=2, errors=["990001: it is not JSON"], quality_issues=[{"entity_id": "jqexampl"}] * 3)
    made = result_of(one)
    (kept,) = made.recorded()["stages"]
    assert (kept["errors"], kept["quality_issues"]) == (1, 3)
    (shown,) = made.shape()["stages"]
    assert shown["errors"] == ["990001: it is not JSON"]
    assert {"run_id", "records_processed", "records_created", "records_updated", "started_at", "completed_at"} <= set(
        shown
    )
    assert shown["started_at"] == NOW.isoformat()


def test_reasons_are_counted_without_the_records() -> None:
    run = StepRun(Step("umich_api", "department", INGEST))
    run.count(
        4, 0, [Failed("990001", "it is not JSON"), Failed("", "it has no DeptId"), Failed("990002", "it is not JSON")]
    )
    assert telling.why(run) == "it is not JSON (2); it has no DeptId (1)"


def test_progress_is_told_at_first_and_then_seldom(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test_directory_stages")
    tell = telling.Lines(log, dry_run=True).progress(PEOPLE)
    run = StepRun(Step("tdx", "user", INGEST))
    with caplog.at_level(logging.INFO, log.name):
        for _ in range(345):
            run.count(1000, 400, [])
            tell(run)
    assert [record.getMessage().partition(": ")[2].partition(",000, ")[0] for record in caplog.records] == [
        "1", "5", "10", "50", "100", "200", "300",
    ]  # fmt: skip
    assert caplog.records[-1].getMessage() == (
        "[DRY RUN] 📈 ingest tdx-users: 300,000, 120,000 changes, 180,000 unchanged"
    )


def test_nothing_done_is_the_first_failure() -> None:
    skipped = StageResult(STAGES[0], Status.SKIPPED, "off", error=Skipped("off"))
    first = StageResult(STAGES[1], Status.FAILED, "empty", error=ContractError("empty"))
    other = StageResult(STAGES[2], Status.FAILED, "down", error=TransientError("down"))
    with pytest.raises(ContractError, match="empty"):
        result_of(skipped, first, other).require_any()
    with pytest.raises(Skipped):
        result_of(skipped).require_any()
    result_of(skipped, first, counted()).require_any()
