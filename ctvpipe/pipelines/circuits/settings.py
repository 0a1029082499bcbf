"""Settings of the circuits' jobs; all six share one env file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from ctvpipe.core.settings import Settings
from ctvpipe.stores import address


class DatabaseSettings(Settings):
    """The circuits' database; one of the two must be set."""

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
        return address.chosen(
            self.database_path,
            self.database_url.get_secret_value(),
            path_name="CIRCUITS_DATABASE_PATH",
            url_name="CIRCUITS_DATABASE_URL",
            env_file="ctv-circuits.env",
        )


class TrackingSettings(DatabaseSettings):
    """Where the broker's tracking files are."""

    tracking_dir: Path = Field(
        Path("/var/www/html/circuitinfo"),
        alias="TRACKING_DATA_DIR",
        description="Directory of the order tracking files, tracking_data_YYYY-MM-DD.csv.",
    )


class ImportSettings(TrackingSettings):
    """Job ``circuits-import``."""


class ApiSettings(DatabaseSettings):
    """The device API."""

    api_key: SecretStr = Field(
        SecretStr(""),
        alias="MERAKI_API_KEY",
        description="Key of the Meraki Dashboard API; empty: not configured.",
        json_schema_extra={"also": ["MERAKI_DASHBOARD_API_KEY"]},
    )


class InventorySettings(ApiSettings):
    """Job ``meraki-inventory``."""


class AllInventorySettings(ApiSettings):
    """Job ``meraki-inventory-all``."""


class EnrichSettings(DatabaseSettings):
    """Job ``circuits-enrich``."""


class EnablementSettings(TrackingSettings):
    """Job ``circuits-enablement``."""


class HistorySettings(DatabaseSettings):
    """Job ``circuits-history``."""
