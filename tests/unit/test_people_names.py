"""How names are compared and what looks like them; names and months that people type."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.cli import listing
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.commercial_log import billcode, customers, identities, names
from ctvpipe.pipelines.commercial_log.closures import Month, cautions, stored_form
from ctvpipe.stores import attended

EXISTING = ["Plover Foods", "Quartz Agency:Plover Foods", "Teal Tea", "Heron Motors of Sampleton"]


@pytest.mark.parametrize(
    ("wanted", "similar"),
    [
        ("plover  FOODS", ["Plover Foods", "Quartz Agency:Plover Foods"]),
        ("Plover Food", ["Plover Foods", "Quartz Agency:Plover Foods"]),
        ("Other Agency:Plover Foods", ["Plover Foods", "Quartz Agency:Plover Foods"]),
        ("Heron Motors of Sampletown", ["Heron Motors of Sampleton"]),
        ("Swift", []),
        ("", []),
    ],
)
def test_similar_names_are_found_by_the_whole_and_by_the_last_part(wanted: str, similar: list[str]) -> None:
    assert names.Similar(EXISTING).to(wanted) == similar


def test_at_most_three_names_are_suggested_the_most_alike_first() -> None:
    many = [f"Plover Foods {number}" for number in range(9)]
    found = names.Similar([*many, "Plover Foods"]).to("Plover Foods")
    assert len(found) == 3
    assert found[0] == "Plover Foods"


@given(st.text(alphabet="aAßẞ \t:İi", min_size=1, max_size=8), st.text(alphabet="aAßẞ \t:İi", min_size=1, max_size=8))
def test_names_are_equal_to_people_exactly_where_they_are_to_the_import(one: str, other: str) -> None:
    code = f"{other}:"  # names no customer, so that the code itself is looked up
    assert billcode.parse(code) is None
    meant = identities.Directory({}, {}, {f"{one}:": 1}, {}).resolve(code).customer_id
    assert (names.folded(f"{one}:") == names.folded(code)) == (meant == 1)


@pytest.mark.parametrize("name", ["Plover Foods", "Quartz Agency:Plover Foods", "A:B:Plover Foods"])
def test_a_name_that_bill_codes_lead_to_is_taken_tidied(name: str) -> None:
    assert customers.normalized(f"  {name.replace(' ', '   ')} ") == name


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("Plover Foods PRODUCTION", "'Plover Foods'"),
        ("Plover Foods CREDIT MEMO", "'Plover Foods'"),
        ("Direct:Plover Foods", "'Plover Foods'"),
        ("Quartz : Plover", "'Quartz:Plover'"),
        (":Plover Foods", "'Plover Foods'"),
        ("Quartz Agency:", "names no customer"),
        (" ", "names no customer"),
        ("Plover\x1b[2JFoods", "names no customer"),
    ],
)
def test_a_name_that_no_bill_code_leads_to_is_refused(name: str, instead: str) -> None:
    with pytest.raises(ConfigurationError, match=instead) as refusal:
        customers.normalized(name)
    assert refusal.value.advice


@given(st.text(max_size=60))
def test_every_accepted_name_is_what_its_own_bill_code_means(name: str) -> None:
    try:
        accepted = customers.normalized(name)
    except ConfigurationError:
        return
    assert identities.Directory({accepted: 7}, {}, {}, {}).resolve(accepted).customer_id == 7


@pytest.mark.parametrize("name", ["", "  ", "\t", "Ann\x1b]0;x"])
def test_who_must_have_a_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="--by"):
        attended.person(name)


def test_who_is_kept_tidied() -> None:
    assert attended.person("  Ann \n Example ") == "Ann Example"


@pytest.mark.parametrize("text", ["Nov-24", "nov-2024", "NOV24", "2024-11-30", "11/15/2024", " 11-15-24 "])
def test_a_month_may_be_written_in_many_ways(text: str) -> None:
    assert stored_form(text) == "Nov-24"


@pytest.mark.parametrize("text", ["", "soon", "Nov", "Nix-24", "2024-13-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a month"):
        stored_form(text)


@pytest.mark.parametrize(
    ("month", "last_day_before_its_end"), [("Nov-24", date(2024, 11, 30)), ("Dec-24", date(2024, 12, 31))]
)
def test_a_month_that_is_not_over_is_cautioned_about(month: str, last_day_before_its_end: date) -> None:
    sound = Month(month, 5, 1.0, 0, 0)
    assert cautions(sound, last_day_before_its_end) == [
        f"{month} is not over yet: rows that come later will be ignored."
    ]
    first_after = date.fromordinal(last_day_before_its_end.toordinal() + 1)
    assert cautions(sound, first_after) == []
    assert len(cautions(Month(month, 5, 1.0, 1, 2), first_after)) == 2


@given(st.text())
def test_what_is_printed_cannot_steer_the_terminal(text: str) -> None:
    shown = listing.plain(text)
    assert shown.isprintable()
    assert len(shown) == len(text)
    assert text != shown or text.isprintable()
