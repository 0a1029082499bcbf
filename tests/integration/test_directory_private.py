"""Names, uniqnames, addresses and numbers of people stand in the database and nowhere else: not on the console, in no
log, ledger, alert or record of a run, whatever goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest

from ctvpipe import jobs
from ctvpipe.core.run import run_of
from ctvpipe.pipelines.directory.syncing import Wanted, sync
from tests.fakes import campus as people
from tests.fakes.campus import Person, Spec
from tests.fakes.http_receiver import Receiver
from tests.fakes.json_api import Fault
from tests.integration.directory_station import Campus, DirectoryStation, campus_with, ldap_serving
from tests.integration.import_station import AS_SERVICE, TOPIC
from tests.integration.ldap_server import LdapServer

SPEC = Spec(people=60, departments=12, groups=6)
STRAY = ("Ann Placeholder", "annplac", "ann.placeholder@mail.example", "77 Planted Elm Ct", "555-0142")
"""What gets into fields where it does not belong."""
BOOKS = {"ingestion_runs", "meta.ingestion_runs"}


def of(person: Person) -> set[str]:
    """What is nobody else's business."""
    first, last = person.first, person.last
    address = f"{100 + person.number} Example Hall"
    # Not the number in MCommunity: six digits are in some timestamp, sooner or later.
    return {
        person.uniqname, person.uniqname.upper(), person.mail, f"{first} {last}", f"{last},{first}", address, person.empl_id,
        person.tdx_uid,
    }  # fmt: skip


@dataclass
class Private:
    """A station whose sources are full of people, and all that must not be told of them."""

    station: DirectoryStation
    campus: Campus
    receiver: Receiver
    secrets: frozenset[str] = frozenset(text for person in people.people(SPEC) for text in of(person)) | set(STRAY)
    said: list[str] = field(default_factory=list)

    def night(self, code: int = 0, *, dry_run: bool = False) -> None:
        """Sync as the night does, in this process, with all that could be said: tracebacks and lines of DEBUG."""
        said = StringIO()
        with (
            redirect_stderr(said),
            pytest.raises(SystemExit) as ended,
            run_of(jobs.find("directory-sync"), verbose=True, environ=self.station.environ, dry_run=dry_run) as run,
        ):
            sync(run, Wanted()).require_any()
        self.said.append(said.getvalue())
        assert ended.value.code == code, self.said[-1]

    def require_discreet(self) -> None:
        """Nothing is said of anybody where anybody may look."""
        found = {f"said {number}": text.encode() for number, text in enumerate(self.said)}
        found |= {f"alert {number}": request.body for number, request in enumerate(self.receiver.requests)}
        database = str(self.station.database)
        files = [path for path in self.station.root.rglob("*") if path.is_file() and not str(path).startswith(database)]
        found |= {str(path): path.read_bytes() for path in files}
        assert any("ledger" in place for place in found)
        assert any(place.endswith("directory-sync.log") for place in found)
        found |= {table: repr(rows).encode() for table, rows in self.station.dump().items() if table in BOOKS}
        assert {place: traces for place, text in found.items() if (traces := self.traces(text))} == {}

    def traces(self, text: bytes) -> set[str]:
        return {secret for secret in self.secrets if secret.encode() in text}


@pytest.fixture(scope="module")
def ldap() -> Iterator[LdapServer]:
    with ldap_serving(SPEC) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def private(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    receiver: Receiver,
    ldap: LdapServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Private]:
    monkeypatch.setattr("ctvpipe.sources.pacing.Patience.wait", lambda *_: 0.0)
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    alerts = {**AS_SERVICE, "NTFY_SERVER": receiver.url, "NTFY_TOPIC": TOPIC}
    with campus_with(ldap, SPEC) as campus:
        yield Private(DirectoryStation(tmp_path, url=url, settings={**campus.settings, **alerts}), campus, receiver)


def test_the_search_would_find_them(private: Private) -> None:
    """What is searched for is what the database holds."""
    private.night()
    held = "".join(map(repr, private.station.dump().values())).encode()
    assert len(private.traces(held)) > 300


def test_good_nights_tell_nothing_of_anybody(private: Private) -> None:
    private.night(dry_run=True)
    private.night()
    private.campus.um.lists["DeptEmpData"][3] |= {"Name": STRAY[0], "Work_Address1": STRAY[3]}
    private.night()
    private.require_discreet()


def test_records_that_cannot_be_read_or_stored_are_told_without_them(private: Private) -> None:
    employees, held = private.campus.um.lists["DeptEmpData"], private.campus.tdx.people
    employees[0] = {**employees[0], "EmplId": None}
    employees[1] = {**employees[1], "Name": f"{STRAY[0]}\0"}
    employees[2] = {**employees[2], "UniqName": f"{STRAY[1]}\ud800"}
    employees[3] = {**employees[3], "EmplId": f"{STRAY[0]} " * 20}
    one, other, *_ = held
    held[one] = {**held[one], "UID": None, "FullName": STRAY[0]}
    held[other] = {**held[other], "AlternateID": f"{STRAY[1]} {STRAY[2]}"}
    private.night()
    (run,) = private.station.runs("directory-sync")
    assert len(run.warnings) == 2
    private.require_discreet()


@pytest.mark.parametrize("fault", ["500", "html", "403", "404", "cut", "half", "null"])
def test_sources_that_fail_tell_nothing_of_anybody(private: Private, fault: Fault) -> None:
    private.campus.um.fail("DeptEmpData", fault)
    private.campus.tdx.fail("/people/", fault, after=1)
    private.night(4)
    private.require_discreet()
    assert private.receiver.requests
