"""Preferred days in the database: set, changed and cleared by the loans alone, never against a person's will."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.fms import choices, manual_days, preferred_days_store
from ctvpipe.pipelines.fms.preferred_days_store import Days
from ctvpipe.pipelines.fms.schema.tables import WEEKDAYS
from tests.integration.fms_partners import AS_OF, FRI, MON, NOW, TUE, WED, Partners
from tests.integration.fms_station import FmsStation
from tests.integration.postgres_server import PostgresServer

NOBODY = (None, None, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def partners(request: pytest.FixtureRequest, tmp_path: Path) -> Partners:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return Partners(FmsStation(tmp_path, url=url))


def analyse(partners: Partners, as_of: date = AS_OF) -> Days:
    return partners.do(preferred_days_store.apply, as_of=as_of, now=NOW)


def choose(partners: Partners, person: str, day: str, by: str = "B. Example") -> bool:
    def work(connection: sa.Connection) -> bool:
        return manual_days.choose(connection, manual_days.find(connection, person, "Dallas"), day, by=by, now=NOW)

    return partners.do(work)


def give_back(partners: Partners, person: str) -> bool:
    def work(connection: sa.Connection) -> bool:
        return manual_days.give_back(connection, manual_days.find(connection, person, "Dallas"), as_of=AS_OF, now=NOW)[
            0
        ]

    return partners.do(work)


def load(partners: Partners, *, gone: tuple[str, ...] = (), back: tuple[str, ...] = ()) -> None:
    """What a night's load of the partners does around the choices, as one transaction does it."""
    partners.do(choices.remember, NOW)
    for person in gone:
        partners.leave(person)
    for person in back:
        partners.add(person)
    partners.do(choices.restore, NOW)


def test_days_are_written_to_the_partners_of_the_person_and_the_office(partners: Partners) -> None:
    partners.add("9001")
    partners.add("9001", "Houston")
    partners.add("9002")
    partners.lend("9001", {MON: 3, WED: 2, FRI: 1})
    partners.lend("9001", {TUE: 6, WED: 3}, "Houston")
    partners.lend("9002", {MON: 4})
    partners.lend("9999", {MON: 9})
    partners.lend("9002", {FRI: 50}, None)
    assert analyse(partners) == Days(qualifying=3, updated=2, cleared=0, skipped_manual=0, without_partner=1)
    assert partners.days() == {
        "9001 Dallas": ("Monday", 50.0, "auto"),
        "9001 Houston": ("Tuesday", 66.7, "auto"),
        "9002 Dallas": NOBODY,
    }


def test_a_second_time_nothing_is_written(partners: Partners) -> None:
    partners.add("9001")
    partners.lend("9001", {MON: 5, TUE: 4})
    assert analyse(partners).updated == 1
    before = partners.station.dump()
    assert analyse(partners) == Days(1, updated=0, cleared=0, skipped_manual=0, without_partner=0)
    assert partners.station.dump() == before


def test_only_what_differs_is_written(partners: Partners) -> None:
    partners.add("9001", day="Monday", confidence=55.6, source="auto")
    partners.add("9002", day="Monday", confidence=55.6, source="auto")
    partners.lend("9001", {MON: 5, TUE: 4})
    partners.lend("9002", {MON: 5, TUE: 5})
    assert analyse(partners).updated == 1
    assert partners.written() == {"9002"}
    assert partners.days()["9002 Dallas"] == ("Monday", 50.0, "auto")


def test_what_the_loans_do_not_show_any_more_is_cleared(partners: Partners) -> None:
    partners.add("9001")
    partners.add("9002", day="Friday", source="manual")
    partners.add("9003", day="Friday")
    partners.lend("9001", {MON: 5})
    analyse(partners)
    partners.return_loans()
    assert analyse(partners) == Days(0, updated=0, cleared=1, skipped_manual=0, without_partner=0)
    assert partners.days() == {
        "9001 Dallas": NOBODY,
        "9002 Dallas": ("Friday", None, "manual"),
        "9003 Dallas": ("Friday", None, None),
    }


