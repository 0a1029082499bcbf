"""The import of an invented Sonar into both stores: what is written, what is not, and who is due."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ctvpipe.pipelines.bdc.importing import Half
from tests.fakes import sonar_people
from tests.fakes.sonar_people import FIRST_ID, Line
from tests.integration.bdc_station import STAMPS, BdcStation
from tests.integration.station import query

IDS = range(FIRST_ID, FIRST_ID + 60)


def asked_for(station: BdcStation) -> set[int]:
    """The accounts whose detail was asked for."""
    return {
        int(path.split("/")[2])
        for path in station.sonar.paths("/accounts/")
        if path.endswith("/json") and "reports" not in path
    }


def change(station: BdcStation, id_: int, **changes: Any) -> None:
    station.sonar.changed[id_] = replace(station.sonar.account(id_), **changes)


def test_everything_of_everybody(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    people = [sonar_people.subscriber(id_) for id_ in IDS]
    stored = station.rows("customers", "id, name, address, city, zip, block_fips, account_type")
    assert stored == sorted(
        (
            (one.id, one.name, one.line1, one.city, one.zip[:5], one.block, sonar_people.TYPES[one.type][1])
            for one in people
        ),
        key=repr,
    )
    services = Counter(dict(station.rows("services", "customer_id, count(*)", "GROUP BY 1")))
    assert services == Counter({one.id: len(one.lines) for one in people})
    assert len(station.rows("customer_groups")) == sum(len(one.groups) for one in people)
    owned = [sonar_people.equipment(station.sonar.spec, n) for n in range(sonar_people.pieces(station.sonar.spec) - 5)]
    assert station.rows("customer_inventory") == sorted(((one.owner, one.id) for one in owned), key=repr)
    live = {id_: bool(active) for id_, active in station.rows("customers", "id, status_active")}
    assert live == {one.id: sonar_people.STATUSES[one.status][1] for one in people}
    (status,) = {
        status for (status,) in station.query(f"SELECT status FROM {'meta.' * bool(station.url)}ingestion_runs")
    }
    assert status == "completed"
    assert station.notes["last_run_status"] == "ok"
    assert station.result["inserted"] == 60


def test_both_stores_hold_the_same(tmp_path_factory: pytest.TempPathFactory, postgis_url: str, bdc: BdcStation) -> None:
    from tests.integration.bdc_station import bdc_station

    other = bdc_station(tmp_path_factory.mktemp("other"), bdc.sonar, postgis_url)
    bdc.import_here()
    other.import_here()
    assert len(other.held()["customers"]) == 60

    def plain(tables: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
        """Without points; flags and amounts as one store has them."""
        return {
            name: sorted(
                (
                    tuple(
                        float(v) if isinstance(v, bool) or hasattr(v, "quantize") or isinstance(v, int) else v
                        for v in row
                    )
                    for row in rows
                ),
                key=repr,
            )
            for name, rows in tables.items()
        }

    assert plain(bdc.held()) == plain(other.held(without={*STAMPS, "geom"}))


def test_a_second_run_asks_for_the_report_and_the_inventory_alone_and_writes_no_row(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    before = station.held(without=())
    station.import_here(day=1)
    counts = dict(station.sonar.counts)
    for login in ("", "home", "jwt"):
        counts.pop(login)
    assert counts == {"report": 1, "items": 1, "models": 1, "manufacturers": 1}
    assert station.held(without=()) == before
    assert station.result["skipped"] == 60


def test_whoever_is_older_than_the_days_is_due_and_not_before(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    station.import_here(day=7)
    assert asked_for(station) == set()
    station.import_here(day=8)
    assert asked_for(station) == set(IDS)
    assert station.result["unchanged"] == 60
    station.import_here(day=8, settings={"BDC_DAYS": "0"})
    assert asked_for(station) == set(IDS)
    station.import_here(day=8, force=True)
    assert asked_for(station) == set(IDS)


def test_whose_row_of_the_report_has_changed_is_due_at_once(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    change(station, FIRST_ID + 3, status=2)
    change(station, FIRST_ID + 4, latitude="47.9", lines=(Line(36, 1),))
    change(station, FIRST_ID + 5, lines=(Line(36, 2),))
    station.import_here(day=1)
    assert asked_for(station) == {FIRST_ID + 3, FIRST_ID + 4}
    stored = dict(station.rows("customers", "id, status_active"))  # type: ignore[arg-type]
    assert not stored[FIRST_ID + 3]
    assert station.rows("services", "relationship_id", f"WHERE customer_id = {FIRST_ID + 4}") == [(1,)]
    assert station.result["updated"] == 2


def test_whose_coordinates_are_judged_otherwise_is_due(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    (swapped,) = (id_ for id_, kind in station.rows("customers", "id, coord_status") if kind == "swapped")
    station.import_here(day=1, settings={"BDC_BBOX": "47,-121,48,-120", "BDC_FIX_SWAPPED": "true"})
    assert asked_for(station) == {swapped}
    assert station.rows("customers", "latitude, longitude, coord_status", f"WHERE id = {swapped}") == [
        (47.153, -120.2, "swapped")
    ]


def test_a_status_that_counts_as_live_from_now_on_does_so_for_everybody(
    any_bdc: BdcStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = any_bdc
    station.import_here()
    monkeypatch.setitem(sonar_people.STATUSES, 2, ("Inactive", True))
    change(station, FIRST_ID, line2="Unit 9")
    station.import_here(day=1)
    assert asked_for(station) == {FIRST_ID}
    inactive = [id_ for id_ in IDS if sonar_people.subscriber(id_).status == 2]
    assert station.result["refreshed"] == len(inactive) > 1
    assert {bool(live) for (live,) in station.rows("customers", "status_active", "WHERE status = 'Inactive'")} == {True}


def test_a_limit_takes_the_first_by_id_and_nobody_for_gone(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    dates = station.notes["customers_last_update"]
    station.sonar.absent |= {FIRST_ID + 50}
    station.import_here(day=9, limit=5)
    assert asked_for(station) == set(IDS[:5])
    assert station.notes["customers_last_update"] == dates
    assert station.rows("customers", "id", "WHERE removed_at IS NOT NULL") == []


def test_who_is_gone_is_marked_and_unmarked(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    gone = {FIRST_ID + 1, FIRST_ID + 2, FIRST_ID + 3}
    station.sonar.absent |= {FIRST_ID + 1}
    station.sonar.vanished |= {FIRST_ID + 2}
    change(station, FIRST_ID + 3, deleted=True)
    station.import_here(day=8)
    assert {id_ for (id_,) in station.rows("customers", "id", "WHERE removed_at IS NOT NULL")} == gone
    assert station.result["removed"] == 3
    assert len(station.rows("services", "*", f"WHERE customer_id = {FIRST_ID + 1}")) > 0
    before = station.held(without={"last_updated"})
    station.import_here(day=9)
    assert asked_for(station) == gone - {FIRST_ID + 1}
    assert station.held(without={"last_updated"}) == before
    station.sonar.absent.clear()
    station.sonar.vanished.clear()
    station.sonar.changed.clear()
    station.import_here(day=10)
    assert asked_for(station) == gone
    assert station.rows("customers", "id", "WHERE removed_at IS NOT NULL") == []
    assert station.result["reappeared"] == 3


def test_a_report_that_has_lost_many_takes_nobody_for_gone(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    station.sonar.absent |= set(IDS[10:23])
    done = station.import_here(day=1, code=4)
    assert "the report has 47 customers, 60 are stored: nobody was marked as gone" in done.text
    assert station.notes["last_run_status"] == "partial"
    assert station.rows("customers", "id", "WHERE removed_at IS NOT NULL") == []
    station.import_here(day=1, accept_shrink=True)
    assert len(station.rows("customers", "id", "WHERE removed_at IS NOT NULL")) == 13


def test_equipment_that_has_nearly_all_gone_stays_with_whom_it_was(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    before = station.rows("customer_inventory")
    station.execute(
        f"INSERT INTO {station.prefix}inventory_items (id) SELECT 900000 + id FROM {station.prefix}customers"
    )
    station.execute(
        f"INSERT INTO {station.prefix}customer_inventory SELECT id, 900000 + id FROM {station.prefix}customers"
    )
    done = station.import_here(day=1, code=4)
    assert "customers have 75 pieces of equipment, 135 before" in done.text
    assert len(station.rows("customer_inventory")) == 135
    station.import_here(day=1, accept_shrink=True)
    assert station.rows("customer_inventory") == before


def test_one_that_fails_is_left_as_it_was_and_asked_for_again(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    one = FIRST_ID + 20
    change(station, one, lines=())
    station.sonar.fail(f"/accounts/{one}/", "503")
    done = station.import_here(day=1, code=4, force=True, settings={"BDC_MAX_RETRIES": "1"})
    assert "1 customers, 1 of them because: Sonar answered 503" in done.text
    assert station.rows("services", "*", f"WHERE customer_id = {one}") != []
    assert station.rows("customers", "id", "WHERE NOT detail_ok") == [(one,)]
    station.sonar.heal()
    station.import_here(day=1)
    assert asked_for(station) == {one}
    assert station.rows("services", "*", f"WHERE customer_id = {one}") == []
    assert station.notes["last_run_status"] == "ok"


def test_where_all_fail_the_run_does(bdc: BdcStation) -> None:
    bdc.sonar.fail("/json", "500", after=6)
    done = bdc.import_here(code=1, settings={"BDC_MAX_RETRIES": "0"})
    assert "customers could not be had" in done.text
    assert bdc.notes["last_run_status"] == "failed"
    assert "customers_last_update" not in bdc.notes


def test_a_report_of_another_layout_writes_nothing(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    before = station.held(without=())
    station.sonar.rows = [[*row[:11], None, *row[11:]] for row in station.sonar.report()]
    done = station.import_here(day=30, code=3)
    assert "city: index 12 holds other values (AAAA 9, AAAA 99) in 100% of rows; index 13 looks like city" in done.text
    assert {line.partition("Report: ")[2].partition(":")[0] for line in done.text.splitlines()} >= {
        "city",
        "state",
        "zip",
        "latitude",
    }
    assert station.held(without=()) == before
    assert station.notes["last_run_status"] == "failed"


def test_a_report_that_contradicts_the_accounts_writes_nothing(any_bdc: BdcStation) -> None:
    """Two columns of the same kind are exchanged: only the accounts themselves can tell."""
    station = any_bdc
    rows = station.sonar.report()
    for row in rows:
        row[12], row[10] = row[10], row[12]
    station.sonar.rows = rows
    station.import_here(code=3)
    assert station.held(without=()) == {name: [] for name in station.held()}


def test_the_other_layout_is_as_good(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here()
    columns = "id, name, address, street2, city, state, zip, latitude, longitude"
    before = station.rows("customers", columns)
    station.sonar.spec = replace(station.sonar.spec, layout="seed")
    station.import_here(day=1)
    assert station.result["report_layout"] == station.notes["report_layout"] == "seed"
    assert station.rows("customers", columns) == before


@pytest.mark.parametrize("how", ["each", "not allowed"])
def test_equipment_account_by_account_is_the_same_with_more_calls(any_bdc: BdcStation, how: str) -> None:
    station = any_bdc
    station.import_here()
    assert station.result["calls_saved"] == 59
    before = station.held()
    station.execute(f"DELETE FROM {station.prefix}customers", f"DELETE FROM {station.prefix}inventory_items")
    if how == "not allowed":
        station.sonar.fail("/inventory/items", "403")
        done = station.import_here(day=1)
        assert "it is read account by account" in done.text
    else:
        station.import_here(day=1, settings={"BDC_INVENTORY": "each"})
    assert station.sonar.counts["inventory_items"] == 60
    assert station.result["calls_saved"] == 0
    assert station.held() == before


def test_a_piece_that_goes_to_another_customer_goes_with_its_link(
    any_bdc: BdcStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = any_bdc
    station.import_here()
    real = sonar_people.equipment

    def moved(spec: sonar_people.Spec, index: int) -> sonar_people.Equipment:
        found = real(spec, index)
        return replace(found, owner=FIRST_ID + 1) if index == 0 else found

    monkeypatch.setattr("tests.fakes.sonar_server.equipment", moved)
    station.import_here(day=1)
    assert station.rows("customer_inventory", "customer_id", "WHERE inventory_item_id = 500000") == [(FIRST_ID + 1,)]
    assert station.result["links_written"] == 2


def test_the_day_of_a_filing_is_kept_once(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here(day=28)
    assert station.rows("snapshots", "customers") == []
    done = station.import_here(day=29)
    assert "60 customers are kept as of 2030-06-30, for the filing" in done.text
    station.sonar.absent |= {FIRST_ID}
    station.import_here(day=29)
    assert [(str(day), count) for day, count in station.rows("snapshots", "snapshot_date, customers")] == [
        ("2030-06-30", 60)
    ]
    assert len(station.rows("snapshot_customers", "id", "WHERE removed_at IS NULL")) == 60


def test_one_half_alone(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.import_here(only=Half.INVENTORY)
    assert station.sonar.counts["report"] == station.sonar.counts["json"] == 0
    assert station.rows("customers") == []
    assert len(station.rows("inventory_items")) == 75
    assert "customers_last_update" not in station.notes
    station.execute(f"UPDATE {station.prefix}inventory_items SET model_name = 'Old name' WHERE model_id = 12")
    station.import_here(only=Half.CUSTOMERS)
    assert station.sonar.counts["models"] == station.sonar.counts["manufacturers"] == 0
    assert len(station.rows("customer_inventory")) == 75
    names = dict(station.rows("inventory_items", "model_id, model_name", "GROUP BY 1, 2"))  # type: ignore[arg-type]
    assert names == {12: "Old name", 13: "Demo CPE 60", 14: "Light Box 1"}
    station.import_here(only=Half.INVENTORY)
    assert ("Old name",) not in station.rows("inventory_items", "model_name")


def test_where_sonar_does_not_tell_which_statuses_are_live_the_settings_do(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.sonar.fail("account_statuses", "403")
    done = station.import_here(settings={"BDC_ACTIVE_STATUSES": "active, Active - VIP"})
    assert "Sonar does not tell which statuses are live" in done.text
    live = {name for name, active in station.rows("customers", "status, status_active") if active}
    assert live == {"Active", "Active - VIP"}


def test_rows_that_repeat_an_account_are_one_customer(any_bdc: BdcStation) -> None:
    station = any_bdc
    station.sonar.spec = replace(station.sonar.spec, repeated=10)
    done = station.import_here()
    assert len(station.rows("customers")) == 60
    assert station.result["duplicates"] == 10
    assert f"Accounts with rows that differ: {FIRST_ID + 1}, " in done.text


def test_a_dry_run_and_a_check_write_nothing(any_bdc: BdcStation) -> None:
    station = any_bdc
    done = station.import_here(dry_run=True)
    assert "60 customers would be fetched, 60 of them new; 0 would be gone" in done.text
    assert not station.database.exists()
    assert station.runs() == []
    done = station.import_here(dry_run=True, check=True)
    assert "The report is laid out as documented: 60 customers, 60 rows" in done.text
    assert station.sonar.counts["json"] == 0
    if station.url:
        assert query(station.url, "SELECT nspname FROM pg_namespace WHERE nspname = 'sonar'") == []
    station.import_here()
    before = station.held(without=())
    station.sonar.absent |= {FIRST_ID}
    done = station.import_here(day=1, dry_run=True, force=True)
    assert "59 customers would be fetched, 0 of them new; 1 would be gone" in done.text
    assert station.held(without=()) == before


def test_what_somebody_elses_rule_refuses_fails_alone_and_is_told_without_the_row(
    bdc: BdcStation, postgis_url: str
) -> None:
    from tests.integration.bdc_station import bdc_station

    station = bdc_station(bdc.root / "other", bdc.sonar, postgis_url)
    station.import_here(limit=1)
    station.execute(
        f"ALTER TABLE sonar.customers ADD CONSTRAINT no_vip CHECK (id <> {FIRST_ID + 7}) NOT VALID",
    )
    done = station.import_here(code=4, day=1)
    assert "1 customers, 1 of them because: the database refuses a row (customers.no_vip)" in done.text
    assert len(station.rows("customers")) == 59
    assert sonar_people.subscriber(FIRST_ID + 7).name not in done.text
    assert station.rows("customer_inventory", "*", f"WHERE customer_id = {FIRST_ID + 7}") == []


def test_what_is_not_configured_is_skipped_and_half_a_configuration_is_an_error(bdc: BdcStation) -> None:
    done = bdc.import_here(settings={"SONAR_HOST": ""})
    assert "no Sonar is configured (SONAR_HOST)" in done.text
    done = bdc.import_here(code=2, settings={"SONAR_PASSWORD": ""})
    assert "SONAR_PASSWORD: not set" in done.text
    done = bdc.import_here(code=1, settings={"SONAR_PASSWORD": "wrong-Lark-5"})
    assert "Sonar refuses the user and the password" in done.text
    assert "wrong-Lark-5" not in done.text
