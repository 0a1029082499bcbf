"""What the sources of the directory are signed in to with, planted; and syncs that go well and badly with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from urllib.parse import quote

from tests.fakes import tdx_api, um_api
from tests.fakes.campus import Spec
from tests.integration.directory_station import Campus, campus_with, ldap_serving
from tests.integration.ldap_server import PASSWORD as LDAP_PASSWORD
from tests.integration.postgres_server import PASSWORD as DATABASE_PASSWORD
from tests.integration.smb_server import free_port

_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1bmlxdWVfbmFtZSI6ICJub2JvZHkifQ.plantedTdxToken"
TELLING = {
    "DIRECTORY_DATABASE_URL": [DATABASE_PASSWORD, "plantedDirectoryDb8"],
    "UM_CLIENT_KEY": [um_api.KEY],
    "UM_CLIENT_SECRET": [um_api.SECRET, "plantedUmSecret", "invented-signature"],
    "MCOMMUNITY_LDAP_PASSWORD": [LDAP_PASSWORD, "plantedMcPw6"],
    "AD_PASSWORD": [LDAP_PASSWORD, "plantedAdPw6"],
    "TDX_BEID": [tdx_api.BEID],
    "TDX_WEB_SERVICES_KEY": [tdx_api.KEY, "plantedTdxKey"],
    "TDX_PASSWORD": ["plantedTdxPw5"],
    "TDX_API_TOKEN": ["plantedTdxToken"],
}
"""What gives each secret setting away; a token that a source gives is as secret."""
_SPEC = Spec(people=30, departments=12, groups=4)


def campus(stack: ExitStack) -> Campus:
    """Sources until the end of ``stack``."""
    return stack.enter_context(campus_with(stack.enter_context(ldap_serving(_SPEC)), _SPEC))


def values(sources: Campus, database: str) -> dict[str, str]:
    """Every secret setting, set, and where the sources are."""
    unused = {"TDX_PASSWORD": "plantedTdxPw5", "TDX_API_TOKEN": _TOKEN}
    return {**sources.settings, **unused, "DIRECTORY_DATABASE_URL": database}


def good_syncs(job: Callable[..., int], configure: Callable[..., None], path: str) -> None:
    """On both stores."""
    configure()
    assert job("directory", "sync", "--json") == 0
    assert job("directory", "sync", "--dry-run") == 0
    configure(DIRECTORY_DATABASE_URL="", DIRECTORY_DATABASE_PATH=path)
    assert job("directory", "sync") == 0


def bad_syncs(
    job: Callable[..., int], configure: Callable[..., None], sources: Campus, secrets: Mapping[str, str]
) -> None:
    """Everybody refuses, in every way that is not asked again, and repeats what it was given."""
    wrong = {
        "UM_CLIENT_SECRET": "plantedUmSecret",
        "MCOMMUNITY_LDAP_PASSWORD": "plantedMcPw6",
        "AD_PASSWORD": "plantedAdPw6",
        "TDX_WEB_SERVICES_KEY": "plantedTdxKey",
    }
    configure(**wrong)
    assert job("directory", "sync", "--json") == 1
    assert job("config", "check", "directory") == 1
    configure(TDX_BEID="", TDX_WEB_SERVICES_KEY="", TDX_PASSWORD="")
    assert job("directory", "ingest", "tdx-accounts") == 1
    configure(TDX_BEID="", TDX_WEB_SERVICES_KEY="", TDX_USERNAME="nobody")
    assert job("directory", "ingest", "tdx-accounts") == 1
    configure()
    sources.um.fail("DeptData", "401")
    sources.um.fail("DeptEmpData", "404")
    sources.tdx.fail("/accounts", "403")
    assert job("directory", "sync", "--json") == 4
    sources.um.heal()
    sources.tdx.heal()
    away = f"https://127.0.0.1:{free_port()}/um"
    configure(UM_BASE_URL=away, TDX_BASE_URL=away, MCOMMUNITY_LDAP_PORT=str(free_port()), AD_PORT=str(free_port()))
    assert job("config", "check", "directory") == 1
    for url, code in {
        f"postgresql://directory:plantedDirectoryDb8@127.0.0.1:{free_port()}/directory": 1,
        secrets["DIRECTORY_DATABASE_URL"].replace(quote(DATABASE_PASSWORD[-1], safe=""), "plantedDirectoryDb8"): 1,
        "mysql://directory:plantedDirectoryDb8@127.0.0.1/directory": 2,
    }.items():
        configure(DIRECTORY_DATABASE_URL=url)
        assert job("directory", "sync") == code
