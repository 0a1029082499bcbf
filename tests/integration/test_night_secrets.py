"""Secrets planted in every secret setting there is, through every job, good and bad: found nowhere but where they belong."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from ctvpipe.cli import declared
from ctvpipe.jobs import JOBS
from tests.fakes import fms_reports, fms_rows, geocoders
from tests.fakes.fms_reports import REPORTS, ReportServer
from tests.fakes.geocoders import CENSUS, GOOGLE, Geocoders
from tests.fakes.http_receiver import Receiver
from tests.fakes.sonar_server import Sonar
from tests.fakes.workbook import Spec
from tests.integration import bdc_secrets, directory_secrets
from tests.integration.directory_station import Campus
from tests.integration.import_station import AS_SERVICE, ImportStation
from tests.integration.postgres_server import PASSWORD as DATABASE_PASSWORD
from tests.integration.postgres_server import PostgresServer
from tests.integration.share_station import ShareStation
from tests.integration.smb_server import ACCOUNT, free_port
from tests.integration.station import CHECKOUT

SHARE_PASSWORD = "pläntedShare 'pw\"/&%41"
WRONG_PASSWORD = "pläntedWrong #pw"
GOOGLE_KEY = "plantedGoogleKey9"
FMS_KEYS = {variable: f"planted/Key+of {table}" for table, (_, variable) in REPORTS.items()}
"""What the address of each export signs in with, besides the report server's own key."""
TELLING = {
    "CIFS_PASSWORD": [SHARE_PASSWORD, WRONG_PASSWORD, "pläntedShare", "pläntedWrong"],
    "NTFY_TOPIC": ["planted-topic-x7"],
    "NTFY_TOKEN": ["tk_plantedtoken77"],
    "SLACK_WEBHOOK_URL": ["T00PLANTED", "plantedSlack42"],
    "APPRISE_URLS": ["plantedUserPass", "plantedapprisepath"],
    "HEARTBEAT_URL": ["planted-heart-beat-0007"],
    "DATABASE_URL": [DATABASE_PASSWORD, "plantedDb@ü", "planted+Slash", "plantedDbOption"],
    "CIRCUITS_DATABASE_URL": ["plantedCircuitsDb8"],
    "MERAKI_API_KEY": ["plantedMerakiKey31"],
    "TRACKING_PORTAL_USERNAME": ["planted.broker.user"],
    "TRACKING_PORTAL_PASSWORD": ["plantedBrokerPw5"],
    "FMS_DATABASE_URL": [DATABASE_PASSWORD, "plantedFmsDb8"],
    "GOOGLE_MAPS_API_KEY": [GOOGLE_KEY],
    **{variable: [key, fms_reports.KEY] for variable, key in FMS_KEYS.items()},
    **directory_secrets.TELLING,
    **bdc_secrets.TELLING,
}
"""What gives each secret setting away."""


def values(receiver: Receiver, database: str, fms_database: str, reports: ReportServer) -> dict[str, str]:
    """Every secret setting, set."""
    exports = {name: f"{url}&sign={quote(FMS_KEYS[name], safe='')}" for name, url in reports.settings.items()}
    return {
        "CIFS_PASSWORD": SHARE_PASSWORD,
        "NTFY_TOPIC": "planted-topic-x7",
        "NTFY_TOKEN": "tk_plantedtoken77",
        "SLACK_WEBHOOK_URL": f"{receiver.url}/hooks/T00PLANTED/plantedSlack42",
        "APPRISE_URLS": f"json://somebody:plantedUserPass@{receiver.address}/alerts/plantedapprisepath",
        "HEARTBEAT_URL": f"{receiver.url}/ping/planted-heart-beat-0007/{{job}}",
        "DATABASE_URL": database,
        "CIRCUITS_DATABASE_URL": "postgresql://circuits:plantedCircuitsDb8@127.0.0.1:1/circuits",
        "MERAKI_API_KEY": "plantedMerakiKey31",
        "TRACKING_PORTAL_USERNAME": "planted.broker.user",
        "TRACKING_PORTAL_PASSWORD": "plantedBrokerPw5",
        "FMS_DATABASE_URL": fms_database,
        "GOOGLE_MAPS_API_KEY": GOOGLE_KEY,
        **exports,
    }


