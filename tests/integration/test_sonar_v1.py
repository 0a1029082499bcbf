"""Lists of Sonar's REST API: whole, or an error (facts of BDC 1.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctvpipe.core.errors import CtvpipeError, PermanentError, TransientError
from ctvpipe.sources.http import StatusError
from tests.fakes import sonar_server
from tests.fakes.sonar_people import Spec, pieces
from tests.fakes.sonar_server import Fault, Sonar
from tests.integration.sonar_asking import said, v1

SPEC = Spec(customers=900, stock=75)
ALL = "inventory/items"


@pytest.fixture
def fake() -> Iterator[Sonar]:
    with sonar_server.serving(SPEC) as serving:
        yield serving


def numbers(fake: Sonar, path: str = ALL) -> list[int]:
    with v1(fake) as asking:
        return [one["id"] for one in asking.items(path)]


def test_every_page_is_read_once_and_every_item_is_there(fake: Sonar) -> None:
    assert sorted(numbers(fake)) == list(range(500_000, 500_000 + pieces(SPEC)))
    assert pieces(SPEC) == 1200
    assert sorted(int(one.query["page"]) for one in fake.asked) == [1, 2, 3, 4, 5, 6]
    assert {one.query["limit"] for one in fake.asked} == {"200"}


def test_a_list_of_one_page_and_one_without_pages(fake: Sonar) -> None:
    assert sorted(numbers(fake, "inventory/models")) == [12, 13, 14]
    fake.bare = True
    assert sorted(numbers(fake, "inventory/models")) == [12, 13, 14]
    assert numbers(fake, "accounts/10001/inventory_items") == [500_000, 500_900]


@pytest.mark.parametrize("fault", ["short", "moved"])
def test_a_list_that_changes_is_read_again_and_nothing_comes_twice(fake: Sonar, fault: Fault) -> None:
    fake.fail(ALL, fault, 1, after=1)
    found = numbers(fake)
    assert sorted(found) == list(range(500_000, 500_000 + pieces(SPEC)))
    assert len(fake.asked) == 12


@pytest.mark.parametrize("fault", ["short", "moved"])
def test_a_list_that_goes_on_changing_is_an_error_and_no_short_list(fake: Sonar, fault: Fault) -> None:
    fake.fail(f"{ALL}?page=3", fault)
    with pytest.raises(TransientError, match=r"items changed while they were read \(3 times\)"):
        numbers(fake)
    assert len(fake.asked) == 18


@pytest.mark.parametrize("fault", ["html", "null", "empty", "503", "cut", "429"])
def test_a_page_that_fails_is_asked_for_again_and_then_an_error(fake: Sonar, fault: Fault) -> None:
    fake.fail(ALL, fault, 2, after=2)
    assert len(numbers(fake)) == pieces(SPEC)
    fake.fail(ALL, fault, after=2)
    with pytest.raises(CtvpipeError) as caught:
        numbers(fake)
    assert "tries" in said(caught.value)


def test_a_wrong_password_is_told_at_once(fake: Sonar) -> None:
    with v1(fake, password="wrong-Onyx-77") as asking, pytest.raises(PermanentError) as caught:
        list(asking.items(ALL))
    assert "SONAR_PASSWORD" in said(caught.value)
    assert "Onyx" not in said(caught.value)
    assert len(fake.asked) == 1


@pytest.mark.parametrize(("fault", "status"), [("403", 403), ("404", 404)])
def test_what_one_may_not_see_is_told_by_its_status(fake: Sonar, fault: Fault, status: int) -> None:
    fake.fail(ALL, fault)
    with pytest.raises(StatusError) as caught:
        numbers(fake)
    assert caught.value.status == status
    assert len(fake.asked) == 1


def test_the_version(fake: Sonar) -> None:
    with v1(fake) as asking:
        assert asking.version() == "0.8.14"
        assert asking.traffic.requests == 1
