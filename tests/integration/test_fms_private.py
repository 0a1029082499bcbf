"""Names, addresses, notes and coordinates of the exports stand in the database and in the kept exports, and nowhere
else: not on the console, in no log, ledger or alert, whatever goes wrong (pitfall 18).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest

from ctvpipe import jobs
from ctvpipe.core.run import run_of
from ctvpipe.pipelines.fms.syncing import sync
from tests.fakes import fms_reports, geocoders
from tests.fakes.fms_reports import ReportServer
from tests.fakes.fms_rows import Rows, Spec, body, rows
from tests.fakes.geocoders import CENSUS, GOOGLE, NOMINATIM, Fault, Geocoders, coordinates
from tests.fakes.http_receiver import Receiver
from tests.integration.fms_station import FmsStation
from tests.integration.import_station import AS_SERVICE, TOPIC

SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)
# Which columns of the widest layouts hold what is nobody else's business.
PRIVATE = {
    "vehicles": (13,), "media_partners": (1, 2, 5), "loan_history": (11, 12), "current_activity": (6, 7),
    "approved_makes": (1,),
}  # fmt: skip
MAIL = "ann.placeholder@mail.example"
STRAY = ("Ann Placeholder", "77 Planted Elm Ct, Katy, TX", MAIL, "281-555-0142")
"""What gets into columns where it does not belong."""
FAULTS: dict[str, tuple[Fault, ...]] = {
    CENSUS: ("400", "403", "429 for hours", "empty", "unknown id", "twice", "half", "odd headers", "html"),
    GOOGLE: ("400", "403", "REQUEST_DENIED", "OVER_DAILY_LIMIT", "INVALID_REQUEST", "odd headers", "cut"),
    NOMINATIM: ("403", "html"),
}


@dataclass
class Private:
    """A station whose exports are full of people, and all that must not be told of them."""

    station: FmsStation
    server: ReportServer
    receiver: Receiver
    geocoders: Geocoders
    secrets: set[str]
    said: list[str] = field(default_factory=list)

    def put(self, made: Rows) -> None:
        for table, lines in made.items():
            self.server.reports[table].body = body(lines)

    def night(self, code: int = 0) -> None:
        """Sync as the night does, in this process, with all that could be said: tracebacks and lines of DEBUG."""
        said, environ = StringIO(), self.station.environ
        with (
            redirect_stderr(said),
            pytest.raises(SystemExit) as ended,
            run_of(jobs.find("fms-sync"), verbose=True, environ=environ) as run,
        ):
            sync(run).require_any()
        self.said.append(said.getvalue())
        assert ended.value.code == code, self.said[-1]

    def call(self, *words: str) -> None:
        done = self.station.run(*words)
        assert done.code in {0, 1, 2, 3, 4}
        self.said.append(done.text)

    def require_discreet(self) -> None:
        """Nothing is said of anybody where anybody may look."""
        found = {f"said {number}": text.encode() for number, text in enumerate(self.said)}
        found |= {f"alert {number}": request.body for number, request in enumerate(self.receiver.requests)}
        found |= {str(path): path.read_bytes() for path in self.station.root.rglob("*") if self._is_public(path)}
        assert any("ledger" in place for place in found)
        assert any(place.endswith("fms-sync.log") for place in found)
        books = self.station.dump()
        found |= {table: repr(lines).encode() for table, lines in books.items() if table in BOOKS}
        told = {place: traces for place, text in found.items() if (traces := self.traces(text))}
        assert told == {}

    def traces(self, text: bytes) -> set[str]:
        return {secret for secret in self.secrets if secret.encode() in text}

    def _is_public(self, path: object) -> bool:
        kept = (str(self.station.bodies), str(self.station.database))
        return path.is_file() and not str(path).startswith(kept)  # type: ignore[attr-defined]


BOOKS = {"ingestion_runs", "meta.ingestion_runs", "sync_rejects"}


def exports() -> Rows:
    """The five exports with every column there is, an e-mail address among the notes."""
    made = rows(Spec(**{**vars(SMALL), "widths": {"vehicles": 15, "media_partners": 8}}))
    made["media_partners"][0][5] = f"Write to {MAIL}"
    made["vehicles"][0][13] = f"Ask {MAIL}"
    return made


def secrets_of(made: Rows) -> set[str]:
    """The private texts of the exports, in the forms in which they may be told, and where the people live."""
    texts = {row[place].strip() for table, places in PRIVATE.items() for row in made[table] for place in places}
    long = {line for text in texts for line in text.splitlines() if len(line) > len("Desk 9")} | set(STRAY)
    lives = [row[2] for row in made["media_partners"] if row[2].strip() not in {"", "N/A"}]
    places = {f"{degrees}"[: len("-90.123")] for address in lives for degrees in coordinates(" ".join(address.split()))}
    return long | {MAIL} | places


@pytest.fixture
def private(tmp_path: Path, receiver: Receiver) -> Iterator[Private]:
    with _private(FmsStation(tmp_path), receiver) as private:
        yield private


@pytest.fixture
def any_private(any_fms: FmsStation, receiver: Receiver) -> Iterator[Private]:
    with _private(any_fms, receiver) as private:
        yield private


@contextmanager
def _private(station: FmsStation, receiver: Receiver) -> Iterator[Private]:
    made = exports()
    bodies = {table: body(lines) for table, lines in made.items()}
    with fms_reports.serving(bodies) as server, geocoders.serving() as asked:
        station.settings |= {
            **server.settings, **asked.settings, **AS_SERVICE,
            "NTFY_SERVER": receiver.url, "NTFY_TOPIC": TOPIC,
            "GEOCODER": "census", "GEOCODER_FALLBACK": "google", "GOOGLE_MAPS_API_KEY": geocoders.KEY,
            "FMS_MAX_REJECTED_PERCENT": "60",
        }  # fmt: skip
        yield Private(station, server, receiver, asked, secrets_of(made))


def test_the_search_would_find_them(private: Private) -> None:
    """What is searched for is what the database holds."""
    private.night()
    held = "".join(map(repr, private.station.dump().values())).encode()
    assert len(private.traces(held)) > 80
    assert MAIL in private.traces(held)
    (latitude,) = private.station.query("SELECT latitude FROM media_partners WHERE latitude IS NOT NULL LIMIT 1")[0]
    assert private.traces(str(latitude).encode())


def test_a_good_night_tells_nothing_of_anybody(any_private: Private) -> None:
    private = any_private
    private.night()
    private.put({"loan_history": exports()["loan_history"][::-1]})
    private.night()
    private.call("fms", "sync", "--json", "--dry-run")
    private.call("fms", "sync", "--json", "--force")
    for words in (("status", "--verbose"), ("fms", "status"), ("runs", "show", private.station.runs()[0].run_id)):
        private.call(*words)
    private.require_discreet()


def test_rows_that_cannot_be_stored_are_told_by_line_and_column(private: Private) -> None:
    """A private text in every column, and rows that are too short and too long, first within and then over the limit."""
    for limit in ("60", "1"):
        private.station.settings["FMS_MAX_REJECTED_PERCENT"] = limit
        private.put({table: sorted(lines, key=str, reverse=limit == "1") for table, lines in spoilt(exports()).items()})
        private.night(0 if limit == "60" else 3)
        if limit == "60":
            assert len(private.station.query("SELECT DISTINCT table_name, column_name FROM sync_rejects")) > 15
    private.require_discreet()
    assert private.receiver.requests, "there was an alert"


def spoilt(made: Rows) -> Rows:
    for lines in made.values():
        for place in range(len(lines[0])):
            lines[2 + place][place] = STRAY[place % len(STRAY)]
        lines[0].append(STRAY[0])
        del lines[1][-1]
    return made


SPOILT: dict[str, Callable[[Rows, str], bytes]] = {
    "a column too many": lambda made, table: body([[*line, STRAY[2]] for line in made[table]]),
    "shifted by one": lambda made, table: body([[STRAY[0], *line[:-1]] for line in made[table]]),
    "another report": lambda made, table: body(made["media_partners" if table != "media_partners" else "vehicles"]),
    "an open quote": lambda made, table: body(made[table]) + f'"{STRAY[1]}'.encode(),
    "no text": lambda made, table: body(made[table]) + b"\0",
    "no known encoding": lambda made, table: body(made[table]) + b"\x81\xff",
    "a page": lambda made, table: f"<html>{STRAY[0]} of {STRAY[1]}</html>".encode(),
    "no row at all that can be stored": lambda made, table: body([[STRAY[0]] * len(made[table][0])] * 9),
    "most of it gone": lambda made, table: body(made[table][:2]),
}


def test_exports_that_are_refused_are_told_without_their_content(private: Private) -> None:
    private.night()
    private.station.settings |= {"FMS_MAX_REJECTED_PERCENT": "2", "SYNC_MAX_RETRIES": "1"}
    made = exports()
    for spoil in SPOILT.values():
        for table in made:
            private.server.reports[table].body = spoil(made, table)
        private.night(3)
    private.call("fms", "sync", "--json")
    private.require_discreet()


def test_a_database_that_refuses_a_row_is_told_without_the_row(any_private: Private) -> None:
    """Somebody has added a rule of his own; PostgreSQL's message shows the row that breaks it."""
    private, station = any_private, any_private.station
    private.night()
    if station.url:
        station.execute("ALTER TABLE media_partners ADD CONSTRAINT no_junior CHECK (name NOT LIKE '% Jr.') NOT VALID")
    else:
        station.execute(
            "CREATE TRIGGER no_junior BEFORE UPDATE ON media_partners WHEN NEW.name LIKE '% Jr.'"
            " BEGIN SELECT RAISE(ABORT, 'no_junior'); END"
        )
    made = exports()["media_partners"]
    made[3][1] += " Jr."
    private.secrets.add(made[3][1])
    private.put({"media_partners": made})
    private.night(4)
    assert "no_junior" in private.station.entry("media_partners")["error"]
    assert len(private.station.result["results"]) == 5
    private.require_discreet()


