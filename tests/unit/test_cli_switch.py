"""``ctvpipe enable`` and ``ctvpipe disable``, with a ``systemctl`` that keeps the links and records its words."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ctvpipe.cli.app import app
from ctvpipe.jobs import JOBS as EVERY_JOB
from ctvpipe.jobs import of_pipeline
from tests.fakes.systemctl import System, install

JOBS = of_pipeline("commercial_log")
TIMERS = [job.timer for job in JOBS]
CIRCUITS = [job.timer for job in of_pipeline("circuits")]
SYNC = "ctv-fms-sync.timer"
FIRST = TIMERS[0]


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """A system on which the settings are right, seen as root."""
    made = install(tmp_path, [*TIMERS, *CIRCUITS, SYNC])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(tmp_path / "etc"))
    monkeypatch.setenv("CTVPIPE_TIMEZONE", "UTC")
    for name in ("STATE", "LOG", "RUN"):
        monkeypatch.setenv(f"CTVPIPE_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("CTV_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "etc/ctv-daily-update.env").write_text(f"DATABASE_PATH={tmp_path / 'sales.db'}\n")
    return made


def call(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def error(done: Result) -> tuple[str, str]:
    assert done.exception is not None
    return str(done.exception), getattr(done.exception, "advice", "")


def changes(system: System) -> list[list[str]]:
    return [words for words in system.calls() if not words[0].startswith("is-")]


@pytest.mark.parametrize("name", ["commercial_log", "commercial-log"])
def test_every_timer_is_switched_on_now_and_at_boot(system: System, name: str) -> None:
    done = call("enable", name)
    assert done.exit_code == 0, done.output
    assert system.enabled() == system.active() == set(TIMERS)
    for timer in TIMERS:
        assert f"ok       {timer}: switched on, next run 2" in done.stdout
        assert ["enable", "--now", timer] in system.calls()


def test_a_second_time_nothing_is_changed(system: System) -> None:
    call("enable", "commercial_log")
    before = changes(system)
    done = call("enable", "commercial_log")
    assert done.exit_code == 0
    assert changes(system) == before
    assert done.stdout.count("was on already, next run") == len(TIMERS)


def test_what_was_missed_while_it_was_off_is_not_made_up_for(system: System) -> None:
    for timer in TIMERS:
        system.missed_a_night(timer)
    assert call("enable", "commercial_log").exit_code == 0
    assert not system.jobs_started()
    assert not any("start" in words for words in system.calls())


def test_one_that_is_enabled_but_stopped_is_started(system: System) -> None:
    system.switch(FIRST, on=True)
    assert f"{FIRST}: switched on" in call("enable", "commercial_log").stdout
    assert FIRST in system.active()


def test_disabling_leaves_what_runs(system: System) -> None:
    call("enable", "commercial_log")
    system.run(f"{JOBS[0].unit}.service")
    done = call("disable", "commercial_log")
    assert done.exit_code == 0, done.output
    assert system.enabled() == set()
    assert system.active() == {f"{JOBS[0].unit}.service"}
    assert f"ok       {FIRST}: switched off; its run that is going on is left to finish\n" in done.stdout
    assert f"ok       {TIMERS[1]}: switched off\n" in done.stdout
    before = changes(system)
    assert call("disable", "commercial_log").stdout.count("was off already") == len(TIMERS)
    assert changes(system) == before


def test_a_masked_timer_is_somebodys_will(system: System) -> None:
    system.mask(FIRST)
    done = call("enable", "commercial_log")
    assert done.exit_code == 1
    assert f"FAILED   {FIRST}: the timer is masked\n" in done.stdout
    assert f"→ If it shall run again: sudo systemctl unmask {FIRST}" in done.stdout
    assert system.enabled() == set(TIMERS[1:])


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_one_that_fails_does_not_stop_the_others_and_systemd_is_quoted(system: System, verb: str) -> None:
    for timer in TIMERS:
        system.switch(timer, on=verb == "disable")
    system.refuse(verb, FIRST)
    done = call(verb, "commercial_log")
    assert done.exit_code == 1
    assert f"systemctl {verb} --now {FIRST} failed: Failed to {verb} unit: Access denied" in done.stdout
    assert done.stdout.count("ok       ") == len(TIMERS) - 1
    assert len(system.enabled()) == (len(TIMERS) - 1 if verb == "enable" else 1)


def test_a_timer_that_is_not_installed(system: System) -> None:
    (system.root / "usr/lib/systemd/system" / FIRST).unlink()
    done = call("enable", "commercial_log")
    assert done.exit_code == 1
    assert (
        f"{FIRST}: the timer is not installed: Failed to get unit file state for {FIRST}: No such file or directory"
        in done.stdout
    )


def test_wrong_settings_refuse(system: System) -> None:
    (system.root / "etc/ctv-daily-update.env").write_text("BACKUP_KEEP=none\n")
    for words in ([], ["--offline"]):
        done = call("enable", "commercial_log", *words)
        assert error(done)[0] == "nothing was switched on: settings are wrong, see above"
        assert done.exception.exit_code == 2
        assert "FAILED   settings db-backup: " in done.stdout
        assert "BACKUP_KEEP" in done.stdout
    assert changes(system) == []


def test_missing_settings_refuse(system: System) -> None:
    (system.root / "etc/ctv-daily-update.env").unlink()
    done = call("enable", "commercial_log", "--offline")
    assert done.exception.exit_code == 2
    assert "DATABASE_PATH and DATABASE_URL: neither is set" in done.stdout
    assert changes(system) == []


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("what", ["share", "database"])
def test_a_server_that_is_away_refuses_unless_told_otherwise(system: System, what: str) -> None:
    if what == "share":
        settings = f"COMMERCIAL_SHARE='//127.0.0.1:{unused_port()}/K Drive'\nCOMMERCIAL_NETWORK_SECONDS=0\n"
        (system.root / "etc/ctv-commercial-import.env").write_text(settings)
    else:
        url = f"DATABASE_URL=postgresql://u:hunter22secret@127.0.0.1:{unused_port()}/x\n"
        (system.root / "etc/ctv-daily-update.env").write_text(url)
    done = call("enable", "commercial_log")
    message, advice = error(done)
    assert message == "nothing was switched on: something does not work, see above"
    assert advice == "If that is for now only: sudo ctvpipe enable commercial_log --offline"
    assert done.exception.exit_code == 1
    assert f"FAILED   {what}: " in done.stdout
    assert changes(system) == []
    done = call("enable", "commercial_log", "--offline")
    assert done.exit_code == 0, done.output
    assert f"WARNING  {what}: " in done.stdout
    assert system.enabled() == set(TIMERS)
    assert "hunter22secret" not in done.stdout


def test_what_will_not_mend_itself_refuses_offline_too(system: System) -> None:
    settings = f"COMMERCIAL_SHARE={system.root / 'nowhere'}\n"
    (system.root / "etc/ctv-commercial-import.env").write_text(settings)
    done = call("enable", "commercial_log", "--offline")
    assert error(done) == ("nothing was switched on: something does not work, see above", "Repair it first.")
    assert changes(system) == []


def test_what_is_not_configured_is_told_and_does_not_refuse(system: System) -> None:
    done = call("enable", "commercial_log")
    assert done.exit_code == 0
    assert "off      share: no share is configured" in done.stdout
    assert "ok       settings" not in done.stdout


def test_the_timers_of_another_pipeline_are_left_alone(system: System) -> None:
    call("enable", "commercial_log")
    (system.root / "etc/ctv-circuits.env").write_text(
        f"CIRCUITS_DATABASE_PATH={system.root / 'circuits.db'}\nTRACKING_DATA_DIR={system.root}\n"
    )
    done = call("enable", "circuits")
    assert done.exit_code == 0, done.output
    assert "off      device API: no key of the device API is configured (MERAKI_API_KEY)" in done.stdout
    assert system.enabled() == {*TIMERS, *CIRCUITS}
    assert call("disable", "commercial_log").exit_code == 0
    assert system.enabled() == set(CIRCUITS)


@pytest.mark.parametrize(
    ("settings", "code", "told"),
    [
        ("", 2, "CIRCUITS_DATABASE_PATH and CIRCUITS_DATABASE_URL: neither is set, exactly one must be"),
        (
            "CIRCUITS_DATABASE_PATH={0}/c.db\nTRACKING_DATA_DIR={0}/no",
            1,
            "tracking files: the directory {0}/no does not",
        ),
    ],
)
def test_a_pipeline_whose_settings_are_wrong_stays_off(system: System, settings: str, code: int, told: str) -> None:
    (system.root / "etc/ctv-circuits.env").write_text(settings.format(system.root))
    done = call("enable", "circuits")
    assert done.exception.exit_code == code
    assert f"FAILED   {told.format(system.root)}" in done.stdout.replace("settings circuits-import: ", "")
    assert changes(system) == []


def sync_at(system: System, settings: str) -> Result:
    """Switch FMS on with these settings."""
    where = f"FMS_DATABASE_PATH={system.root / 'fms.db'}\nFMS_BODIES_DIR={system.root / 'fms'}\n"
    (system.root / "etc/ctv-fms.env").write_text(where + settings)
    return call("enable", "fms")


def schedule(system: System) -> list[str]:
    """The times in the timer's drop-in."""
    path = system.root / f"etc/systemd/system/{SYNC}.d/schedule.conf"
    return [line for line in path.read_text().splitlines() if line.startswith("On")] if path.exists() else []


