"""An FMS export becomes rows, or is refused by name (facts 1.0, 1.6, 8)."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.fms.feeds import FEEDS, Feed
from ctvpipe.pipelines.fms.reading import Reading, commonest, read

BY_TABLE = {feed.table: feed for feed in FEEDS}
VEHICLES, PARTNERS, LOANS, ACTIVITY, APPROVALS = FEEDS
VEHICLE = [
    "5001", "2025", "Toyota", "911", "Camry", " Dallas ", "1abc2345def678901", "TOYOTA", "03/09/27", "04/09/2027",
    "2,151", "4/2025", "11-30-26", "A note, with a comma", "Blue",
]  # fmt: skip
PARTNER = [
    "9001", 'Sam "Sammy" Sample', "1200 Sample Oak Dr, Plano, TX", "Dallas", "Dallas; Plano", "", "Daily Sample", "12",
]  # fmt: skip
LOAN = [
    "70001", "1abc2345def678901", "9001", "Toyota", "Camry", "2025", "Camry", "11-02-26", "11-09-26", "4.0", "Dallas",
    "Sam Sample", "1200 Sample Oak Dr, Plano, TX", "Plano",
]  # fmt: skip
HOLD = ["80001", "", "1abc2345def678901", "Hold", "11-02-26", "11-09-26", "Repair", "N/A", "Plano, TX"]
APPROVAL = ["9001", "Sam Sample", "Toyota", "A+"]
WHOLE = {
    "vehicles": VEHICLE, "media_partners": PARTNER, "loan_history": LOAN, "current_activity": HOLD,
    "approved_makes": APPROVAL,
}  # fmt: skip
WIDTHS = [(feed, len(columns)) for feed in FEEDS for columns in feed.layouts]


def body(*rows: list[str]) -> bytes:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue().encode()


def layout(feed: Feed, width: int) -> list[str]:
    """A row of the feed as it was when it had that width."""
    whole = dict(zip(feed.fields, WHOLE[feed.table], strict=True))
    return [whole[column.field] for column in feed.by_width[width]]


def only(reading: Reading) -> dict[str, object]:
    (row,) = reading.rows
    return dict(zip(reading.feed.fields, row, strict=True))


def test_a_vehicle() -> None:
    row = only(read(VEHICLES, body(VEHICLE)))
    assert row["vin"] == "1ABC2345DEF678901"
    assert (row["vehicle_id"], row["office"], row["model"]) == ("5001", "Dallas", "911")
    assert (row["current_mileage"], row["notes"]) == (2151, "A note, with a comma")
    dates = [row[name] for name in ("registration_exp", "insurance_exp", "in_service_date", "expected_turn_in_date")]
    assert dates == [date(2027, 3, 9), date(2027, 4, 9), date(2025, 4, 1), date(2026, 11, 30)]


@pytest.mark.parametrize(("feed", "width"), WIDTHS, ids=lambda value: getattr(value, "table", value))
def test_every_width_gives_the_same_values(feed: Feed, width: int) -> None:
    """Pitfall 3: an inserted column shifts no value into another's place."""
    newest = only(read(feed, body(WHOLE[feed.table])))
    found = read(feed, body(layout(feed, width)))
    fields = {column.field for column in feed.by_width[width]}
    assert found.width == width
    assert only(found) == {name: value if name in fields else None for name, value in newest.items()}


def test_the_vin_of_every_feed_is_in_capitals() -> None:
    """Pitfall 13."""
    loan, activity = (only(read(feed, body(WHOLE[feed.table]))) for feed in (LOANS, ACTIVITY))
    assert loan["vin"] == activity["vehicle_vin"] == "1ABC2345DEF678901"


def test_a_hold_has_no_person_and_stays() -> None:
    """Pitfall 6."""
    row = only(read(ACTIVITY, body(HOLD)))
    assert (row["person_id"], row["partner_address"]) == (None, None)


