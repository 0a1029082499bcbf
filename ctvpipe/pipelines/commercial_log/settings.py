"""Settings of the commercial log's jobs; names as the operators know them (facts 1.3, 3.1)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from ctvpipe.core.errors import Skipped
from ctvpipe.core.settings import Settings
from ctvpipe.stores import address

_ROOT = Path("/opt/apps/ctv-bookedbiz-db/data")


class DataSettings(Settings):
    """Where the commercial log's files are."""

    data_dir: Path = Field(
        _ROOT,
        alias="CTV_DATA_DIR",
        description="Data directory: raw/daily (workbooks), raw/archive (monthly zips), database.",
    )

    @property
    def daily_dir(self) -> Path:
        """The daily workbooks."""
        return self.data_dir / "raw" / "daily"

    @property
    def archive_dir(self) -> Path:
        """The monthly archives."""
        return self.data_dir / "raw" / "archive"


class WorkbookSettings(DataSettings):
    """What is known of the workbook."""

    sheets: str = Field(
        "Commercials",
        alias="COMMERCIAL_SHEETS",
        description="The sheets to copy and to import, separated by commas.",
    )
    max_workbook_mib: int = Field(
        200, gt=0, alias="COMMERCIAL_MAX_WORKBOOK_MIB", description="A larger workbook is refused (MiB)."
    )
    max_rows: int = Field(
        1_000_000, gt=0, alias="COMMERCIAL_MAX_ROWS", description="A sheet with more rows is refused."
    )

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """The wanted sheets, in order."""
        names = {name.strip().casefold(): name.strip() for name in self.sheets.split(",") if name.strip()}
        return tuple(names.values())

    @field_validator("sheets")
    @classmethod
    def _names_one(cls, sheets: str) -> str:
        if not sheets.replace(",", "").strip():
            raise ValueError("names no sheet")
        return sheets


class ShareSettings(Settings):
    """The traffic department's share, and how patient to be with it."""

    share: str = Field(
        "",
        alias="COMMERCIAL_SHARE",
        description='Where the workbook is: "//HOST/SHARE" or "//HOST:PORT/SHARE" (reached directly, nothing is '
        "mounted), or an absolute path (a mounted share or a local folder). Empty: not configured.",
    )
    workbook: str = Field(
        "Traffic/Media Library/Commercial Log.xlsx",
        alias="COMMERCIAL_WORKBOOK",
        description="The workbook's path on the share.",
    )
    username: str = Field("", alias="CIFS_USERNAME", description="Login name on the share.")
    password: SecretStr = Field(SecretStr(""), alias="CIFS_PASSWORD", description="Password on the share.")
    domain: str = Field("", alias="CIFS_DOMAIN", description="Windows domain of the login, where there is one.")
    mount_point: Path = Field(
        Path("/mnt/k-drive"),
        alias="COMMERCIAL_MOUNT_POINT",
        description="Where 'ctvpipe share mount' mounts the share, for those who want the path.",
    )
    network_seconds: float = Field(
        120, ge=0, alias="COMMERCIAL_NETWORK_SECONDS", description="How long to wait for the server to be reachable."
    )
    connect_seconds: float = Field(
        10, gt=0, alias="COMMERCIAL_CONNECT_SECONDS", description="Longest wait for one connection or login."
    )
    stall_seconds: float = Field(
        30, gt=0, alias="COMMERCIAL_STALL_SECONDS", description="Longest silence of the server during the copy."
    )
    copy_seconds: float = Field(
        600, gt=0, alias="COMMERCIAL_COPY_SECONDS", description="Longest time for the whole copy, retries included."
    )
    settle_tries: int = Field(
        5,
        ge=1,
        alias="COMMERCIAL_SETTLE_TRIES",
        description="How often to look again while somebody saves the workbook.",
    )
    settle_seconds: float = Field(
        2,
        ge=0,
        alias="COMMERCIAL_SETTLE_SECONDS",
        description="How long the workbook must have rested, and between looks.",
    )
    owner_file: Literal["refuse", "ignore"] = Field(
        "refuse",
        alias="COMMERCIAL_OWNER_FILE",
        description='What to do while "~$WORKBOOK" says that somebody has it open: refuse, or ignore (copy what was saved '
        "last).",
    )

    def require_share(self) -> None:
        """Raise ``Skipped`` when no share is configured."""
        if not self.share:
            raise Skipped(
                "no share is configured",
                "Set COMMERCIAL_SHARE in /etc/ctv-commercial-import.env, then 'ctvpipe share check'.",
            )


