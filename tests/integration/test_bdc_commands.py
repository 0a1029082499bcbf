"""The commands of BDC as somebody types them: options, what they print, their exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.bdc_station import BdcStation

MAPPING = '[service]\n31 = 71\n36 = 70\n33 = 0\n[voice]\n"*" = 1\n'


def test_an_import_with_every_option_of_its_users(any_bdc: BdcStation, tmp_path: Path) -> None:
    station = any_bdc
    log = tmp_path / "elsewhere" / "bdc_import.log"
    done = station.run(
        *("bdc", "import", "-w", "4", "-b", "7", "-c", "20", "-f", "-d", "3", "-p", "bdc.", "-l", "9", "-v"),
        *(
            "--max-retries",
            "2",
            "--initial-backoff",
            "0.5",
            "--report-layout",
            "documented",
            "--bbox",
            "47,-121,48,-120",
        ),
        *("--fix-swapped", "--accept-shrink", "--log-file", str(log), "--json"),
    )
    assert done.code == 0, done.text
    result = json.loads(done.out)
    assert (result["due"], result["fetched"], result["inserted"]) == (60, 9, 9)
    assert station.query(f"SELECT count(*) FROM {'bdc.' if station.url else 'bdc_'}customers") == [(9,)]
    assert "SUCCESS: bdc-import: 60 customers, 9 of them fetched" in log.read_text(encoding="utf-8")
    assert log.read_text(encoding="utf-8") == (station.log / "ctv-bdc" / "bdc-import.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--inventory-only", "--customers-only"), "--inventory-only and --customers-only exclude each other"),
        (("-d", "-1"), "Invalid value for '-d'"),
        (("-l", "0"), "Invalid value for '-l'"),
        (("-w", "0"), "Invalid value for '-w'"),
        (("-p", "a b."), "BDC_PREFIX: must be SCHEMA. or NAME_ or SCHEMA.NAME_"),
        (("--bbox", "1,2,3,x"), "BDC_BBOX: must be four numbers"),
        (("--bbox", "1,2,3"), "BDC_BBOX: must be four numbers"),
        (("--bbox", "48,-121,47,-120"), "BDC_BBOX: must be south,west,north,east"),
        (("--report-layout", "documneted"), "documneted cannot be read"),
    ],
)
def test_a_call_that_makes_no_sense(bdc: BdcStation, words: tuple[str, ...], said: str) -> None:
    done = bdc.run("bdc", "import", *words)
    assert (done.code, said in done.text) == (2, True), done.text
    assert bdc.sonar.counts == {}
    assert not bdc.database.exists()


def test_two_databases_are_one_too_many(bdc: BdcStation) -> None:
    done = bdc.run("bdc", "import", env={"POSTGRES_PASSWORD": "heron-Slate-7"})
    assert done.code == 2
    assert "BDC_DATABASE_PATH and POSTGRES_PASSWORD are both set" in done.text


def test_from_the_import_to_the_filing(any_bdc: BdcStation, tmp_path: Path) -> None:
    station, today = any_bdc, f"{datetime.now(UTC):%Y-%m-%d}"
    mapping, out = tmp_path / "technologies.toml", tmp_path / "filing"
    mapping.write_text(MAPPING, encoding="utf-8")
    assert "there are no BDC tables in the database" in station.run("bdc", "quality").text
    station.run("bdc", "import").required("import")
    assert f"60 customers are kept as of {today}." in station.run("bdc", "snapshot", today).required("snapshot")
    assert station.run("bdc", "snapshot", today).code == 2
    station.run("bdc", "snapshot", today, "--replace").required("snapshot --replace")
    assert [one["date"] for one in json.loads(station.run("bdc", "snapshots", "--json").out)["snapshots"]] == [today]
    said = station.run("bdc", "quality", "--technologies", str(mapping)).required("quality")
    assert "not counted: its customer has no census block" in said
    filing = ("subscription", str(out / "fbs.csv"), "--snapshot", today, "--technologies", str(mapping))
    refused = station.run("bdc", "export", *filing)
    assert refused.code == 3
    assert "services cannot be counted: its customer has no census block (1); nothing was exported" in refused.text
    assert not (out / "fbs.csv").exists()
    told = station.run("bdc", "export", *filing, "--allow-exceptions", "--count", "account").required("subscription")
    assert "1 services cannot be counted and are in no row" in told
    assert (out / "fbs.csv").read_text(encoding="utf-8").startswith("tract,technology_code,")
    voice = ("voice", str(out / "fvs.csv"), "--technologies", str(mapping), "--allow-exceptions")
    station.run("bdc", "export", *voice).required("voice")
    station.run("bdc", "export", "geojson", str(out / "map.geojson"), "--names").required("geojson")
    assert len(json.loads((out / "map.geojson").read_text(encoding="utf-8"))["features"]) > 40
    assert station.run("bdc", "export", "voice", str(out / "x.csv"), "--snapshot", "2020-06-30").code == 2


def test_the_configuration_is_tried(any_bdc: BdcStation) -> None:
    station = any_bdc
    done = station.run("config", "check", "bdc")
    assert "ok       Sonar: it lets us in (version 0.8.14)" in done.text
    assert "off      BDC technologies: no file of technologies is set (BDC_TECHNOLOGY_FILE)" in done.text
    if station.url:
        assert "ok       BDC database: postgresql://station:***@127.0.0.1" in done.text
    else:
        assert f"ok       BDC database: {station.database} does not exist yet; the first import makes it" in done.text
    refused = station.run("config", "check", "bdc", env={"SONAR_PASSWORD": "wrong-Lark-5"})
    assert "FAILED   Sonar: Sonar's API refuses the user and the password (401)" in refused.text
    assert "wrong-Lark-5" not in refused.text


def test_a_server_without_postgis_is_found_before_the_night(bdc: BdcStation, postgres_url: str) -> None:
    from tests.integration.bdc_station import bdc_station
    from tests.integration.test_bdc_schema import hide_postgis

    hide_postgis(postgres_url)
    station = bdc_station(bdc.root / "other", bdc.sonar, postgres_url)
    done = station.run("config", "check", "bdc")
    assert "FAILED   BDC database: the PostgreSQL server has no PostGIS" in done.text
    assert "→ Install it there: sudo apt install postgresql-postgis" in done.text
