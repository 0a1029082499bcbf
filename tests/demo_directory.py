"""The directory's part of the demo: a campus of a few hundred people in two REST APIs and two directories, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes import campus_ldif, tdx_api, um_api
from tests.fakes.campus import Spec
from tests.fakes.ldap_responder import Directory, responding
from tests.fakes.ldap_tree import GROUPS, PEOPLE

# The second one finds that nothing has changed.
NIGHT = (("directory", "sync"), ("directory", "sync"))
_CAMPUS = Spec(people=600, departments=60, groups=40)
_MOST = 350  # what MCommunity returns on one connection, and no more


@contextmanager
def world(root: Path) -> Iterator[dict[str, Path | str]]:
    """Serve the campus; gives the settings that go with it."""
    people = Directory(campus_ldif.served(campus_ldif.people(_CAMPUS)), most_a_connection=_MOST)
    groups = Directory(campus_ldif.served(campus_ldif.groups(_CAMPUS)))
    with (
        um_api.serving(_CAMPUS) as um,
        tdx_api.serving(_CAMPUS) as tdx,
        responding(people) as mcommunity,
        responding(groups) as active_directory,
    ):
        print(f"The campus: {_CAMPUS.people} people; two REST APIs and two directories on loopback", flush=True)
        yield {
            "DIRECTORY_DATABASE_PATH": root / "data" / "database" / "directory.db",
            **um.settings,
            **tdx.settings,
            **_directory("MCOMMUNITY_LDAP", mcommunity),
            "MCOMMUNITY_LDAP_BASE": PEOPLE,
            **_directory("AD", active_directory),
            "AD_SEARCH_BASE": GROUPS,
            "AD_FILTER": "(objectClass=adGroup)",
        }


def _directory(prefix: str, serving: Directory) -> dict[str, Path | str]:
    """Where it is; on this machine, without a login, nothing need be encrypted."""
    plain = {f"{prefix}_USE_SSL": "false", f"{prefix}_START_TLS": "false"}
    return {f"{prefix}_SERVER": "127.0.0.1", f"{prefix}_PORT": str(serving.port), **plain}
