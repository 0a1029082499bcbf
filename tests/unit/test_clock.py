"""Instants and business days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError

ZONES = ("America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "UTC")
instants = st.datetimes(
    min_value=datetime(1971, 1, 1),
    max_value=datetime(2100, 1, 1),
    timezones=st.sampled_from([ZoneInfo(name) for name in ZONES]),
)


@given(instants)
def test_text_keeps_the_instant_to_the_millisecond(instant: datetime) -> None:
    back = clock.from_text(clock.to_text(instant))
    assert back.tzinfo == UTC
    assert timedelta(0) <= instant - back < timedelta(milliseconds=1)


@given(instants, instants)
def test_text_sorts_as_the_instants_do(one: datetime, other: datetime) -> None:
    if clock.to_text(one) < clock.to_text(other):
        assert one.timestamp() < other.timestamp()


def test_now_is_in_utc() -> None:
    assert clock.now().tzinfo == UTC


def test_business_day_is_the_stations() -> None:
    night = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
    assert clock.business_day(night, clock.zone("America/Los_Angeles")) == date(2026, 3, 1)
    assert clock.business_day(night, timezone(timedelta(hours=1))) == date(2026, 3, 2)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "America", "/etc/localtime", "a\0b"])
def test_unknown_zones_are_said(name: str) -> None:
    with pytest.raises(ConfigurationError, match="CTVPIPE_TIMEZONE"):
        clock.zone(name)


def test_no_name_is_the_machines_own_zone() -> None:
    assert datetime.now(clock.zone("")).utcoffset() is not None
