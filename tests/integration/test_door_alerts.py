"""What leaves the appliance about a run, from real processes to a real receiver: alerts, heartbeats, no secrets."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from ctvpipe.core import clock
from tests.fakes.http_receiver import Receiver
from tests.integration.door_bench import SERVICE, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def titles(receiver: Receiver) -> list[str]:
    """The alerts that arrived, without the host."""
    return [request.json["title"].partition("] ")[2] for request in receiver.on("/alerts")]


def next_day(bench: Bench) -> None:
    """Let a day pass, as far as the alerts can tell."""
    bench.sql(
        "UPDATE alert_states SET bad_since = ?, sent_at = ?",
        *[clock.to_text(clock.now() - timedelta(days=1))] * 2,
    )


def test_fourteen_bad_nights_and_a_good_one(bench: Bench, receiver: Receiver) -> None:
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts")
    for _ in range(14):
        assert bench.service("refuse")[0] == 3
        next_day(bench)
    for _ in range(2):
        assert bench.service("ok")[0] == 0
    assert titles(receiver) == ["sample refused", *["sample still refused"] * 13, "sample works again"]
    assert [kind for kind, _, _ in bench.alerts()] == ["alert", *["reminder"] * 13, "recovery"]
    assert "14 runs." in receiver.requests[-1].json["message"]


def test_an_alert_that_reached_nobody_is_sent_again_and_then_not_twice(bench: Bench, receiver: Receiver) -> None:
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts")
    receiver.behaviours = {"/alerts": 500}
    _, printed = bench.service("fail")
    assert "WARNING - could not reach json: " in printed
    receiver.behaviours = {}
    bench.service("fail")
    bench.service("boom")
    assert titles(receiver) == ["sample failed"] * 2
    assert [(kind, delivered) for kind, delivered, _ in bench.alerts()] == [("alert", 0), ("alert", 1)]


def test_without_a_target_the_state_is_kept_and_said(bench: Bench) -> None:
    bench.service("fail")
    bench.service("fail")
    assert bench.alerts() == [("alert", 0, "no alert target is configured")]


def test_a_target_that_hangs_changes_nothing_else(bench: Bench, receiver: Receiver) -> None:
    receiver.behaviours = {"/hooks": "drip", "/ping": "drip"}
    bench.configure(
        NTFY_SERVER=receiver.url,
        NTFY_TOPIC="station",
        SLACK_WEBHOOK_URL=f"{receiver.url}/hooks/abc123",
        HEARTBEAT_URL=f"{receiver.url}/ping/abc123",
        CTVPIPE_ALERT_SECONDS=6,
    )
    assert bench.service("refuse")[0] == 3
    assert (bench.last().outcome, bench.last().exit_code) == ("refused", 3)
    assert [request.json["title"].partition("] ")[2] for request in receiver.requests if request.path == "/"] == [
        "sample refused"
    ]
    ((kind, delivered, error),) = bench.alerts()
    assert (kind, delivered) == ("alert", 1)
    assert error.startswith("slack: no answer within ")
    assert "could not reach heartbeat" in bench.log()
    assert receiver.wait_for("/ping", 2)[-1].path == "/ping/abc123/3"


@pytest.mark.parametrize(
    ("body", "ending"),
    [("ok", ""), ("skip", ""), ("fail", "/1"), ("refuse", "/3"), ("partial", "/4"), ("later", None)],
)
def test_heartbeats(bench: Bench, receiver: Receiver, body: str, ending: str | None) -> None:
    bench.configure(HEARTBEAT_URL=f"{receiver.url}/ping/{{job}}")
    _, printed = bench.service(body)
    expected = ["/ping/sample/start", *([] if ending is None else [f"/ping/sample{ending}"])]
    assert [request.path for request in receiver.requests] == expected
    assert {request.method for request in receiver.requests} == {"GET"}
    assert "could not reach" not in printed


def test_a_run_of_a_part_is_nobodys_news_and_takes_no_nights_place(bench: Bench, receiver: Receiver) -> None:
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts", HEARTBEAT_URL=f"{receiver.url}/ping/{{job}}")
    bench.service("fail")
    bench.service("later")
    told = [request.path for request in receiver.requests]
    for body in ("ok", "fail", "later"):
        for started in (SERVICE, {}):
            bench.run(body, environ={**started, "SAMPLE_ONLY": "one site"})
    assert [request.path for request in receiver.requests] == told
    assert {(record.only, record.outcome) for record in bench.runs()[:6]} == {
        ("one site", outcome) for outcome in ("success", "failed", "not_now")
    }
    assert ", manual, only one site)" in bench.log()
    assert (bench.run_dir / "ctv-sample.again").exists(), "the night that was put off is still to come"
    bench.service("ok")
    assert titles(receiver) == ["sample failed", "sample works again"]
    (bench.run_dir / "ctv-sample.again").unlink(missing_ok=True)
    bench.run("later", environ={**SERVICE, "SAMPLE_ONLY": "one site"})
    assert not (bench.run_dir / "ctv-sample.again").exists()


def test_no_ledger_is_alerted_when_nobody_is_looking(bench: Bench, receiver: Receiver) -> None:
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts", HEARTBEAT_URL=f"{receiver.url}/ping/abc123")
    bench.state.write_text("a file where the directory should be")
    code, printed = bench.run("ok")
    assert code == 1
    assert "ERROR: sample failed: the ledger" in printed
    assert titles(receiver) == []
    assert bench.service("ok")[0] == 1
    assert titles(receiver) == ["sample failed"]
    assert [request.path for request in receiver.on("/ping")] == ["/ping/abc123/1"] * 2
    assert "ERROR: sample failed: the ledger" in bench.log("wrapper.log")


def test_no_lock_file_is_recorded_and_alerted_once(bench: Bench, receiver: Receiver) -> None:
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts")
    bench.run_dir.write_text("a file where the directory should be")
    assert [bench.service("ok")[0] for _ in range(2)] == [1, 1]
    assert [record.outcome for record in bench.runs()] == ["failed", "failed"]
    assert "cannot open the lock file" in bench.last().message
    assert titles(receiver) == ["sample failed"]


def test_an_outcome_that_cannot_be_recorded_is_a_failure_and_alerted(bench: Bench, receiver: Receiver) -> None:
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts")
    bench.run("ok")
    bench.sql(
        "CREATE TRIGGER full BEFORE UPDATE ON runs WHEN NEW.outcome != 'failed' BEGIN SELECT raise(ABORT, 'disk full'); END"
    )
    assert bench.service("ok")[0] == 1
    assert bench.service("refuse")[0] == 3
    assert "ERROR: sample failed: the outcome could not be recorded: the ledger" in bench.log("wrapper.log")
    assert titles(receiver) == ["sample failed"] * 2


SECRETS = {
    "SAMPLE_PASSWORD": "p@ss w0rd/'ü\"&",
    "NTFY_TOPIC": "planted-topic-x1",
    "NTFY_TOKEN": "tk_planted0token1",
    "SLACK_WEBHOOK_URL": "{url}/hooks/T00PLANT/plantedSlack99",
    "APPRISE_URLS": "json://someone:plantedpass@{address}/alerts/plantedapprise",
    "HEARTBEAT_URL": "{url}/ping/planted-heart-beat-0001",
    "DATABASE_URL": "postgresql://sample:planted%40db@db.example/sales",
}
TELLING = ["p@ss w0rd/'ü\"&", "planted-topic-x1", "tk_planted0token1", "T00PLANT", "plantedSlack99", "plantedpass"]
TELLING += ["plantedapprise", "planted-heart-beat-0001", "planted@db"]


def traces(text: str) -> list[str]:
    """The secrets that can be found in ``text``, in any of their forms."""
    forms = {(s, form) for s in TELLING for form in (s, quote(s, safe=""), quote_plus(s), repr(s)[1:-1])}
    forms |= {(s, repr(s.encode())[2:-1]) for s in TELLING}
    return sorted({secret for secret, form in forms if form in text})


def processes_seen(process: subprocess.Popen[str]) -> tuple[set[str], str]:
    """Watch a process and its descendants until it ends: their command lines, and these with the environments."""
    commands: set[str] = set()
    texts: set[str] = set()
    while process.poll() is None:
        pids = [process.pid]
        for pid in pids:
            try:
                pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
                command = Path(f"/proc/{pid}/cmdline").read_text()
                texts |= {command, Path(f"/proc/{pid}/environ").read_text()}
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended while we looked
            commands.add(command)
    return commands, "\n".join(texts)


@pytest.mark.parametrize(("body", "answer"), [("leak", 403), ("leak_unforeseen", 200)])
def test_planted_secrets_appear_nowhere(bench: Bench, receiver: Receiver, body: str, answer: int) -> None:
    receiver.behaviours = {"/": answer}
    values = {name: value.format(url=receiver.url, address=receiver.address) for name, value in SECRETS.items()}
    database, password = values.pop("DATABASE_URL"), values.pop("SAMPLE_PASSWORD")
    bench.configure(NTFY_SERVER=receiver.url, **values)
    (bench.base / "password").write_text(f"{password}\n")
    (bench.etc / "ctv-sample.env").write_text(f"DATABASE_URL={database}\nSAMPLE_PASSWORD_FILE={bench.base}/password\n")
    process = bench.start(body, "planted@db plantedpass plantedapprise", environ=SERVICE)
    commands, of_processes = processes_seen(process)
    printed, _ = process.communicate(timeout=40)
    commands.discard("")
    assert len(commands) >= 2
    assert process.returncode == (3 if body == "leak" else 1)

    own_argument = "planted@db plantedpass plantedapprise"
    places = {
        "console": printed,
        "logs": bench.log() + bench.log("wrapper.log"),
        "ledger": "".join(path.read_bytes().decode(errors="replace") for path in bench.state.iterdir()),
        "processes": of_processes.replace(own_argument, ""),
        "alerts": str(
            [request.json for request in receiver.requests if request.path.startswith(("/alerts", "/hooks"))]
        ),
        "ntfy": str([(r.json["title"], r.json["message"]) for r in receiver.requests if request_is_ntfy(r.path)]),
    }
    assert {place: traces(text) for place, text in places.items() if traces(text)} == {}
    assert all(place == "processes" or "sample" in text for place, text in places.items())
    assert len([r for r in receiver.requests if r.method == "POST"]) == 3
    assert "***" in places["logs"]


def request_is_ntfy(path: str) -> bool:
    """ntfy's messages go to the root."""
    return path == "/"
