"""The invented Sonar agrees with itself: the report, the accounts and the equipment are of the same people."""

from __future__ import annotations

from collections import Counter

from ctvpipe.pipelines.bdc import details
from ctvpipe.pipelines.bdc.coordinates import Placing
from ctvpipe.pipelines.bdc.layout import DOCUMENTED
from ctvpipe.pipelines.bdc.report_rows import customer, state_code
from tests.fakes import sonar_payloads
from tests.fakes.sonar_people import Spec, equipment, equipment_of, pieces, subscriber

SPEC = Spec(customers=500, stock=17)


def test_the_report_and_the_accounts_say_the_same_of_everybody() -> None:
    for id_ in SPEC.ids:
        one = subscriber(id_)
        row = customer(sonar_payloads.row(one, "documented"), DOCUMENTED, Placing())
        address = details.account(sonar_payloads.account(one, 0), id_).address
        assert row is not None
        assert (row.address, row.city) == (address["line1"], address["city"])
        assert row.state == state_code(address["state"]) == "WA"


def test_equipment_is_the_same_by_owner_and_in_the_list_of_all() -> None:
    everything = [equipment(SPEC, index) for index in range(pieces(SPEC))]
    assert len({one.id for one in everything}) == len(everything) == 642
    owned = {id_: [one for one in everything if one.owner == id_] for id_ in SPEC.ids}
    assert owned == {id_: equipment_of(SPEC, id_) for id_ in SPEC.ids}
    assert sum(one.owner is None for one in everything) == 17


def test_its_oddities_are_there() -> None:
    people = [subscriber(id_) for id_ in SPEC.ids]
    assert Counter(one.status for one in people).keys() == {1, 2, 3, 4}
    assert sum(one.latitude is None for one in people) == 5
    assert sum(one.block is None for one in people) == 13
    lines = [line for one in people for line in one.lines]
    assert any(line.relationship is None for line in lines)
    assert any(line.deleted for line in lines)
    assert any(line.quantity > 1 for line in lines)
    named = [line.relationship for line in lines if line.relationship is not None]
    assert len(named) == len(set(named))
