"""Settings of the BDC import; the names of Sonar's and PostgreSQL's are those of facts 4."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa
from pydantic import Field, SecretStr, field_validator

from ctvpipe.core.errors import ConfigurationError, Skipped
from ctvpipe.core.settings import Settings
from ctvpipe.pipelines.bdc.access import Access
from ctvpipe.pipelines.bdc.coordinates import Box, Placing
from ctvpipe.pipelines.bdc.prefix import Prefix
from ctvpipe.stores import address
from ctvpipe.stores.home import Home

_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_LEAP_YEAR = 2000
_POLE, _DATE_LINE = 90.0, 180.0
_SERVER = ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD")


def _box_of(text: str) -> Box:
    """The box that ``south,west,north,east`` is. Raises ``ValueError`` for anything else."""
    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("must be four numbers: south,west,north,east in degrees") from None
    if not (-_POLE <= south < north <= _POLE and -_DATE_LINE <= west < east <= _DATE_LINE):
        raise ValueError("must be south,west,north,east in degrees, each less than the one it is to be less than")
    return Box(south, west, north, east)


class DatabaseSettings(Settings):
    """The BDC database: an SQLite file, or else a PostgreSQL server with PostGIS."""

    names: ClassVar[address.Names] = address.Names(
        "the BDC database", "BDC_DATABASE_PATH", "POSTGRES_HOST", "ctv-bdc.env"
    )

    database_path: Path | None = Field(
        None,
        alias="BDC_DATABASE_PATH",
        description="SQLite database file (absolute path), without points. For PostGIS: comment it out, and set the next.",
    )
    postgres_host: str = Field(
        "localhost",
        alias="POSTGRES_HOST",
        description="Server of the PostgreSQL database, or the directory of its socket.",
    )
    postgres_port: int = Field(5432, ge=1, le=65535, alias="POSTGRES_PORT", description="Its port.")
    postgres_db: str = Field("propagation", alias="POSTGRES_DB", description="Name of the database.")
    postgres_user: str = Field("propagation", alias="POSTGRES_USER", description="Its user.")
    postgres_password: SecretStr = Field(
        SecretStr(""), alias="POSTGRES_PASSWORD", description="The user's password; empty: none (peer, .pgpass)."
    )
    prefix: str = Field(
        "sonar.",
        alias="BDC_PREFIX",
        description="What the names of the tables begin with: a schema with a dot (sonar.), a beginning with an underscore "
        "(sonar_), or both (isp.sonar_). In SQLite a dot is an underscore.",
    )

    @field_validator("prefix")
    @classmethod
    def _prefix(cls, value: str) -> str:
        return str(Prefix.parse(value))

    @property
    def database_url(self) -> SecretStr:
        """The PostgreSQL database as a URL; empty where it is an SQLite file."""
        if self.database_path is not None:
            return SecretStr("")
        socket = self.postgres_host.startswith("/")
        url = sa.URL.create(
            "postgresql",
            username=self.postgres_user,
            password=self.postgres_password.get_secret_value() or None,
            host=None if socket else self.postgres_host,
            port=self.postgres_port,
            database=self.postgres_db,
            query={"host": self.postgres_host} if socket else {},
        )
        return SecretStr(url.render_as_string(hide_password=False))

    @property
    def home(self) -> Home:
        """Where the tables are."""
        return Prefix.parse(self.prefix).home(sqlite=self.database_path is not None)

    def require_url(self) -> str:
        """The database as an SQLAlchemy URL. Raises ``ConfigurationError`` where two are named, or a wrong one."""
        given = {str(type(self).model_fields[name].alias) for name in self.model_fields_set}
        if self.database_path is not None and (also := [name for name in _SERVER if name in given]):
            raise ConfigurationError(
                f"{self.names.path} and {also[0]} are both set, but there is one database",
                f"Comment one of them out in /etc/{self.names.env_file}.",
            )
        return address.chosen(self.database_path, self.database_url.get_secret_value(), self.names)


class FilingSettings(DatabaseSettings):
    """What the filing needs that Sonar does not know (facts 6)."""

    technology_file: Path | None = Field(
        None,
        alias="BDC_TECHNOLOGY_FILE",
        description="A TOML file that says which technology of the filing services, models, groups or Sonar's codes are; "
        "see ctvpipe bdc export --help.",
    )
    tracts_file: Path | None = Field(
        None,
        alias="BDC_TRACTS_FILE",
        description="A text file of the census tracts of 2020, one a line; a customer in another is told. Empty: not checked.",
    )
    counting: Literal["quantity", "line", "account"] = Field(
        "quantity",
        alias="BDC_COUNTING",
        description="What a connection is: a service as often as it was sold, a service once, or an account once for each "
        "technology.",
    )


class ImportSettings(FilingSettings):
    """Sonar, and how it is asked (facts 3)."""

    sonar_host: str = Field(
        "",
        alias="SONAR_HOST",
        description="Sonar's host name, with a port where it has another than usual. Empty: nothing is imported.",
    )
    sonar_protocol: Literal["https", "http"] = Field("https", alias="SONAR_PROTOCOL", description="How it is reached.")
    sonar_username: str = Field(
        "", alias="SONAR_USERNAME", description="User of Sonar, who may read accounts, inventory and reports."
    )
    sonar_password: SecretStr = Field(SecretStr(""), alias="SONAR_PASSWORD", description="The user's password.")
    workers: int = Field(10, ge=1, le=64, alias="BDC_WORKERS", description="How many requests are under way at a time.")
    batch_size: int = Field(100, ge=1, alias="BDC_BATCH_SIZE", description="Customers that are written at a time.")
    commit_interval: int = Field(
        1000,
        ge=1,
        alias="BDC_COMMIT_INTERVAL",
        description="Customers between commits: as many a killed import may have to fetch again.",
    )
    days: int = Field(
        7,
        ge=0,
        alias="BDC_DAYS",
        description="A customer's detail is fetched again when it is older than so many days.",
    )
    max_retries: int = Field(5, ge=0, alias="BDC_MAX_RETRIES", description="How often a failed request is repeated.")
    initial_backoff: float = Field(
        1.0,
        ge=0,
        alias="BDC_INITIAL_BACKOFF",
        description="Seconds before the first of them; twice as many before each next.",
    )
    report_layout: str = Field(
        "auto",
        alias="BDC_REPORT_LAYOUT",
        description="The order of the report's columns: auto (found by what is in them), documented, seed, or a file "
        "(absolute path) with lines such as latitude = 15.",
    )
    inventory: Literal["bulk", "each"] = Field(
        "bulk",
        alias="BDC_INVENTORY",
        description="Whether the equipment is read at once, or customer by customer, as is done where Sonar does not allow the first.",
    )
    bbox: str = Field(
        "",
        alias="BDC_BBOX",
        description="The box that customers are in, as south,west,north,east in degrees: what is outside is told.",
    )
    fix_swapped: bool = Field(
        False,
        alias="BDC_FIX_SWAPPED",
        description="Whether coordinates that are exchanged, or lack a minus, are put right where BDC_BBOX proves it.",
    )
    active_statuses: str = Field(
        "Active",
        alias="BDC_ACTIVE_STATUSES",
        description="Account statuses that count as live, with commas between, for where Sonar does not tell.",
    )

    snapshot_days: str = Field(
        "06-30,12-31",
        alias="BDC_SNAPSHOT_DAYS",
        description="Days of the year (month-day, with commas between) on which the import keeps a snapshot: those that the "
        "filings are about. Empty: none.",
    )

    @field_validator("snapshot_days")
    @classmethod
    def _days(cls, value: str) -> str:
        for day in filter(None, value.split(",")):
            try:
                date.fromisoformat(f"{_LEAP_YEAR}-{day.strip()}")
            except ValueError:
                raise ValueError("must be days such as 06-30, with commas between") from None
        return value

    @field_validator("sonar_host")
    @classmethod
    def _host(cls, value: str) -> str:
        host = _SCHEME.sub("", value.strip()).rstrip("/")
        if host and not _HOST.fullmatch(host):
            raise ValueError("must be a host name, with :PORT behind it where it has one, and nothing else")
        return host

    @field_validator("bbox")
    @classmethod
    def _box(cls, value: str) -> str:
        if value:
            _box_of(value)
        return value

    @field_validator("report_layout")
    @classmethod
    def _layout(cls, value: str) -> str:
        if value not in {"auto", "documented", "seed"} and not Path(value).is_absolute():
            raise ValueError("must be auto, documented, seed or the absolute path of a file")
        return value

    @property
    def placing(self) -> Placing:
        """How coordinates are judged."""
        return Placing(_box_of(self.bbox) if self.bbox else None, self.fix_swapped)

    @property
    def access(self) -> Access:
        """How Sonar is asked."""
        return Access(
            self.sonar_url,
            self.sonar_username,
            self.sonar_password.get_secret_value(),
            workers=self.workers,
            retries=self.max_retries,
            backoff=self.initial_backoff,
        )

    @property
    def is_exposed(self) -> bool:
        """Whether the password goes over a network unencrypted."""
        host = (urlsplit(self.sonar_url).hostname or "").casefold()
        return self.sonar_protocol == "http" and host not in {"localhost", "::1"} and not host.startswith("127.")

    def is_kept(self, day: date) -> bool:
        """Whether the import of a day keeps a snapshot."""
        return f"{day:%m-%d}" in {each.strip() for each in self.snapshot_days.split(",")}

    @property
    def sonar_url(self) -> str:
        """Where Sonar is, without a slash at the end."""
        return f"{self.sonar_protocol}://{self.sonar_host}"

    def require_sonar(self) -> None:
        """Raise ``Skipped`` where no Sonar is configured, ``ConfigurationError`` where there is no user or password."""
        if not self.sonar_host:
            raise Skipped("no Sonar is configured (SONAR_HOST)")
        missing = [
            name
            for name, value in (("SONAR_USERNAME", self.sonar_username), ("SONAR_PASSWORD", self.sonar_password))
            if not value
        ]
        if missing:
            raise ConfigurationError(f"{' and '.join(missing)}: not set", f"Set it in /etc/{self.names.env_file}.")