def test_a_timer_gets_the_time_that_the_settings_name(system: System) -> None:
    done = sync_at(system, "SYNC_HOUR=3\nSYNC_MINUTE=30\n")
    assert done.exit_code == 0, done.output
    assert f"ok       {SYNC}: switched on, daily 03:30 from now on, next run 2" in done.stdout
    assert "03:30" in done.stdout.rpartition("next run")[2]
    assert schedule(system) == ["OnCalendar=", "OnCalendar=*-*-* 03:30:00"]
    assert changes(system)[0] == ["daemon-reload"], "before the timer is started"
    assert SYNC in system.active()


def test_a_second_time_neither_time_nor_timer_is_touched(system: System) -> None:
    sync_at(system, "SYNC_HOUR=3\n")
    before = changes(system)
    done = sync_at(system, "SYNC_HOUR=3\n")
    assert f"{SYNC}: was on already, next run" in done.stdout
    assert changes(system) == before


def test_another_time_for_a_timer_at_work_starts_no_job(system: System) -> None:
    """What lies between the last start and now would be taken for missed."""
    sync_at(system, "")
    system.missed_a_night(SYNC)
    done = sync_at(system, "SYNC_HOUR=5\n")
    assert f"{SYNC}: switched on, daily 05:00 from now on" in done.stdout
    assert not system.jobs_started()
    assert (SYNC in system.active(), SYNC in system.enabled()) == (True, True)


