"""What is thought of a pair of coordinates (facts of BDC 3.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.bdc.coordinates import Box, Placing, is_us, place
from ctvpipe.pipelines.bdc.records import CoordStatus, Place

PLAIN = Placing()
# Of a coast in the east, where both ways round are in range.
BOX = Box(39, -76, 41, -74)
BOXED, FIXING = Placing(BOX), Placing(BOX, fix=True)
MEASURES = st.floats(-400, 400, allow_nan=False)


@pytest.mark.parametrize(("latitude", "longitude", "status"), [
    ("47.100100", "-120.200200", "ok"),
    (47.1, -120, "ok"),
    (" 47.1 ", "-120.2", "ok"),
    ("90", "-180", "ok"),
    (None, "-120.2", "missing"),
    ("47.1", " ", "missing"),
    ("", None, "missing"),
    ("0", "0.0000000", "zero"),
    ("0.0000009", "-0.0000009", "zero"),
    ("0", "-120.2", "suspect"),
    ("47.1", "0.0", "suspect"),
    ("0", "-181", "out_of_range"),
    ("0", "nan", "unparseable"),
    ("NaN", "-120.2", "unparseable"),
    ("47.1", "-inf", "unparseable"),
    ("47,1", "-120,2", "unparseable"),
    ("north", "-120.2", "unparseable"),
    ("47.1 N", "-120.2", "unparseable"),
    ("4_7.1", "-120.2", "unparseable"),
    ("٤٧.١", "-120.2", "unparseable"),
    (True, "-120.2", "unparseable"),
    ("1e999", "-120.2", "unparseable"),
    ("-120.2", "47.1", "swapped"),
    ("98999", "47.1", "out_of_range"),
    ("98999", "98998", "out_of_range"),
    ("91", "-181", "out_of_range"),
    ("47.1", "120.2", "sign"),
    ("-75.1", "40.1", "sign"),
])  # fmt: skip
def test_every_kind_without_a_service_area(latitude: object, longitude: object, status: str) -> None:
    found = place(latitude, longitude, is_us=True, placing=PLAIN)
    assert found.status == status
    assert (found.latitude is not None) is (status in {"ok", "suspect"})
    assert not found.fixed


@pytest.mark.parametrize(("latitude", "longitude", "status", "fixed"), [
    ("40.1", "-75.1", "ok", (40.1, -75.1)),
    ("-75.1", "40.1", "swapped", (40.1, -75.1)),
    ("40.1", "75.1", "sign", (40.1, -75.1)),
    ("-40.1", "-75.1", "sign", (40.1, -75.1)),
    ("-40.1", "75.1", "sign", (40.1, -75.1)),
    ("40.1", "100.1", "sign", None),
    ("40.1", "-195.1", "out_of_range", None),
])  # fmt: skip
def test_a_service_area_tells_more(
    latitude: str, longitude: str, status: str, fixed: tuple[float, float] | None
) -> None:
    found, mended = (place(latitude, longitude, is_us=True, placing=one) for one in (BOXED, FIXING))
    assert (found.status, mended.status) == (status, status)
    if status != "ok":
        assert found == Place(CoordStatus(status))
        assert mended.fixed is (fixed is not None)
    assert ((mended.latitude, mended.longitude) if fixed else None) == fixed


def test_a_point_outside_the_service_area_is_kept_and_flagged() -> None:
    assert place("47.1", "-120.2", is_us=True, placing=FIXING) == Place(CoordStatus.SUSPECT, 47.1, -120.2)
    assert place("47.1", "120.2", is_us=False, placing=FIXING) == Place(CoordStatus.SUSPECT, 47.1, 120.2)


def test_a_service_area_east_of_greenwich_is_believed() -> None:
    assert place("13.4", "144.7", is_us=True, placing=Placing(Box(13, 144, 14, 145))).status == "ok"


@given(MEASURES, MEASURES, st.booleans(), st.sampled_from([PLAIN, BOXED, FIXING, Placing(fix=True)]))
def test_what_is_stored_is_a_point_on_earth_as_it_came_or_put_right_into_the_area(
    latitude: float, longitude: float, us: bool, placing: Placing
) -> None:
    found = place(str(latitude), repr(longitude), is_us=us, placing=placing)
    assert (found.latitude is None) is (found.longitude is None)
    if found.latitude is None or found.longitude is None:
        assert found.status != "ok"
        return
    assert -90 <= found.latitude <= 90
    assert -180 <= found.longitude <= 180
    if not found.fixed:
        assert (found.latitude, found.longitude) == (latitude, longitude)
        assert found.status in {"ok", "suspect"}
    else:
        assert placing.fix
        assert {abs(found.latitude), abs(found.longitude)} == {abs(latitude), abs(longitude)}
        assert placing.box is None or placing.box.holds(found.latitude, found.longitude)
    if found.status == "ok" and placing.box is not None:
        assert placing.box.holds(latitude, longitude)


@given(st.one_of(st.none(), st.text(), st.integers(), st.booleans(), st.lists(st.integers())))
def test_anything_at_all_is_some_kind(value: object) -> None:
    assert place(value, value, is_us=True, placing=PLAIN).status in set(CoordStatus)


@pytest.mark.parametrize(("country", "state", "zip_code", "us"), [
    ("US", None, None, True),
    ("us", "WA", "98999", True),
    ("United States", "WA", "98999", True),
    ("CA", "BC", None, False),
    (None, "WA", "98999", True),
    (None, "WA", None, False),
    ("US", "GU", None, False),
    (None, "Guam", "96910", False),
])  # fmt: skip
def test_where_longitudes_are_known_to_be_negative(
    country: str | None, state: str | None, zip_code: str | None, us: bool
) -> None:
    assert is_us(country, state, zip_code) is us