def test_a_blank_turns_no_id_into_a_fraction() -> None:
    """Pitfall 5."""
    found = read(ACTIVITY, body(HOLD, ["80002", "9001.0", *HOLD[2:]], ["80003", "9001", *HOLD[2:]]))
    assert [row[1] for row in found.rows] == [None, "9001", "9001"]


@pytest.mark.parametrize(("start", "encoding"), [(b"", "utf-8-sig"), (b"\xef\xbb\xbf", "utf-8-sig")])
def test_a_byte_order_mark_belongs_to_no_value(start: bytes, encoding: str) -> None:
    found = read(APPROVALS, start + body(APPROVAL))
    assert (only(found)["person_id"], found.encoding) == ("9001", encoding)


def test_a_name_in_windows_1252() -> None:
    found = read(APPROVALS, body(["9001", "André Sample", "Toyota", "A"]).decode().encode("cp1252"))
    assert (only(found)["name"], found.encoding) == ("André Sample", "cp1252")


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.table)
@pytest.mark.parametrize("by", ["header", "field"])
def test_a_header_is_no_row(feed: Feed, by: str) -> None:
    header = [getattr(column, by) for column in feed.layouts[0]]
    found = read(feed, body(header, WHOLE[feed.table]))
    assert found.had_header
    assert (found.read, len(found.rows)) == (1, 1)


def test_a_header_that_says_otherwise_is_believed() -> None:
    header = [column.header for column in VEHICLES.layouts[0]]
    header[2], header[3] = "Trim", header[2]
    with pytest.raises(ContractError, match="vehicles: column 3 is called 'Trim', Make belongs there"):
        read(VEHICLES, body(header, VEHICLE))


def test_an_unknown_width_is_refused_and_the_new_column_named() -> None:
    header = [*(column.header for column in ACTIVITY.layouts[0]), "Mood"]
    with pytest.raises(ContractError, match=r"has 10 columns, known are 6, 7, 8, 9; new in its header: Mood"):
        read(ACTIVITY, body(header, [*HOLD, "fine"]))
    with pytest.raises(ContractError, match=r"current_activity: the export has 10 columns, known are 6, 7, 8, 9$"):
        read(ACTIVITY, body([*HOLD, "fine"]))


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.table)
def test_a_column_in_front_with_the_last_one_dropped_is_noticed(feed: Feed) -> None:
    """The width is right, every value is one place off; pandas would say nothing (pitfall 3)."""
    shifted = [["x", *WHOLE[feed.table][:-1]] for _ in range(3)]
    with pytest.raises(ContractError, match=rf"{feed.table}: column 1 \(.*\) does not look like .* any more: 3 of 3"):
        read(feed, body(*shifted))


def test_two_columns_that_change_places_are_named() -> None:
    row = [*LOAN]
    row[9], row[10] = row[10], row[9]
    with pytest.raises(ContractError, match=r"column 10 \(Clips_Received\) does not look like a number of clips any"):
        read(LOANS, body(row))


def test_one_odd_value_in_an_empty_column_is_a_reject_and_no_other_layout() -> None:
    rows = [[*LOAN] for _ in range(100)]
    for number, row in enumerate(rows):
        row[0], row[5] = str(number), ""
    rows[7][5] = "old"
    assert [one.reason for one in read(LOANS, body(*rows)).rejects] == ["is not a whole number"]
    for row in rows[10:14]:
        row[5] = "old"
    with pytest.raises(ContractError, match=r"column 6 \(Year\) does not look like a whole number any more: 5 of 100"):
        read(LOANS, body(*rows))


def test_offices_are_few_and_addresses_have_commas() -> None:
    rows = [[str(n), "Sam Sample", "Dallas", f"{n} Sample Rd, Plano, TX", *PARTNER[4:]] for n in range(200)]
    with pytest.raises(
        ContractError, match=r"column 3 \(Address\) does not look like an address any more: 1 of 1 different"
    ):
        read(PARTNERS, body(*rows))
    for row in rows:
        row[2] = row[3]
    with pytest.raises(
        ContractError, match=r"column 4 \(Office\) does not look like an office any more: 200 different"
    ):
        read(PARTNERS, body(*rows))


