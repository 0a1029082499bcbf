"""What geocoders answer, read: whatever it is, it is an answer, an error with words of ours, and never a crash."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.fms import geocode_asking, geocode_census, geocode_google, geocode_nominatim
from ctvpipe.pipelines.fms.geocode_asking import OddError
from ctvpipe.pipelines.fms.geocode_plan import Answer, Status

MATCH = (
    b'"0","1 Oak St, Plano, TX, ","Match","Non_Exact","1 OAK ST, PLANO, TX, 75001","-96.7001234567,33.01","12","L"\n'
)
NONE = b'"1","2 Oak St, Plano, TX, ","No_Match"\n'
TIE = b'"2","3 Oak St, Plano, TX, ","Tie"\n'
FOUND = Answer("census", Status.MATCH, 33.01, -96.700123, "Non_Exact", "12")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


def test_the_census_says_longitude_first_and_in_any_order() -> None:
    found = geocode_census.parse(TIE + MATCH + NONE, 3)
    assert found[0] == FOUND
    assert [answer.status for answer in found] == [Status.MATCH, Status.NO_RESULT, Status.NO_RESULT]
    assert [answer.match_type for answer in found[1:]] == ["No_Match", "Tie"]


def test_what_the_census_does_not_answer_is_an_error_and_no_result() -> None:
    assert [answer.status for answer in geocode_census.parse(MATCH, 2)] == [Status.MATCH, Status.ERROR]
    assert {answer.status for answer in geocode_census.parse(b"", 2)} == {Status.ERROR}


@pytest.mark.parametrize("cut", range(1, len(MATCH)))
def test_a_row_that_is_cut_off_gives_no_wrong_coordinates(cut: int) -> None:
    """Naive: "-96.7001234567,33" of a row that ends there would be another place."""
    kept = MATCH[:cut]
    has_place = cut >= MATCH.index(b'"L"')
    for body, number in ((kept, 0), (NONE + kept, 0)):
        try:
            answer = geocode_census.parse(body, 2)[number]
        except OddError:
            continue
        assert answer.status == Status.ERROR or (has_place and answer == FOUND)


@pytest.mark.parametrize(
    "body",
    [b'"7","x","No_Match"\n', b'"-1","x","No_Match"\n', b"ID,Address,Match\n", NONE + NONE, "\u0661,x,No_Match".encode(),
     b"9" * 5000 + b",x,No_Match"],
)  # fmt: skip
def test_an_answer_to_another_question_is_none(body: bytes) -> None:
    with pytest.raises(OddError, match="not asked for"):
        geocode_census.parse(body, 2)


@pytest.mark.parametrize("place", ["", "x,y", "-96.7", "nan,nan", "-96.7,133", "-1e999,1", "1,2,3"])
def test_coordinates_that_are_none_are_an_error(place: str) -> None:
    (answer,) = geocode_census.parse(f'0,x,Match,Exact,X,"{place}",1,L'.encode(), 1)
    assert answer.status == Status.ERROR
    assert answer.latitude is None


@given(st.binary(max_size=60) | st.lists(st.sampled_from([MATCH, NONE, TIE, b'"', b"\0", b"\xff"])).map(b"".join))
def test_the_census_may_answer_anything(body: bytes) -> None:
    with suppress(OddError):
        assert len(geocode_census.parse(body, 3)) == 3


def google(**changes: Any) -> dict[str, Any]:
    location = {"location": {"lat": 33.01, "lng": -96.7001234567}, "location_type": "ROOFTOP"}
    result = {"geometry": location, "place_id": "abc", "types": ["street_address"]}
    return {"status": "OK", "results": [{**result, **changes}]}


def test_google_says_how_good_its_answer_is() -> None:
    assert geocode_google.answer(google()) == Answer("google", Status.MATCH, 33.01, -96.700123, "ROOFTOP", "abc")
    assert geocode_google.answer(google(partial_match=True)).match_type == "ROOFTOP, partial"
    assert geocode_google.answer({"status": "ZERO_RESULTS", "results": []}).status == Status.NO_RESULT


@pytest.mark.parametrize("kind", ["country", "administrative_area_level_1"])
def test_a_state_or_a_country_is_no_address(kind: str) -> None:
    """What the filter to the country gives for an address that is not found: its middle, hundreds of miles away."""
    assert geocode_google.answer(google(types=[kind, "political"], partial_match=True)).status == Status.NO_RESULT


@pytest.mark.parametrize(
    "body",
    [{"status": "OK", "results": []}, {"status": "NEW"}, {}, [], None, google(geometry=None),
     google(geometry={"location": {"lat": True, "lng": 1}}), google(geometry={"location": {"lat": 1, "lng": None}})],
)  # fmt: skip
def test_anything_else_of_google_is_an_error(body: object) -> None:
    with pytest.raises(OddError):
        geocode_google.answer(body)


def test_nominatim_says_numbers_as_texts() -> None:
    place = {"lat": "33.0100000", "lon": "-96.7001234567", "osm_type": "way", "osm_id": 5, "addresstype": "building"}
    assert geocode_nominatim.answer([place]) == Answer(
        "nominatim", Status.MATCH, 33.01, -96.700123, "building", "way, 5"
    )
    assert geocode_nominatim.answer([]).status == Status.NO_RESULT


@given(ANYTHING)
def test_anybody_may_answer_anything(body: Any) -> None:
    for read in (geocode_google.answer, geocode_nominatim.answer):
        for document in (body, [body], google(**body) if isinstance(body, dict) else {"status": "OK", "results": body}):
            try:
                found = read(document)
            except OddError:
                continue
            assert found.status in {Status.MATCH, Status.NO_RESULT}
            assert (found.latitude is None) == (found.status == Status.NO_RESULT)
            json.dumps([found.match_type, found.provider_ref]).encode("ascii")


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_coordinates_have_six_places(latitude: float, longitude: float) -> None:
    found = geocode_asking.coordinates(latitude, str(longitude))
    assert found == (round(latitude, 6), round(longitude, 6))
    assert "-0.0" not in map(str, found)


@given(st.lists(st.text() | st.integers() | st.none()))
def test_a_providers_words_are_fit_to_be_stored(parts: list[object]) -> None:
    """Naive: PostgreSQL takes no NUL, and no database half a surrogate; the run would fail at them."""
    found = geocode_asking.label(*parts)
    assert found is None or (found.isascii() and found.isprintable() and 0 < len(found) <= 200)


def test_every_error_has_words_that_name_no_place() -> None:
    secret = "host.example/path?key=secret"
    for kind in [CtvpipeError, *CtvpipeError.__subclasses__()]:
        assert "host" not in geocode_asking.reason(kind(secret, secret))
