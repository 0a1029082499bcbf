"""The ingest engine on both stores: what fetches leave in bronze, whole or cut short, as a plain model has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.streams import TDX_ACCOUNTS, UMAPI_DEPARTMENTS
from tests.integration.directory_bronze import BrokenOffError, Bronze, broken_off, departments
from tests.integration.postgres_server import PostgresServer

FIRST = {"10": "Zoology", "20": "Botany", "30": "Geology", "40": "Physics", "50": "Music"}


@pytest.fixture(params=["sqlite", "postgresql"])
def bronze(request: pytest.FixtureRequest, tmp_path: Path) -> Bronze:
    wants_server = request.param == "postgresql"
    return Bronze(request.getfixturevalue("postgres_url") if wants_server else str(tmp_path / "directory.db"))


@pytest.fixture(scope="module")
def both(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bronze, Bronze]]:
    url = postgres.create()
    yield Bronze(str(tmp_path_factory.mktemp("both") / "directory.db")), Bronze(url)
    postgres.drop(url)


def record(number: str, value: int, natural_key: str | None = None) -> Record:
    return Record(number, natural_key, {"id": number, "value": value}, f"{value:064x}")


def test_the_first_fetch_stores_everything_as_it_came(bronze: Bronze) -> None:
    run = bronze.fetch(departments(FIRST))
    assert (run.processed, run.created, run.skipped, run.failed) == (5, 5, 0, 0)
    assert [row[:5] for row in bronze.versions] == [
        ("department", "umich_api", number, number, {"DeptId": number, "DeptDescription": name})
        for number, name in FIRST.items()
    ]
    assert bronze.runs("status, records_processed, records_created, records_updated, kind") == [
        ("completed", 5, 5, 0, "ingest")
    ]


def test_a_second_fetch_of_the_same_writes_nothing(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    before = bronze.versions
    run = bronze.fetch(departments(dict(reversed(FIRST.items()))))
    assert (run.created, run.skipped) == (0, 5)
    assert bronze.versions == before


def test_only_what_changed_becomes_a_version(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    run = bronze.fetch(departments(FIRST | {"20": "Botany and Gardens", "60": "Law"}))
    assert (run.created, run.skipped) == (2, 4)
    assert (run.details["new"], run.details["changed"]) == (1, 1)
    assert [number for number, _ in bronze.history[5:]] == ["20", "60"]
    assert bronze.latest["20"]["DeptDescription"] == "Botany and Gardens"


def test_blanks_around_a_value_are_stored_but_are_no_change(bronze: Bronze) -> None:
    bronze.fetch(departments({"10": "Zoology "}))
    assert bronze.fetch(departments({"10": "Zoology"})).created == 0
    assert bronze.latest["10"]["DeptDescription"] == "Zoology "


def test_what_a_whole_fetch_does_not_bring_is_gone_and_may_come_back(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    without = {number: name for number, name in FIRST.items() if number != "30"}
    assert bronze.fetch(departments(without)).details["gone"] == 1
    assert bronze.versions[-1] == ("department", "umich_api", "30", "30", None, None)
    assert bronze.fetch(departments(without)).details["gone"] == 0
    run = bronze.fetch(departments(FIRST))
    assert (run.created, run.details["back"]) == (1, 1)
    assert [data and data["DeptDescription"] for number, data in bronze.history if number == "30"] == [
        "Geology", None, "Geology",
    ]  # fmt: skip


def test_a_natural_key_that_changes_makes_a_version(bronze: Bronze) -> None:
    """Keys are resolved here, by rules that may get better: what they say now is found through the latest version."""
    bronze.ingest([record("1", 1, None)])
    assert bronze.ingest([record("1", 1, "jo")]).created == 1
    assert bronze.ingest([record("1", 1, "jo")]).created == 0
    assert [row[3] for row in bronze.versions] == [None, "jo"]


def test_streams_do_not_touch_each_other(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    for created in (1, 0):
        run = bronze.fetch([{"ID": 10, "Code": "10"}], TDX_ACCOUNTS)
        assert (run.created, run.details["new"], run.details["gone"]) == (created, created, 0)
        run = bronze.fetch(departments(FIRST))
        assert (run.created, run.details["gone"]) == (0, 0)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_of_two_records_of_one_id_the_first_counts(bronze: Bronze, batch_size: int) -> None:
    fetched = [record("1", 1), record("2", 1), record("1", 2), record("2", 1), record("1", 1)]
    for created in (2, 0, 0):
        run = bronze.ingest(fetched, batch_size=batch_size)
        assert (run.processed, run.created, run.skipped, run.details["repeated"]) == (5, created, 5 - created, 3)
    assert bronze.history == [("1", {"id": "1", "value": 1}), ("2", {"id": "2", "value": 1})]


def test_chunks_are_stored_one_by_one_and_a_run_that_was_cut_short_is_resumed(bronze: Bronze) -> None:
    with pytest.raises(BrokenOffError):
        bronze.fetch(broken_off(departments(FIRST)), batch_size=2)
    assert list(bronze.latest) == ["10", "20", "30", "40"]
    run = bronze.fetch(departments(FIRST), batch_size=2)
    assert (run.created, run.skipped) == (1, 4)
    assert bronze.runs("status, records_created") == [("failed", 4), ("completed", 1)]


@pytest.mark.parametrize(("brought", "allowed"), [(4, 20), (3, 40), (1, 80), (1, 100)])
def test_a_loss_up_to_the_limit_is_taken(bronze: Bronze, brought: int, allowed: float) -> None:
    bronze.fetch(departments(FIRST))
    kept = dict(list(FIRST.items())[:brought])
    assert bronze.fetch(departments(kept), max_loss_percent=allowed).details["gone"] == 5 - brought


def test_a_larger_loss_is_refused_and_forced(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    fewer = {"10": "Zoology", "20": "Botanics", "60": "Law", "70": "Art", "80": "Dance", "90": "Film"}
    with pytest.raises(ContractError, match="umapi-departments: 3 of 5 records would be gone"):
        bronze.fetch(departments(fewer))
    assert None not in bronze.latest.values()
    assert bronze.latest["20"]["DeptDescription"] == "Botanics"
    assert bronze.runs("status")[-1] == ("failed",)
    assert bronze.fetch(departments(fewer), force=True).details["gone"] == 3


@pytest.mark.parametrize("store_first", [True, False])
def test_an_empty_source_is_refused(bronze: Bronze, store_first: bool) -> None:
    if store_first:
        bronze.fetch(departments(FIRST))
    with pytest.raises(ContractError, match="the source returned nothing"):
        bronze.fetch([], force=True)
    assert None not in bronze.latest.values()


def test_a_source_of_which_nothing_can_be_read_is_refused(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    with pytest.raises(ContractError, match="none of its 5 records can be read"):
        bronze.ingest([Failed(number, "it is odd") for number in FIRST])
    assert None not in bronze.latest.values()


def test_a_limit_takes_the_first_and_nothing_for_gone(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    run = bronze.fetch(departments(FIRST | {"10": "Zoo"}), limit=2)
    assert (run.processed, run.created, run.details["gone"], run.details["complete"]) == (2, 1, 0, False)
    assert bronze.fetch(departments(FIRST), limit=5).details["gone"] == 0


def test_forced_everything_becomes_a_version_once(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    run = bronze.fetch([*departments(FIRST), *departments(FIRST)], force=True, batch_size=3)
    assert (run.created, run.details["same"], run.details["repeated"]) == (5, 5, 5)
    assert len(bronze.versions) == 10


def test_what_cannot_be_read_is_not_taken_for_gone(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    rest = [Record(number, number, {}, "0" * 64) for number in list(FIRST)[1:]]
    run = bronze.ingest([*rest, Failed("10", "it is odd"), Failed("", "it has no id")])
    assert (run.processed, run.created, run.failed, run.details["gone"]) == (6, 4, 2, 0)
    assert run.errors == ["10: it is odd", "a record: it has no id"]
    assert bronze.latest["10"] == {"DeptId": "10", "DeptDescription": "Zoology"}
    assert bronze.runs("status, records_failed, error_message")[-1] == ("completed", 2, None)


def test_the_ids_of_versions_grow_in_the_order_of_the_fetches(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST), batch_size=2)
    bronze.fetch(departments(FIRST | {"10": "Zoo"}), batch_size=2)
    bronze.fetch(departments({number: name for number, name in FIRST.items() if number != "40"} | {"10": "Zoo"}))
    assert [number for number, _ in bronze.history] == ["10", "20", "30", "40", "50", "10", "40"]


NUMBERS = st.sampled_from("abcdef")
ITEMS = st.one_of(
    st.builds(record, NUMBERS, st.integers(0, 2), st.sampled_from([None, "x", "y"])),
    st.builds(Failed, st.one_of(st.just(""), NUMBERS), st.just("it is odd")),
)
FETCHES = st.lists(
    st.fixed_dictionaries(
        {
            "items": st.lists(ITEMS, min_size=1, max_size=9),
            "cut": st.booleans(),
            "batch_size": st.integers(1, 5),
            "force": st.booleans(),
            "limit": st.sampled_from([0, 0, 0, 3]),
            "max_loss_percent": st.sampled_from([100, 100, 20]),
        }
    ),
    max_size=5,
)
State = dict[str, tuple[Any, ...]]


class Model:
    """What bronze should hold, worked out one record at a time."""

    def __init__(self) -> None:
        self.versions: list[tuple[Any, ...]] = []
        self.latest: State = {}

    def _append(self, number: str, natural_key: str | None, data: Any, content_hash: str | None) -> None:
        self.latest[number] = (natural_key, content_hash)
        self.versions.append(("department", "umich_api", number, natural_key, data, content_hash))

    def fetch(
        self, items: list[Any], cut: bool, batch_size: int, force: bool, limit: int, max_loss_percent: float
    ) -> str:
        """How the fetch ends."""
        before = {number for number, (_, content_hash) in self.latest.items() if content_hash}
        taken = items[:limit] if limit else items
        broken = cut and not (limit and limit <= len(items))
        if broken:
            taken = taken[: len(taken) - len(taken) % batch_size]
        seen: set[str] = set()
        for item in taken:
            if item.external_id in seen or (isinstance(item, Failed) and not item.external_id):
                continue
            seen.add(item.external_id)
            if isinstance(item, Record):
                is_same = self.latest.get(item.external_id) == (item.natural_key, item.content_hash)
                if force or not is_same:
                    self._append(item.external_id, item.natural_key, dict(item.payload), item.content_hash)
        if broken:
            return "broken off"
        if all(isinstance(item, Failed) for item in taken):
            return "refused"
        gone = sorted(before - seen) if not limit else []
        if not force and len(gone) * 100 > max_loss_percent * len(before):
            return "refused"
        for number in gone:
            self._append(number, self.latest[number][0], None, None)
        return "completed"


def ended(bronze: Bronze, fetch: dict[str, Any]) -> str:
    options = {name: value for name, value in fetch.items() if name not in {"items", "cut"}}
    source = broken_off(fetch["items"]) if fetch["cut"] else iter(fetch["items"])
    try:
        bronze.ingest(source, UMAPI_DEPARTMENTS, **options)
    except BrokenOffError:
        return "broken off"
    except ContractError:
        return "refused"
    return "completed"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FETCHES)
def test_any_fetches_leave_what_the_model_says_on_both_stores(
    both: tuple[Bronze, Bronze], fetches: list[dict[str, Any]]
) -> None:
    model = Model()
    for store in both:
        store.clear()
    for fetch in fetches:
        expected = model.fetch(**fetch)
        assert [ended(store, fetch) for store in both] == [expected, expected]
    for store in both:
        assert store.versions == model.versions
        assert store.count("latest") == len(model.latest)
        assert store.count("latest", "content_hash IS NULL") == sum(one[1] is None for one in model.latest.values())
        assert store.count("ingestion_runs", "status = 'running'") == 0
        assert len(store.runs()) == len(fetches)