def test_the_shipped_time_takes_the_drop_in_away(system: System) -> None:
    sync_at(system, "")
    assert schedule(system) == []
    assert ["daemon-reload"] not in system.calls()
    sync_at(system, "SYNC_HOUR=5\n")
    done = sync_at(system, "SYNC_HOUR=2\nSYNC_MINUTE=0\n")
    assert f"{SYNC}: switched on, daily 02:00 from now on" in done.stdout
    assert schedule(system) == []
    assert system.calls().count(["daemon-reload"]) == 2


def test_a_time_that_cannot_be_written_leaves_the_timer_on(system: System) -> None:
    sync_at(system, "")
    (system.root / f"etc/systemd/system/{SYNC}.d").touch()
    done = sync_at(system, "SYNC_HOUR=5\n")
    assert done.exit_code == 1
    assert f"FAILED   {SYNC}: cannot write " in done.stdout
    assert (SYNC in system.active(), SYNC in system.enabled()) == (True, True)


def test_a_masked_timer_gets_no_time(system: System) -> None:
    system.mask(SYNC)
    done = sync_at(system, "SYNC_HOUR=5\n")
    assert f"FAILED   {SYNC}: the timer is masked" in done.stdout
    assert schedule(system) == []


def test_systemd_that_does_not_read_it_is_quoted(system: System) -> None:
    system.refuse("daemon-reload", "daemon-reload")
    done = sync_at(system, "SYNC_HOUR=5\n")
    assert done.exit_code == 1
    assert "systemctl daemon-reload failed: Failed to daemon-reload unit: Access denied" in done.stdout


