"""Settings of the directory; the names of the sources' are those of facts 1.8."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ctvpipe.core.settings import Settings
from ctvpipe.sources.ldap_types import Encryption
from ctvpipe.stores import address

_LDAPS = 636


class DatabaseSettings(Settings):
    """The directory database; one of the two must be set."""

    names: ClassVar[address.Names] = address.Names(
        "the directory database", "DIRECTORY_DATABASE_PATH", "DIRECTORY_DATABASE_URL", "ctv-directory.env"
    )

    database_path: Path | None = Field(
        None, alias="DIRECTORY_DATABASE_PATH", description="SQLite database file of the directory (absolute path)."
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        alias="DIRECTORY_DATABASE_URL",
        description="PostgreSQL instead of SQLite: postgresql://USER:PASSWORD@HOST/NAME",
    )

    def require_url(self) -> str:
        """The database as an SQLAlchemy URL. Raises ``ConfigurationError`` when none, or both, are set."""
        return address.chosen(self.database_path, self.database_url.get_secret_value(), self.names)


class IngestSettings(DatabaseSettings):
    """How much an ingest takes, and what it refuses."""

    max_records: int = Field(
        0, ge=0, alias="MAX_RECORDS", description="Records that an ingest takes from its source; 0: all there are."
    )
    batch_size: int = Field(
        1000, ge=1, le=10_000, alias="BATCH_SIZE", description="Records that one transaction of an ingest stores."
    )
    max_loss_percent: float = Field(
        20,
        ge=0,
        le=100,
        alias="DIRECTORY_MAX_LOSS_PERCENT",
        description="Refuse to take more than this share of what a source had for gone.",
    )


class UmApiSettings(Settings):
    """The UM API: departments and employees."""

    um_base_url: str = Field("", alias="UM_BASE_URL", description="Address of the UM API: https://GATEWAY/um")
    um_category_id: str = Field(
        "", alias="UM_CATEGORY_ID", description="The business area that stands in the address of its calls."
    )
    um_client_key: SecretStr = Field(SecretStr(""), alias="UM_CLIENT_KEY", description="Key of the client.")
    um_client_secret: SecretStr = Field(SecretStr(""), alias="UM_CLIENT_SECRET", description="Its secret.")

    @field_validator("um_base_url")
    @classmethod
    def _safe_um_address(cls, value: str) -> str:
        return _safe(value)


class McommunitySettings(Settings):
    """MCommunity, the campus directory (LDAP): people."""

    mcommunity_server: str = Field("", alias="MCOMMUNITY_LDAP_SERVER", description="Host name of the server.")
    mcommunity_base: str = Field(
        "", alias="MCOMMUNITY_LDAP_BASE", description="Where the search for people begins: ou=People,dc=…"
    )
    mcommunity_user: str = Field("", alias="MCOMMUNITY_LDAP_USER", description="DN of the account that reads.")
    mcommunity_password: SecretStr = Field(SecretStr(""), alias="MCOMMUNITY_LDAP_PASSWORD", description="Its password.")
    mcommunity_port: int = Field(_LDAPS, ge=1, le=65535, alias="MCOMMUNITY_LDAP_PORT", description="Port.")
    mcommunity_use_ssl: bool = Field(
        True, alias="MCOMMUNITY_LDAP_USE_SSL", description="Whether the connection is encrypted (LDAPS)."
    )
    mcommunity_start_tls: bool = Field(
        True,
        alias="MCOMMUNITY_LDAP_START_TLS",
        description="Whether it is encrypted by StartTLS where it is not LDAPS; unencrypted, no password is sent.",
    )
    mcommunity_ca_file: Path | None = Field(
        None,
        alias="MCOMMUNITY_LDAP_CA_FILE",
        description="PEM file of the certificates that vouch for the server; empty: the machine's own.",
    )
    mcommunity_timeout: float = Field(
        90, gt=0, alias="MCOMMUNITY_LDAP_TIMEOUT", description="Seconds that one answer may take."
    )
    mcommunity_filter: str = Field(
        "(uid=*)", alias="MCOMMUNITY_LDAP_FILTER", description="LDAP filter of the people that are read."
    )
    mcommunity_page_size: int = Field(
        500, ge=1, le=10_000, alias="MCOMMUNITY_LDAP_PAGE_SIZE", description="People that one answer brings at most."
    )
    mcommunity_max_results: int = Field(
        350,
        ge=0,
        alias="MCOMMUNITY_LDAP_MAX_RESULTS",
        description="How many results the server is known to return and no more: the search is split then; 0: not known.",
    )

    @property
    def mcommunity_encryption(self) -> Encryption:
        """How the connection is encrypted."""
        return _encryption(self.mcommunity_use_ssl, self.mcommunity_start_tls)

    @field_validator("mcommunity_server")
    @classmethod
    def _plain_mcommunity_name(cls, value: str) -> str:
        return _host(value)


class AdSettings(Settings):
    """Active Directory: groups."""

    ad_server: str = Field("", alias="AD_SERVER", description="Host name of the server.")
    ad_search_base: str = Field("", alias="AD_SEARCH_BASE", description="Where the search for groups begins: OU=…,DC=…")
    ad_user: str = Field("", alias="AD_USER", description="The account that reads.")
    ad_password: SecretStr = Field(SecretStr(""), alias="AD_PASSWORD", description="Its password.")
    ad_port: int = Field(_LDAPS, ge=1, le=65535, alias="AD_PORT", description="Port.")
    ad_use_ssl: bool = Field(True, alias="AD_USE_SSL", description="Whether the connection is encrypted (LDAPS).")
    ad_start_tls: bool = Field(
        True,
        alias="AD_START_TLS",
        description="Whether it is encrypted by StartTLS where it is not LDAPS; unencrypted, no password is sent.",
    )
    ad_ca_file: Path | None = Field(
        None,
        alias="AD_CA_FILE",
        description="PEM file of the certificates that vouch for the server; empty: the machine's own.",
    )
    ad_timeout: float = Field(90, gt=0, alias="AD_TIMEOUT", description="Seconds that one answer may take.")
    ad_filter: str = Field(
        "(objectClass=group)", alias="AD_FILTER", description="LDAP filter of the groups that are read."
    )
    ad_page_size: int = Field(
        500, ge=1, le=1000, alias="AD_PAGE_SIZE", description="Groups that one answer brings at most."
    )

    @property
    def ad_encryption(self) -> Encryption:
        """How the connection is encrypted."""
        return _encryption(self.ad_use_ssl, self.ad_start_tls)

    @field_validator("ad_server")
    @classmethod
    def _plain_ad_name(cls, value: str) -> str:
        return _host(value)


class TdxSettings(Settings):
    """TeamDynamix: accounts and people.

    It is signed in to with the first that is set of BEID and key, user and password, token (facts 1.8).
    """

    tdx_base_url: str = Field("", alias="TDX_BASE_URL", description="Address of its web API: https://HOST/TDWebApi/api")
    tdx_app_id: str = Field("", alias="TDX_APP_ID", description="Accepted and not used: no call is of one application.")
    tdx_beid: SecretStr = Field(SecretStr(""), alias="TDX_BEID", description="BEID of an administrative account.")
    tdx_web_services_key: SecretStr = Field(
        SecretStr(""), alias="TDX_WEB_SERVICES_KEY", description="Web services key that belongs to it."
    )
    tdx_username: str = Field("", alias="TDX_USERNAME", description="Or the name of a user.")
    tdx_password: SecretStr = Field(SecretStr(""), alias="TDX_PASSWORD", description="And the password.")
    tdx_api_token: SecretStr = Field(SecretStr(""), alias="TDX_API_TOKEN", description="Or a token, which expires.")
    rate_limit_delay: float = Field(
        1.0, gt=0, alias="API_RATE_LIMIT_DELAY", description="Seconds between two calls; TDX bears 60 calls a minute."
    )

    @field_validator("tdx_base_url")
    @classmethod
    def _safe_tdx_address(cls, value: str) -> str:
        return _safe(value)


class EnrichSettings(TdxSettings):
    """How much of TDX is asked for one by one.

    What only a call for a single account or person tells; so many a night, the next goes on.
    """

    max_enrichment_departments: int = Field(
        5000, ge=0, alias="MAX_ENRICHMENT_DEPARTMENTS", description="Accounts of TDX that a night asks for one by one."
    )
    max_enrichment_users: int = Field(
        3500,
        ge=0,
        alias="MAX_ENRICHMENT_USERS",
        description="People of TDX that a night asks for one by one, about 60 a minute.",
    )


class TransformSettings(Settings):
    """How sources are merged into one record each."""

    max_error_percent: float = Field(
        10,
        ge=0,
        le=100,
        alias="DIRECTORY_MAX_ERROR_PERCENT",
        description="Fail a transform that has to refuse more than this share of its records.",
    )


class SyncSettings(TransformSettings, EnrichSettings, AdSettings, McommunitySettings, UmApiSettings, IngestSettings):
    """Job ``directory-sync``."""


def _safe(value: str) -> str:
    """An address to which a key may go, without a slash at its end; plain HTTP stays within this machine."""
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    if value and (not parts.hostname or not (parts.scheme == "https" or here)):
        raise ValueError("must be an address that begins with https://")
    return value.rstrip("/")


def _encryption(use_ssl: bool, start_tls: bool) -> Encryption:
    if use_ssl:
        return Encryption.LDAPS
    return Encryption.STARTTLS if start_tls else Encryption.NONE


def _host(value: str) -> str:
    """The name of a machine: without scheme and port, which have settings of their own."""
    if set(value) & set("/@, ") or value.count(":") == 1:
        raise ValueError("must be the name of one machine, without ldaps:// and without a port")
    return value
