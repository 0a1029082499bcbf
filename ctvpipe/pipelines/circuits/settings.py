"""Settings of the circuits' jobs; all six share one env file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from ctvpipe.core.settings import Settings
from ctvpipe.pipelines.circuits import exclusions, site_names, tracking_columns
from ctvpipe.stores import address


class DatabaseSettings(Settings):
    """The circuits' database; one of the two must be set."""

    names: ClassVar[address.Names] = address.Names(
        "the circuits' database", "CIRCUITS_DATABASE_PATH", "CIRCUITS_DATABASE_URL", "ctv-circuits.env"
    )

    database_path: Path | None = Field(
        None, alias="CIRCUITS_DATABASE_PATH", description="SQLite database file of the circuits (absolute path)."
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        alias="CIRCUITS_DATABASE_URL",
        description="PostgreSQL instead of SQLite: postgresql://USER:PASSWORD@HOST/NAME",
    )

    def require_url(self) -> str:
        """The database as an SQLAlchemy URL. Raises ``ConfigurationError`` when none, or both, are set."""
        return address.chosen(self.database_path, self.database_url.get_secret_value(), self.names)


class AwaitingSettings(DatabaseSettings):
    """How patient a job is with those whose result it works on."""

    wait_seconds: float = Field(
        900,
        ge=0,
        alias="CIRCUITS_WAIT_SECONDS",
        description="How long a job waits for an earlier one of the night that still runs, or has yet to begin.",
    )


class TrackingSettings(DatabaseSettings):
    """Where the broker's tracking files are."""

    tracking_dir: Path = Field(
        Path("/var/www/html/circuitinfo"),
        alias="TRACKING_DATA_DIR",
        description="Directory of the order tracking files, tracking_data_YYYY-MM-DD.csv.",
    )
    headers: str = Field(
        "",
        alias="TRACKING_HEADERS",
        description="More headers of the tracking file and the column each means, for instance "
        '"Order Notes=notes; PM=project_manager".',
    )
    trading_names: str = Field(
        "",
        alias="TRACKING_TRADING_NAMES",
        description="Names that stand where the file should have a store's code, separated by semicolons: the code is "
        "then taken from the site id.",
    )
    max_file_mib: int = Field(
        50, ge=1, alias="TRACKING_MAX_FILE_MIB", description="Largest tracking file that is read, in MiB."
    )

    @field_validator("headers")
    @classmethod
    def _known_columns(cls, value: str) -> str:
        unknown = set(_pairs(value).values()) - set(tracking_columns.FIELDS)
        if unknown:
            raise ValueError("must be HEADER=COLUMN; …, with columns such as provider, speed, notes")
        return value

    @property
    def synonyms(self) -> dict[str, str]:
        """The further headers as they are compared, and the column each means."""
        return _pairs(self.headers)

    @property
    def trading_name_forms(self) -> frozenset[str]:
        """The trading names as they are compared."""
        return frozenset(site_names.comparable_site(name) for name in self.trading_names.split(";") if name.strip())


