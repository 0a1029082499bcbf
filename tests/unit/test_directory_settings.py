"""The directory's settings: the names of facts 1.8, and no key on its way in plain sight."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from ctvpipe.core.envdoc import variables
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.directory.settings import AdSettings, DatabaseSettings, McommunitySettings, SyncSettings

KNOWN = [
    "DIRECTORY_DATABASE_PATH", "DIRECTORY_DATABASE_URL", "DIRECTORY_MAX_LOSS_PERCENT", "MAX_RECORDS",
    "BATCH_SIZE", "UM_BASE_URL", "UM_CATEGORY_ID", "UM_CLIENT_KEY", "UM_CLIENT_SECRET", "MCOMMUNITY_LDAP_SERVER",
    "MCOMMUNITY_LDAP_BASE", "MCOMMUNITY_LDAP_USER", "MCOMMUNITY_LDAP_PASSWORD", "MCOMMUNITY_LDAP_PORT",
    "MCOMMUNITY_LDAP_USE_SSL", "MCOMMUNITY_LDAP_TIMEOUT", "AD_SERVER", "AD_SEARCH_BASE", "AD_USER", "AD_PASSWORD",
    "AD_PORT", "TDX_BASE_URL", "TDX_APP_ID", "TDX_BEID", "TDX_WEB_SERVICES_KEY", "TDX_USERNAME", "TDX_PASSWORD",
    "TDX_API_TOKEN",
]  # fmt: skip
SECRET = {name for name in KNOWN if name.endswith(("_KEY", "_SECRET", "_PASSWORD", "_TOKEN", "_BEID", "_URL"))} - {
    "UM_BASE_URL", "TDX_BASE_URL",
}  # fmt: skip
ADDRESSES = pytest.mark.parametrize("name", ["UM_BASE_URL", "TDX_BASE_URL"])


def test_the_names_that_operators_know() -> None:
    assert set(SyncSettings.variables()) >= set(KNOWN)


def test_what_is_secret() -> None:
    found = {name for name, field in SyncSettings.variables().items() if field.annotation is SecretStr}
    assert found >= SECRET


def test_the_defaults_of_facts() -> None:
    settings = SyncSettings()
    assert (settings.max_records, settings.batch_size, settings.max_loss_percent) == (0, 1000, 20)
    assert (settings.mcommunity_port, settings.mcommunity_timeout, settings.ad_port) == (636, 90, 636)
    assert settings.mcommunity_use_ssl


def test_each_source_has_a_heading_of_its_own() -> None:
    headings = {variable.name: variable.heading for variable in variables([SyncSettings])}
    assert headings["UM_BASE_URL"].startswith("The UM API")
    assert headings["TDX_BEID"].startswith("TeamDynamix")
    assert headings["DIRECTORY_DATABASE_URL"].startswith("The directory database")
    assert len(set(headings.values())) >= 6


@ADDRESSES
@pytest.mark.parametrize(
    "value", ["http://example.edu/um", "example.edu", "https://", "https://[", "ftp://example.edu"]
)
def test_a_key_goes_nowhere_in_plain_sight(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        Environment({name: value}).load(SyncSettings)
    assert "example" not in f"{caught.value}{caught.value.advice}"


@ADDRESSES
@pytest.mark.parametrize("value", ["https://example.edu/um/", "http://127.0.0.1:8080/um/", "http://localhost/um"])
def test_addresses_lose_the_slash_at_their_end(name: str, value: str) -> None:
    loaded = Environment({name: value}).load(SyncSettings)
    assert getattr(loaded, name.lower()) == value.rstrip("/")


def test_there_is_no_silent_default_database() -> None:
    with pytest.raises(ConfigurationError, match="DIRECTORY_DATABASE_PATH and DIRECTORY_DATABASE_URL"):
        DatabaseSettings().require_url()


@pytest.mark.parametrize("name", ["ldaps://ldap.example.edu", "ldap.example.edu:636", "a b", "user@host", "host/x"])
def test_an_ldap_server_is_named_without_scheme_and_port(name: str) -> None:
    for cls, variable in ((McommunitySettings, "MCOMMUNITY_LDAP_SERVER"), (AdSettings, "AD_SERVER")):
        with pytest.raises(ConfigurationError, match=f"{variable}: must be the name of one machine"):
            Environment({variable: name}).load(cls)
        assert Environment({variable: "2001:db8::1"}).load(cls)


@pytest.mark.parametrize(
    ("ssl", "tls", "expected"), [("true", "false", "ldaps"), ("false", "true", "starttls"), ("false", "false", "none")]
)
def test_ldap_is_encrypted_unless_both_ways_are_switched_off(ssl: str, tls: str, expected: str) -> None:
    values = {
        f"{name}_{way}": value
        for name in ("AD", "MCOMMUNITY_LDAP")
        for way, value in (("USE_SSL", ssl), ("START_TLS", tls))
    }
    found = Environment(values)
    assert found.load(AdSettings).ad_encryption == expected
    assert found.load(McommunitySettings).mcommunity_encryption == expected
    assert Environment({}).load(AdSettings).ad_encryption == "ldaps"
