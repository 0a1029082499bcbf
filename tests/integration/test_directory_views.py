"""What people look at: how good the records are, and why one is as it is."""

from __future__ import annotations

import json

import pytest

from tests.fakes.campus import Person, Spec
from tests.integration.directory_station import DirectoryStation, campus_with, ldap_serving
from tests.integration.station import tree

SPEC = Spec(people=60, departments=12, groups=8)
PERSON = Person(1)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> DirectoryStation:
    """A campus that is known; its sources are gone again."""
    with ldap_serving(SPEC) as ldap, campus_with(ldap, SPEC) as campus:
        made = DirectoryStation(tmp_path_factory.mktemp("views"), settings=campus.settings)
        campus.tdx.people[PERSON.tdx_uid]["PrimaryEmail"] = "nobody at example.edu"
        assert made.sync_here().code == 0
    return made


def lines(text: str, word: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.split()[:1] == [word]]


def test_scores_flags_and_the_worst(station: DirectoryStation) -> None:
    text = station.run("directory", "quality", "--worst", "2").required("quality")
    assert [line for line in text.splitlines() if line.endswith(" records")] == [
        "departments: 13 records", "groups: 8 records", "users: 59 records",
    ]  # fmt: skip
    assert lines(text, "Perfect")[1] == "Perfect 7 87.5%"
    assert "no_members 1" in lines(text, "no_members")
    assert len(lines(text, "TDX_59012")) == 1
    assert "REFUSED (1) WHY\n" in "\n".join(" ".join(line.split()) for line in text.splitlines()) + "\n"
    assert lines(text, PERSON.uniqname) == [f"{PERSON.uniqname} its e-mail has no @"]


def test_the_same_of_one_table_for_programs(station: DirectoryStation) -> None:
    document = json.loads(station.run("directory", "quality", "users", "--json").required("quality"))
    assert sum(document["users"]["bands"].values()) == document["users"]["records"] == 59
    assert set(document) == {"schema_version", "users"}
    assert document["users"]["worst"][0]["score"] <= document["users"]["worst"][-1]["score"]


def test_every_version_behind_a_record_and_who_has_won(station: DirectoryStation) -> None:
    text = station.run("directory", "explain", Person(3).uniqname.upper()).required("explain")
    assert text.startswith(f"users: {Person(3).uniqname}\n")
    assert lines(text, "mcommunity_ldap")[0].startswith("mcommunity_ldap user 990003 ")
    assert lines(text, "ldap_uid_number") == ["ldap_uid_number 990003 mcommunity_ldap uidNumber"]
    assert len(lines(text, "umich_api")) == 3, "one for each appointment"
    assert lines(text, "job_title")[0].startswith("job_title Technician umich_api UniversityJobTitle")
    name = f"{Person(3).first} {Person(3).last}"
    (found,) = lines(text, "full_name")
    assert found.startswith(f"full_name {name} tdx FullName umich_api Name: {Person(3).last},{Person(3).first};")


def test_a_record_that_was_refused_says_why(station: DirectoryStation) -> None:
    text = station.run("directory", "explain", PERSON.uniqname).required("explain")
    assert "Silver has no such record.\nRefused  its e-mail has no @\n" in text


def test_departments_and_groups_too_and_for_programs(station: DirectoryStation) -> None:
    document = json.loads(station.run("directory", "explain", "900003", "--json").required("explain"))
    assert document["departments"]["row"]["department_name"] == "Physics Lab Svcs"
    assert {one["entity_type"] for one in document["departments"]["versions"]} == {"department", "department_detail"}
    text = station.run("directory", "explain", "Ex-Group-0005", "--table", "groups").required("explain")
    assert lines(text, "sync_source") == ["sync_source ad_only no source: by default"]
    assert max(map(len, text.splitlines())) < 400


def test_looking_changes_nothing(station: DirectoryStation) -> None:
    before = tree(station.root)
    for words in (("quality",), ("explain", PERSON.uniqname)):
        station.run("directory", *words).required(" ".join(words))
    assert tree(station.root) == before


def test_what_there_is_not(station: DirectoryStation) -> None:
    unknown = station.run("directory", "explain", "nobody-at-all")
    assert (unknown.code, unknown.out) == (2, "")
    assert "neither a source nor silver has that" in unknown.err
    wrong = station.run("directory", "quality", "people")
    assert wrong.code == 2
    assert "The tables are: departments, groups, users." in wrong.err


def test_before_the_first_night(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = DirectoryStation(tmp_path_factory.mktemp("empty"))
    done = empty.run("directory", "quality")
    assert done.code == 1
    assert "does not exist" in done.err
    assert "ctvpipe directory sync" in done.err
