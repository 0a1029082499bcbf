"""The broker's CSV as a whole: what is refused, what is counted and left out (facts 3.1, 3.3)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ctvpipe.core.errors import ContractError, PermanentError
from ctvpipe.pipelines.circuits import tracking_columns, tracking_files, tracking_reading
from ctvpipe.pipelines.circuits.settings import ImportSettings
from tests.fakes.tracking_csv import HEADERS, TRADING_NAME, Spec, line, rows, text, write

TODAY = date(2026, 11, 22)
PLAIN = text([line(), line(Circuit_Purpose="Secondary", Site_ID="XYZ 01 -B")])


def read(data: str | bytes, *, force: bool = False, **settings: str) -> tracking_reading.Reading:
    found = ImportSettings.model_validate(settings)
    raw = data.encode() if isinstance(data, str) else data
    return tracking_reading.read(
        raw, "x.csv", synonyms=found.synonyms, trading_names=found.trading_name_forms, force=force
    )


@pytest.mark.parametrize(("data", "says"), [
    ("<!doctype html><html></html>", "is a web page"),
    ("  \n<html>", "is a web page"),
    ("a,b,c\r\n1,2,3\r\n", "no column for site_name, circuit_purpose, site_id, status"),
    (PLAIN.replace("Circuit Purpose", "Purposes"), "no column for circuit_purpose"),
    (PLAIN.replace("order_status", "Status"), "'status' is there twice"),
    (text([]), "a header and no rows"),
    (PLAIN.rstrip(), "does not end with a line break"),
    (PLAIN[:-60], "ends within a row"),
    (PLAIN[:-60] + "\r\n", "ends within a row"),
    (PLAIN + '"never closed', "is not CSV at line"),
    (PLAIN.replace("Charter Communications", '"Charter" Communications'), "is not CSV at line 2"),
    (PLAIN.encode("utf-16"), "no column"),
])  # fmt: skip
def test_a_file_that_is_not_the_brokers_or_not_whole_is_refused(data: str | bytes, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        read(data)


def test_a_missing_line_break_at_the_end_can_be_forced_half_a_row_cannot() -> None:
    assert read(PLAIN.rstrip("\r\n"), force=True).rows == 2
    with pytest.raises(ContractError):
        read(PLAIN[:-60], force=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_both_encodings_are_read(encoding: str) -> None:
    (record,) = read(text([line(city="Cañon City – West")]).encode(encoding)).records
    assert record["city"] == "Cañon City – West"


def test_a_byte_that_is_in_neither_encoding_costs_one_character_and_is_counted() -> None:
    found = read(text([line(city="Cañon")]).encode("cp1252").replace(b"ca", b"\x81a", 1))
    assert (found.rows, found.replaced_bytes) == (1, 1)


def test_rows_that_cannot_be_stored_are_counted_with_their_numbers() -> None:
    made = text([
        line(), line(Site_Name="NaN"), line(Circuit_Purpose=" "), line(Circuit_Purpose="Guest"), line(Circuit_Purpose="Till"),
    ])  # fmt: skip
    found = read(
        made + "one,cell,too,few\r\n" + "\r\n" + ",,,\r\n" + text([line()], headers=HEADERS).splitlines()[1] + "\r\n"
    )
    assert found.rejected == {"no site name": [3], "no purpose": [4], "a wrong number of cells": [7]}
    assert [record.number for record in found.records] == [2, 5, 6, 10]
    assert (found.rows, found.rejects, found.unknown_purposes) == (7, 3, 1)


def test_cells_that_cannot_be_read_are_empty_and_counted() -> None:
    odd = {"billing_monthly_cost": "call us", "ip_address_start": "203.0.113", "milestone_enabled": "soon"}
    found = read(text([line(), line() | odd]))
    assert found.unreadable == {"monthly_cost": [3], "ip_address": [3], "milestone_enabled": [3]}
    assert [found.records[1][name] for name in found.unreadable] == [None, None, None]


def test_a_trading_name_gives_way_to_the_code_in_the_site_id() -> None:
    made = text([
        line(Site_Name=TRADING_NAME.upper(), Site_ID="xyz 02 -B"), line(Site_Name=TRADING_NAME, Site_ID=""), line(),
    ])  # fmt: skip
    found = read(made, TRACKING_TRADING_NAMES=f"Other; {TRADING_NAME.replace(' ', '  ')}")
    assert [record["site_name"] for record in found.records] == ["XYZ 02", "XYZ 01"]
    assert found.repaired == 1
    assert found.rejected == {"the trading name, and no store code": [3]}
    assert {record["site_name"] for record in read(made).records} == {TRADING_NAME.upper(), TRADING_NAME, "XYZ 01"}


def test_headers_of_a_deployment_are_a_setting() -> None:
    headers = (*HEADERS, "Order Notes", "notes")
    made = [line() | {"Order Notes": "ours", "notes": "theirs"}]
    assert read(text(made, headers=headers)).records[0]["notes"] == "theirs"
    found = read(text(made, headers=headers), TRACKING_HEADERS="order  NOTES = notes; Nowhere=city")
    assert found.records[0]["notes"] == "ours"
    with pytest.raises(ValueError, match="must be HEADER=COLUMN"):
        ImportSettings.model_validate({"TRACKING_HEADERS": "PM=manager"})


def test_an_expected_column_that_is_gone_is_named() -> None:
    headers = [header for header in HEADERS if header != "billing_monthly_cost"]
    found = read(text([line()], headers=headers))
    assert found.missing == ("monthly_cost",)
    assert "monthly_cost" not in found.fields


def test_the_invented_file_has_every_oddity_and_is_read() -> None:
    found = read(text(rows(Spec(circuits=50))).encode("cp1252"), TRACKING_TRADING_NAMES=TRADING_NAME)
    assert (found.rows, found.rejects, found.repaired) == (53, 1, 1)
    assert set(found.unreadable) == {"ip_address", "install_cost", "target_enablement_date", "speed", "service_speed"}


def test_the_newest_file_is_that_with_the_latest_date_in_its_name(tmp_path: Path) -> None:
    days = [TODAY - timedelta(days=number) for number in (1, 0, 2)]
    for day in days:
        write(tracking_files.path_for(tmp_path, day), [line()])
    for name in (
        f"tracking_data_{TODAY + timedelta(days=1)}_dedup.csv",
        "tracking_data_sample.csv",
        "tracking_data_2026-13-01.csv",
        "tracking_data_2026-11-30.csv.bak",
    ):
        (tmp_path / name).write_text("x")
    (tmp_path / f"tracking_data_{TODAY + timedelta(days=1)}.csv").mkdir()
    assert tracking_files.choose(tmp_path, None, TODAY, force=False).day == TODAY
    assert [file.day for file in tracking_files.listing(tmp_path)] == sorted(days, reverse=True)


def test_an_old_file_is_refused_unless_forced_or_named(tmp_path: Path) -> None:
    path = write(tracking_files.path_for(tmp_path, TODAY), [line()])
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(ContractError, match="the newest tracking file is of 2026-11-22, today is 2026-11-23"):
        tracking_files.choose(tmp_path, None, tomorrow, force=False)
    assert tracking_files.choose(tmp_path, None, tomorrow, force=True).path == path
    assert tracking_files.choose(tmp_path, path, tomorrow, force=False).day == TODAY
    other = write(tmp_path / "orders.csv", [line()])
    assert tracking_files.choose(tmp_path, other, tomorrow, force=False).day == tomorrow


def test_no_file_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="there is no tracking file"):
        tracking_files.choose(tmp_path, None, TODAY, force=True)
    with pytest.raises(PermanentError, match="cannot list"):
        tracking_files.choose(tmp_path / "nowhere", None, TODAY, force=True)
    with pytest.raises(PermanentError, match="does not exist"):
        tracking_files.choose(tmp_path, tmp_path / "nothing.csv", TODAY, force=True)
    for data in (b"", b" \r\n"):
        with pytest.raises(ContractError, match="is empty"):
            tracking_files.require_size(data, "x.csv", 1)
    with pytest.raises(ContractError, match="more than 1 MiB"):
        tracking_files.require_size(b"x" * (1024 * 1024 + 1), "x.csv", 1)


def test_a_file_of_the_future_is_refused(tmp_path: Path) -> None:
    write(tracking_files.path_for(tmp_path, TODAY + timedelta(days=2)), [line()])
    with pytest.raises(ContractError, match="today is 2026-11-22 by the clock"):
        tracking_files.choose(tmp_path, None, TODAY, force=True)


def test_the_columns_are_those_of_the_table() -> None:
    from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS

    names = [column.name for column in CIRCUITS.c]
    ours = [name for name in names if name in tracking_columns.FIELDS]
    assert sorted(ours) == sorted(tracking_columns.FIELDS)
    headers = [header for column in tracking_columns.COLUMNS for header in column.headers]
    assert len(headers) == len(set(headers))
    assert all(tracking_columns.plain(header) == header for header in headers)
