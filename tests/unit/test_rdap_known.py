"""The file of providers that people know (facts 2.6)."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.circuits import rdap_known

TEXT = """
# who, when
203.0.113.0/24   Example  Fiber # Ann, 2026-01-05
203.0.113.7      Example Cable

100.64.0.9 Acme Cell
2001:db8::/32 Acme Six
"""


@pytest.mark.parametrize(("address", "name"), [
    ("203.0.113.8", "Example Fiber"),
    ("203.0.113.7", "Example Cable"),
    ("100.64.0.9", "Acme Cell"),
    ("100.64.0.8", None),
    ("2001:db8::1", "Acme Six"),
])  # fmt: skip
def test_the_narrower_line_counts(tmp_path: Path, address: str, name: str | None) -> None:
    path = tmp_path / "known"
    path.write_text(TEXT)
    assert rdap_known.read(path, variable="X").find(ip_address(address)) == name


def test_no_file_is_configured() -> None:
    assert rdap_known.read(None, variable="X").find(ip_address("203.0.113.7")) is None


@pytest.mark.parametrize("line", ["203.0.113.7", "203.0.113.7/24 Example", "somewhere Example", "203.0.113.300 X"])
def test_a_wrong_line_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "known"
    path.write_text(f"203.0.113.7 Example\n{line}\n")
    with pytest.raises(ConfigurationError, match="X: line 2 of ") as caught:
        rdap_known.read(path, variable="X")
    assert line not in str(caught.value)


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        rdap_known.read(tmp_path / "absent", variable="X")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        rdap_known.read(tmp_path / "bytes", variable="X")