def test_coordinates_that_the_database_refuses_are_told_without_them(any_private: Private) -> None:
    private, station = any_private, any_private.station
    station.settings["GEOCODER"] = "none"
    private.night()
    if station.url:
        station.execute("ALTER TABLE media_partners ADD CONSTRAINT no_places CHECK (latitude IS NULL)")
    else:
        station.execute(
            "CREATE TRIGGER no_places BEFORE UPDATE ON media_partners WHEN NEW.latitude IS NOT NULL"
            " BEGIN SELECT RAISE(ABORT, 'no_places'); END"
        )
    station.settings["GEOCODER"] = "census"
    private.night()
    (told,) = (text for text in station.runs("fms-sync")[0].warnings if text.startswith("geocoding: not brought"))
    assert "no_places" in told
    private.require_discreet()


@pytest.mark.parametrize("endpoint", FAULTS)
def test_geocoders_that_fail_are_told_without_what_they_were_asked_for(private: Private, endpoint: str) -> None:
    private.station.settings |= {"GEOCODER": endpoint, "GEOCODER_SECONDS": "2"}
    for fault in FAULTS[endpoint]:
        private.geocoders.mend()
        private.geocoders.fail(endpoint, fault)
        private.night()
        assert private.geocoders.requests[endpoint]
        private.geocoders.forget()
        private.station.execute("DELETE FROM geocode_cache", "UPDATE media_partners SET latitude = NULL")
    private.require_discreet()
