"""The invented FMS exports have the shapes and numbers that the tests, the demo and the bench count on."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.fms.feeds import FEEDS
from tests.fakes.fms_loans import Loan, loans
from tests.fakes.fms_people import partner
from tests.fakes.fms_rows import HEADERS, WIDTHS, Rows, Spec, bodies, body, headers, is_found, is_usable, rows

SMALL = Spec(vehicles=20, partners=30, loans=200, activity=40, approvals=60, orphans=3)
EVERY_WIDTH = [(feed.table, width) for feed in FEEDS for width in feed.by_width]
SHAPES = {
    "id": r"\d{2,6}",
    "id or none": r"(\d{2,6})?",
    "slashes": r"\d\d/\d\d/(\d\d)?\d\d",
    "dashes": r"\d{1,2}-\d{1,2}-\d\d|\d\d/\d\d/\d\d",
}
CELLS = {
    "vehicles": {0: "id or none", 8: "slashes", 9: "slashes", 12: "dashes"},
    "media_partners": {0: "id"},
    "loan_history": {0: "id", 2: "id", 7: "dashes", 8: "dashes"},
    "current_activity": {0: "id", 1: "id or none", 4: "dashes", 5: "dashes"},
    "approved_makes": {0: "id"},
}


@pytest.fixture(scope="module")
def made() -> Rows:
    return rows(Spec())


def test_it_has_the_numbers_of_the_seed(made: Rows) -> None:
    assert {table: len(found) for table, found in made.items()} == {
        "vehicles": 979,
        "media_partners": 592,
        "loan_history": 10_806,
        "current_activity": 1_122,
        "approved_makes": 4_715,
    }
    assert sum(map(len, made.values())) == 18_214
    assert {table: len(found[0]) for table, found in made.items()} == WIDTHS
    assert list(made) == [feed.table for feed in FEEDS]


@pytest.mark.parametrize(("table", "width"), EVERY_WIDTH)
def test_every_width_has_its_columns(table: str, width: int) -> None:
    (feed,) = (feed for feed in FEEDS if feed.table == table)
    assert headers(table, width) == [column.header for column in feed.by_width[width]]
    narrow, wide = rows(Spec(**{**vars(SMALL), "widths": {table: width}}))[table], rows(SMALL)[table]
    assert {len(row) for row in narrow} == {width}
    kept = [headers(table, width).index(name) for name in headers(table) if name in headers(table, width)]
    there = [headers(table).index(name) for name in headers(table) if name in headers(table, width)]
    assert [[row[place] for place in kept] for row in narrow] == [[row[place] for place in there] for row in wide]


@pytest.mark.parametrize("table", list(HEADERS))
def test_every_row_can_be_stored(made: Rows, table: str) -> None:
    for place, shape in CELLS[table].items():
        assert [row for row in made[table] if not re.fullmatch(SHAPES[shape], row[place])] == []
    (feed,) = (feed for feed in FEEDS if feed.table == table)
    fields = [column.field for column in feed.by_width[WIDTHS[table]]]
    keys = Counter(tuple(row[fields.index(name)].strip().upper() for name in feed.key) for row in made[table])
    assert keys.most_common(1)[0][1] == 1
    required = [place for place, column in enumerate(feed.by_width[WIDTHS[table]]) if column.required]
    assert all(row[place].strip() for row in made[table] for place in required)


def test_the_oddities_of_the_exports_occur(made: Rows) -> None:
    assert any("," in row[10] for row in made["vehicles"]), "mileage with a comma"
    assert any(row[5] != row[5].strip() for row in made["vehicles"]), "an office with blanks around it"
    assert any(row[1].islower() for row in made["loan_history"]), "a VIN in lower case"
    assert any("\n" in row[5] for row in made["media_partners"])
    assert {row[2] for row in made["media_partners"]} >= {"", "N/A"}
    assert {row[3] for row in made["approved_makes"]} == {"A+", "A", "B", "C", "Pending"}
    without = [row for row in made["current_activity"] if not row[1]]
    assert len(without) > 100
    assert {row[3] for row in without} >= {"Hold", "Hold for Turn In", "Special", "Event"}
    both = {row[0] for row in made["current_activity"]} & {row[0] for row in made["loan_history"]}
    assert len(both) > 20, "loans that still run are in both"


def test_there_are_loans_and_approvals_of_people_who_are_not_in_the_roster(made: Rows) -> None:
    roster = {row[0] for row in made["media_partners"]}
    assert 0 < len({row[2] for row in made["loan_history"]} - roster) < 60
    assert 0 < len({row[0] for row in made["approved_makes"]} - roster) < 60
    assert len(roster) < 592, "somebody has two offices"


def test_of_the_partners_562_are_found(made: Rows) -> None:
    addresses = [row[2] for row in made["media_partners"]]
    assert sum(map(is_usable, addresses)) == 580
    assert sum(map(is_found, addresses)) == 562
    assert not any(map(is_found, ("", "N/A", "165 Uncharted Way, Troy, MI", "Plano, TX")))


@given(st.integers(0, 2000), st.booleans(), st.sampled_from([" ", "  ", "\t"]))
def test_neither_case_nor_blanks_change_whether_an_address_is_found(number: int, lower: bool, blank: str) -> None:
    address = partner(number).address
    written = (address.lower() if lower else address.upper()).replace(" ", blank)
    assert is_found(written) == is_found(address)


def preferring(made: list[Loan], today: date) -> set[tuple[str, str]]:
    """The pairs of person and office with a preferred day, by the rule of facts 3."""
    weights: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for loan in made:
        weight = 2 if loan.start >= today - timedelta(days=365) else 1
        weights[loan.borrower.person_id, loan.borrower.office][loan.start.weekday()] += weight
    many = Counter((loan.borrower.person_id, loan.borrower.office) for loan in made)
    return {pair for pair, days in weights.items() if many[pair] >= 5 and max(days.values()) >= 0.4 * days.total()}


@pytest.mark.parametrize("day", range(7))
def test_on_whatever_day_426_partners_have_a_preferred_one(day: int) -> None:
    today, spec = date(2026, 2, 26) + timedelta(days=day), Spec()
    made = loans(spec.loans, spec.partners, spec.orphans, spec.vehicles, today, seed=day)
    found = preferring(made, today)
    roster = {(who.person_id, who.office) for who in map(partner, range(spec.partners))}
    assert len(found & roster) == 426
    assert len(found - roster) == 53
    assert max(loan.start for loan in made) < today
    assert [int(loan.activity_id) for loan in made] == sorted({int(loan.activity_id) for loan in made})


def test_the_same_spec_makes_the_same_rows() -> None:
    assert rows(SMALL) == rows(SMALL)
    assert rows(Spec(**{**vars(SMALL), "seed": 2})) != rows(SMALL)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("quote_all", [True, False])
def test_a_body_reads_back(encoding: str, quote_all: bool) -> None:
    for table, made in rows(SMALL).items():
        sent = body(made, encoding=encoding, header=headers(table), quote_all=quote_all)
        assert list(csv.reader(io.StringIO(sent.decode(encoding), newline=""))) == [headers(table), *made]
        assert body(made, bom=True) == b"\xef\xbb\xbf" + bodies(SMALL)[table]
        assert all(line.startswith(b'"') for line in body(made).split(b"\r\n")[:-1]) or table == "media_partners"