def forms(secret: str) -> set[str]:
    """A secret as it may look in texts, addresses and dumps."""
    plain = {
        secret,
        secret.encode().decode("latin-1"),
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        json.dumps(secret)[1:-1],
    }
    return plain | {quote(secret, safe=""), quote(secret), quote_plus(secret), quote(secret, safe="").lower()}


FORMS = {name: {form for secret in secrets for form in forms(secret)} for name, secrets in TELLING.items()}
BYTES = {
    name: {form.encode(coding) for form in found for coding in ("utf-8", "utf-16-le")} for name, found in FORMS.items()
}


def traces(text: str | bytes) -> set[str]:
    """The settings whose secrets can be found in ``text``."""
    data = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    return {name for name, found in BYTES.items() if any(form in data for form in found)}


class SecretStation(ImportStation):
    """A station whose settings stand in its env files only; what its commands say and show is kept and searched."""

    reports: ReportServer
    campus: Campus
    sonar: Sonar
    geocoders: Geocoders
    console: list[str]
    commands: set[str]
    of_processes: set[str]

    def prepare(self, secrets: dict[str, str]) -> None:
        self.console, self.commands, self.of_processes, self.secrets = [], set(), set(), secrets
        self.configure()

    def configure(self, **changed: str) -> None:
        """Write the env files; the share's password in a file of its own."""
        given = {**self.environ, "INVOCATION_ID": "", "PATH": "", "DATABASE_PATH": "", **self.secrets, **changed}
        (self.etc / "password").write_text(given.pop("CIFS_PASSWORD") + "\n")
        given["CIFS_PASSWORD_FILE"] = str(self.etc / "password")
        lines = "".join(f"{name}={quoted(value)}\n" for name, value in given.items() if value)
        (self.etc / "ctvpipe.env").write_text(lines)

    def job(self, *words: str) -> int:
        """Run a command as the service, look at its processes while it runs, and keep what it prints."""
        process = subprocess.Popen(
            self.command(*words),
            env={**{name: self.environ[name] for name in ("PATH", "HOME", "TMPDIR", "CTVPIPE_ETC_DIR")}, **AS_SERVICE},
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._watch(process)
        printed, _ = process.communicate(timeout=60)
        self.console.append(f"$ {' '.join(words)}\n{printed}")
        return process.returncode

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """Keep the command lines and environments of a process and its descendants until it ends."""
        while process.poll() is None:
            pids = [process.pid]
            for pid in pids:
                try:
                    pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
                    command = Path(f"/proc/{pid}/cmdline").read_text()
                    self.of_processes |= {command, Path(f"/proc/{pid}/environ").read_text()}
                except (FileNotFoundError, ProcessLookupError):
                    continue  # ended while we looked
                self.commands.add(command)
            time.sleep(0.002)

    @property
    def last(self) -> str:
        """What the last command printed."""
        return self.console[-1]


EXPORTS = fms_rows.Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)


