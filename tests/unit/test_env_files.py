"""The shipped env files say what the settings classes declare, and nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from ctvpipe import envfiles
from ctvpipe.core import envdoc, envfile
from ctvpipe.core.environment import SHARED_ENV_FILE
from ctvpipe.core.settings import Environment, Settings
from ctvpipe.jobs import JOBS

ETC = Path(__file__).resolve().parents[2] / "etc"
CLASSES = envfiles.classes_by_file()
EVERY_FILE = pytest.mark.parametrize("name", CLASSES)
SET = {
    SHARED_ENV_FILE: {},
    "ctv-commercial-import.env": {},
    "ctv-daily-update.env": {"DATABASE_PATH": "/opt/apps/ctv-bookedbiz-db/data/database/production.db"},
    "ctv-circuits.env": {"CIRCUITS_DATABASE_PATH": "/opt/apps/ctv-circuits-db/data/circuits.db"},
    "ctv-bdc.env": {"BDC_DATABASE_PATH": "/opt/apps/ctv-bdc-db/data/bdc.db"},
    "ctv-fms.env": {"FMS_DATABASE_PATH": "/opt/apps/ctv-fms-db/data/fms.db"},
    "ctv-directory.env": {"DIRECTORY_DATABASE_PATH": "/opt/apps/ctv-directory-db/data/directory.db"},
}


def shipped(name: str) -> str:
    return (ETC / name).read_text(encoding="utf-8")


def shown(text: str) -> dict[str, str]:
    """The assignments that are commented out."""
    return envfile.parse("\n".join(re.findall(r"^#([A-Z][A-Z_]*=.*)$", text, re.MULTILINE)))


def test_there_is_a_file_for_every_job_and_no_other() -> None:
    assert {path.name for path in ETC.glob("*.env")} == {SHARED_ENV_FILE, *(job.env_file for job in JOBS)}


@EVERY_FILE
def test_the_shipped_file_is_what_the_settings_say(name: str) -> None:
    same = shipped(name) == envfiles.texts()[name]
    assert same, f"etc/{name} is not what the settings classes say; run: python -m ctvpipe.envfiles etc"


def test_the_command_writes_them(tmp_path: Path) -> None:
    envfiles.main(tmp_path)
    for name in CLASSES:
        assert (tmp_path / name).read_bytes() == (ETC / name).read_bytes()


@EVERY_FILE
def test_what_is_set_is_what_must_be(name: str) -> None:
    assert envfile.parse(shipped(name)) == SET[name]


@EVERY_FILE
def test_every_variable_is_documented_once(name: str) -> None:
    documented = re.findall(r"^#?([A-Z][A-Z_]*)=", shipped(name), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) >= {variable for cls in CLASSES[name] for variable in cls.variables()}


@EVERY_FILE
def test_the_defaults_shown_are_the_defaults(name: str) -> None:
    values = {key: value for key, value in shown(shipped(name)).items() if key != "COMMERCIAL_SHARE"}
    for cls in CLASSES[name]:
        assert Environment(values).load(cls) == cls()


@EVERY_FILE
def test_secrets_are_empty(name: str) -> None:
    assignments = shown(shipped(name)) | envfile.parse(shipped(name))
    for cls in CLASSES[name]:
        for variable, info in cls.variables().items():
            if info.annotation is SecretStr:
                assert (assignments[variable], assignments[f"{variable}_FILE"]) == ("", "")


def test_the_stations_share_is_shown_but_not_set() -> None:
    assert shown(shipped("ctv-commercial-import.env"))["COMMERCIAL_SHARE"] == "//100.102.206.113/K Drive"


@EVERY_FILE
def test_comments_are_safe_for_every_systemd(name: str) -> None:
    """Before version 254 a backslash at the end of a comment swallowed the next line."""
    for line in shipped(name).splitlines():
        assert len(line) <= 100
        assert not line.endswith("\\")


class Base(Settings):
    """What is common: a base. More is not said here.

    Nor here (facts 9.9).
    """

    place: Path = Field(Path("/a b/$c"), alias="PLACE", description="Where.")


class First(Base):
    """The ``first`` (facts 1.2, 3)."""

    size: float = Field(2.0, gt=0, le=9, alias="SIZE", description="How large.")
    kind: Literal["x", "y"] = Field("x", alias="KIND", description="Which.")
    token: SecretStr = Field(SecretStr(""), alias="TOKEN", description="Word.")


class Second(Base):
    """The second."""

    other: Path | None = Field(None, alias="OTHER", description="Also.", json_schema_extra={"also": ["OLD"]})


RENDERED = r"""# Head.
#
# More.


# --- What is common: a base ---

# Where.
#PLACE="/a b/\$c"


# --- The first ---

# How large. More than 0, at most 9.
# For example:
#SIZE=3

# Which. One of: x, y.
#KIND=x

# Word.
# Secret: set here, or in a file named here, or by the systemd credential TOKEN.
#TOKEN=
#TOKEN_FILE=


# --- The second ---

# Also. Also known as OLD.
OTHER="it's"
"""


def test_renders_headings_texts_and_values() -> None:
    assert envdoc.render("Head.\n\nMore.", [First, Second], {"OTHER": "it's"}, {"SIZE": "3"}) == RENDERED


@pytest.mark.parametrize("name", ["NOTHING", "TOKEN"])
@pytest.mark.parametrize("where", ["values", "examples"])
def test_a_value_for_a_secret_or_for_nothing_is_an_error(name: str, where: str) -> None:
    arguments = {"values": {}, "examples": {}} | {where: {name: "x"}}
    with pytest.raises(ValueError, match=name):
        envdoc.render("", [First], **arguments)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_a_quoted_value_is_read_back(value: str) -> None:
    assert envfile.parse(f"NAME={envdoc.quoted(value)}\n") == {"NAME": value}


@pytest.mark.parametrize("value", ["", "plain", "two  words", "$HOME `id` \"q\" 'q' \\ #;", "K Drive", "a&b|c>d"])
def test_a_shell_reads_it_too(value: str) -> None:
    script = f'NAME={envdoc.quoted(value)}\nprintf %s "$NAME"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value
