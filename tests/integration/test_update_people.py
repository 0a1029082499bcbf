"""Customers, agencies, markets, rules: what people add between two nights, and what the night sets up."""

from __future__ import annotations

from tests.fakes.workbook_cells import Row, text
from tests.integration.nights import BOOKS, close, month_label_of, night
from tests.integration.station import Station


def test_people_add_customers_later_and_unchanged_rows_are_aligned(station: Station, lines: list[Row]) -> None:
    codes = (
        "Tern Placement:Amber Foods",
        "ember motors PRODUCTION",
        "Sable Group:Fernhill Clinic",
        "Direct:Cobalt Academy",
    )
    made = [line.changed(bill_code=text(codes[number % 4])) for number, line in enumerate(lines)]
    assert night(station, made).code == 0
    assert station.query("SELECT DISTINCT customer_id, agency_id FROM spots") == [(None, None)]
    close(station, "Oct-26")
    closed = station.query("SELECT * FROM spots WHERE broadcast_month = 'Oct-26' ORDER BY spot_id")
    station.execute(
        "INSERT INTO agencies (agency_name) VALUES ('Tern Placement'), ('Sable')",
        "INSERT INTO customers (normalized_name, created_by, is_active) VALUES ('Tern Placement:Amber Foods', 'a', 1),"
        " ('Ember Motors', 'a', 1), ('Fernhill', 'a', 1), ('Cobalt Academy', 'a', 0)",
        "INSERT INTO entity_aliases (alias_name, entity_type, target_entity_id, created_by)"
        " VALUES ('SABLE GROUP', 'agency', 2, 'a'), ('fernhill clinic', 'customer', 3, 'a')",
    )
    assert night(station, made).code == 0

    found = {
        code: ids
        for code, *ids in station.query(
            "SELECT DISTINCT bill_code, customer_id, agency_id FROM spots WHERE broadcast_month <> 'Oct-26'"
        )
    }
    assert found == {codes[0]: [1, 1], codes[1]: [2, None], codes[2]: [3, 2], codes[3]: [None, None]}
    assert station.query("SELECT * FROM spots WHERE broadcast_month = 'Oct-26' ORDER BY spot_id") == closed
    run = station.runs()[0]
    open_rows = sum(month_label_of(line) != "Oct-26" for line in made)
    assert (run.counters["inserted"], run.counters["deleted"]) == (0, 0)
    assert run.counters["aligned"] == open_rows - run.counters["without_customer"]
    assert [name for (name,) in station.query("SELECT raw_text FROM raw_customer_inputs ORDER BY 1")] == sorted(codes)

    before = station.dump(without=BOOKS)
    assert night(station, made).code == 0
    assert station.dump(without=BOOKS) == before

    station.execute("UPDATE customers SET is_active = 0 WHERE normalized_name = 'Fernhill'")
    assert night(station, made).code == 0
    assert station.query(
        f"SELECT DISTINCT customer_id FROM spots WHERE broadcast_month <> 'Oct-26' AND bill_code = '{codes[2]}'"
    ) == [(None,)]


def test_of_names_that_differ_in_case_only_the_first_counts(station: Station, lines: list[Row]) -> None:
    made = [line.changed(bill_code=text("vela:foods")) for line in lines]
    assert night(station, made).code == 0
    station.execute(
        "INSERT INTO agencies (agency_name) VALUES ('Vela'), ('VELA')",
        "INSERT INTO customers (normalized_name, created_by) VALUES ('Foods', 'a'), ('FOODS', 'a')",
    )
    assert night(station, made).code == 0
    assert station.query("SELECT DISTINCT customer_id, agency_id FROM spots") == [(1, 1)]


def test_a_market_that_only_closed_months_name_is_not_created(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    close(station, "Oct-26")
    markets = station.query("SELECT * FROM markets")
    made = [line.changed(market_name=text("ABQ")) if month_label_of(line) == "Oct-26" else line for line in lines]
    assert night(station, made).code == 0
    assert station.query("SELECT * FROM markets") == markets


def test_markets_are_created_once_each_with_its_grid(station: Station, lines: list[Row]) -> None:
    made = [
        line.changed(market_name=text(("PDX", "pdx", "dallas", "NYC")[number % 4])) for number, line in enumerate(lines)
    ]
    injection = lines[0].changed(market_name=text("X'; DROP TABLE spots;--"))
    assert night(station, [*made, injection]).code == 0
    first_airing = station.query("SELECT min(air_date) FROM spots WHERE upper(market_name) = 'PDX'")[0][0]
    grids = {
        code: rest
        for code, *rest in station.query(
            "SELECT market_code, market_name, schedule_id, effective_start_date, a.created_by FROM markets"
            " JOIN schedule_market_assignments a USING (market_id)"
        )
    }
    assert grids["PDX"] == ["PDX", 1, first_airing, "daily-update"]
    assert grids["DAL"][:2] == ["DALLAS", 2]
    assert len(grids) == 9
    assert set(
        station.query("SELECT upper(s.market_name), market_code FROM spots s JOIN markets USING (market_id)")
    ) == {("PDX", "PDX"), ("DALLAS", "DAL"), ("NYC", "NYC")}
    assert station.query("SELECT market_id FROM spots WHERE market_name LIKE 'X%'") == [(None,)]

    before = station.dump(without=BOOKS)
    assert night(station, [*made, injection]).code == 0
    assert station.dump(without=BOOKS) == before
    assert station.runs()[0].counters["new_markets"] == 0


def test_a_spot_has_the_language_of_its_code(station: Station, lines: list[Row]) -> None:
    codes = {"m": "M", " Hm": "Hm", "ENG": "E", "M/C": "M/C", "L": None, "XX": None}
    made = [line.changed(language_code=text([*codes][number % 6])) for number, line in enumerate(lines)]
    assert night(station, made).code == 0
    found = station.query(
        "SELECT DISTINCT s.language_code, l.language_code FROM spots s LEFT JOIN languages l USING (language_id)"
    )
    assert dict(found) == {code.strip(): language for code, language in codes.items()}


def test_the_rule_set_is_a_setting(station: Station, lines: list[Row]) -> None:
    made = [line.changed(revenue_type=text("Local"), spot_type=text("BNS"), language_code=text("x9")) for line in lines]
    station.settings["COMMERCIAL_RULE_SET"] = "B"
    assert night(station, made).code == 0
    assert station.query("SELECT DISTINCT spot_category FROM spots") == [("review_category",)]
    assert station.query(
        "SELECT DISTINCT language_code, language_status, assignment_method, requires_review FROM spot_language_assignments"
    ) == [("X9", "invalid", "invalid_code_flagged", 1)]
    station.settings["COMMERCIAL_RULE_SET"] = "A"
    assert night(station, made, strategy="replace").code == 0
    assert station.query("SELECT DISTINCT spot_category, language_id FROM spots") == [
        ("language_assignment_required", None)
    ]
