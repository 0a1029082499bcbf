"""People's commands on what the sync brings: setting a partner's preferred day, giving it back, the list of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.fms_partners import MON, Partners
from tests.integration.fms_station import FmsStation
from tests.integration.station import Result

SOMEBODY = "A. Example"  # how the partners of the tests are called


@pytest.fixture(params=["sqlite", "postgresql"])
def partners(request: pytest.FixtureRequest, tmp_path: Path) -> Partners:
    """A partner of two offices, whose loans show a Monday in one of them."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = Partners(FmsStation(tmp_path, url=url))
    made.add("9001", day="Monday", confidence=100, source="auto")
    made.add("9001", "Los Angeles")
    made.lend("9001", {MON: 5})
    return made


def call(partners: Partners, *arguments: str) -> Result:
    done = partners.station.run("fms", *arguments)
    assert SOMEBODY not in done.text, "the command shows ids and offices, no names"
    return done


def test_a_day_is_set_listed_and_given_back(partners: Partners) -> None:
    assert call(partners, "preferred-days").out == "No preferred day was set by hand.\n"
    set_ = ("preferred-day", "09001", " los  angeles", "FRI", "--by", "B. Clerk")
    assert call(partners, *set_).out == "9001 Los Angeles prefers Friday: the analysis leaves it as it is.\n"
    assert call(partners, *set_).out == "9001 Los Angeles prefers Friday already; nothing was changed.\n"
    assert partners.days() == {
        "9001 Dallas": ("Monday", 100.0, "auto"),
        "9001 Los Angeles": ("Friday", None, "manual"),
    }
    head, row = call(partners, "preferred-days").out.splitlines()
    assert head.split() == ["PERSON", "OFFICE", "DAY", "BY", "SINCE", "STATE"]
    assert row.split()[:6] == ["9001", "Los", "Angeles", "Friday", "B.", "Clerk"]
    assert row.endswith("in force")
    call(partners, "preferred-day", "9001", "Dallas", "tuesday", "--by", "B. Clerk")
    given_back = call(partners, "preferred-day", "9001", "Dallas", "--auto").out
    assert given_back == "9001 Dallas prefers Monday now, as its loans say (100.0 % of its 5 loans, weighted).\n"
    assert "nothing was changed" in call(partners, "preferred-day", "9001", "Dallas", "--auto").out
    given_back = call(partners, "preferred-day", "9001", "Los Angeles", "--auto").out
    assert given_back == "9001 Los Angeles has no preferred day now: its loans do not show one.\n"
    assert partners.days() == {"9001 Dallas": ("Monday", 100.0, "auto"), "9001 Los Angeles": (None, None, None)}


def test_the_list_for_programs_has_those_who_left_too(partners: Partners) -> None:
    call(partners, "preferred-day", "9001", "Dallas", "friday", "--by", "B. Clerk")
    partners.add("9002", day="Sunday", source="manual")
    partners.add("9003")
    call(partners, "preferred-day", "9003", "Dallas", "sun", "--by", "B. Clerk")
    partners.leave("9003")
    found = json.loads(call(partners, "preferred-days", "--json").out)["preferred_days"]
    assert [tuple(one.values())[:4] for one in found] == [
        ("9001", "Dallas", "Friday", "B. Clerk"),
        ("9002", "Dallas", "Sunday", None),
        ("9003", "Dallas", "Sunday", "B. Clerk"),
    ]
    assert [(one["in_roster"], one["since"] is not None) for one in found] == [
        (True, True),
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(("arguments", "says"), [
    (("9001", "Dallas"), "one of DAY and --auto is wanted"),
    (("9001", "Dallas", "Monday"), "--by: a name is wanted"),
    (("9001", "Dallas", "--auto", "--by", "B"), "--auto goes alone"),
    (("9001", "Dallas", "Monday", "--auto"), "--auto goes alone"),
    (("9001", "Dallas", "Mo", "--by", "B"), "'Mo' is not a day of the week\nThe days are: Monday, Tuesday"),
    (("9002", "Dallas", "Monday", "--by", "B"), "there is no partner '9002'"),
    (("9001", "Denver", "Monday", "--by", "B"), "the partner 9001 has no office 'Denver'\nIt has: Dallas, Los Angeles."),
    (("9001", "Denver", "--auto"), "the partner 9001 has no office 'Denver'"),
])  # fmt: skip
def test_what_cannot_be_set_is_said_and_nothing_is_changed(
    partners: Partners, arguments: tuple[str, ...], says: str
) -> None:
    before = partners.station.dump()
    done = call(partners, "preferred-day", *arguments)
    assert done.code == 2
    assert says in done.err
    assert partners.station.dump() == before


def test_without_a_database_the_command_says_so_and_makes_none(tmp_path: Path) -> None:
    station = FmsStation(tmp_path)
    done = station.run("fms", "preferred-day", "9001", "Dallas", "Monday", "--by", "B")
    assert done.code == 1
    assert "'ctvpipe fms sync' makes it" in done.err
    assert not station.database.exists()
