"""Which clock is trusted, given what is known of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe import RELEASED
from ctvpipe.core.clock_trust import Evidence, doubt

MADE = datetime.fromisoformat(f"{RELEASED}T00:00:00+00:00")
NOW = MADE + timedelta(days=100)
LAST = NOW - timedelta(hours=20)
MINUTE, DAY, SECOND = timedelta(minutes=1), timedelta(days=1), timedelta(seconds=1)

JUDGEMENTS = [
    # now, synchronised, chip, last run, what is said
    (NOW, True, False, None, ""),
    (NOW, True, True, NOW + 400 * DAY, ""),
    (MADE, True, False, None, ""),
    (MADE - SECOND, True, True, None, "before this version was made"),
    (datetime(1970, 1, 1, tzinfo=UTC), False, False, None, "the clock says 1970-01-01, which is before"),
    (NOW, False, False, None, "has not been set since this machine started (no clock chip"),
    (NOW, False, False, LAST, "has not been set since this machine started (no clock chip"),
    (NOW, False, True, None, ""),
    (NOW, False, True, LAST, ""),
    (NOW, False, True, NOW + 10 * MINUTE, ""),
    (NOW, False, True, NOW + 10 * MINUTE + SECOND, "but the latest run was at"),
    (NOW, False, True, NOW + 2 * 60 * MINUTE, "but the latest run was at"),
    (NOW, False, True, NOW - 45 * DAY, ""),
    (NOW, False, True, NOW - 45 * DAY - SECOND, "45 days after the latest run"),
    (NOW + 400 * DAY, False, True, NOW, "400 days after the latest run"),
]


@pytest.mark.parametrize(("now", "synchronised", "chip", "last", "said"), JUDGEMENTS)
def test_judgements(now: datetime, synchronised: bool, chip: bool, last: datetime | None, said: str) -> None:
    found = doubt(Evidence(now, synchronised, chip, last))
    assert said in found
    assert bool(said) == bool(found)
    assert not found or found.startswith("the clock ")


INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(INSTANTS, st.booleans(), st.booleans(), st.none() | INSTANTS)
def test_what_holds_of_every_clock(now: datetime, synchronised: bool, chip: bool, last: datetime | None) -> None:
    found = doubt(Evidence(now, synchronised, chip, last))
    if now < MADE:
        assert found
    elif not found:
        assert synchronised or chip
        assert synchronised or last is None or last - 10 * MINUTE <= now <= last + 45 * DAY
    if not found:  # the more is known of a clock, the more it is trusted
        assert not doubt(Evidence(now, True, chip, last))
        assert not doubt(Evidence(now, synchronised, True, None))