def quoted(value: str) -> str:
    """A value as an env file has it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.fixture
def station(tmp_path: Path, receiver: Receiver, postgres: PostgresServer, postgres_url: str) -> Iterator[SecretStation]:
    smb = ShareStation(tmp_path / "share")
    smb.server.user(ACCOUNT, SHARE_PASSWORD)
    fms_url, directory_url = postgres.create(), postgres.create()
    bdc_url = postgres.create_with_points()
    with smb.server, ExitStack() as stack:
        station = SecretStation(tmp_path / "station")
        station.connect(smb, receiver)
        station.reports = stack.enter_context(fms_reports.serving(fms_rows.bodies(EXPORTS)))
        station.geocoders = stack.enter_context(geocoders.serving(key=GOOGLE_KEY, found=geocoders.never))
        station.settings |= {
            **station.geocoders.settings,
            "FMS_BODIES_DIR": str(station.root / "exports"),
            "SYNC_RETRY_SECONDS": "0",
        }
        station.put(Spec(rows=60, seed=2))
        station.campus = directory_secrets.campus(stack)
        directory = directory_secrets.values(station.campus, directory_url)
        station.sonar = bdc_secrets.sonar(stack)
        bdc = bdc_secrets.values(station.sonar, bdc_url)
        station.prepare(values(receiver, postgres_url, fms_url, station.reports) | directory | bdc)
        yield station
    postgres.drop(fms_url)
    postgres.drop(directory_url)
    postgres.drop(bdc_url)


def test_no_secret_setting_is_forgotten() -> None:
    found = {name for _, cls, _ in declared.sections() for name in cls.variables() if declared.is_secret(cls, name)}
    assert found == TELLING.keys(), "plant the new one in TELLING and values"
    assert {title for title, _, _ in declared.sections()} >= {job.name for job in JOBS}


def test_planted_secrets_appear_nowhere(station: SecretStation, receiver: Receiver) -> None:
    good_nights(station)
    good_syncs(station)
    directory_secrets.good_syncs(station.job, station.configure, str(station.data / "directory.db"))
    bdc_secrets.good_imports(station.job, station.configure, str(station.data / "bdc.db"))
    bad_nights(station, receiver)
    bad_syncs(station)
    directory_secrets.bad_syncs(station.job, station.configure, station.campus, station.secrets)
    bdc_secrets.bad_imports(station.job, station.configure, station.sonar)
    people_look(station)

    assert {place: found for place, text in written(station).items() if (found := traces(text))} == {}
    assert {text.splitlines()[0]: found for text in station.console if (found := traces(text))} == {}
    assert {text[:200]: found for text in station.of_processes if (found := traces(text))} == {}
    assert len(station.commands) > 10, "commands and their children were seen"
    assert {where: found for where, text in messages(receiver) if (found := traces(text))} == {}
    strangers = [request.path for request in receiver.requests if traces(whole(request)) - allowed(request.path)]
    assert strangers == []
    assert {target for request in receiver.requests for target in allowed(request.path) & traces(whole(request))} == {
        "NTFY_TOPIC", "NTFY_TOKEN", "SLACK_WEBHOOK_URL", "HEARTBEAT_URL", "APPRISE_URLS",
    }, "each secret was used where it belongs"  # fmt: skip


def test_the_search_would_find_them() -> None:
    for name, secrets in TELLING.items():
        for secret in secrets:
            assert traces(f"x{secret}y") >= {name}
            assert traces(f"smb {secret}".encode("utf-16-le")) >= {name}
            assert traces(f"https://x/?a={quote(secret, safe='')}") >= {name}


def good_nights(station: SecretStation) -> None:
    assert station.job("commercial", "import") == 0, station.last
    assert station.job("update", "--unattended", "--verbose") == 0, station.last
    assert station.job("commercial", "rotate") == 0, station.last
    assert station.job("backup") == 0, station.last
    assert "SKIPPED" in station.last
    station.configure(DATABASE_URL="", DATABASE_PATH=str(station.database))
    assert station.job("update", "--unattended", "--verbose", "--new-database") == 0, station.last
    assert station.job("backup") == 0, station.last
    station.configure()
    assert station.job("update", "--dry-run", "--verbose") == 0, station.last
    assert station.job("commercial", "import", "--dry-run") == 0, station.last


def bad_nights(station: SecretStation, receiver: Receiver) -> None:
    update = ("update", "--unattended", "--verbose")
    station.configure(CIFS_PASSWORD=WRONG_PASSWORD)
    assert station.job("commercial", "import") == 1, station.last
    receiver.behaviours = {"/": 403}
    station.configure(COMMERCIAL_SHARE=f"//127.0.0.1:{station.smb.server.port}/Q Drive")
    assert station.job("commercial", "import") == 1, station.last
    user = f"sales:{quote('plantedDb@ü', safe='')}@127.0.0.1"
    for url, code in {
        f"postgresql://{user}:{free_port()}/sales": 1,
        station.secrets["DATABASE_URL"].replace(quote(DATABASE_PASSWORD[-1], safe=""), "plantedDb%40%C3%BC"): 1,
        f"postgresql://{user}:1/sales?password=plantedDbOption&connect_timeout=x": 1,
        "postgresql://sales:planted+Slash/in the password@127.0.0.1/sales": None,
        "mysql://sales:plantedDb%40%C3%BC@127.0.0.1/sales": 2,
    }.items():
        station.configure(DATABASE_URL=url)
        ended = station.job(*update)
        assert ended == code or (code is None and ended in {1, 2}), station.last
    station.configure(
        HEARTBEAT_URL="planted-heart-beat-0007", APPRISE_URLS="plantedapprisepath", SLACK_WEBHOOK_URL="T00PLANTED"
    )
    station.archive.rmdir()
    station.archive.write_text("a file where the archives should be")
    assert station.job("commercial", "rotate") == 1, station.last
    station.configure(DATABASE_URL="", DATABASE_PATH=str(station.data))
    assert station.job("backup") == 1, station.last
    receiver.behaviours = {}
    station.configure(COMMERCIAL_STALL_SECONDS="x", CTVPIPE_ALERT_SECONDS="pläntedShare")
    assert station.job("commercial", "import") == 2, station.last


def good_syncs(station: SecretStation) -> None:
    """On both stores; the Census finds nothing, so that Google is asked for everything."""
    station.configure()
    assert station.job("fms", "sync", "--json") == 0, station.last
    assert station.job("fms", "sync", "--dry-run") == 0, station.last
    assert station.geocoders.requests[GOOGLE] > 0
    station.configure(FMS_DATABASE_URL="", FMS_DATABASE_PATH=str(station.data / "fms.db"))
    assert station.job("fms", "sync") == 0, station.last


def bad_syncs(station: SecretStation) -> None:
    """Everybody refuses, and the report server says what it was asked for."""
    station.configure()
    station.geocoders.fail(CENSUS, "odd headers")
    station.geocoders.fail(GOOGLE, "REQUEST_DENIED")
    station.reports.reports["vehicles"].body = fms_rows.body([["x"] * 14] * 9)
    assert station.job("fms", "sync", "--force", "--json") == 4, station.last
    told = " ".join(station.secrets[name] for name in FMS_KEYS)
    troubles = [(404, "text/plain", told.encode()), (401, "text/html", b""), (200, "text/html", b"<html>Log in</html>")]
    for status, kind, body in troubles:
        for report in station.reports.reports.values():
            report.status, report.kind, report.body = status, kind, body
        assert station.job("fms", "sync", "--json") in {1, 3}, station.last
    assert station.job("config", "check", "fms") == 1, station.last
    for report in station.reports.reports.values():
        report.status, report.moved = 200, station.secrets["FMS_VEHICLES_CSV_URL"]
    assert station.job("fms", "sync") == 1, station.last
    away = {name: f"http://127.0.0.1:{free_port()}/?sign={quote(key, safe='')}" for name, key in FMS_KEYS.items()}
    station.configure(**away)
    assert station.job("fms", "sync") == 1, station.last
    station.configure(**{name: f"planted/Key+of {name}" for name in FMS_KEYS})
    assert station.job("fms", "sync") == 2, station.last
    for url, code in {
        f"postgresql://fms:plantedFmsDb8@127.0.0.1:{free_port()}/fms": 1,
        station.secrets["FMS_DATABASE_URL"].replace(quote(DATABASE_PASSWORD[-1], safe=""), "plantedFmsDb8"): 1,
        "mysql://fms:plantedFmsDb8@127.0.0.1/fms": 2,
    }.items():
        station.configure(FMS_DATABASE_URL=url)
        assert station.job("fms", "sync") == code, station.last


def people_look(station: SecretStation) -> None:
    station.configure()
    for words in (
        ("config", "show"),
        ("config", "check"),
        ("fms", "config"),
        ("fms", "status"),
        ("alert", "test"),
        ("share", "check"),
        ("status", "--verbose"),
        ("runs", "list"),
        ("months", "list"),
    ):
        assert station.job(*words) in {0, 1, 2}, station.last
    for run in {(run.job, run.outcome): run for run in station.runs()}.values():
        assert station.job("runs", "show", run.run_id) == 0, station.last


def written(station: SecretStation) -> dict[str, bytes]:
    """Every file of the station but its env files, and the sales database."""
    files = [path for place in (station.root, station.temporary) for path in place.rglob("*") if path.is_file()]
    found = {str(path): path.read_bytes() for path in files if not path.is_relative_to(station.etc)}
    assert {Path(name).suffix for name in found} >= {".log", ".sqlite3", ".db", ".gz", ".xlsx"}
    return found


def whole(request: object) -> str:
    return repr(request)


def allowed(path: str) -> set[str]:
    """The secrets that a request for ``path`` may carry: its own target's."""
    if path == "/":
        return {"NTFY_TOPIC", "NTFY_TOKEN"}
    return {name for start, name in TARGETS.items() if path.startswith(start)}


TARGETS = {"/hooks": "SLACK_WEBHOOK_URL", "/alerts": "APPRISE_URLS", "/ping": "HEARTBEAT_URL"}


def messages(receiver: Receiver) -> list[tuple[str, str]]:
    """What people read of each alert."""
    posts = [request for request in receiver.requests if request.method == "POST"]
    assert len(posts) >= 10
    return [(r.path, str({name: text for name, text in r.json.items() if name != "topic"})) for r in posts]
