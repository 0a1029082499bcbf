"""Sonar as the import asks it, from the report to the last detail, with what may happen in the middle (facts of BDC 3)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ctvpipe.core.errors import ContractError, PermanentError, TransientError
from ctvpipe.pipelines.bdc.checking import DriftError
from ctvpipe.pipelines.bdc.layout import DOCUMENTED, KNOWN, SEED
from ctvpipe.pipelines.bdc.records import Detail, Failed, Gone
from ctvpipe.pipelines.bdc.sonar import Sonar
from ctvpipe.sources.http import StatusError
from tests.fakes import sonar_payloads, sonar_server
from tests.fakes.sonar_people import Spec, equipment_of, pieces, subscriber
from tests.fakes.sonar_server import Fault
from tests.fakes.sonar_server import Sonar as Fake
from tests.integration.sonar_asking import WORKERS, access, said

Told = Detail | Gone | Failed


@pytest.fixture
def fake() -> Iterator[Fake]:
    with sonar_server.serving(Spec(customers=300, repeated=6)) as serving:
        yield serving


def asked(fake: Fake, *, items: bool = True, **changes: Any) -> dict[int, Told]:
    """What comes of asking for everybody."""
    with Sonar(access(fake, **changes)) as sonar, sonar.details(fake.spec.ids, items=items) as coming:
        return {one.customer_id: one for one in coming}


def kinds(found: dict[int, Told]) -> Counter[str]:
    return Counter(type(one).__name__.strip("_") for one in found.values())


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("name", ["documented", "seed"])
def test_the_report_in_both_layouts(name: str, bare: bool) -> None:
    with sonar_server.serving(Spec(customers=300, layout=name, repeated=6)) as fake, Sonar(access(fake)) as sonar:
        fake.bare = bare
        found = sonar.report(KNOWN)
        customers = {one.id: one for one in found.customers()}
        assert found.layout is {"documented": DOCUMENTED, "seed": SEED}[name]
        assert (found.rows, found.unreadable, len(found.repeated), len(found.differing)) == (306, 0, 6, 3)
        assert set(customers) == set(found.ids) == set(fake.spec.ids)
        known = sonar.confirm(found, found.ids)
    assert len(known) == 5
    assert all(one.place.status == "ok" for id_, one in customers.items() if id_ in found.repeated)


def test_nobody_due_is_nothing_asked(fake: Fake) -> None:
    with Sonar(access(fake)) as sonar:
        found = sonar.report(KNOWN)
        before = len(fake.asked)
        assert sonar.confirm(found, set()) == {}
    assert len(fake.asked) == before


def test_what_confirmed_the_report_is_not_asked_for_again(fake: Fake) -> None:
    with Sonar(access(fake)) as sonar:
        found = sonar.report(KNOWN)
        known = sonar.confirm(found, found.ids)
        with sonar.details(found.ids, items=False, known=known) as coming:
            assert kinds({one.customer_id: one for one in coming}) == {"Detail": 300}
    assert len(fake.paths("/accounts/")) == 301
    assert sonar.traffic.requests == len(fake.asked) - 1


def test_coordinates_exchanged_in_range_are_refused_by_the_accounts(fake: Fake) -> None:
    """In the east both ways round are in range, and only the accounts can tell."""
    for id_ in fake.spec.ids:
        fake.changed[id_] = replace(subscriber(id_), latitude="40.100100", longitude=f"-75.{id_}")
    fake.rows = [sonar_payloads.row(one, "documented") for one in fake.changed.values()]
    for row in fake.rows:
        row[15], row[16] = row[16], row[15]
    with Sonar(access(fake)) as sonar:
        found = sonar.report(KNOWN)
        with pytest.raises(DriftError) as caught:
            sonar.confirm(found, found.ids)
    assert {one.field for one in caught.value.findings} == {"latitude", "longitude"}
    assert "75." not in said(caught.value)
    assert "40.1" not in said(caught.value)


def test_statuses_that_sonar_does_not_have_are_refused_where_it_tells(fake: Fake) -> None:
    fake.rows = fake.report()
    for row in fake.rows:
        row[2] = "Lively"
    with Sonar(access(fake)) as sonar:
        found = sonar.report(KNOWN)
        with pytest.raises(DriftError, match="no status of Sonar's"):
            sonar.confirm(found, found.ids)
        fake.fail("account_statuses", "403")
        assert len(sonar.confirm(found, found.ids)) == 5


def test_accounts_that_are_gone_or_broken_do_not_keep_the_others_from_confirming(fake: Fake) -> None:
    with Sonar(access(fake)) as sonar:
        found = sonar.report(KNOWN)
        sample = [id_ for id_, _ in found.fullest(found.ids, 5)]
        fake.vanished.add(sample[0])
        fake.fail(f"/accounts/{sample[1]}/", "503")
        fake.fail(f"/accounts/{sample[2]}/", "null")
        assert set(sonar.confirm(found, found.ids)) == set(sample[3:])
        fake.fail("/accounts/", "503")
        with pytest.raises(TransientError):
            sonar.confirm(found, found.ids)


@pytest.mark.parametrize("items", [True, False])
def test_everybody_is_had_with_or_without_equipment(fake: Fake, items: bool) -> None:
    found = asked(fake, items=items)
    assert kinds(found) == {"Detail": 300}
    for id_, one in found.items():
        assert isinstance(one, Detail)
        had = None if one.items is None else sorted(item.id for item in one.items)
        assert had == (sorted(item.id for item in equipment_of(fake.spec, id_)) if items else None)
        assert len(one.services) == len(subscriber(id_).lines)
    assert len(fake.paths("inventory_items")) == (300 if items else 0)


def test_a_login_that_ends_every_few_calls_costs_nobody(fake: Fake) -> None:
    fake.logins.calls = 40
    assert kinds(asked(fake)) == {"Detail": 300}
    assert 7 < fake.logins.count < 20


@pytest.mark.parametrize("fault", ["html", "empty", "503", "cut", "419", "401", "held"])
def test_what_happens_in_the_middle_and_gets_better_costs_nobody(fake: Fake, fault: Fault) -> None:
    fake.retry_after = "0"
    for after in (20, 60, 100):
        fake.fail("/accounts/", fault, 2, after=after)
    assert kinds(asked(fake, items=False)) == {"Detail": 300}


def test_one_who_is_gone_is_told_and_one_who_fails_fails_alone(fake: Fake) -> None:
    gone, failing, forbidden, other = fake.spec.ids[3], fake.spec.ids[40], fake.spec.ids[80], fake.spec.ids[120]
    fake.vanished.add(gone)
    fake.fail(f"/accounts/{failing}/inventory_items", "503")
    fake.fail(f"/accounts/{forbidden}/json", "403")
    fake.fail(f"/accounts/{other}/json", "null")
    found = asked(fake)
    assert kinds(found) == {"Detail": 296, "Gone": 1, "Failed": 3}
    assert found[gone] == Gone(gone)
    reasons = {id_: one.reason for id_, one in found.items() if isinstance(one, Failed)}
    assert set(reasons) == {failing, forbidden, other}
    assert "503" in reasons[failing]
    assert "403" in reasons[forbidden]


def test_a_retry_after_holds_all_workers(fake: Fake) -> None:
    fake.fail("/accounts/", "held", 1, after=30)
    with Sonar(access(fake)) as sonar, sonar.details(fake.spec.ids, items=False) as coming:
        assert kinds({one.customer_id: one for one in coming}) == {"Detail": 300}
    assert sonar.traffic.limited == 1
    assert sonar.pauses == 1
    arrivals = [one.at for one in fake.asked if one.path.endswith("/json")]
    in_a_second = [sum(at < later < at + 1 for later in arrivals) for at in arrivals if at + 1 <= arrivals[-1]]
    assert min(in_a_second) < WORKERS, "each of the others had one under way at most"


def test_too_many_failures_end_it(fake: Fake) -> None:
    fake.fail("/accounts/", "500", after=100)
    with pytest.raises(TransientError, match=r"of \d+ customers could not be had"):
        asked(fake, items=False, retries=0)
    assert len(fake.paths("/accounts/")) < 300


def test_accounts_of_another_make_end_it(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sonar_payloads, "account", lambda one, padding: {"account": {"id": one.id, "groups": None}})
    with pytest.raises(ContractError, match="6 of the first 6 accounts are not as they should be") as caught:
        asked(fake)
    said(caught.value)


def test_a_password_that_is_changed_in_the_middle_ends_it(fake: Fake) -> None:
    with Sonar(access(fake)) as sonar, sonar.details(fake.spec.ids, items=False) as coming:
        fake.logins.calls = 20
        fake.logins.locked = True
        with pytest.raises(PermanentError, match="refuses the user"):
            list(coming)
    assert fake.logins.wrong == 1


def test_what_is_under_way_at_a_stop_comes_and_nothing_more_is_asked(fake: Fake) -> None:
    with Sonar(access(fake)) as sonar, sonar.details(fake.spec.ids, items=True) as coming:
        found = [next(iter(coming))]
        coming.stop()
        found += coming
        there = len(fake.paths("/json"))
    assert {type(one) for one in found} == {Detail}
    assert len(found) == there < 300


def test_all_equipment_at_once(fake: Fake) -> None:
    with Sonar(access(fake)) as sonar:
        found = list(sonar.items())
        assert len({one.id for one in found}) == len(found) == pieces(fake.spec)
        assert [one.name for one in sonar.models()] == ["Demo CPE 5G", "Demo CPE 60", "Light Box 1"]
        assert len(sonar.manufacturers()) == 2
        assert [one.name for one in sonar.statuses() if one.active] == ["Active", "Active - VIP"]
        assert [one.type for one in sonar.account_types()] == ["residential", "commercial"]
        assert sonar.version() == "0.8.14"
        fake.fail("_data/version", "404")
        assert sonar.version() is None
        fake.fail("inventory/items", "403")
        with pytest.raises(StatusError):
            list(sonar.items())


def test_nothing_of_anybody_is_in_what_is_handed_on_but_what_the_tables_hold(fake: Fake) -> None:
    told = repr(list(asked(fake).values()))
    for id_ in fake.spec.ids:
        one = subscriber(id_)
        assert sonar_payloads.phone(one) not in told
        assert f"{sonar_payloads.mailbox(one)}@" not in told
    assert "portal-password" not in told
    assert json.dumps("Home 100")[1:-1] in told
