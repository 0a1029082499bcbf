"""The import of the broker's orders on both stores (facts 3, 10.1, 11 and the import's vectors of 13)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ctvpipe.pipelines.circuits.importing import import_orders
from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import TRADING_NAME, Row, Spec, line, rows
from tests.integration.circuits_station import CircuitsStation
from tests.integration.station import Result

JOB = "circuits-import"
OVERRIDE = "UPDATE circuits SET manual_override = TRUE, status = 'by hand' WHERE site_name = 'XYZ 01'"


@pytest.fixture
def station(any_circuits: CircuitsStation) -> CircuitsStation:
    return any_circuits


def night(station: CircuitsStation, made: list[Row], *, ago: int = 0, **options: Any) -> Result:
    """Put the tracking file of so many days ago in place, and import it on that day."""
    day = station.today - timedelta(days=ago)
    station.put(made, day)
    return station.here(JOB, lambda run: import_orders(run, **options), day=day)


def counters(station: CircuitsStation) -> dict[str, Any]:
    return station.runs(JOB)[0].counters


def one(station: CircuitsStation, columns: str, where: str = "TRUE") -> tuple[Any, ...]:
    (found,) = station.query(f"SELECT {columns} FROM circuits WHERE {where}")
    return found


def test_a_first_file_becomes_the_circuits(station: CircuitsStation) -> None:
    assert night(station, [line(billing_monthly_cost="$1,200.50", target_enablement_date="0000-00-00")]).code == 0
    found = one(
        station, "site_name, provider, speed, monthly_cost, target_enablement_date, data_source, manual_override"
    )
    assert [str(value) for value in found[:2]] == ["XYZ 01", "Charter Communications"]
    assert (found[2], float(found[3]), found[4], found[5], bool(found[6])) == (
        "300.0M x 30.0M", 1200.50, None, "tracking", False,
    )  # fmt: skip
    assert station.query("SELECT total_circuits, enabled_count FROM daily_summaries") == [(1, 1)]
    assert station.query("SELECT site_key, status FROM circuit_status_changes") == [("XYZ 01", "Enabled")]


def test_the_same_file_again_writes_nothing(station: CircuitsStation) -> None:
    made = rows(Spec(circuits=100))
    assert night(station, made).code == 0
    before = station.dump()
    assert night(station, made).code == 0
    assert station.dump() == before, "no stamp and no record of an import either"
    assert (counters(station)["inserted"], counters(station)["updated"]) == (0, 0)
    assert counters(station)["unchanged"] == len(before["circuits"])


def test_only_what_changed_is_written(station: CircuitsStation) -> None:
    made = rows(Spec(circuits=40, oddities=False))
    assert night(station, made, ago=1).code == 0
    before = {row[0]: row for row in station.dump()["circuits"]}
    made[3] = made[3] | {"status": "Jeopardy"}
    assert night(station, made).code == 0
    after = {row[0]: row for row in station.dump()["circuits"]}
    assert sum(after[number] != before[number] for number in after) == 1
    assert after.keys() == before.keys()
    assert counters(station)["status_changes"] == 1
    files = station.query("SELECT last_csv_file, count(*) FROM circuits GROUP BY last_csv_file ORDER BY 2")
    assert files == [
        (f"tracking_data_{station.today}.csv", 1),
        (f"tracking_data_{station.today - timedelta(1)}.csv", 39),
    ]


def test_an_overridden_row_never_changes(station: CircuitsStation) -> None:
    pair = [line(), line(Circuit_Purpose="Secondary", Site_ID="XYZ 01 -B")]
    assert night(station, pair, ago=2).code == 0
    station.execute(f"{OVERRIDE} AND circuit_purpose = 'Primary'")
    protected = station.query("SELECT * FROM circuits WHERE circuit_purpose = 'Primary'")
    assert night(station, [row | {"status": "Jeopardy"} for row in pair], ago=1).code == 0
    assert counters(station)["skipped_override"] == 1
    assert counters(station)["updated"] == 1, "the other circuit of the site is not protected"
    assert night(station, pair[1:], force=True).code == 0
    assert station.query("SELECT * FROM circuits WHERE circuit_purpose = 'Primary'") == protected


@pytest.mark.parametrize("flag", ["NULL", "FALSE"])
def test_an_override_that_is_not_true_is_none(station: CircuitsStation, flag: str) -> None:
    assert night(station, [line()], ago=1).code == 0
    station.execute(OVERRIDE, f"UPDATE circuits SET manual_override = {flag}")
    assert night(station, [line(status="Jeopardy")]).code == 0
    assert one(station, "status") == ("Jeopardy",)


def test_values_flow_again_when_an_override_is_taken_off_although_the_file_is_the_same(
    station: CircuitsStation,
) -> None:
    assert night(station, [line()], ago=1).code == 0
    station.execute(OVERRIDE)
    assert night(station, [line()]).code == 0
    assert one(station, "status") == ("by hand",)
    station.execute("UPDATE circuits SET manual_override = FALSE")
    assert night(station, [line()]).code == 0
    assert one(station, "status") == ("Enabled",)


def test_an_override_that_comes_while_the_import_runs_is_kept(station: CircuitsStation) -> None:
    """The plan was made without it: the writing statement must look again."""
    from ctvpipe.core import clock
    from ctvpipe.pipelines.circuits import import_plan, import_store
    from ctvpipe.stores import engine

    assert night(station, [line()], ago=1).code == 0
    url = station.url or f"sqlite:///{station.database}"
    with engine.transaction(engine.open_engine(url)) as connection:
        known = import_store.stored(connection)
    changed = [tuple("new" if value == "Enabled" else value for value in row.values) for row in known.values()]
    planned = import_plan.plan(changed, known, fields=import_plan.FIELDS)
    assert len(planned.changed) == 1
    station.execute(OVERRIDE)
    with engine.transaction(engine.open_engine(url)) as connection:
        import_store.write(connection, planned, day=station.today, csv_file="x.csv", now=clock.now())
    assert one(station, "status") == ("by hand",)


def test_the_order_of_a_clashing_pair_never_counts(station: CircuitsStation) -> None:
    made = [
        line(),
        line(status="Order Canceled", record_number="ACME2_BR", date_record_updated="2026-11-20"),
        line(status="Information/Approval Needed From Sponsor", record_number="ACME3_BR"),
    ]
    assert night(station, made).code == 0
    before = station.dump()
    assert one(station, "status, record_number") == ("Enabled", "ACMEXYZ0123456789_BR")
    losers = station.query(
        "SELECT position, status, winner_status, record_number FROM circuit_import_conflicts ORDER BY position"
    )
    assert losers == [
        (1, "Information/Approval Needed From Sponsor", "Enabled", "ACME3_BR"),
        (2, "Order Canceled", "Enabled", "ACME2_BR"),
    ]
    for seed in range(4):
        assert night(station, Random(seed).sample(made, 3)).code == 0
        assert station.dump() == before
    assert night(station, made[:1], force=True).code == 0
    assert station.query("SELECT count(*) FROM circuit_import_conflicts") == [(0,)], "nothing clashes any more"


def test_circuits_that_are_gone_are_kept_and_marked_and_come_back(station: CircuitsStation) -> None:
    made = rows(Spec(circuits=10, oddities=False))
    assert night(station, made, ago=2).code == 0
    assert night(station, made[1:], ago=1).code == 0
    gone = station.query("SELECT missing_since FROM circuits WHERE missing_since IS NOT NULL")
    assert [str(day) for (day,) in gone] == [str(station.today - timedelta(days=1))]
    assert counters(station)["missing"] == 1
    assert night(station, made[1:]).code == 0
    assert counters(station)["missing"] == 0
    assert station.query("SELECT missing_since FROM circuits WHERE missing_since IS NOT NULL") == gone
    assert night(station, made).code == 0
    assert station.query("SELECT count(*) FROM circuits WHERE missing_since IS NULL") == [(10,)]


@pytest.mark.parametrize(("damage", "says"), [
    (lambda data: b"", "is empty"),
    (lambda data: b"<html><form name=login></form></html>\n", "is a web page"),
    (lambda data: data[: len(data) // 2], "ends within a row|does not end with a line break|is not CSV"),
    (lambda data: data.replace(b"Site ID", b"Site No"), "no column for site_id"),
    (lambda data: b"\r\n".join(data.split(b"\r\n")[:40]) + b"\r\n", "% are gone"),
    (lambda data: data.replace(b"Primary", b"       "), "cannot be stored"),
])  # fmt: skip
def test_what_breaks_the_contract_is_refused_and_nothing_is_changed(
    station: CircuitsStation, damage: Any, says: str
) -> None:
    made = rows(Spec(circuits=100, oddities=False))
    assert night(station, made, ago=1).code == 0
    before = station.dump()
    path = station.put(made)
    path.write_bytes(damage(path.read_bytes()))
    result = station.here(JOB, import_orders)
    assert result.code == 3
    assert re.search(says, result.line("ERROR"))
    assert station.dump() == before
    assert station.runs(JOB)[0].outcome == "refused"


def test_a_file_that_has_shrunk_can_be_forced(station: CircuitsStation) -> None:
    made = rows(Spec(circuits=20, oddities=False))
    assert night(station, made, ago=1).code == 0
    assert night(station, made[:5]).code == 3
    assert night(station, made[:5], force=True).code == 0
    assert counters(station)["missing"] == 15


def test_yesterdays_file_is_not_imported_as_todays(station: CircuitsStation) -> None:
    station.put([line()], station.today - timedelta(days=1))
    result = station.here(JOB, import_orders)
    assert (result.code, station.runs(JOB)[0].outcome) == (3, "refused")
    assert not station.database.exists()
    assert station.here(JOB, lambda run: import_orders(run, force=True)).code == 0


def test_a_file_of_an_earlier_day_leaves_the_circuits_and_all_later_days(station: CircuitsStation) -> None:
    assert night(station, [line(status="Ready for Enablement")], ago=4).code == 0
    assert night(station, [line()], ago=0).code == 0
    circuits = station.dump()["circuits"]
    older = station.put(
        [line(status="Jeopardy"), line(Site_Name="XYZ 02", Site_ID="XYZ 02")], station.today - timedelta(2)
    )
    assert station.here(JOB, lambda run: import_orders(run, file=older)).code == 3
    result = station.here(JOB, lambda run: import_orders(run, file=older, force=True))
    assert result.code == 0
    assert "the circuits are of a later day" in result.line("SUCCESS")
    assert station.dump()["circuits"] == circuits
    changes = station.query("SELECT date, site_key, status FROM circuit_status_changes ORDER BY date, site_key")
    days = [str(station.today - timedelta(days=ago)) for ago in (4, 2, 2, 0, 0)]
    assert [(str(day), *rest) for day, *rest in changes] == [
        (days[0], "XYZ 01", "Ready for Enablement"),
        (days[1], "XYZ 01", "Jeopardy"),
        (days[2], "XYZ 02", "Enabled"),
        (days[3], "XYZ 01", "Enabled"),
        (days[4], "XYZ 02", None),
    ]
    assert station.query("SELECT count(*) FROM daily_summaries") == [(3,)]


def test_a_database_error_on_the_last_row_leaves_no_row_of_the_file(station: CircuitsStation) -> None:
    made = rows(Spec(circuits=30, oddities=False))
    assert night(station, made[:10], ago=1).code == 0
    refused = made[-1]["Site Name"]
    if station.url:
        station.execute(f"ALTER TABLE circuits ADD CONSTRAINT not_this CHECK (site_name <> '{refused}')")
    else:
        station.execute(
            f"CREATE TRIGGER not_this BEFORE INSERT ON circuits WHEN NEW.site_name = '{refused}'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    before = station.dump()
    assert night(station, made).code == 1
    assert station.dump() == before


def test_a_dry_run_says_what_it_would_do_and_touches_nothing(station: CircuitsStation) -> None:
    station.put([line()])
    result = station.here(JOB, import_orders, dry_run=True)
    assert "would write 1 new" in result.text
    assert not station.database.exists()
    assert night(station, [line()]).code == 0
    before = station.dump()
    station.put([line(status="Jeopardy"), line(Site_Name="XYZ 02")])
    result = station.here(JOB, import_orders, dry_run=True)
    assert "would write 1 new, 1 changed, 0 unchanged" in result.text
    assert "XYZ 01 Primary: Enabled → Jeopardy" in result.text
    assert station.dump() == before
    assert len(station.runs(JOB)) == 1


def test_the_trading_name_does_not_swallow_its_stores(station: CircuitsStation) -> None:
    station.settings["TRACKING_TRADING_NAMES"] = TRADING_NAME
    made = [line(Site_Name=TRADING_NAME, Site_ID=f"{tracking_csv.site(number)} -B") for number in range(20)]
    assert night(station, made).code == 0
    assert station.query("SELECT count(DISTINCT site_name) FROM circuits") == [(20,)]


def test_nothing_of_the_night_is_stored_as_a_word_for_nothing(station: CircuitsStation) -> None:
    assert night(station, rows(Spec(circuits=100))).code == 0
    for table in station.dump().values():
        for row in table:
            for value in row:
                assert not isinstance(value, str) or value.strip().casefold() not in {"nan", "nsa", "n/a"}
                assert not isinstance(value, str) or value == value.strip()


def test_more_than_two_enabled_circuits_of_a_site_are_remarked_on(station: CircuitsStation) -> None:
    made = [line(Circuit_Purpose=purpose) for purpose in ("Primary", "Secondary", "Backup")]
    assert night(station, made).code == 0
    assert station.runs(JOB)[0].warnings == ("1 sites have more than two enabled circuits: XYZ 01",)


def test_people_stay_out_of_the_log_and_the_ledger(station: CircuitsStation) -> None:
    made = rows(Spec(circuits=100))
    result = night(station, made)
    told = result.text + repr(station.runs(JOB)) + (station.log / "ctv-circuits/circuits-import.log").read_text()
    for secret in ("A. Example", "a@example.com", "Example Road", "203.0.113."):
        assert secret not in told


def test_both_stores_hold_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    pair = [CircuitsStation(tmp_path / "small"), CircuitsStation(tmp_path / "grown up", url=postgres_url)]
    made = rows(Spec(circuits=300, seed=3))
    nights = [
        (made, 2),
        ([row | {"status": "Jeopardy"} if number % 7 == 0 else row for number, row in enumerate(made[5:])], 1),
        (Random(1).sample(made, len(made)), 0),
    ]
    for lines, ago in nights:
        for station in pair:
            station.settings["TRACKING_TRADING_NAMES"] = TRADING_NAME
            assert night(station, lines, ago=ago).code == 0
        small, grown_up = (station.content() for station in pair)
        assert len(small["circuits"]) > 250
        assert small["circuit_import_conflicts"]
        for table in small:
            assert small[table] == grown_up[table], table
        first, second = (counters(station) for station in pair)
        assert {**first, "database": ""} == {**second, "database": ""}


def test_fingerprints_that_are_missing_make_no_second_rows(station: CircuitsStation) -> None:
    """The duplicate storm of July 2025: what was compared was null in the old rows (facts 11, 13)."""
    made = rows(Spec(circuits=20, oddities=False))
    assert night(station, made, ago=1).code == 0
    station.execute("UPDATE circuits SET fingerprint = NULL")
    assert night(station, made).code == 0
    assert station.query("SELECT count(*), count(fingerprint) FROM circuits") == [(20, 20)]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_day_is_the_stations(station: CircuitsStation, zone: str) -> None:
    """The two zones never have the same date (facts 11, 14)."""
    station.settings["CTVPIPE_TIMEZONE"] = zone
    day = datetime.now(ZoneInfo(zone)).date()
    station.put([line()], day)
    assert station.here(JOB, import_orders).code == 0
    for sql in ("SELECT date FROM circuit_status_days", "SELECT summary_date FROM daily_summaries"):
        assert [str(found) for (found,) in station.query(sql)] == [str(day)]


def test_a_table_that_does_not_hold_what_was_written_is_remarked_on(station: CircuitsStation) -> None:
    assert night(station, [line(Site_Name="XYZ 02")], ago=1).code == 0
    if station.url:
        station.execute(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.status = 'spoiled'; RETURN NEW; END $$",
            "CREATE TRIGGER spoil BEFORE INSERT ON circuits FOR EACH ROW EXECUTE FUNCTION spoil()",
        )
    else:
        station.execute(
            "CREATE TRIGGER spoil AFTER INSERT ON circuits"
            " BEGIN UPDATE circuits SET status = 'spoiled' WHERE id = NEW.id; END"
        )
    assert night(station, [line(), line(Site_Name="XYZ 02")]).code == 0
    assert station.runs(JOB)[0].warnings == ("the file has 2 enabled circuits to store, the table has 1",)


def test_the_command_takes_a_file_by_hand(station: CircuitsStation, tmp_path: Path) -> None:
    path = tracking_csv.write(tmp_path / "orders.csv", [line()])
    assert station.run("circuits", "import").code == 1, "there is none in the directory"
    assert station.run("circuits", "import", str(path)).code == 0
    assert one(station, "last_csv_file") == ("orders.csv",)
    station.put([line(status="Jeopardy")], station.today - timedelta(days=3))
    assert station.run("circuits", "import").code == 3
    assert station.run("circuits", "import", "--dry-run", "--force").code == 0
    assert one(station, "status") == ("Enabled",)