def test_the_day_on_which_it_is_done_can_change_the_result(partners: Partners) -> None:
    partners.add("9001")
    partners.lend_on(
        "9001", [AS_OF - timedelta(days=365)] * 2 + [date(2024, 3, 1) - timedelta(weeks=n) for n in range(4)]
    )
    analyse(partners)
    assert partners.days()["9001 Dallas"] == ("Thursday", 50.0, "auto")
    analyse(partners, AS_OF + timedelta(days=1))
    assert partners.days()["9001 Dallas"] == ("Friday", 66.7, "auto")


def test_a_manual_day_is_left_alone_and_counted(partners: Partners) -> None:
    partners.add("9001", day="Friday", source="manual")
    partners.add("9002", day="Friday", source="auto", confidence=90)
    partners.lend("9001", {MON: 5})
    partners.lend("9002", {MON: 5})
    assert analyse(partners) == Days(2, updated=1, cleared=0, skipped_manual=1, without_partner=0)
    assert partners.days()["9001 Dallas"] == ("Friday", None, "manual")
    assert partners.days()["9002 Dallas"] == ("Monday", 100.0, "auto")


def test_a_preview_counts_the_same_and_writes_nothing(partners: Partners) -> None:
    partners.add("9001")
    partners.add("9002", day="Monday", source="auto", confidence=60)
    partners.add("9003", day="Friday", source="manual")
    partners.add("9004", day="Monday", source="auto", confidence=100)
    for person in ("9001", "9003", "9004"):
        partners.lend(person, {MON: 5})
    before = partners.station.dump()
    told = partners.do(preferred_days_store.preview, as_of=AS_OF)
    assert partners.station.dump() == before
    assert told == analyse(partners) == Days(3, updated=1, cleared=1, skipped_manual=1, without_partner=0)
    assert told.shape() == {"qualifying": 3, "updated": 1, "cleared": 1, "skipped_manual": 1, "without_partner": 0}


def test_a_choice_survives_loads_analyses_and_the_partners_absence(partners: Partners) -> None:
    partners.add("9001", day="Monday", confidence=80, source="auto")
    partners.lend("9001", {MON: 5})
    assert choose(partners, "9001", "Friday")
    for step in ({}, {"gone": ("9001",)}, {}, {"back": ("9001",)}, {}):
        load(partners, **step)
        analyse(partners)
    assert partners.days() == {"9001 Dallas": ("Friday", None, "manual")}
    assert partners.choices() == {("9001", "Dallas", "Friday", None, "B. Example")}


def test_a_choice_not_yet_in_the_roster_is_respected_by_the_analysis(partners: Partners) -> None:
    partners.add("9001")
    partners.lend("9001", {MON: 5})
    choose(partners, "9001", "Friday")
    partners.set("9001", preferred_day_source=None, preferred_day_of_week=None)
    assert analyse(partners) == Days(1, updated=0, cleared=0, skipped_manual=1, without_partner=0)
    assert partners.do(choices.restore, NOW) == 1
    assert partners.days()["9001 Dallas"] == ("Friday", None, "manual")


def test_what_people_keep_in_the_table_comes_back_with_the_partner(partners: Partners) -> None:
    partners.add("9001", allowed="Mon,Wed,Fri")
    partners.add("9002", day="Tuesday", source="manual")
    partners.add("9003", day="Tuesday", source="auto", confidence=70)
    partners.lend("9002", {MON: 5})
    load(partners, gone=("9001", "9002", "9003"))
    assert partners.choices() == {
        ("9001", "Dallas", None, "Mon,Wed,Fri", choices.IN_THE_TABLE),
        ("9002", "Dallas", "Tuesday", None, choices.IN_THE_TABLE),
    }
    load(partners, back=("9001", "9002", "9003"))
    analyse(partners)
    assert partners.allowed() == {"9001": "Mon,Wed,Fri", "9002": None, "9003": None}
    assert partners.days() == {
        "9001 Dallas": NOBODY,
        "9002 Dallas": ("Tuesday", None, "manual"),
        "9003 Dallas": NOBODY,
    }


def test_restoring_and_remembering_write_only_differences(partners: Partners) -> None:
    partners.add("9001", allowed="Mon")
    partners.add("9002", day="Tuesday", source="manual")
    partners.add("9003")
    assert partners.do(choices.remember, NOW) == 2
    before = partners.station.dump()
    assert partners.do(choices.remember, NOW + timedelta(days=1)) == 0
    assert partners.do(choices.restore, NOW) == 0
    assert partners.station.dump() == before


