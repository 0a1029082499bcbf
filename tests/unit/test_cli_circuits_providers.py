"""``ctvpipe circuits providers explain``: every step of what a name means."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ctvpipe.cli.app import app

RUNNER = CliRunner()


def explained(*arguments: str) -> str:
    result = RUNNER.invoke(app, ["circuits", "providers", "explain", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_name_that_is_near_enough() -> None:
    assert explained("DSR Comcst Cable SN 5").splitlines() == [
        "STEP      GIVES",
        "as it is  DSR Comcst Cable SN 5",
        "cut       DSR Comcst Cable",
        "stripped  Comcst Cable",
        "nearest   Comcast",
        "",
        "NEAREST KNOWN          MEANS                  ALIKE",
        "comcast                Comcast                 92.3",
        "yelcot communications  Yelcot Communications   50.0",
        "livcom                 Livcom                  50.0",
        "The nearest counts when it is 85 of 100 alike.",
        "",
        "Provider: Comcast",
        "Compared as: comcast",
    ]


@pytest.mark.parametrize(("name", "step", "provider"), [
    ("Spectrum", "alias", "Charter Communications"),
    ("Starlink Roam", "family", "Starlink"),
    ("NSA ", "empty", None),
    ("Newport Internet", "unknown", "Newport Internet"),
    ("IMEI 1", "cut", None),
])  # fmt: skip
def test_the_step_that_decides(name: str, step: str, provider: str | None) -> None:
    found = json.loads(explained(name, "--json"))
    assert (found["steps"][-1]["step"], found["provider"]) == (step, provider)
    assert found["label"] == name
    assert bool(found["nearest"]) == (step == "unknown")


def test_the_brokers_own_spelling() -> None:
    assert json.loads(explained("Verizon Fios", "--json", "--from-broker"))["provider"] == "Verizon"
    assert json.loads(explained("Verizon Fios", "--json"))["provider"] == "VZW Cell"


def test_what_could_steer_the_terminal_is_not_printed() -> None:
    assert "\x1b" not in explained("Acme\x1b[2J")
