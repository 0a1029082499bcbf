"""Settings come from environment variables and the env files in ``/etc``; one class a concern declares them.

The declaration is the single source: validation, ``config show``, the shipped env files and the manual are
made from it or tested against it. A real environment variable wins over the job's env file, which wins over
``ctvpipe.env``; an empty value means unset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo

from ctvpipe.core import clock, secrets
from ctvpipe.core.environment import layers
from ctvpipe.core.errors import ConfigurationError

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """Base of all settings classes. The alias of a field is the name of its environment variable."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    @property
    def runs_at(self) -> time | None:
        """The local time at which its job is to run; ``None``: the settings have no say in that."""
        return None

    def secret_values(self) -> list[str]:
        """Every secret held, for the scrubber."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr) and value]

    @classmethod
    def variables(cls) -> dict[str, FieldInfo]:
        """The declared variables by name, in order of declaration."""
        return {str(field.alias): field for field in cls.model_fields.values()}

    def shown(self) -> dict[str, str]:
        """Effective values by variable, secrets masked."""
        shown = {}
        for name, field_info in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                shown[str(field_info.alias)] = secrets.MASK if value else ""
            else:
                shown[str(field_info.alias)] = "" if value is None else str(value)
        return shown


class SharedSettings(Settings):
    """What all jobs share (``/etc/ctvpipe.env``); a job's own env file may override it for that job."""

    state_dir: Path = Field(
        Path("/var/lib/ctvpipe"), alias="CTVPIPE_STATE_DIR", description="Ledger, caches and reports."
    )
    run_dir: Path = Field(Path("/run/ctvpipe"), alias="CTVPIPE_RUN_DIR", description="Lock files, one a job.")
    log_dir: Path = Field(
        Path("/var/log"), alias="CTVPIPE_LOG_DIR", description="Directory under which each job has its log files."
    )
    timezone: str = Field(
        "", alias="CTVPIPE_TIMEZONE", description="The station's time zone (IANA name); empty: the machine's."
    )
    clock: Literal["check", "trust"] = Field(
        "check",
        alias="CTVPIPE_CLOCK",
        description="Whether a job waits until the clock is known to be right (set by a time server, or by a clock chip "
        "and plausible). 'trust' switches that off: for containers and virtual machines whose host sets the clock.",
    )
    ntfy_topic: SecretStr = Field(
        SecretStr(""), alias="NTFY_TOPIC", description="ntfy topic for alerts; empty: off. Treat it as a password."
    )
    ntfy_server: str = Field("https://ntfy.sh", alias="NTFY_SERVER", description="The ntfy server.")
    ntfy_token: SecretStr = Field(
        SecretStr(""), alias="NTFY_TOKEN", description="Access token of the ntfy server, where it wants one."
    )
    slack_webhook_url: SecretStr = Field(
        SecretStr(""), alias="SLACK_WEBHOOK_URL", description="Slack incoming webhook for alerts; empty: off."
    )
    apprise_urls: SecretStr = Field(
        SecretStr(""),
        alias="APPRISE_URLS",
        description="More alert targets: apprise URLs, separated by blanks (mailto://, tgram://, pover://, …).",
    )
    heartbeat_url: SecretStr = Field(
        SecretStr(""),
        alias="HEARTBEAT_URL",
        description="Dead-man's switch in the manner of healthchecks.io: called with /start, as it is on success, "
        "and with /EXITCODE on failure. {job} stands for the job's name. Empty: off.",
    )
    alert_seconds: float = Field(
        10.0, gt=0, le=60, alias="CTVPIPE_ALERT_SECONDS", description="Longest time that sending alerts may take."
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            clock.zone(name)
        except ConfigurationError:
            raise ValueError("not a time zone this machine knows, such as America/Los_Angeles") from None
        return name

    @field_validator("ntfy_server")
    @classmethod
    def _address(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
            raise ValueError("must be https://HOST or http://HOST:PORT, without a path")
        return address


@dataclass(frozen=True)
class Environment:
    """The variables a job sees, and which env files could not be read (path and reason)."""

    values: Mapping[str, str]
    unreadable: Mapping[Path, str] = field(default_factory=dict)

    def instead(self, options: Mapping[str, object]) -> Environment:
        """The same with what a command's options say instead, by variable; ``None``: not given."""
        given = {name: str(value) for name, value in options.items() if value is not None}
        return Environment({**self.values, **given}, self.unreadable)

    def load(self, cls: type[S]) -> S:
        """Validated settings of class ``cls``.

        Raises one ``ConfigurationError`` that names every variable that is wrong, and why; values are not shown.
        """
        loaded, problems = self._loaded(cls)
        if loaded is None or problems:
            raise ConfigurationError("; ".join(problems.values()), self._advice())
        return loaded

    def usable(self, cls: type[S]) -> tuple[S, list[str]]:
        """Settings of class ``cls``, with the default for each variable that is wrong, and what is wrong."""
        found: dict[str, str] = {}
        while True:
            loaded, problems = self._loaded(cls, without=found)
            new = {name: text for name, text in problems.items() if name not in found}
            found |= new
            if loaded is not None:
                return loaded, list(found.values())
            if not new:
                raise ConfigurationError("; ".join(problems.values()), self._advice())

    def _loaded(self, cls: type[S], without: Iterable[str] = ()) -> tuple[S | None, dict[str, str]]:
        """The settings, ``None`` when values are wrong, and what is wrong by variable; ``without``: left unset."""
        values: dict[str, str] = {}
        problems: dict[str, str] = {}
        for name, field_info in cls.variables().items():
            if name in without:
                continue
            try:
                value = self._value(name, field_info)
            except ConfigurationError as error:
                problems[name] = str(error)
                continue
            if value:
                values[name] = value
        try:
            return cls.model_validate(values), problems
        except ValidationError as error:
            for item in error.errors():
                name = _variable(item)
                problems[name] = f"{name}: {item['msg'].removeprefix('Value error, ')}"
            return None, problems

    def _value(self, name: str, field_info: FieldInfo) -> str | None:
        if field_info.annotation is SecretStr:
            return secrets.resolve(name, self.values)
        names = (name, *((field_info.json_schema_extra or {}).get("also", ())))  # type: ignore[union-attr,misc]
        return next((self.values[n] for n in names if self.values.get(n)), None)

    def _advice(self) -> str:
        if self.unreadable:
            files = ", ".join(f"{path} ({reason})" for path, reason in self.unreadable.items())
            return f"Not readable for this user: {files}; run it as the service user, or with sudo."
        return "Correct the env file, then run 'ctvpipe config check'."


def _variable(item: Any) -> str:
    return ".".join(str(part) for part in item["loc"]) or "settings"


def environment(env_files: Iterable[str], environ: Mapping[str, str] | None = None) -> Environment:
    """The environment merged with the shared env file and the named ones; a missing file is no error."""
    found = layers(env_files, environ)
    return Environment(found.merged, found.unreadable)