def test_what_people_change_in_the_table_is_not_turned_back(partners: Partners) -> None:
    partners.add("9001", day="Tuesday", source="manual", allowed="Tue")
    choose(partners, "9001", "Friday")
    load(partners)
    partners.set("9001", preferred_day_of_week="Monday", allowed_start_dows="Mon,Tue")
    load(partners)
    assert partners.days()["9001 Dallas"] == ("Monday", None, "manual")
    assert partners.allowed() == {"9001": "Mon,Tue"}
    assert partners.choices() == {("9001", "Dallas", "Monday", "Mon,Tue", choices.IN_THE_TABLE)}
    partners.set("9001", preferred_day_source=None, allowed_start_dows=None)
    load(partners)
    assert partners.days()["9001 Dallas"] == ("Monday", None, None)
    assert partners.allowed() == {"9001": None}
    assert partners.choices() == set()


def test_allowed_days_do_not_change_who_chose_the_day(partners: Partners) -> None:
    partners.add("9001")
    choose(partners, "9001", "Friday")
    partners.set("9001", allowed_start_dows="Fri")
    load(partners)
    assert partners.choices() == {("9001", "Dallas", "Friday", "Fri", "B. Example")}
    partners.set("9001", allowed_start_dows=None)
    load(partners)
    assert partners.choices() == {("9001", "Dallas", "Friday", None, "B. Example")}


def test_a_day_given_back_is_that_of_the_loans_at_once(partners: Partners) -> None:
    partners.add("9001", allowed="Mon")
    partners.add("9002")
    partners.lend("9001", {MON: 5})
    partners.do(choices.remember, NOW)
    for person in ("9001", "9002"):
        choose(partners, person, "Friday")
        assert give_back(partners, person)
        assert not give_back(partners, person)
    assert partners.days() == {"9001 Dallas": ("Monday", 100.0, "auto"), "9002 Dallas": NOBODY}
    assert partners.choices() == {("9001", "Dallas", None, "Mon", choices.IN_THE_TABLE)}
    load(partners)
    assert analyse(partners).updated == 0


def test_one_who_has_left_may_have_its_choice_taken_back_but_gets_no_new_one(partners: Partners) -> None:
    partners.add("9001")
    choose(partners, "9001", "Friday")
    load(partners, gone=("9001",))
    with pytest.raises(manual_days.ConfigurationError, match="the partner 9001 Dallas is not in the roster"):
        choose(partners, "9001", "Monday")
    assert give_back(partners, "9001")
    assert partners.choices() == set()


def test_the_same_choice_again_changes_nothing(partners: Partners) -> None:
    partners.add("9001")
    assert choose(partners, "9001", "Friday")
    before = partners.station.dump()
    assert not choose(partners, "9001", "Friday")
    assert partners.station.dump() == before
    assert choose(partners, "9001", "Friday", by="C. Example")
    partners.set("9001", preferred_day_source=None)
    assert choose(partners, "9001", "Friday", by="C. Example"), "it is not in force"


def test_both_stores_hold_the_same_row_for_row(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.create()
    held = []
    for name, where in (("sqlite", ""), ("postgresql", url)):
        partners = Partners(FmsStation(tmp_path / name, url=where))
        chance = random.Random(7)
        for person in range(9000, 9060):
            source, day = chance.choice([(None, None), ("auto", "Friday"), ("manual", "Friday")])
            partners.add(str(person), day=day, source=source, allowed=chance.choice([None, "Mon,Wed"]))
            starts = [AS_OF - timedelta(days=chance.randrange(-60, 900)) for _ in range(chance.randrange(12))]
            if starts:
                partners.lend_on(str(person), starts)
        counts = [analyse(partners)]
        load(partners, gone=tuple(map(str, range(9000, 9020))))
        load(partners, back=("9010", "9011"))
        counts.append(analyse(partners, AS_OF + timedelta(days=300)))
        held.append((counts, partners.days(), partners.allowed(), partners.choices(), partners.written()))
    postgres.drop(url)
    assert held[0] == held[1]
    assert {day for day, _, source in held[0][1].values() if source == "auto"} <= set(WEEKDAYS)
    assert all(count.updated for count in held[0][0])
