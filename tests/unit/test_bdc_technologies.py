"""Which technology a service is: by the operator's file, else by Sonar's code, else nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctvpipe.core.errors import ConfigurationError, PermanentError
from ctvpipe.pipelines.bdc.technologies import Subject, Technologies

FILE = """
[service]
31 = 71
"Home 25" = 72
[model]
"Demo CPE 5G" = 70
"Demo Fibre Box" = 50
[group]
Wireless = 71
[code]
60 = 61
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "technologies.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.parametrize(("code", "technology"), [(0, 0), (10, 10), (20, 10), (30, 10), (40, 40), (50, 50), (90, 0)])
def test_what_follows_from_sonars_code(code: int, technology: int) -> None:
    assert Technologies().technology(Subject(1, "x", code)) == technology


@pytest.mark.parametrize("code", [60, 70, 7])
def test_what_does_not_follow_from_it(code: int) -> None:
    said = Technologies().technology(Subject(31, "Home 100", code))
    assert said == f"service 31 has technology {code}, which is not mapped"


def test_a_service_without_a_code() -> None:
    assert Technologies().technology(Subject(31, "Home 100", None)) == "service 31 has no technology"


@pytest.mark.parametrize(
    ("subject", "technology"),
    [
        (Subject(31, "Home 100", 70, ["Demo CPE 5G"], ["Wireless"]), 71),
        (Subject(32, " home 25", 70, ["Demo CPE 5G"]), 72),
        (Subject(33, "Home 50", 70, ["Demo CPE 5G", "Demo Router"], ["Wireless"]), 70),
        (Subject(33, "Home 50", 70, ["Demo Router"], ["Residents", "WIRELESS"]), 71),
        (Subject(33, "Home 50", 60), 61),
        (Subject(33, "Home 50", 60, [], ["Wireless"]), 71),
        (Subject(33, "Fibre to a customer with a radio", 50, ["Demo CPE 5G"], ["Wireless"]), 50),
        (Subject(33, "Home 50", None, ["Demo CPE 5G"]), 70),
    ],
)
def test_a_service_decides_then_a_plain_code_then_models_groups_and_the_file_of_other_codes(
    file: Path, subject: Subject, technology: int
) -> None:
    assert Technologies.read(file).technology(subject) == technology


def test_two_models_that_do_not_agree(file: Path) -> None:
    said = Technologies.read(file).technology(Subject(33, "x", 70, ["Demo CPE 5G", "Demo Fibre Box"]))
    assert said == "its customer's models say 50 and 70"


def test_voice_has_a_section_of_its_own() -> None:
    known = Technologies.of({"voice": {"41": 0, "*": 1}}, "x")
    assert known.voice(Subject(41, "Line", None)) == 0
    assert known.voice(Subject(42, "Phone", None)) == 1
    assert Technologies().voice(Subject(42, "Phone", None)) == "voice service 42 is not mapped"


def test_everything_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[service]\nA = 20\nB = "70"\nC = true\n[radio]\nD = 70\n[voice]\nE = 70\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Technologies.read(path)
    for wrong in ("[service] A: 20", "[service] B: 70", "[service] C: True", "[radio] means nothing", "[voice] E: 70"):
        assert wrong in str(caught.value)


def test_no_file_and_no_such_file(tmp_path: Path) -> None:
    assert Technologies.read(None) == Technologies()
    with pytest.raises(PermanentError, match="No such file"):
        Technologies.read(tmp_path / "absent.toml")


def test_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"service,technology\n\xff")
    with pytest.raises(ConfigurationError, match="not a TOML file"):
        Technologies.read(path)
