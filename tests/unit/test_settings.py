"""Settings: where a value comes from, and how everything that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.secrets import MASK
from ctvpipe.core.settings import Settings, SharedSettings, environment


class Sample(Settings):
    """One field of each kind."""

    name: str = Field("default", alias="SAMPLE_NAME")
    number: int = Field(7, alias="SAMPLE_NUMBER", gt=0)
    path: Path | None = Field(None, alias="SAMPLE_PATH", json_schema_extra={"also": ["OLD_PATH", "OLDER_PATH"]})
    secret: SecretStr = Field(SecretStr(""), alias="SAMPLE_SECRET")


def load(tmp_path: Path, shared: str = "", own: str = "", **environ: str) -> Sample:
    (tmp_path / "ctvpipe.env").write_text(shared)
    (tmp_path / "job.env").write_text(own)
    return environment(["job.env"], {"CTVPIPE_ETC_DIR": str(tmp_path), **environ}).load(Sample)


def test_environment_over_job_file_over_shared_file_over_default(tmp_path: Path) -> None:
    assert load(tmp_path).name == "default"
    assert load(tmp_path, "SAMPLE_NAME=shared").name == "shared"
    assert load(tmp_path, "SAMPLE_NAME=shared", "SAMPLE_NAME='own'").name == "own"
    assert load(tmp_path, "SAMPLE_NAME=shared", "SAMPLE_NAME=own", SAMPLE_NAME="real").name == "real"


def test_empty_means_unset(tmp_path: Path) -> None:
    assert load(tmp_path, "SAMPLE_NAME=shared", "SAMPLE_NAME=").name == "default"
    assert load(tmp_path, "SAMPLE_NUMBER=3", SAMPLE_NUMBER="").number == 7
    assert load(tmp_path, own="SAMPLE_SECRET=''").secret.get_secret_value() == ""


def test_older_names_count_after_the_name_itself(tmp_path: Path) -> None:
    assert load(tmp_path, OLDER_PATH="/c").path == Path("/c")
    assert load(tmp_path, OLD_PATH="/b", OLDER_PATH="/c").path == Path("/b")
    assert load(tmp_path, SAMPLE_PATH="/a", OLD_PATH="/b").path == Path("/a")


def test_secret_from_file_and_credential(tmp_path: Path) -> None:
    (tmp_path / "SAMPLE_SECRET").write_text("from the credential\n")
    (tmp_path / "file").write_text("from the file\n")
    assert load(tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path)).secret_values() == ["from the credential"]
    assert load(tmp_path, own=f"SAMPLE_SECRET_FILE={tmp_path}/file").secret_values() == ["from the file"]


def test_everything_wrong_is_one_message_without_values(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, own="SAMPLE_NUMBER=hidden-a\nSAMPLE_SECRET_FILE=/nonexistent/secret\nSAMPLE_NAME=fine\n")
    message = str(caught.value)
    assert "SAMPLE_NUMBER: " in message
    assert "SAMPLE_SECRET_FILE: " in message
    assert "SAMPLE_NAME" not in message
    assert "hidden" not in message + caught.value.advice
    assert caught.value.exit_code == 2


def test_shared_settings_name_every_problem() -> None:
    wrong = {
        "CTVPIPE_ETC_DIR": "/nonexistent",
        "CTVPIPE_TIMEZONE": "Mars/Hidden",
        "CTVPIPE_ALERT_SECONDS": "61",
        "NTFY_SERVER": "hidden.example",
        "NTFY_TOPIC_FILE": "/nonexistent/topic",
    }
    with pytest.raises(ConfigurationError) as caught:
        environment([], wrong).load(SharedSettings)
    parts = str(caught.value).split("; ")
    assert sorted(part.partition(":")[0] for part in parts) == [
        "CTVPIPE_ALERT_SECONDS",
        "CTVPIPE_TIMEZONE",
        "NTFY_SERVER",
        "NTFY_TOPIC_FILE",
    ]
    assert "idden" not in str(caught.value)


@pytest.mark.parametrize("address", ["https://ntfy.sh", "http://10.0.0.4:8080", "https://ntfy.example/"])
def test_ntfy_servers_that_are_right(address: str) -> None:
    assert environment([], {"CTVPIPE_ETC_DIR": "/nonexistent", "NTFY_SERVER": address}).load(SharedSettings)


def test_shown_masks_secrets(tmp_path: Path) -> None:
    settings = load(tmp_path, SAMPLE_SECRET="hush", SAMPLE_PATH="/a")
    assert settings.shown() == {
        "SAMPLE_NAME": "default",
        "SAMPLE_NUMBER": "7",
        "SAMPLE_PATH": "/a",
        "SAMPLE_SECRET": MASK,
    }
    assert load(tmp_path).shown()["SAMPLE_SECRET"] == ""
    assert "hush" not in repr(settings)


def test_a_missing_env_file_is_no_error(tmp_path: Path) -> None:
    env = environment(["job.env"], {"CTVPIPE_ETC_DIR": str(tmp_path)})
    assert env.unreadable == {}
    assert env.load(Sample).name == "default"


def test_carriage_returns_are_read_as_systemd_reads_them(tmp_path: Path) -> None:
    (tmp_path / "job.env").write_bytes(b"SAMPLE_NAME='a\r\nb'\r\nSAMPLE_NUMBER=3\r\n")
    loaded = environment(["job.env"], {"CTVPIPE_ETC_DIR": str(tmp_path)}).load(Sample)
    assert (loaded.name, loaded.number) == ("a\r\nb", 3)


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "job.env").write_bytes(b"SAMPLE_NAME=\xff\n")
    env = environment(["job.env"], {"CTVPIPE_ETC_DIR": str(tmp_path)})
    assert env.unreadable == {tmp_path / "job.env": "not UTF-8 text"}


def test_an_unreadable_env_file_is_said(public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any]) -> None:
    file = public_dir / "job.env"
    file.write_text("SAMPLE_NUMBER=3\n")
    file.chmod(0o000)

    def attempt() -> tuple[Any, str]:
        env = environment(["job.env"], {"CTVPIPE_ETC_DIR": str(public_dir), "SAMPLE_NUMBER": "none"})
        with pytest.raises(ConfigurationError) as caught:
            env.load(Sample)
        return dict(env.unreadable), caught.value.advice

    unreadable, advice = as_another_user(attempt)
    assert unreadable == {file: "Permission denied"}
    assert f"{file} (Permission denied)" in advice
