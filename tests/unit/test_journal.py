"""The last lines of a service: asked for within bounds, cut to what fits into an alert."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctvpipe.core import journal
from ctvpipe.core.errors import TransientError


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command's place, first on the path; nothing there yet."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "journalctl"


def written(command: Path, script: str) -> None:
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


def test_exactly_the_start_is_asked_for_and_no_secret_is_handed_on(
    journalctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NTFY_TOPIC", "planted")
    written(journalctl, 'echo "$@ ${NTFY_TOPIC-none}"')
    assert journal.last_lines("abc") == ("_SYSTEMD_INVOCATION_ID=abc --output=cat --lines=10 --no-pager --quiet none\n")


def test_no_journal_is_said(journalctl: Path) -> None:
    with pytest.raises(TransientError, match="cannot read the journal: No such file"):
        journal.last_lines("abc")
    written(journalctl, "exit 3")
    with pytest.raises(TransientError, match="exit code 3"):
        journal.last_lines("abc")


def test_a_journal_that_does_not_answer_is_given_up(journalctl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_SECONDS", 0.2)
    written(journalctl, "while :; do :; done")
    with pytest.raises(TransientError, match=r"no answer within 0\.2 s"):
        journal.last_lines("abc")


def test_ten_short_lines_fit() -> None:
    text = "\n".join(["first", *(f"line {number}" for number in range(8)), "", "a\x1b[31mred\ttab" + "x" * 300])
    fitting = journal.fit(text)
    assert fitting[0] == "line 0"
    assert fitting[-1].startswith("a [31mred tabx")
    assert len(fitting[-1]) == 201
    assert len(fitting) == 9
    assert journal.fit("") == ()
