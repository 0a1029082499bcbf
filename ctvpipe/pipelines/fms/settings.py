"""Settings of the FMS sync; the names are those of facts 4.1."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ctvpipe.core.settings import Settings
from ctvpipe.pipelines.fms.feeds import FEEDS
from ctvpipe.stores import address

_NO_URL = SecretStr("")


class DatabaseSettings(Settings):
    """The FMS database; one of the two must be set."""

    names: ClassVar[address.Names] = address.Names(
        "the FMS database", "FMS_DATABASE_PATH", "FMS_DATABASE_URL", "ctv-fms.env"
    )

    database_path: Path | None = Field(
        None, alias="FMS_DATABASE_PATH", description="SQLite database file of FMS (absolute path)."
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        alias="FMS_DATABASE_URL",
        description="PostgreSQL instead of SQLite: postgresql://USER:PASSWORD@HOST/NAME",
    )

    def require_url(self) -> str:
        """The database as an SQLAlchemy URL. Raises ``ConfigurationError`` when none, or both, are set."""
        return address.chosen(self.database_path, self.database_url.get_secret_value(), self.names)


def _feed(variable: str, what: str) -> SecretStr:
    return Field(_NO_URL, alias=variable, description=f"Address of the CSV export of {what}; empty: not synced.")


class GeocodingSettings(DatabaseSettings):
    """How addresses become coordinates (facts 2)."""

    geocoder: Literal["census", "google", "nominatim", "none"] = Field(
        "census",
        alias="GEOCODER",
        description="Who is asked first for the coordinates of an address: census (US Census Bureau, all addresses in "
        "one request, no key), google, nominatim, or none.",
    )
    fallback: Literal["auto", "google", "nominatim", "none"] = Field(
        "auto",
        alias="GEOCODER_FALLBACK",
        description="Who is asked for the addresses that the Census does not find: google, nominatim, none; auto: "
        "google where there is a key.",
    )
    google_key: SecretStr = Field(
        SecretStr(""), alias="GOOGLE_MAPS_API_KEY", description="Key of the Google Maps geocoding API."
    )
    google_days: int = Field(
        30,
        ge=1,
        le=30,
        alias="GEOCODER_GOOGLE_DAYS",
        description="How long Google's coordinates are kept; its terms say 30 days at most.",
    )
    census_url: str = Field(
        "https://geocoding.geo.census.gov/geocoder/locations/addressbatch",
        alias="CENSUS_GEOCODER_URL",
        description="The Census Bureau's batch endpoint.",
    )
    google_url: str = Field(
        "https://maps.googleapis.com/maps/api/geocode/json",
        alias="GOOGLE_GEOCODER_URL",
        description="Google's geocoding endpoint.",
    )
    nominatim_url: str = Field(
        "https://nominatim.openstreetmap.org/search",
        alias="NOMINATIM_URL",
        description="The Nominatim endpoint; the public server takes one request a second, and no bulk.",
    )
    geocoding_seconds: float = Field(
        300,
        gt=0,
        alias="GEOCODER_SECONDS",
        description="Longest time a night spends on geocoding; what is left is asked the next night.",
    )

    @property
    def second(self) -> str:
        """Who is asked for what the Census does not find: ``google``, ``nominatim`` or ``none``."""
        if self.fallback == "auto":
            return "google" if self.google_key else "none"
        return self.fallback


class SyncSettings(GeocodingSettings):
    """Job ``fms-sync``."""

    enabled: bool = Field(True, alias="SYNC_ENABLED", description="Whether the nightly sync does its work.")
    hour: int = Field(
        2,
        ge=0,
        le=23,
        alias="SYNC_HOUR",
        description="Hour of the nightly sync, in the machine's time; see SYNC_MINUTE.",
    )
    minute: int = Field(
        0,
        ge=0,
        le=59,
        alias="SYNC_MINUTE",
        description="Its minute; best 30 to 60 minutes after FMS has made its exports. After a change: "
        "sudo ctvpipe enable fms",
    )
    internal_api_url: str = Field(
        "", alias="INTERNAL_API_URL", description="Accepted and not used: nothing is called over HTTP in here."
    )
    vehicles_url: SecretStr = _feed("FMS_VEHICLES_CSV_URL", "the active vehicles")
    media_partners_url: SecretStr = _feed("FMS_PARTNERS_CSV_URL", "the media partners")
    loan_history_url: SecretStr = _feed("FMS_LOAN_HISTORY_CSV_URL", "the loan history")
    current_activity_url: SecretStr = _feed("FMS_CURRENT_ACTIVITY_CSV_URL", "the current vehicle activity")
    approved_makes_url: SecretStr = _feed("FMS_APPROVED_MAKES_CSV_URL", "the approved makes")
    table_seconds: float = Field(
        600, gt=0, alias="SYNC_TABLE_TIMEOUT", description="Seconds that one export may take, all tries together."
    )
    tries: int = Field(3, ge=1, le=10, alias="SYNC_MAX_RETRIES", description="How often an export is asked for.")
    retry_seconds: float = Field(
        60, ge=0, alias="SYNC_RETRY_SECONDS", description="Seconds until the second try; twice as many until the third."
    )
    parallel: int = Field(2, ge=1, le=5, alias="SYNC_PARALLEL", description="How many exports are fetched at a time.")
    user_agent: str = Field("curl/8.7.1", alias="FMS_USER_AGENT", description="How the report server is told who asks.")
    max_file_mib: int = Field(64, ge=1, alias="FMS_MAX_FILE_MIB", description="Largest export that is read, in MiB.")
    max_rejected_percent: float = Field(
        2,
        ge=0,
        le=100,
        alias="FMS_MAX_REJECTED_PERCENT",
        description="Refuse an export of which more than this share of rows cannot be stored.",
    )
    max_loss_percent: float = Field(
        50,
        ge=0,
        le=100,
        alias="FMS_MAX_LOSS_PERCENT",
        description="Refuse an export with this much fewer rows than usual (the median of the last seven), unless forced.",
    )
    bodies_dir: Path = Field(
        Path("/var/lib/ctvpipe/fms"), alias="FMS_BODIES_DIR", description="Where the exports are kept as they came."
    )
    keep_bodies: int = Field(
        7, ge=1, alias="FMS_KEEP_BODIES", description="How many different exports of each table are kept."
    )

    @field_validator("enabled", mode="before")
    @classmethod
    def _only_true(cls, value: object) -> bool:
        """True if and only if the word is ``true`` (facts 4.1)."""
        return _plain(value).casefold() == "true"

    @field_validator("hour", "minute", "tries", "table_seconds", mode="before")
    @classmethod
    def _without_comment(cls, value: object) -> str:
        return _plain(value)

    @field_validator(*(f"{feed.table}_url" for feed in FEEDS))
    @classmethod
    def _web_address(cls, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
        except ValueError:
            parts = urlsplit("")
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an address that begins with https:// or http://")
        return value

    @property
    def runs_at(self) -> time:
        """The local time of the nightly sync (facts 4.1)."""
        return time(self.hour, self.minute)

    def url(self, table: str) -> str:
        """The address of a table's export; empty where it is not configured."""
        found: SecretStr = getattr(self, f"{table}_url")
        return found.get_secret_value()


def _plain(value: object) -> str:
    """A value without the comment that the sample file of FMS has behind it (facts 4.1)."""
    return f" {value}".partition(" #")[0].strip()
