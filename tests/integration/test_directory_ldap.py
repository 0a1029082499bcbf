"""People of MCommunity and groups of Active Directory, as records; the streams are whole, and memory stays flat."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ctvpipe.core.errors import ConfigurationError, Skipped
from ctvpipe.pipelines.directory import active_directory, mcommunity
from ctvpipe.pipelines.directory.records import Failed, Record, content_hash, ldap_picked
from ctvpipe.pipelines.directory.settings import AdSettings, McommunitySettings
from ctvpipe.pipelines.directory.streams import AD_GROUPS, MCOMMUNITY_USERS
from ctvpipe.sources import ldap_errors
from tests.fakes.ldap_responder import Directory, responding
from tests.fakes.ldap_tree import GROUPS, PEOPLE, SUFFIX, group, group_attributes, ldif, people, person, top, uniqnames
from tests.integration.ldap_server import PASSWORD, READER, LdapServer

CHECKOUT = Path(__file__).parents[2]
LEAVES_ITS_PEAK = """
import sys
from pathlib import Path
from ctvpipe.pipelines.directory import mcommunity
from ctvpipe.pipelines.directory.settings import McommunitySettings
settings = McommunitySettings.model_validate_json(sys.stdin.read())
peaks = []
for count, _ in enumerate(mcommunity.users(settings), 1):
    if count in (8000, 20000):
        peaks.append(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")))
print(count, *peaks)
"""


def of_people(server: LdapServer, **changed: Any) -> McommunitySettings:
    known = {"mcommunity_server": "127.0.0.1", "mcommunity_port": server.tls_port, "mcommunity_base": PEOPLE}
    account = {"mcommunity_user": READER, "mcommunity_password": SecretStr(PASSWORD)}
    return McommunitySettings(**{**known, **account, "mcommunity_ca_file": server.ca_file, **changed})


def of_groups(server: LdapServer, **changed: Any) -> AdSettings:
    known = {"ad_server": "127.0.0.1", "ad_port": server.tls_port, "ad_search_base": GROUPS}
    account = {"ad_user": READER, "ad_password": SecretStr(PASSWORD), "ad_ca_file": server.ca_file}
    return AdSettings(**{**known, **account, "ad_filter": "(objectClass=adGroup)", **changed})


def records(source: Iterator[Record | Failed]) -> list[Record]:
    found = list(source)
    assert not [one for one in found if isinstance(one, Failed)]
    return [one for one in found if isinstance(one, Record)]


def test_people_are_records_with_their_keys_and_lists_as_they_came() -> None:
    with LdapServer([*top(), person(3, "JQExampl", title="Añalyst"), person(4, "jo.doe-2")]) as server:
        first, second = sorted(records(mcommunity.users(of_people(server))))
    assert (first.external_id, first.natural_key) == ("990003", "jqexampl")
    assert (second.external_id, second.natural_key) == ("990004", "jo.doe-2")
    assert first.payload["cn"] == ["JQExampl Example", "JQExampl Q Éxample"]
    assert second.payload["cn"] == ["jo.doe-2 Example"]
    assert first.payload["dn"] == f"uidNumber=990003,{PEOPLE}"
    assert "userPassword" not in first.payload
    assert first.content_hash == content_hash(ldap_picked(first.payload, MCOMMUNITY_USERS.fields))
    assert json.loads(json.dumps(first.payload)) == first.payload


def test_a_person_without_a_number_is_told_and_no_record() -> None:
    nameless = ldif(f"uid=nobody,{PEOPLE}", {"objectClass": ["account"], "uid": ["nobody"]})
    with LdapServer([*top(), person(1, "somebody"), nameless]) as server:
        found = list(mcommunity.users(of_people(server)))
    (failed,) = [one for one in found if isinstance(one, Failed)]
    assert failed.reason == "it has no uidNumber"
    assert len(found) == 2


@pytest.mark.parametrize("encrypted", ["ldaps", "starttls"])
def test_a_thousand_people_come_whatever_the_limit(encrypted: str) -> None:
    with LdapServer([*top(people=1000), *people(1000)], limits="350") as server:
        port = {} if encrypted == "ldaps" else {"mcommunity_port": server.port, "mcommunity_use_ssl": False}
        found = records(mcommunity.users(of_people(server, **port)))
    assert sorted(str(one.natural_key) for one in found) == sorted(uniqnames(1000))


def test_groups_are_records_with_readable_ids_and_sorted_members() -> None:
    photo = {"thumbnailPhoto": [b"\xff\xd8\x00"], "memberOf": [f"CN=b,{SUFFIX}", f"CN=a,{SUFFIX}"]}
    made = group(7, "Ex-Zoo-Lab", ["zoe", "adam"], **photo), group(8, "ex-one", ["jo"])  # type: ignore[arg-type]
    with LdapServer([*top(), *made]) as server:
        two, one = sorted(records(active_directory.groups(of_groups(server))), key=lambda found: found.external_id)
    assert two.external_id == "00c0ffee-0000-0000-0000-000000000007"
    assert two.natural_key == "ex-zoo-lab"
    assert two.payload["objectSid"] == ["S-1-5-21-1004336348-1177238915-682003330-7"]
    assert two.payload["whenCreated"] == ["2024-02-29T09:30:00+00:00"]
    assert two.payload["description"] == ["Zoölogy"]
    assert two.payload["thumbnailPhoto"] == ["/9gA"]
    assert two.payload["member"] == [f"uid=adam,{PEOPLE}", f"uid=zoe,{PEOPLE}"]
    assert two.payload["memberOf"] == [f"CN=a,{SUFFIX}", f"CN=b,{SUFFIX}"]
    assert one.payload["member"] == [f"uid=jo,{PEOPLE}"]
    assert two.content_hash == content_hash(ldap_picked(two.payload, AD_GROUPS.fields))


def test_a_group_without_a_guid_is_told_and_no_record() -> None:
    with LdapServer([*top(), group(7, "ex-zoo-lab", ["jo"], objectGUID=[])]) as server:
        (failed,) = active_directory.groups(of_groups(server))
    assert failed == Failed("", "it has no objectGUID")


def of_fake(fake: Directory) -> AdSettings:
    return AdSettings(
        ad_server="127.0.0.1", ad_port=fake.port, ad_use_ssl=False, ad_start_tls=False, ad_search_base=GROUPS,
        ad_filter="(objectGUID=*)",
    )  # fmt: skip


def ad_group(number: int, members: int) -> dict[str, list[bytes]]:
    made = group_attributes(number, f"g{number}", [f"u{place:05}" for place in range(members)])
    return {name: [one.encode() if isinstance(one, str) else one for one in values] for name, values in made.items()}


@pytest.mark.parametrize("members", [1, 1499, 1500, 1501, 1600, 4600])
def test_members_that_come_in_ranges_come_all(members: int) -> None:
    entries = {f"CN=g{number},{GROUPS}": ad_group(number, members) for number in range(3)}
    with responding(Directory(entries, range_size=1500)) as fake:
        found = records(active_directory.groups(of_fake(fake)))
    assert [len(one.payload["member"]) for one in found] == [members] * 3
    assert len(set(found[0].payload["member"])) == members
    assert not [name for one in found for name in one.payload if "range" in name]


def test_a_group_that_changes_while_its_members_are_read_is_no_group_of_fewer() -> None:
    entries = {f"CN=g1,{GROUPS}": ad_group(1, 1600)}
    with (
        responding(Directory(entries, range_size=1500, forgets=lambda _dn, search, _look: search > 1)) as fake,
        pytest.raises(ldap_errors.Incomplete) as caught,
    ):
        list(active_directory.groups(of_fake(fake)))
    assert "1,500 values" in str(caught.value)


def test_what_the_server_calls_in_capitals_is_called_as_the_field() -> None:
    entries = {f"CN=g1,{GROUPS}": {name.upper(): values for name, values in ad_group(1, 2).items()}}
    with responding(Directory(entries)) as fake:
        (found,) = records(active_directory.groups(of_fake(fake)))
    assert {"cn", "objectGUID", "member", "groupType"} < set(found.payload)
    assert found.natural_key == "g1"


def test_what_is_not_configured_is_skipped_and_half_of_it_is_a_mistake() -> None:
    with pytest.raises(Skipped):
        mcommunity.users(McommunitySettings())
    with pytest.raises(Skipped):
        active_directory.groups(AdSettings())
    with pytest.raises(ConfigurationError, match="MCOMMUNITY_LDAP_BASE"):
        mcommunity.users(McommunitySettings(mcommunity_server="ldap.example.edu"))
    with pytest.raises(ConfigurationError, match="AD_SEARCH_BASE"):
        active_directory.groups(AdSettings(ad_server="ad.example.edu"))


def test_twenty_thousand_people_need_no_more_memory_than_eight_thousand() -> None:
    with LdapServer([*top(people=20_000), *(person(number, f"n{number}") for number in range(20_000))]) as server:
        settings = of_people(server, mcommunity_max_results=0).model_dump(mode="json")
        settings["mcommunity_password"] = PASSWORD
        done = subprocess.run(
            [sys.executable, "-c", LEAVES_ITS_PEAK], input=json.dumps(settings), capture_output=True, text=True,
            check=False, timeout=300, cwd=CHECKOUT,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    match = re.fullmatch(r"(\d+) (\d+) (\d+)\n", done.stdout)
    assert match, done.stdout
    count, earlier, later = map(int, match.groups())
    assert count == 20_000
    assert later - earlier < 2048  # KiB
