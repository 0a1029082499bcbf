"""Nobody's name, address, telephone, mailbox or coordinates, and no password or cookie, stand anywhere but in the tables
and in the files that somebody asks for: not on the console, in no log, ledger or alert, whatever goes wrong (facts 5).
"""

from __future__ import annotations

from contextlib import redirect_stderr
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

import pytest

from ctvpipe import jobs
from ctvpipe.core.run import run_of
from ctvpipe.pipelines.bdc.importing import Options, import_
from tests.fakes.http_receiver import Receiver
from tests.fakes.sonar_login import PASSWORD, USER
from tests.fakes.sonar_payloads import mailbox, phone
from tests.fakes.sonar_people import FIRST_ID, SECRETS
from tests.fakes.sonar_server import Fault
from tests.integration.bdc_station import BdcStation
from tests.integration.import_station import AS_SERVICE, TOPIC

PIN = ("47.71828182", "-120.57721566")
STRAY = ("Ann Placeholder", "77 Planted Elm Ct", "281-555-0142", "47.987654")


@dataclass
class Private:
    """A station, and all that must not be told of Sonar's customers, or of how Sonar is asked."""

    station: BdcStation
    receiver: Receiver
    said: list[str] = field(default_factory=list)

    @property
    def secrets(self) -> set[str]:
        sonar = self.station.sonar
        people = [sonar.account(id_) for id_ in sonar.spec.ids]
        found = {USER, PASSWORD, *SECRETS, *STRAY, *sonar.logins.cookies, "invented-csrf", "invented-jwt"}
        for one in people:
            found |= {one.name, one.line1, phone(one), mailbox(one)}
        return found | set(PIN)

    def night(self, code: int = 0, options: Options | None = None, **settings: str) -> None:
        """Import as the night does, in this process, with all that could be said: tracebacks and lines of DEBUG."""
        said, environ = StringIO(), self.station.environ | settings
        with (
            redirect_stderr(said),
            pytest.raises(SystemExit) as ended,
            run_of(jobs.find("bdc-import"), verbose=True, environ=environ) as run,
        ):
            import_(run, options or Options(force=True))
        self.said.append(said.getvalue())
        assert ended.value.code == code, self.said[-1]

    def call(self, *words: str, code: int = 0) -> None:
        done = self.station.run(*words)
        self.said.append(done.text)
        assert done.code == code, done.text

    def require_discreet(self) -> None:
        """Nothing is said of anybody where anybody may look."""
        found = {f"said {number}": text.encode() for number, text in enumerate(self.said)}
        found |= {f"alert {number}": request.body for number, request in enumerate(self.receiver.requests)}
        root = self.station.root
        found |= {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file() and self._is_public(path)}
        assert any("ledger" in place for place in found)
        assert any(place.endswith("bdc-import.log") for place in found)
        books = self.station.query(f"SELECT * FROM {'meta.' * bool(self.station.url)}ingestion_runs")
        found["books"] = repr([*books, *self.station.rows("metadata")]).encode()
        told = {place: traces for place, text in found.items() if (traces := self.traces(text))}
        assert told == {}

    def traces(self, text: bytes) -> set[str]:
        return {secret for secret in self.secrets if secret.encode() in text}

    def _is_public(self, path: Path) -> bool:
        return not path.name.startswith(self.station.database.name) and path.suffix != ".geojson"


@pytest.fixture
def any_private(any_bdc: BdcStation, receiver: Receiver) -> Private:
    return _private(any_bdc, receiver)


@pytest.fixture
def private(bdc: BdcStation, receiver: Receiver) -> Private:
    return _private(bdc, receiver)


def _private(station: BdcStation, receiver: Receiver) -> Private:
    station.settings |= {**AS_SERVICE, "NTFY_SERVER": receiver.url, "NTFY_TOPIC": TOPIC, "BDC_MAX_RETRIES": "1"}
    for id_ in station.sonar.spec.ids[::6]:
        someone = station.sonar.account(id_)
        station.sonar.changed[id_] = replace(someone, latitude=PIN[0], longitude=PIN[1])
    return Private(station, receiver)


def test_the_search_would_find_them(private: Private) -> None:
    private.night()
    held = repr(private.station.held()).encode()
    assert len(private.traces(held)) > 100
    assert private.traces(held) >= set(PIN)


