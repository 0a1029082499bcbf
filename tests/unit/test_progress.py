"""Progress: a line at each quarter, a bar on a terminal only."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core import progress


class Kept(logging.Handler):
    """Keeps the messages."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def watched() -> tuple[logging.Logger, Kept]:
    log, kept = logging.Logger("sample"), Kept()  # noqa: LOG001  (known to nobody else)
    log.addHandler(kept)
    return log, kept


def lines(steps: list[int], total: int) -> list[str]:
    log, kept = watched()
    with progress.shown("rows", total, log, bar=False) as step:
        for done in steps:
            step(done)
    return kept.lines


def test_each_quarter_once() -> None:
    assert lines(list(range(201)), 200) == [
        "rows: 25% (50 of 200)",
        "rows: 50% (100 of 200)",
        "rows: 75% (150 of 200)",
        "rows: 100% (200 of 200)",
    ]


def test_a_leap_says_the_last_quarter_only() -> None:
    assert lines([10, 80, 100], 100) == ["rows: 75% (80 of 100)", "rows: 100% (100 of 100)"]


def test_nothing_to_do_is_all_done() -> None:
    assert lines([0], 0) == ["rows: 100% (0 of 0)"]


@given(st.lists(st.integers(0, 1000)), st.integers(1, 900))
def test_never_more_than_four_lines_and_never_backwards(steps: list[int], total: int) -> None:
    said = [int(line.split()[1].rstrip("%")) for line in lines(sorted(steps), total)]
    assert said == sorted(set(said))
    assert set(said) <= {25, 50, 75, 100}
    assert (100 in said) == any(done >= total for done in steps)


def test_a_bar_draws_on_standard_error_and_logs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log, kept = watched()
    with progress.shown("rows", 4, log, bar=True) as step:
        step(4)
    assert kept.lines == []
    assert capsys.readouterr().out == ""


def test_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    log, kept = watched()
    with progress.shown("rows", 1, log) as step:
        step(1)
    assert kept.lines == ["rows: 100% (1 of 1)"]
    assert capsys.readouterr().err == ""