@pytest.mark.parametrize("settings", ["SYNC_HOUR=24\n", "SYNC_MINUTE=60\n", "SYNC_HOUR=two\n"])
def test_a_time_that_is_none_switches_nothing(system: System, settings: str) -> None:
    done = sync_at(system, settings)
    assert done.exception.exit_code == 2
    assert settings.partition("=")[0] in done.stdout
    assert changes(system) == []


def test_the_check_says_when_timer_and_settings_disagree(system: System) -> None:
    text = f"{SYNC}: it runs daily 02:00, but its settings say daily 03:30"
    sync_at(system, "")
    assert text not in call("config", "check", "fms").stdout
    with (system.root / "etc/ctv-fms.env").open("a") as settings:
        settings.write("SYNC_HOUR=3\nSYNC_MINUTE=30 # after the exports\n")
    done = call("config", "check", "fms")
    assert done.exit_code == 0
    assert f"WARNING  {text}\n         → sudo ctvpipe enable fms\n" in done.stdout
    assert text not in call("enable", "fms").stdout, "it does what the warning would advise"
    assert text not in call("config", "check", "fms").stdout
    call("disable", "fms")
    (system.root / "etc/ctv-fms.env").write_text("SYNC_HOUR=5\n")
    assert "its settings say" not in call("config", "check", "fms").stdout, "off, it will get the time when it is on"


def test_jobs_shows_the_time_in_force(system: System) -> None:
    sync_at(system, "SYNC_HOUR=3\nSYNC_MINUTE=30\n")
    [line] = [line for line in call("jobs").stdout.splitlines() if line.startswith("fms-sync")]
    assert "daily 03:30" in line
    [job] = [job for job in json.loads(call("jobs", "--json").stdout)["jobs"] if job["name"] == "fms-sync"]
    assert job["schedule"] == "*-*-* 03:30:00"
    assert job["next_run"][11:16] == "03:30"


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_anybody_else_is_told_to_use_sudo(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any], verb: str
) -> None:
    def tried() -> tuple[str, str]:
        return error(call(verb, "commercial-log"))

    assert as_another_user(tried) == (f"only root can switch timers: sudo ctvpipe {verb} commercial_log", "")


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_without_systemd(system: System, verb: str) -> None:
    shutil.rmtree(system.root / "run/systemd")
    assert error(call(verb, "commercial_log"))[0] == "systemd does not run here, so there are no timers to switch"
    assert system.calls() == []


def test_an_unknown_pipeline(system: System) -> None:
    done = call("enable", "nightly")
    names = "commercial_log, circuits, fms, directory, bdc"
    assert error(done) == ("there is no pipeline called 'nightly'", f"The pipelines are: {names}.")
    assert done.exception.exit_code == 2


def test_the_jobs_of_a_pipeline() -> None:
    for pipeline in ("commercial_log", "circuits", "fms", "directory", "bdc"):
        assert of_pipeline(pipeline.replace("_", "-")) == tuple(job for job in EVERY_JOB if job.pipeline == pipeline)
