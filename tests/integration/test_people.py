"""What people do to the data, by the commands, on both stores: months, customers, review."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from ctvpipe.cli.app import main
from ctvpipe.pipelines.commercial_log import closures, people
from tests.integration.people_rows import row, update, updating
from tests.integration.smb_server import wait_for
from tests.integration.station import Result, Station, tree

Call = Callable[..., Result]
NOV, DEC, JAN = {"broadcast_month": "Nov-24"}, {"broadcast_month": "Dec-24"}, {"broadcast_month": "Jan-25"}
BY = ("--by", "Ann Example")


@pytest.fixture
def call(any_station: Station, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command of the station's in this process."""
    return caller(any_station, monkeypatch, capsys)


def caller(station: Station, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    for name in {*os.environ} - {*station.environ}:
        monkeypatch.delenv(name)
    for name, value in station.environ.items():
        monkeypatch.setenv(name, value)

    def called(*arguments: object) -> Result:
        monkeypatch.setattr("sys.argv", ["ctvpipe", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            main()
        said = capsys.readouterr()
        return Result(int(ending.value.code or 0), said.out, said.err)

    return called


def where(station: Station) -> str:
    return station.url or str(station.database)


def shown(call: Call, *arguments: object) -> Any:
    done = call(*arguments, "--json")
    assert (done.code, done.err) == (0, ""), done.text
    return json.loads(done.out)


def refused(call: Call, station: Station, code: int, said: str, *arguments: object) -> None:
    """The command ends with ``code``, says ``said`` in one line, advises in another, and changes nothing."""
    before = station.dump()
    done = call(*arguments)
    assert (done.code, done.out) == (code, ""), done.text
    error, advice = done.err.splitlines()
    assert said in error
    assert advice
    assert station.dump() == before


# --- months ----------------------------------------------------------------------------------------------------------


def test_months_are_listed_by_time_with_what_they_hold(any_station: Station, call: Call) -> None:
    update(
        where(any_station),
        [
            row(**JAN, gross_rate=100.25, language_code="L"),
            row(**DEC, gross_rate=-50.0),
            row(**NOV, gross_rate=1000.0),
            row(**NOV, gross_rate=None, language_code="M"),
        ],
    )
    call("customers", "add", "Plover Foods", *BY)
    assert call("months", "close", "Nov-24", "--yes", "--note", "as billed", *BY).code == 0

    months = shown(call, "months", "list")["months"]
    assert [
        (m["month"], m["rows"], m["gross"], m["to_review"], m["without_customer"], m["closed_by"]) for m in months
    ] == [
        ("Nov-24", 2, 1000.0, 0, 0, "Ann Example"),
        ("Dec-24", 1, -50.0, 0, 0, None),
        ("Jan-25", 1, 100.25, 1, 0, None),
    ]
    assert (months[0]["closed"], months[0]["closed_date"], months[0]["note"]) == (
        True,
        str(people.today()),
        "as billed",
    )
    lines = call("months", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["MONTH", "Nov-24", "Dec-24", "Jan-25"]
    assert lines[1].endswith(f"closed {people.today()} by Ann Example")
    assert lines[2].endswith("open")


def test_closing_marks_the_rows_records_who_and_says_what_can_no_longer_be_done(
    any_station: Station, call: Call
) -> None:
    update(where(any_station), [row(**NOV, language_code="L"), row(**NOV), row(**DEC)])
    done = call("months", "close", "11/15/2024", "--yes", "--note", "as billed", *BY)

    assert done.code == 0, done.text
    assert done.out.splitlines() == [
        "WARNING: 1 rows are still to review; they can no longer be decided.",
        "WARNING: 2 rows have no customer; they will never get one.",
        "Nov-24 is closed, permanently: 2 rows, gross 0.00.",
    ]
    historical = "SELECT broadcast_month, count(*) FROM spots WHERE is_historical GROUP BY broadcast_month"
    assert any_station.query(historical) == [("Nov-24", 2)]
    record = "SELECT broadcast_month, CAST(closed_date AS TEXT), closed_by, notes FROM month_closures"
    assert any_station.query(record) == [("Nov-24", str(people.today()), "Ann Example", "as billed")]


def test_a_month_that_cannot_be_closed_is_refused(any_station: Station, call: Call) -> None:
    update(where(any_station), [row(**NOV)])
    close = ("months", "close")
    refused(call, any_station, 2, "nobody can be asked here", *close, "Nov-24", *BY)
    refused(call, any_station, 2, "'soon' is not a month", *close, "soon", "--yes", *BY)
    refused(call, any_station, 2, "a name is wanted", *close, "Nov-24", "--yes", "--by", " ")
    refused(call, any_station, 3, "no row of Oct-24", *close, "Oct-24", "--yes", *BY)
    assert call(*close, "Nov-24", "--yes", *BY).code == 0
    refused(call, any_station, 3, "Nov-24 is closed already", *close, "nov-2024", "--yes", *BY)


@pytest.mark.parametrize(("answer", "closed"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_closing_is_asked_for(station: Station, answer: str, closed: bool) -> None:
    update(where(station), [row(**NOV)])
    outside, inside = pty.openpty()
    with subprocess.Popen(
        station.command("months", "close", "Nov-24", *BY),
        env=station.environ,
        cwd=Path(__file__).parents[2],
        stdin=inside,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        os.close(inside)
        os.write(outside, f"{answer}\n".encode())
        said = process.communicate(timeout=60)[0].decode()
    os.close(outside)
    assert process.returncode == 0, said
    assert "Closing is permanent, there is no way back. Close Nov-24?" in said
    assert ("Nov-24 is closed, permanently" in said, "Declined" in said) == (closed, not closed)
    assert bool(station.query("SELECT * FROM month_closures")) == closed


@pytest.mark.parametrize("spelt", ["nov-24", "NOV-24", "Nov_24", "Nov 24", "Nov-2024", "Nvm-24", "11-24"])
def test_a_closure_that_no_spot_would_match_cannot_be_recorded(any_station: Station, spelt: str) -> None:
    update(where(any_station), [row()])
    with pytest.raises((sqlite3.IntegrityError, psycopg2.IntegrityError)):
        any_station.execute(
            "INSERT INTO month_closures (broadcast_month, closed_date, closed_by)"
            f" VALUES ('{spelt}', '2026-11-22', 'books')"
        )
    assert any_station.query("SELECT * FROM month_closures") == []


def test_a_month_that_changed_while_somebody_was_asked_is_not_closed(any_station: Station, call: Call) -> None:
    update(where(any_station), [row(**NOV)])
    with people.reading() as connection:
        seen = closures.prospect(connection, "Nov-24")
    update(where(any_station), [row(**NOV), row(**NOV)])
    before = any_station.dump()
    with pytest.raises(closures.ContractError, match="has changed"), people.writing() as connection:
        closures.close(connection, "Nov-24", by="Ann", note=None, today=people.today(), seen=seen)
    assert any_station.dump() == before


# --- before an update or after it, never between ---------------------------------------------------------------------


def is_waited(station: Station) -> bool:
    """Whether somebody waits for a lock; SQLite cannot tell, and whoever comes later waits there in any case."""
    if not station.url:
        return True
    connection = psycopg2.connect(station.url)
    try:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database"
            " WHERE datname = current_database())"
        )
        return bool(cursor.fetchone()[0])
    finally:
        connection.close()


class Beside(threading.Thread):
    """Runs a function in a thread of its own; ``done()`` gives its result or raises its error."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__()
        self._function, self._result, self._error = function, None, None
        self.begun = threading.Event()
        self.start()
        self.begun.wait()

    def run(self) -> None:
        self.begun.set()
        try:
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001  (raised again by whoever asks)
            self._error = error

    def done(self) -> Any:
        self.join(60)
        assert not self.is_alive()
        if self._error:
            raise self._error
        return self._result


def close_november() -> int:
    with people.writing() as connection:
        return closures.close(connection, "Nov-24", by="Ann", note=None, today=people.today()).rows


def test_closing_while_an_update_runs_closes_what_it_has_written(any_station: Station, call: Call) -> None:
    update(where(any_station), [row(**NOV)])
    rows = [row(**NOV), row(**NOV, gross_rate=7.0), row(**DEC)]
    with updating(where(any_station), rows):
        closing = Beside(close_november)
        wait_for(lambda: is_waited(any_station), "the closing waits", 30)
        assert closing.is_alive()
    assert closing.done() == 2
    assert any_station.query("SELECT gross_rate, is_historical FROM spots WHERE broadcast_month = 'Nov-24' ORDER BY 1")
    historical = "SELECT broadcast_month, count(*) FROM spots WHERE is_historical GROUP BY 1"
    assert any_station.query(historical) == [("Nov-24", 2)]


def test_an_update_that_comes_while_a_month_is_being_closed_leaves_it_alone(any_station: Station, call: Call) -> None:
    update(where(any_station), [row(**NOV)])
    rows = [row(**NOV), row(**NOV, gross_rate=7.0), row(**DEC)]
    with people.writing() as connection:
        closures.close(connection, "Nov-24", by="Ann", note=None, today=people.today())
        night = Beside(lambda: update(where(any_station), rows))
        wait_for(lambda: is_waited(any_station), "the update waits", 30)
        assert night.is_alive()
    night.done()
    count = "SELECT broadcast_month, count(*) FROM spots GROUP BY 1 ORDER BY 1"
    assert any_station.query(count) == [("Dec-24", 1), ("Nov-24", 1)]


# --- customers -------------------------------------------------------------------------------------------------------


def test_unmatched_lists_bill_codes_and_agencies_of_open_months(any_station: Station, call: Call) -> None:
    update(
        where(any_station),
        [
            row(**NOV, bill_code="Old One", gross_rate=9999.0),
            row(**DEC, bill_code="Quartz Agency:Plover Food PRODUCTION", gross_rate=10.0, air_date="2024-12-02"),
            row(**JAN, bill_code="Quartz Agency:Plover Food PRODUCTION", gross_rate=20.5, air_date="2025-01-07"),
            row(**JAN, bill_code="quartz agency:Heron Motors", gross_rate=None),
            row(**JAN, bill_code="Direct:Known Brand", gross_rate=500.0),
        ],
    )
    call("months", "close", "Nov-24", "--yes", *BY)
    call("customers", "add", "Known Brand", *BY)
    call("customers", "add", "Plover Foods", *BY)

    found = shown(call, "customers", "unmatched")
    assert found["customers"] == {
        "count": 2,
        "rows": 3,
        "first": [
            {
                "text": "Quartz Agency:Plover Food PRODUCTION",
                "rows": 2,
                "gross": 30.5,
                "newest_air_date": "2025-01-07",
                "agencies": ["Quartz Agency"],
                "customer": "Plover Food",
                "similar": ["Plover Foods"],
            },
            {
                "text": "quartz agency:Heron Motors",
                "rows": 1,
                "gross": 0.0,
                "newest_air_date": "2024-11-04",
                "agencies": ["quartz agency"],
                "customer": "Heron Motors",
                "similar": [],
            },
        ],
    }
    (agency,) = found["agencies"]["first"]
    assert (agency["text"], agency["rows"], agency["gross"]) == ("Quartz Agency", 3, 30.5)
    limited = shown(call, "customers", "unmatched", "--limit", 1)["customers"]
    assert (len(limited["first"]), limited["count"], limited["rows"]) == (1, 2, 3)
    said = call("customers", "unmatched", "--limit", 1).out
    assert "1 of 2; --limit shows more." in said


def test_a_new_customer_gets_the_rows_of_open_months_at_once(any_station: Station, call: Call) -> None:
    update(where(any_station), [row(**NOV), row(**DEC), row(**JAN), row(**JAN, bill_code="Heron Motors")])
    call("months", "close", "Nov-24", "--yes", *BY)
    done = call(
        "customers",
        "add",
        " Quartz  Agency:Plover Foods",
        "--agency",
        "Quartz Agency",
        "--new-agency",
        "--sector",
        "cpg",
        *BY,
    )

    assert done.code == 0, done.text
    assert done.out.splitlines() == [
        "Added the customer 'Quartz Agency:Plover Foods', of the new agency 'Quartz Agency'.",
        "Rows of open months: 2 without customer got theirs; 2 were changed in all.",
    ]
    stored = "SELECT normalized_name, agency_name, sector_code, created_by FROM customers JOIN agencies USING (agency_id) JOIN sectors USING (sector_id)"
    assert any_station.query(stored) == [("Quartz Agency:Plover Foods", "Quartz Agency", "CPG", "Ann Example")]
    rows = "SELECT broadcast_month, bill_code, customer_id, agency_id FROM spots ORDER BY broadcast_month, bill_code"
    assert any_station.query(rows) == [
        ("Dec-24", "Quartz Agency:Plover Foods", 1, 1),
        ("Jan-25", "Heron Motors", None, None),
        ("Jan-25", "Quartz Agency:Plover Foods", 1, 1),
        ("Nov-24", "Quartz Agency:Plover Foods", None, None),
    ]


def test_a_qualified_name_takes_rows_over_from_the_bare_one_and_knows_its_agency(
    any_station: Station, call: Call
) -> None:
    update(where(any_station), [row(), row(bill_code="Plover Foods")])
    call("customers", "add", "Heron Motors", "--agency", "Quartz Agency", "--new-agency", *BY)
    assert "2 without customer got theirs" in call("customers", "add", "Plover Foods", *BY).out
    done = call("customers", "add", "quartz agency:Plover Foods", *BY)
    assert "of the agency 'Quartz Agency'" in done.out
    assert "0 without customer got theirs; 1 were changed in all" in done.out


def test_a_customer_that_would_be_wrong_is_refused(any_station: Station, call: Call) -> None:
    update(where(any_station), [row()])
    call("customers", "add", "Plover Foods", *BY)
    call("customers", "alias", "Plover", "Plover Foods", *BY)
    call("customers", "add", "Heron Motors", "--agency", "Quartz Agency", "--new-agency", *BY)
    call("customers", "alias", "QA", "Quartz Agency", "--agency", *BY)
    call("customers", "add", "Quartz Agency:Teal Tea", *BY)
    any_station.execute(
        "INSERT INTO customers (normalized_name, is_active, created_by) VALUES ('Past Brand', false, 'x')"
    )

    def add(code: int, said: str, *arguments: str) -> None:
        refused(call, any_station, code, said, "customers", "add", *arguments, *BY)

    add(3, "'Plover Foods' exists already", "PLOVER  foods")
    add(3, "'Past Brand' exists, but is switched off", "past brand")
    add(3, "'Plover' is an alias of the customer 'Plover Foods'", "plover")
    add(3, "'QA:Teal Tea' would still mean the customer 'Quartz Agency:Teal Tea'", "QA:Teal Tea")
    add(2, "that is 'Swift'", "Swift PRODUCTION")
    add(2, "that is 'Swift'", "Direct:Swift")
    add(2, "names no customer", "Quartz Agency:")
    add(2, "there is no sector 'BIRDS'", "Swift", "--sector", "BIRDS")
    add(2, "there is no agency 'Quarz Agency'", "Swift", "--agency", "Quarz Agency")
    add(3, "the agency 'Quartz Agency' exists already", "Swift", "--agency", "quartz agency", "--new-agency")
    add(3, "'QA' is an alias of the agency 'Quartz Agency'", "Swift", "--agency", "qa", "--new-agency")
    add(2, "not an agency's name", "Swift", "--agency", "A:B", "--new-agency")
    add(2, "--new-agency: which one?", "Swift", "--new-agency")
    refused(call, any_station, 2, "a name is wanted", "customers", "add", "Swift", "--by", "")


def test_an_alias_takes_effect_at_once_and_has_one_meaning(any_station: Station, call: Call) -> None:
    update(
        where(any_station),
        [row(**NOV, bill_code="Plover Fds"), row(**DEC, bill_code="PLOVER fds PRODUCTION"), row(bill_code="Q A:Heron")],
    )
    call("months", "close", "Nov-24", "--yes", *BY)
    update(where(any_station), [row(**DEC, bill_code="PLOVER fds PRODUCTION"), row(**DEC, bill_code="Q A:Heron")])
    for name in ("Plover Foods", "Heron"):
        call("customers", "add", name, *BY)
    call("customers", "add", "Teal Tea", "--agency", "Quartz Agency", "--new-agency", *BY)

    done = call("customers", "alias", "Plover Fds", "plover foods", *BY)
    assert done.out.splitlines() == [
        "'Plover Fds' means the customer 'Plover Foods' now.",
        "Rows of open months: 1 without customer got theirs; 1 were changed in all.",
    ]
    done = call("customers", "alias", "q a", "Quartz Agency", "--agency", *BY)
    assert "1 without agency got theirs; 1 were changed in all." in done.out
    rows = "SELECT broadcast_month, bill_code, customer_id, agency_id FROM spots ORDER BY 1, 2"
    assert any_station.query(rows) == [
        ("Dec-24", "PLOVER fds PRODUCTION", 1, None),
        ("Dec-24", "Q A:Heron", 2, 1),
        ("Nov-24", "Plover Fds", None, None),
        ("Nov-24", "Q A:Heron", None, None),
    ]
    before = any_station.dump()
    again = call("customers", "alias", "PLOVER FDS", "Plover Foods", *BY)
    assert (again.code, again.out) == (
        0,
        "'PLOVER FDS' means the customer 'Plover Foods' already; nothing was changed.\n",
    )
    assert any_station.dump() == before

    def alias(code: int, said: str, *arguments: str) -> None:
        refused(call, any_station, code, said, "customers", "alias", *arguments, *BY)

    alias(3, "already means the customer 'Plover Foods'", "plover fds", "Heron")
    alias(3, "already means the customer 'Heron'", "heron", "Plover Foods")
    alias(3, "already means the customer 'Heron'", "Some Agency:Heron", "Plover Foods")
    call("customers", "add", "Swift", "--agency", "Teal Agency", "--new-agency", *BY)
    alias(3, "already means the agency 'Quartz Agency'", "Q A", "Teal Agency", "--agency")
    alias(2, "there is no customer 'Plover Food'", "Plov", "Plover Food")
    alias(2, "there is no agency 'Plover Foods'", "Plov", "Plover Foods", "--agency")
    alias(2, "not a name that a bill code can hold", "A:B", "Quartz Agency", "--agency")
    alias(2, "not a name that a bill code can hold", " ", "Plover Foods")
    alias(3, "would still mean no agency", "Direct", "Quartz Agency", "--agency")
    any_station.execute("UPDATE entity_aliases SET is_active = false")
    alias(3, "'Plover Fds' is an alias of the customer 'Plover Foods' already, switched off", "plover fds", "Heron")


# --- review ----------------------------------------------------------------------------------------------------------


def review_rows() -> list[Any]:
    return [
        row(**JAN, language_code="L", gross_rate=999.99),
        row(**JAN, language_code="L", gross_rate=1000.0),
        row(**JAN, language_code="XX", gross_rate=2000.0),
        row(**JAN, language_code="L", gross_rate=500.0),
        row(**JAN, language_code="L", gross_rate=500.01),
        row(**JAN, language_code="L", gross_rate=3000.0, spot_type="COM"),
        row(**JAN, spot_type="PKG"),
        row(**JAN, language_code="M", gross_rate=9000.0),
        row(**DEC, language_code="L", gross_rate=800.0),
        row(**NOV, language_code="L", gross_rate=7000.0),
    ]


def test_review_lists_the_costly_ones_of_open_months_first(any_station: Station, call: Call) -> None:
    update(where(any_station), review_rows())
    call("months", "close", "Nov-24", "--yes", *BY)

    found = shown(call, "review", "list")
    assert [(s["gross"], s["method"], s["high_value"]) for s in found["spots"]] == [
        (2000.0, "invalid_code_flagged", False),
        (1000.0, "undetermined_flagged", True),
        (999.99, "undetermined_flagged", False),
        (800.0, "undetermined_flagged", False),
        (500.01, "undetermined_flagged", False),
    ]
    assert (found["count"], found["to_review"]) == (5, 8)
    everything = shown(call, "review", "list", "--all")["spots"]
    assert [s["gross"] for s in everything] == [3000.0, 2000.0, 1000.0, 999.99, 800.0, 500.01, 500.0, None]
    assert everything[-1]["method"] == "business_review_required"
    assert [s["gross"] for s in shown(call, "review", "list", "--min-gross", 1000)["spots"]] == [2000.0, 1000.0]
    assert [s["gross"] for s in shown(call, "review", "list", "--all", "--min-gross", 1000)["spots"]] == [
        3000.0,
        2000.0,
        1000.0,
    ]
    december = shown(call, "review", "list", "--month", "2024-12-01")
    assert [(s["month"], s["air_date"], s["bill_code"], s["language_code"], s["notes"]) for s in december["spots"]] == [
        ("Dec-24", "2024-11-04", "Quartz Agency:Plover Foods", "L", "code L: not determined")
    ]
    said = call("review", "list", "--limit", 2).out.splitlines()
    assert len(said) == 5
    assert said[3:] == [
        "2 of 5; --limit shows more.",
        "3 more are left out (small ones, types COM and BB); --all shows them.",
    ]
    refused(call, any_station, 3, "Nov-24 is closed", "review", "list", "--month", "Nov-24")


def test_a_decision_holds_for_identical_rows_and_outlives_every_update(any_station: Station, call: Call) -> None:
    rows = review_rows()
    update(where(any_station), [*rows, rows[0]])
    ids = [number for (number,) in any_station.query("SELECT spot_id FROM spots WHERE gross_rate = 999.99 ORDER BY 1")]
    done = call("review", "decide", ids[0], "hm", "--note", "heard it", *BY)
    assert done.out == f"Spot {ids[0]} of Jan-25, and 1 identical to it: HM (Hmong).\n"
    done = call("review", "decide", ids[1], "Eng", "--by", "Bea Example")
    assert done.out.splitlines() == [
        f"Spot {ids[1]} of Jan-25, and 1 identical to it: E (English).",
        "This replaces HM, decided by Ann Example.",
    ]
    decided = "SELECT language_code, decided_by, notes FROM language_decisions"
    assert any_station.query(decided) == [("E", "Bea Example", None)]
    columns = "a.language_code, language_status, confidence, assignment_method, requires_review, a.notes"
    assigned = f"SELECT {columns} FROM spot_language_assignments a JOIN spots USING (spot_id) WHERE gross_rate = 999.99"
    manual = ("E", "determined", 1.0, "manual", False, "decided by Bea Example")
    assert any_station.query(assigned) == [manual] * 2
    assert all(s["gross"] != 999.99 for s in shown(call, "review", "list", "--all")["spots"])

    update(where(any_station), [*rows, rows[0]], "replace")
    assert any_station.query(assigned) == [manual] * 2
    update(where(any_station), rows[1:])
    assert any_station.query(assigned) == []
    update(where(any_station), rows)
    assert any_station.query(assigned) == [manual]


def test_a_decision_that_cannot_be_is_refused(any_station: Station, call: Call) -> None:
    update(where(any_station), [row(**NOV, language_code="L"), row(**DEC, language_code="L")])
    call("months", "close", "Nov-24", "--yes", *BY)
    ((closed,), (open_,)) = any_station.query("SELECT spot_id FROM spots ORDER BY broadcast_month DESC")
    decide = ("review", "decide")
    refused(call, any_station, 3, "Nov-24 is closed", *decide, closed, "M", *BY)
    refused(call, any_station, 2, "there is no language 'L'", *decide, open_, "L", *BY)
    refused(call, any_station, 2, "there is no language ''", *decide, open_, "", *BY)
    refused(call, any_station, 2, "there is no spot 4711", *decide, 4711, "M", *BY)
    refused(call, any_station, 2, "a name is wanted", *decide, open_, "M", "--by", "")


# --- the database is not what it should be ---------------------------------------------------------------------------

COMMANDS = [
    ("months", "list"),
    ("months", "list", "--json"),
    ("months", "close", "Nov-24", "--yes", *BY),
    ("customers", "unmatched"),
    ("customers", "add", "Plover Foods", *BY),
    ("customers", "alias", "Plover", "Plover Foods", *BY),
    ("review", "list"),
    ("review", "decide", "1", "M", *BY),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_is_ever_created_or_migrated(
    station: Station, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = caller(station, monkeypatch, capsys)

    def fails(code: int, said: str) -> None:
        before = tree(station.root)
        done = call(*command)
        assert (done.code, done.out) == (code, ""), done.text
        error, advice = done.err.splitlines()
        assert said in error
        assert advice
        assert tree(station.root) == before

    fails(1, "does not exist")
    station.database.touch()
    fails(1, "an empty file")
    station.database.write_text("a text, no database at all")
    fails(1, "not an SQLite database")
    monkeypatch.delenv("DATABASE_PATH")
    fails(2, "neither is set")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_empty_postgresql_database_stays_empty(
    big_station: Station, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = caller(big_station, monkeypatch, capsys)(*command)
    assert (done.code, done.out) == (1, "")
    assert "the database is empty" in done.err.splitlines()[0]
    assert big_station.dump() == {}


def test_lists_of_nothing_say_so(any_station: Station, call: Call) -> None:
    update(where(any_station), [])
    for command, said in (
        (("months", "list"), ["No month is in the database yet."]),
        (("review", "list"), ["Nothing is to be reviewed."]),
        (
            ("customers", "unmatched"),
            ["Every row of the open months has its customer.", "", "Every agency of the open months is known."],
        ),
    ):
        assert call(*command).out.splitlines() == said
    nothing = {"count": 0, "rows": 0, "first": []}
    assert shown(call, "months", "list") == {"schema_version": 1, "months": []}
    assert shown(call, "review", "list") == {"schema_version": 1, "count": 0, "to_review": 0, "spots": []}
    assert shown(call, "customers", "unmatched") == {"schema_version": 1, "customers": nothing, "agencies": nothing}


def test_a_database_of_another_schema_is_refused(any_station: Station, call: Call) -> None:
    update(where(any_station), [row()])
    any_station.execute("UPDATE alembic_version SET version_num = '0000'")
    refused(call, any_station, 1, "schema 0000", "months", "list")
    refused(call, any_station, 1, "schema 0000", "review", "decide", 1, "M", *BY)