class ImportSettings(WorkbookSettings, ShareSettings):
    """Job ``commercial-import``."""

    min_free_mib: int = Field(
        50, ge=0, alias="COMMERCIAL_MIN_FREE_MIB", description="Refuse to start with less free disk than this (MiB)."
    )


class RotationSettings(DataSettings):
    """Job ``commercial-rotation``."""

    keep_days: int = Field(7, ge=1, alias="COMMERCIAL_KEEP_DAYS", description="Days for which single files are kept.")
    keep_months: int = Field(
        12, ge=1, alias="COMMERCIAL_KEEP_MONTHS", description="Months for which the monthly archives are kept."
    )


class DatabaseSettings(Settings):
    """The sales database; one of the two must be set, there is no default (facts 6.1, 4)."""

    names: ClassVar[address.Names] = address.Names(
        "the sales database", "DATABASE_PATH", "DATABASE_URL", "ctv-daily-update.env"
    )

    database_path: Path | None = Field(
        None,
        alias="DATABASE_PATH",
        description="SQLite database file (absolute path).",
        json_schema_extra={"also": ["DB_PATH"]},
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        alias="DATABASE_URL",
        description="PostgreSQL instead of SQLite: postgresql://USER:PASSWORD@HOST/NAME",
    )

    def require_url(self) -> str:
        """The database as an SQLAlchemy URL. Raises ``ConfigurationError`` when none, or both, are set."""
        return address.chosen(self.database_path, self.database_url.get_secret_value(), self.names)


class UpdateSettings(WorkbookSettings, DatabaseSettings):
    """Job ``daily-update``."""

    data_file: Path | None = Field(
        None,
        alias="DAILY_UPDATE_DATA_FILE",
        description="Import this workbook instead of the newest local one; never point it at the share.",
    )
    max_age_days: int = Field(
        0,
        ge=0,
        alias="DAILY_UPDATE_MAX_AGE_DAYS",
        description="Refuse a newest workbook older than this many days; 0: warn only.",
    )
    max_loss_percent: float = Field(
        40,
        ge=0,
        le=100,
        alias="DAILY_UPDATE_MAX_LOSS_PERCENT",
        description="Refuse when a month would lose more than this share of its rows (--force overrides).",
    )
    max_unreadable_percent: float = Field(
        5,
        ge=0,
        le=100,
        alias="DAILY_UPDATE_MAX_UNREADABLE_PERCENT",
        description="Refuse when more than this share of a date or money column cannot be read.",
    )
    wait_for_import_seconds: float = Field(
        900,
        ge=0,
        alias="DAILY_UPDATE_WAIT_SECONDS",
        description="How long to wait for a commercial-import that is still running, or has not begun since it was due.",
    )
    rule_set: Literal["A", "B"] = Field(
        "A", alias="COMMERCIAL_RULE_SET", description="Rules for spot categories: A (default) or B (the written guide)."
    )
    extra_args: str = Field(
        "",
        alias="DAILY_UPDATE_EXTRA_ARGS",
        description="More options for the wrapper's call of 'ctvpipe update', for instance --verbose.",
    )


class BackupSettings(DataSettings, DatabaseSettings):
    """Job ``db-backup``."""

    backup_dir: Path | None = Field(
        None, alias="BACKUP_DIR", description="Where backups are kept; default: database/backup in CTV_DATA_DIR."
    )
    keep: int = Field(7, ge=1, alias="BACKUP_KEEP", description="How many backups of each database are kept.")
    rclone_remote: str = Field(
        "",
        alias="BACKUP_RCLONE_REMOTE",
        description='Copy each backup to this rclone remote too, for instance "dropbox:ctv-backup". Empty: off.',
    )
    rclone_seconds: float = Field(
        3600, gt=0, alias="BACKUP_RCLONE_SECONDS", description="Longest time for the copy to the remote."
    )

    @property
    def directory(self) -> Path:
        """The directory of the backups."""
        return self.backup_dir or self.data_dir / "database" / "backup"
