"""Servers that return only a part: everything comes all the same, or nothing is taken for everything."""

from __future__ import annotations

import pytest

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.sources import ldap
from ctvpipe.sources.ldap_errors import Incomplete, SizeLimit
from ctvpipe.sources.ldap_types import Query, Server
from ctvpipe.sources.pacing import Patience
from tests.fakes.ldap_responder import Directory, responding
from tests.fakes.ldap_tree import PEOPLE, people, person, top, uniqnames
from tests.integration.ldap_server import LdapServer

NAMES = uniqnames(1000)
EVERYBODY = Query(PEOPLE, "(uid=*)", ("uid", "uidNumber"), page_size=200, split_by="uid")
KNOWN = Query(PEOPLE, "(uid=*)", ("uid", "uidNumber"), page_size=200, split_by="uid", max_results=350)
ONCE = Patience(tries=1)


def names(server: Server, query: Query = EVERYBODY) -> list[str]:
    return [entry.attributes["uid"][0].decode() for entry in ldap.read(server, query, patience=ONCE)]


def directory(*, base: dict[str, list[bytes]] | None = None, **behaviour: object) -> Directory:
    """A thousand people."""
    entries = {f"uid={name},{PEOPLE}": {"uid": [name.encode()]} for name in NAMES}
    return Directory({PEOPLE: base or {"ou": [b"People"]}, **entries}, **behaviour)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "limits",
    ["350", "size.soft=350 size.hard=350", "size=unlimited size.prtotal=350", "size.pr=100 size.prtotal=350", "30"],
)
def test_openldap_with_a_limit_returns_everybody_once(limits: str) -> None:
    with LdapServer([*top(people=1000), *people(1000)], limits=limits) as server:
        assert sorted(names(server.described())) == sorted(NAMES)
        assert sorted(names(server.described(), KNOWN)) == sorted(NAMES)


def test_openldap_with_a_limit_and_nothing_to_split_by_is_an_error() -> None:
    with LdapServer([*top(), *people(400)], limits="350") as server, pytest.raises(SizeLimit) as caught:
        list(ldap.read(server.described(), Query(PEOPLE, "(uid=*)"), patience=ONCE))
    assert caught.value.advice


def test_somebody_with_several_names_comes_once_and_odd_names_come_too() -> None:
    several = [[name, f"zz{name}", f"AA-{name}"] for name in NAMES[:400]]
    odd = [["Ünal"], ["#1"], ["jo hn"], ["jo"], ["JO_HN"], ["jo*n"], ["jo(n)"]]
    made = [person(number, *uids) for number, uids in enumerate([*several, *odd])]
    with LdapServer([*top(), *made], limits="50") as server:
        found = [entry.attributes["uidNumber"][0] for entry in ldap.read(server.described(), EVERYBODY, patience=ONCE)]
    assert sorted(found) == sorted(str(990000 + number).encode() for number in range(len(made)))


@pytest.mark.parametrize("silent", [False, True], ids=["told", "silent"])
def test_a_limit_of_a_connection_is_met_with_more_connections(silent: bool) -> None:
    with responding(directory(most_a_connection=350, silent=silent)) as server:
        assert sorted(names(server.described(), KNOWN)) == sorted(NAMES)
    assert server.connections > 3


def test_a_limit_that_nobody_has_told_and_that_is_round_is_found() -> None:
    with responding(directory(most_a_connection=350, silent=True)) as server:
        assert sorted(names(server.described())) == sorted(NAMES)


def test_a_small_limit_of_a_connection_is_met() -> None:
    with responding(directory(most_a_connection=40)) as server:
        assert sorted(names(server.described())) == sorted(NAMES)


def fails(server: Directory, query: Query, error: type[CtvpipeError]) -> list[str]:
    """The names that come until the reading fails as it must."""
    read: list[str] = []
    with responding(server), pytest.raises(error):
        read.extend(
            entry.attributes["uid"][0].decode() for entry in ldap.read(server.described(), query, patience=ONCE)
        )
    return read


def test_a_limit_that_cannot_be_seen_is_found_by_the_servers_own_count() -> None:
    server = directory(base={"ou": [b"People"], "numSubordinates": [b"1000"]}, most_a_connection=347, silent=True)
    fails(server, EVERYBODY, Incomplete)


@pytest.mark.parametrize(("told", "is_near"), [(b"1005", True), (b"1006", False), (b"990", True), (b"some", True)])
def test_a_few_come_and_go_while_they_are_read(told: bytes, is_near: bool) -> None:
    server = directory(base={"numSubordinates": [told]})
    if is_near:
        with responding(server):
            assert len(names(server.described())) == 1000
    else:
        fails(server, EVERYBODY, Incomplete)


def test_a_count_says_nothing_of_a_search_for_some() -> None:
    server = directory(base={"numSubordinates": [b"700000"]})
    some = Query(PEOPLE, "(&(uid=*)(!(uid=jo*)))", ("uid",), split_by="uid")
    with responding(server):
        assert len(names(server.described(), some)) == sum(not name.startswith("jo") for name in NAMES)


LOST = f"uid={NAMES[0]},{PEOPLE}"


def test_who_came_before_a_search_was_split_must_come_again() -> None:
    """Somebody comes with the search that is split, never with its parts, and yet is there when looked up."""
    server = directory(most_a_connection=350, forgets=lambda dn, search, look: dn == LOST and search > 4 and not look)
    fails(server, EVERYBODY, Incomplete)


def test_who_is_gone_meanwhile_is_not_missed() -> None:
    with responding(
        directory(most_a_connection=350, forgets=lambda dn, search, _: dn == LOST and search > 4)
    ) as server:
        assert sorted(names(server.described())) == sorted(NAMES[1:])


def test_a_server_that_returns_nothing_but_its_limit_is_given_up_soon() -> None:
    with LdapServer([*top(), *people(300)], limits="size.unchecked=1") as server, pytest.raises(SizeLimit):
        names(server.described())
