"""A station with the directory database, and the sources of an invented campus, for whole nights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ctvpipe.pipelines.directory.schema.tables import METADATA
from ctvpipe.pipelines.directory.stages import STAGES, Stage
from ctvpipe.pipelines.directory.syncing import Wanted, sync
from tests.fakes import campus_ldif, tdx_api, um_api
from tests.fakes.campus import Spec
from tests.fakes.ldap_tree import GROUPS, PEOPLE
from tests.fakes.tdx_api import TdxApi
from tests.fakes.um_api import UmApi
from tests.integration.ldap_server import PASSWORD, READER, LdapServer
from tests.integration.pipeline_station import PipelineStation
from tests.integration.station import Result


@dataclass(frozen=True)
class Campus:
    """The four sources of one invented campus, served on loopback; the two directories are one server."""

    spec: Spec
    um: UmApi
    tdx: TdxApi
    ldap: LdapServer

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a job that reads all of them."""
        return {**self.um.settings, **self.tdx.settings, **ldap_settings(self.ldap)}


def ldap_settings(server: LdapServer) -> dict[str, str]:
    """Both directories, which are this server."""
    return {
        "MCOMMUNITY_LDAP_SERVER": "127.0.0.1",
        "MCOMMUNITY_LDAP_PORT": str(server.tls_port),
        "MCOMMUNITY_LDAP_BASE": PEOPLE,
        "MCOMMUNITY_LDAP_USER": READER,
        "MCOMMUNITY_LDAP_PASSWORD": PASSWORD,
        "MCOMMUNITY_LDAP_CA_FILE": str(server.ca_file),
        "AD_SERVER": "127.0.0.1",
        "AD_PORT": str(server.tls_port),
        "AD_SEARCH_BASE": GROUPS,
        "AD_USER": READER,
        "AD_PASSWORD": PASSWORD,
        "AD_CA_FILE": str(server.ca_file),
        "AD_FILTER": "(objectClass=adGroup)",
    }


def ldap_serving(spec: Spec) -> LdapServer:
    """A server, to be entered, of the campus's people and groups."""
    return LdapServer(campus_ldif.tree(spec))


@contextmanager
def campus_with(server: LdapServer, spec: Spec) -> Iterator[Campus]:
    """The campus, with a running directory server of ``spec``, and REST APIs of the block's own."""
    with um_api.serving(spec) as um, tdx_api.serving(spec) as tdx:
        yield Campus(spec, um, tdx, server)


class DirectoryStation(PipelineStation):
    """A station of the directory alone."""

    name = "directory"
    metadata = METADATA
    of_the_run = frozenset({"ingested_at", "ingestion_run_id", "asked_at", "created_at", "updated_at"})

    def sync_here(self, *, stages: Sequence[Stage] = STAGES, dry_run: bool = False, **wanted: Any) -> Result:
        """Sync in this process, which is faster than the command; ``wanted`` as of ``Wanted``."""
        return self.here(
            "directory-sync", lambda run: sync(run, Wanted(**wanted), stages).require_any(), dry_run=dry_run
        )

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """The entry of each stage in the result of the latest run, as the ledger has it."""
        return {one["stage"]: one for one in self.runs("directory-sync")[0].counters["sync"]["stages"]}

    @property
    def statuses(self) -> dict[str, str]:
        """What became of each stage in the latest run."""
        return {name: one["status"] for name, one in self.stages.items()}