def _pairs(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    return {tracking_columns.plain(header): field.strip() for header, _, field in parts}


def _is_here(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}


class ImportSettings(TrackingSettings):
    """Job ``circuits-import``."""

    max_rejected_percent: float = Field(
        5,
        ge=0,
        le=100,
        alias="TRACKING_MAX_REJECTED_PERCENT",
        description="Refuse a tracking file of which more than this share of rows cannot be stored.",
    )
    max_loss_percent: float = Field(
        40,
        ge=0,
        le=100,
        alias="TRACKING_MAX_LOSS_PERCENT",
        description="Refuse a tracking file that has lost more than this share of rows since the one before.",
    )
    clear_notes: bool = Field(
        False,
        alias="TRACKING_CLEAR_NOTES",
        description="Whether notes on a circuit go when its order is enabled or canceled, where the file has no notes.",
    )
    portal_url: str = Field(
        "",
        alias="TRACKING_PORTAL_URL",
        description="Address of the broker's login page, to download the tracking file from; empty: it comes another way.",
    )
    portal_export_url: str = Field(
        "", alias="TRACKING_PORTAL_EXPORT_URL", description="Address of the portal's overview page, on the same host."
    )
    portal_username: SecretStr = Field(
        SecretStr(""), alias="TRACKING_PORTAL_USERNAME", description="User name (e-mail address) at the portal."
    )
    portal_password: SecretStr = Field(
        SecretStr(""), alias="TRACKING_PORTAL_PASSWORD", description="Password at the portal."
    )
    portal_seconds: float = Field(
        300, gt=0, alias="TRACKING_PORTAL_SECONDS", description="Longest time for one answer of the portal."
    )

    @field_validator("portal_url", "portal_export_url")
    @classmethod
    def _encrypted(cls, address: str) -> str:
        parts = urlsplit(address)
        if address and not (parts.scheme == "https" and parts.hostname) and not _is_here(parts):
            raise ValueError("must begin with https://: a password is sent to it")
        return address

    @model_validator(mode="after")
    def _one_host(self) -> ImportSettings:
        if self.portal_export_url and urlsplit(self.portal_export_url)[:2] != urlsplit(self.portal_url)[:2]:
            raise ValueError("TRACKING_PORTAL_EXPORT_URL must be on the host of TRACKING_PORTAL_URL")
        return self


class ApiSettings(DatabaseSettings):
    """The device API."""

    api_key: SecretStr = Field(
        SecretStr(""),
        alias="MERAKI_API_KEY",
        description="Key of the Meraki Dashboard API; empty: not configured.",
        json_schema_extra={"also": ["MERAKI_DASHBOARD_API_KEY"]},
    )
    api_url: str = Field(
        "https://api.meraki.com/api/v1",
        alias="MERAKI_API_URL",
        description="The API's address; Canada, China, India and governments have their own.",
    )
    requests_per_second: float = Field(
        9,
        gt=0,
        le=10,
        alias="MERAKI_REQUESTS_PER_SECOND",
        description="Requests a second to one organisation; 10 are allowed, for all programs that ask it together.",
    )
    max_loss_percent: float = Field(
        20,
        ge=0,
        le=100,
        alias="MERAKI_MAX_LOSS_PERCENT",
        description="Refuse an inventory that has lost more than this share of the devices that are stored as active.",
    )

    @field_validator("api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise ValueError("must be https://HOST/api/v1")
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("must be https, or the key would be readable on its way")
        return value.rstrip("/")


class ExclusionSettings(Settings):
    """Which networks are no stores."""

    excluded_tags: str = Field(
        exclusions.TAGS,
        alias="CIRCUITS_EXCLUDED_TAGS",
        description="Networks that have a device with one of these tags are no stores.",
    )
    excluded_names: str = Field(
        exclusions.NAMES,
        alias="CIRCUITS_EXCLUDED_NAMES",
        description="Nor are those with one of these, as whole words, in their name,",
    )
    excluded_notes: str = Field(
        exclusions.NOTES,
        alias="CIRCUITS_EXCLUDED_NOTES",
        description="or in a device's notes.",
    )

    @property
    def excluded(self) -> exclusions.Exclusions:
        """The three lists."""
        lists = (self.excluded_tags, self.excluded_names, self.excluded_notes)
        return exclusions.Exclusions(*map(exclusions.listed, lists))


class RegistrySettings(Settings):
    """Whom addresses belong to."""

    registry_url: str = Field(
        "https://rdap.arin.net/registry/ip/",
        alias="RDAP_URL",
        description="The registry that is asked who provides an address (RDAP); it sends on what others know.",
    )
    registry_rate: float = Field(
        1.0,
        gt=0,
        alias="RDAP_REQUESTS_PER_SECOND",
        description="Requests a second to one registry. An answer is kept for 30 days.",
    )
    registry_minutes: float = Field(
        30.0,
        gt=0,
        alias="RDAP_MINUTES",
        description="How long a night registries are asked; the next night goes on with the rest.",
    )
    own_names: str = Field(
        "",
        alias="CIRCUITS_OWN_NAMES",
        description="Names of your own companies, separated by semicolons: where one of them is registered for an "
        "address, the provider is the one who gave it the address.",
    )
    known_file: Path | None = Field(
        None,
        alias="CIRCUITS_KNOWN_PROVIDERS_FILE",
        description="File of what you know better than the registry, one line each: 203.0.113.0/24 Example Fiber "
        "# who, when",
    )

    @field_validator("registry_url")
    @classmethod
    def _registry(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise ValueError("must be https://HOST/PATH/")
        return value

    @property
    def own(self) -> list[str]:
        """The names of our own companies."""
        return [name.strip() for name in self.own_names.split(";") if name.strip()]


class InventorySettings(ApiSettings, ExclusionSettings, RegistrySettings):
    """Job ``meraki-inventory``."""

    organization: str = Field(
        "",
        alias="MERAKI_ORGANIZATION",
        description="The organisation whose appliances are collected: its id, or its exact name; empty: the only one "
        "that the key sees.",
    )


class AllInventorySettings(ApiSettings):
    """Job ``meraki-inventory-all``."""

    lifecycle_file: Path | None = Field(
        None,
        alias="MERAKI_LIFECYCLE_FILE",
        description="CSV with the columns model, announcement_date, end_of_sale, end_of_support, for models whose dates "
        "the API does not give.",
    )


class EnrichSettings(AwaitingSettings, ExclusionSettings):
    """Job ``circuits-enrich``."""

    matched_statuses: str = Field(
        "Enabled",
        min_length=1,
        alias="CIRCUITS_MATCHED_STATUSES",
        description="The statuses, separated by commas, with which a circuit may be matched to a WAN; for instance "
        "Enabled,Enabled Using Existing Broadband.",
    )
    max_loss_percent: float = Field(
        20,
        ge=0,
        le=100,
        alias="CIRCUITS_ENRICH_MAX_LOSS_PERCENT",
        description="Refuse a night in which more than this share of the matched circuits would lose their WAN.",
    )

    @property
    def matched_forms(self) -> tuple[str, ...]:
        """Those statuses as they are compared."""
        return exclusions.listed(self.matched_statuses)


class EnablementSettings(AwaitingSettings, TrackingSettings):
    """Job ``circuits-enablement``."""

    window_days: int = Field(
        90,
        ge=1,
        le=3650,
        alias="CIRCUITS_ENABLEMENT_DAYS",
        description="For how many days back the enablements are looked for again every night; older ones are kept.",
    )
    enabled_statuses: str = Field(
        "Enabled",
        alias="CIRCUITS_ENABLEMENT_STATUSES",
        description="The statuses that make an enablement when they follow Ready for Enablement, separated by commas; "
        "for instance Enabled,Enabled Using Existing Broadband.",
    )
    alarm_per_day: float = Field(
        3,
        gt=0,
        alias="CIRCUITS_ENABLEMENT_ALARM",
        description="Warn when there are more enablements a day than this on average: something else is counted then.",
    )


class HistorySettings(AwaitingSettings):
    """Job ``circuits-history``."""

    snapshot_days: int = Field(
        90,
        ge=1,
        le=3650,
        alias="CIRCUITS_SNAPSHOT_DAYS",
        description="How many days of snapshots of the circuits are kept; history itself is kept for ever.",
    )
