"""A job's log files: the shape operators grep, the zone they live in, and never a reason to stop."""

from __future__ import annotations

import logging
import re
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ctvpipe.core import logs
from ctvpipe.core.secrets import Scrubber

SHAPE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - (DEBUG|INFO|WARNING|ERROR) - .+")


@pytest.fixture
def scrubber() -> Scrubber:
    made = Scrubber()
    made.learn(["hushhush"])
    return made


def own_handlers(log: logging.Logger) -> list[logging.Handler]:
    """Without those of the test runner."""
    return [handler for handler in log.handlers if type(handler).__module__ == logs.__name__]


def test_lines_have_the_known_shape(tmp_path: Path, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]) -> None:
    path, outcomes = tmp_path / "a" / "job.log", tmp_path / "b" / "wrapper.log"
    also = tmp_path / "c" / "also.log"
    with logs.job_log("job", log=path, outcome_log=outcomes, tz=UTC, scrubber=scrubber, also=also) as log:
        log.debug("not shown")
        log.info("topic %s", "hushhush")
        log.info("SUCCESS: done", extra={logs.OUTCOME: True})
    lines = path.read_text().splitlines()
    assert all(SHAPE.fullmatch(line) for line in lines)
    assert [line.partition(" - ")[2] for line in lines] == ["INFO - topic ***", "INFO - SUCCESS: done"]
    assert capsys.readouterr().err == path.read_text() == also.read_text()
    assert outcomes.read_text().splitlines() == lines[1:]
    assert path.stat().st_mode & 0o777 == 0o640


def test_traceback_in_the_file_only_and_scrubbed(
    tmp_path: Path, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    path, outcomes = tmp_path / "job.log", tmp_path / "wrapper.log"
    with logs.job_log("job", log=path, outcome_log=outcomes, tz=UTC, scrubber=scrubber) as log:
        try:
            raise ValueError("with hushhush inside")  # noqa: TRY301
        except ValueError:
            log.exception("ERROR: broken", extra={logs.OUTCOME: True})
    text = path.read_text()
    assert "Traceback" in text
    assert "ValueError: with *** inside" in text
    assert "Traceback" not in capsys.readouterr().err
    assert len(outcomes.read_text().splitlines()) == 1


def test_verbose_shows_more_on_the_console(
    tmp_path: Path, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs.job_log("job", log=tmp_path / "a", outcome_log=None, tz=UTC, scrubber=scrubber, verbose=True) as log:
        log.debug("details")
        log.error("broken", exc_info=ValueError("hushhush"))
    shown = capsys.readouterr().err
    assert "DEBUG - details" in shown
    assert "ValueError: ***" in shown


@pytest.mark.parametrize(
    ("zone", "text"), [("America/Los_Angeles", "2026-01-05 01:30:00"), ("UTC", "2026-01-05 09:30:00")]
)
def test_times_are_the_stations(tmp_path: Path, scrubber: Scrubber, zone: str, text: str) -> None:
    path = tmp_path / "job.log"
    with logs.job_log("job", log=path, outcome_log=None, tz=ZoneInfo(zone), scrubber=scrubber) as log:
        record = log.makeRecord(log.name, logging.INFO, "x", 1, "hello", (), None)
        record.created = 1767605400.0
        log.handle(record)
    assert path.read_text() == f"{text} - INFO - hello\n"


def test_an_unwritable_log_is_said_once_and_stops_nothing(
    tmp_path: Path, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dir").write_text("a file")
    path = tmp_path / "dir" / "job.log"
    with logs.job_log("job", log=path, outcome_log=None, tz=UTC, scrubber=scrubber) as log:
        log.info("one")
        log.info("two")
    shown = capsys.readouterr().err
    assert shown.count(f"WARNING: cannot write the log {path}: ") == 1
    assert "INFO - one" in shown
    assert "INFO - two" in shown


def test_a_full_disk_is_said_once_and_stops_nothing(scrubber: Scrubber, capsys: pytest.CaptureFixture[str]) -> None:
    with logs.job_log("job", log=Path("/dev/full"), outcome_log=None, tz=UTC, scrubber=scrubber) as log:
        log.info("one")
        log.info("two")
    shown = capsys.readouterr().err
    assert shown.count("WARNING: cannot write the log /dev/full: No space left on device") == 1
    assert "INFO - two" in shown


def test_a_line_that_cannot_be_formatted_shows_nothing_of_itself(
    tmp_path: Path, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs.job_log("job", log=tmp_path / "a", outcome_log=None, tz=UTC, scrubber=scrubber) as log:
        record = log.makeRecord(log.name, logging.INFO, __file__, 1, "%d rows", ("hushhush",), None)
        for handler in own_handlers(log):
            handler.handle(record)
        log.info("goes on")
    shown = capsys.readouterr().err
    assert "hushhush" not in shown
    assert "test_logs" in shown
    assert "goes on" in shown
    assert "goes on" in (tmp_path / "a").read_text()


def test_warnings_of_libraries_are_scrubbed_and_kept(
    tmp_path: Path, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    path, outcomes = tmp_path / "a", tmp_path / "b"
    with logs.job_log("job", log=path, outcome_log=outcomes, tz=UTC, scrubber=scrubber):
        logging.getLogger("urllib3.connectionpool").warning("Retrying /%s", "hushhush")
    assert path.read_text().endswith(" - WARNING - Retrying /***\n")
    assert capsys.readouterr().err == path.read_text()
    assert not outcomes.exists()


def test_nothing_is_left_behind_for_the_next_run(tmp_path: Path, scrubber: Scrubber) -> None:
    for number in range(2):
        with logs.job_log("job", log=tmp_path / str(number), outcome_log=None, tz=UTC, scrubber=scrubber) as log:
            log.info("run %d", number)
    assert (tmp_path / "0").read_text().count("\n") == 1
    assert own_handlers(logging.getLogger()) == []
    assert own_handlers(logging.getLogger("ctvpipe.job")) == []


def test_a_dry_run_logs_to_the_console_only(
    tmp_path: Path, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs.job_log("job", log=None, outcome_log=None, tz=UTC, scrubber=scrubber) as log:
        log.info("planned")
    assert "planned" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
