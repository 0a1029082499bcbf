"""The directory's part of the demo: a campus of a few hundred people in two REST APIs and two directories, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes import campus_ldif, tdx_api, um_api
from tests.fakes.campus import Spec
from tests.fakes.ldap_responder import Directory, responding
from tests.fakes.ldap_tree import GROUPS, PEOPLE
from tests.fakes.tdx_api import TdxApi
from tests.fakes.um_api import UmApi

# The second one finds that nothing has changed.
NIGHT = (("directory", "sync"), ("directory", "sync"))
LOOK = ("directory", "quality", "--worst", "3")
_CAMPUS = Spec(people=600, departments=60, groups=40)
_MOST = 350  # what MCommunity returns on one connection, and no more


@dataclass(frozen=True)
class Campus:
    """The four sources, which need no login where that is not theirs to ask for."""

    um: UmApi
    tdx: TdxApi
    mcommunity: Directory
    active_directory: Directory

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a job that reads all of them."""
        return {
            **self.um.settings,
            **self.tdx.settings,
            **_directory("MCOMMUNITY_LDAP", self.mcommunity),
            "MCOMMUNITY_LDAP_BASE": PEOPLE,
            **_directory("AD", self.active_directory),
            "AD_SEARCH_BASE": GROUPS,
            "AD_FILTER": "(objectClass=adGroup)",
        }


@contextmanager
def serving(spec: Spec) -> Iterator[Campus]:
    """Serve the campus of ``spec``."""
    people = Directory(campus_ldif.served(campus_ldif.people(spec)), most_a_connection=_MOST)
    groups = Directory(campus_ldif.served(campus_ldif.groups(spec)))
    with um_api.serving(spec) as um, tdx_api.serving(spec) as tdx, responding(people), responding(groups):
        yield Campus(um, tdx, people, groups)


@contextmanager
def world(root: Path) -> Iterator[dict[str, Path | str]]:
    """Serve the campus; gives the settings that go with it."""
    with serving(_CAMPUS) as campus:
        print(f"The campus: {_CAMPUS.people} people; two REST APIs and two directories on loopback", flush=True)
        yield {"DIRECTORY_DATABASE_PATH": root / "data" / "database" / "directory.db", **campus.settings}


def _directory(prefix: str, serving: Directory) -> dict[str, str]:
    """Where it is; on this machine, without a login, nothing need be encrypted."""
    plain = {f"{prefix}_USE_SSL": "false", f"{prefix}_START_TLS": "false"}
    return {f"{prefix}_SERVER": "127.0.0.1", f"{prefix}_PORT": str(serving.port), **plain}