def test_rejects_name_the_line_and_the_column_and_nothing_else() -> None:
    rows = [[str(n), "1200\nSample Oak Dr", *APPROVAL[2:]] for n in range(8)]
    rows[2][3], rows[5][2], rows[6] = "D", "", ["1", "2", "3"]
    found = read(APPROVALS, body(*rows))
    assert [(one.line, one.column, one.reason) for one in found.rejects] == [
        (5, "Rank", "is not one of A+, A, B, C, Pending"),
        (11, "Make", "is empty"),
        (13, "", "has 3 columns instead of 4"),
    ]
    assert (found.read, found.accepted, len(found.rows)) == (8, 5, 5)
    assert commonest(found.rejects) == "Rank is not one of A+, A, B, C, Pending (1 row, first on line 5)"


def test_the_first_row_of_a_key_is_kept() -> None:
    found = read(APPROVALS, body(APPROVAL, ["9001", "Sam Sample", "Toyota", "C"], ["9001.0", "S", "Toyota", "B"]))
    assert only(found)["rank"] == "A+"
    assert (found.duplicates, found.accepted, found.read) == (2, 3, 3)


def test_a_person_of_two_offices_is_two_partners() -> None:
    other = [*PARTNER]
    other[3] = "Houston"
    assert len(read(PARTNERS, body(PARTNER, other)).rows) == 2


def test_a_subcategory_that_cannot_be_read_is_none() -> None:
    rows = [PARTNER, ["9002", *PARTNER[1:7], "n. a."]]
    found = read(PARTNERS, body(*rows))
    assert [row[-1] for row in found.rows] == [12, None]
    assert found.rejects == []


def test_a_loan_that_ends_before_it_begins_is_told_and_stays() -> None:
    found = read(LOANS, body([*LOAN[:7], "11-09-26", "11-02-26", *LOAN[9:]]))
    assert (len(found.rows), found.ending_early) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_body_is_refused(content: bytes) -> None:
    """Pitfall 2."""
    for feed in FEEDS:
        with pytest.raises(ContractError, match=f"^{feed.table}: the export is empty$"):
            read(feed, content)


def test_a_page_is_refused() -> None:
    with pytest.raises(ContractError, match="the export has 1 columns"):
        read(LOANS, b"<html><body>\nThe report failed.\n</body></html>\n")


@pytest.mark.parametrize("content", [b'"9001","Sam Sample","Toyota","A', b'"9001","Sam" Sample","Toyota","A"\n'])
def test_a_cut_or_broken_record_is_refused(content: bytes) -> None:
    with pytest.raises(ContractError, match="the record that begins on line 2"):
        read(APPROVALS, body(APPROVAL) + content)


def test_bytes_that_are_no_text_are_refused() -> None:
    for content in (b"9001,a\0b,Toyota,A\n", b"9001,\x81\xff,Toyota,A\n"):
        with pytest.raises(ContractError):
            read(APPROVALS, content)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)


@given(
    st.lists(
        st.tuples(st.integers(0, 500), TEXTS, TEXTS, st.sampled_from(["A+", "A", "B", "C", "Pending"])), min_size=1
    )
)
def test_what_is_written_as_csv_is_read_back(rows: list[tuple[int, str, str, str]]) -> None:
    written = [[str(person), name, make, rank] for person, name, make, rank in rows]
    if {"personid", "name", "make", "rank"} & {cell.casefold() for cell in written[0]}:
        return
    found = read(APPROVALS, body(*written))
    first: dict[tuple[str, str], tuple[str, ...]] = {}
    for person, name, make, rank in written:
        first.setdefault((person, make.strip()), (person, name.strip(), make.strip(), rank))
    assert found.rows == list(first.values())
    assert found.accepted == found.read == len(rows)