def test_a_good_night_and_what_follows_from_it_tell_nothing_of_anybody(any_private: Private) -> None:
    private, root = any_private, any_private.station.root
    private.night()
    private.station.sonar.absent |= {FIRST_ID + 2}
    private.station.sonar.changed[FIRST_ID] = replace(private.station.sonar.account(FIRST_ID), name="Ann Placeholder")
    private.night()
    private.call("bdc", "import", "--dry-run", "--json", "-v")
    private.call("bdc", "import", "--check")
    private.call("bdc", "quality")
    private.call("bdc", "quality", "--json")
    private.call("bdc", "export", "subscription", str(root / "x.csv"), code=3)
    private.call("bdc", "export", "geojson", str(root / "x.geojson"))
    for words in (("status", "--verbose"), ("runs", "show", private.station.runs()[0].run_id), ("config", "show")):
        private.said.append(private.station.run(*words).text.replace(USER, ""))
    private.require_discreet()


LAYOUTS = {
    "a column more": lambda rows: [[*row[:4], STRAY[0], *row[4:]] for row in rows],
    "shifted by one": lambda rows: [[STRAY[0], *row[:-1]] for row in rows],
    "names for coordinates": lambda rows: [[*row[:15], row[3], row[10], *row[17:]] for row in rows],
    "coordinates for names": lambda rows: [[*row[:3], row[15], *row[4:]] for row in rows],
    "telephones for ZIPs": lambda rows: [[*row[:14], row[5], *row[15:]] for row in rows],
    "texts": lambda rows: [STRAY[0] for _ in rows],
    "other ids": lambda rows: [[row[5], *row[1:]] for row in rows],
}


@pytest.mark.parametrize("change", LAYOUTS)
def test_a_report_that_is_refused_is_told_by_shapes(private: Private, change: str) -> None:
    sonar = private.station.sonar
    private.night()
    sonar.rows = LAYOUTS[change](sonar.report())
    private.night(3)
    private.require_discreet()
    assert private.receiver.requests, "there was an alert"


FAULTS: tuple[Fault, ...] = ("429", "500", "503", "html", "empty", "cut", "401", "403", "419", "null")


def test_answers_that_are_none_are_told_without_what_was_asked(private: Private) -> None:
    sonar = private.station.sonar
    for fault in FAULTS:
        for part in ("contact_information", f"/accounts/{FIRST_ID + 9}/", "/inventory/items"):
            sonar.fail(part, fault)
            said, environ = StringIO(), private.station.environ
            with (
                redirect_stderr(said),
                pytest.raises(SystemExit),
                run_of(jobs.find("bdc-import"), verbose=True, environ=environ) as run,
            ):
                import_(run, Options(force=True))
            private.said.append(said.getvalue())
            sonar.heal()
    private.require_discreet()


def test_a_wrong_password_is_not_told(private: Private) -> None:
    private.night()
    private.night(1, SONAR_PASSWORD="wrong-Lark-5")
    assert "wrong-Lark-5" not in "".join(private.said)
    private.require_discreet()


@pytest.mark.parametrize("table", ["customers", "services", "customer_groups", "inventory_items", "customer_inventory"])
def test_a_row_that_the_database_refuses_is_told_without_the_row(
    private: Private, postgis_url: str, table: str
) -> None:
    """Somebody has added a rule of his own; PostgreSQL's message shows the row that breaks it."""
    from tests.integration.bdc_station import bdc_station

    station = bdc_station(private.station.root / "other", private.station.sonar, postgis_url)
    station.settings |= private.station.settings
    private.station = station
    private.night(options=Options(limit=1))
    station.execute("DELETE FROM sonar.customer_inventory", "DELETE FROM sonar.inventory_items")
    station.execute(f"ALTER TABLE sonar.{table} ADD CONSTRAINT nobody CHECK (false) NOT VALID")
    said, environ = StringIO(), station.environ
    with (
        redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
        run_of(jobs.find("bdc-import"), verbose=True, environ=environ) as run,
    ):
        import_(run, Options())
    private.said.append(said.getvalue())
    assert ended.value.code in {1, 4}
    assert (
        f"{table}.nobody" in private.said[-1]
        or "none of" in private.said[-1]
        or "pieces of equipment" in private.said[-1]
    )
    private.require_discreet()
