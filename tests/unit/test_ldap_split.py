"""A search that is split is still the whole search, each entry once, whatever the values and the limit are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.sources.ldap_plan import Plan
from ctvpipe.sources.ldap_split import SIGNS, Partition, combined, key, was_read_before
from tests.fakes.ldap_filters import compiled, matches
from tests.fakes.ldap_tree import uniqnames

_SIGN = st.sampled_from([*"abjo", *"AJ", *"09", *"-._", *" é_#*"])
VALUE = st.text(_SIGN, min_size=1, max_size=5).filter(str.strip).map(lambda text: " ".join(text.split()).encode())
PREFIX = st.text(st.sampled_from(SIGNS), max_size=3)
PARTITION = st.builds(Partition, PREFIX, st.booleans())


def holds(partition: Partition, value: bytes) -> bool:
    text = partition.filter("uid")
    return not text or matches(compiled(text), {"uid": [value]})


@settings(max_examples=60)
@given(PARTITION.filter(lambda one: one.can_be_split), VALUE)
def test_every_value_of_a_partition_is_in_exactly_one_of_its_parts(partition: Partition, value: bytes) -> None:
    assert sum(holds(part, value) for part in partition.split()) == holds(partition, value)


@given(PARTITION, VALUE)
def test_a_partition_holds_what_stands_between_it_and_the_next(partition: Partition, value: bytes) -> None:
    if holds(partition, value):
        assert key(value) >= partition.lowest
    if partition.can_be_split:
        begins = [part.lowest for part in partition.split()]
        assert begins == sorted(begins)


class Campus:
    """A server that returns ``limit`` results at most, in the order in which it holds them."""

    def __init__(self, people: Sequence[Sequence[bytes]], limit: int) -> None:
        self.people, self.limit = people, limit
        self.searches = 0

    def search(self, taken: Sequence[Partition]) -> tuple[list[Sequence[bytes]], bool]:
        self.searches += 1
        wanted = compiled(combined("(uid=*)", taken, "uid"))
        found = [names for names in self.people if matches(wanted, {"uid": names})]
        return found[: self.limit], len(found) > self.limit

    def read(self) -> list[Sequence[bytes]]:
        """Everybody, read as the splitting does."""
        plan, read = Plan(), []
        while taken := plan.next(self.limit):
            found, is_cut = self.search(taken)
            for names in found:
                plan.learn(names)
            if is_cut:
                assert plan.split(self.limit)
                continue
            plan.read(len(found))
            read += [names for names in found if not was_read_before(names, taken)]
        return read


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(VALUE, min_size=1, max_size=3), max_size=25, unique_by=lambda names: names[0].lower()))
def test_everybody_comes_once_also_with_several_names(people: list[list[bytes]]) -> None:
    campus = Campus(people, limit=len(people) // 3 + 2)
    try:
        read = campus.read()
    except AssertionError:  # too many with the same name: that cannot be split, and is an error
        texts = [name.lower() for names in people for name in names]
        assert max(map(texts.count, texts)) > 1 or any(not set(name.decode()) <= set(SIGNS) for name in texts)
        return
    assert sorted(read) == sorted(people)


def test_searches_are_well_filled() -> None:
    """Twenty thousand people at 350 a search: a third of the searches that one partition each would take."""
    names = sorted(uniqnames(20_000))
    plan, searches, read = Plan(), 0, 0
    while taken := plan.next(350):
        searches += 1
        found = [name for partition in taken for name in held(partition, names)]
        plan.learn(name.encode() for name in found[:350])
        if len(found) > 350:
            assert plan.split(350)
        else:
            plan.read(len(found))
            read += len(found)
    assert read == len(names)
    assert searches < partitions(Partition(), names) / 3


def partitions(partition: Partition, names: list[str]) -> int:
    """How many searches it takes with one partition each."""
    if len(held(partition, names)) <= 350:
        return 1
    return 1 + sum(partitions(part, names) for part in partition.split())


def held(partition: Partition, names: list[str]) -> list[str]:
    """Those of the sorted ``names`` that are in a partition."""
    begin, end = bisect_left(names, partition.prefix), bisect_left(names, partition.prefix + "\uffff")
    return [name for name in names[begin:end] if not partition.rest or name == partition.prefix]


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [
        ([Partition()], "(uid=*)"),
        ([Partition("jo")], "(&(uid=*)(uid=jo*))"),
        ([Partition("a"), Partition("b")], "(&(uid=*)(|(uid=a*)(uid=b*)))"),
    ],
)
def test_filters(partitions: list[Partition], expected: str) -> None:
    assert combined("(uid=*)", partitions, "uid") == expected


def test_a_plan_that_knows_nothing_comes_to_single_partitions() -> None:
    """A server that returns nothing but its limit must not be asked the same for ever."""
    plan = Plan()
    plan.next(350)
    assert plan.split(350)
    for _ in range(30):
        if len(plan.next(350)) == 1:
            return
        assert plan.split(350)
    raise AssertionError("it goes on taking several")


def test_the_rest_cannot_be_split() -> None:
    assert not Partition("jo", rest=True).can_be_split
    assert not Partition("j" * 64).can_be_split
