"""MCommunity, the campus directory: its people (facts 4.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ctvpipe.core.errors import ConfigurationError, Skipped
from ctvpipe.pipelines.directory import canonical, ldap_values
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.settings import McommunitySettings
from ctvpipe.pipelines.directory.streams import MCOMMUNITY_USERS
from ctvpipe.sources import ldap
from ctvpipe.sources.ldap_types import Query, Server
from ctvpipe.sources.pacing import Patience

_CALLED = "MCommunity"
_ATTRIBUTES = (*MCOMMUNITY_USERS.fields, "objectClass")


def users(
    settings: McommunitySettings, *, patience: Patience = ldap.PATIENCE, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Record | Failed]:
    """Everybody in MCommunity; its normal end says that nobody is missing.

    Raises ``Skipped`` where it is not configured, ``ConfigurationError``, and the errors of ``ldap.read``.
    """
    source = ldap.read(server(settings), query(settings), patience=patience, sleep=sleep)
    payloads = ({"dn": entry.dn, **ldap_values.payload(entry.attributes, _ATTRIBUTES, texts={})} for entry in source)
    return canonical.records(MCOMMUNITY_USERS, payloads)


def server(settings: McommunitySettings) -> Server:
    """The server as the settings name it. Raises ``Skipped`` where they do not."""
    if not settings.mcommunity_server:
        raise Skipped(f"{_CALLED} is not configured (MCOMMUNITY_LDAP_SERVER)")
    return Server(
        settings.mcommunity_server,
        settings.mcommunity_port,
        settings.mcommunity_encryption,
        settings.mcommunity_ca_file,
        settings.mcommunity_user,
        settings.mcommunity_password.get_secret_value(),
        called=_CALLED,
        answer_seconds=settings.mcommunity_timeout,
    )


def query(settings: McommunitySettings) -> Query:
    """The search for people. It may be split by uniqname: so many results and no more come at once (facts 4.0)."""
    if not settings.mcommunity_base:
        raise ConfigurationError(f"{_CALLED} needs MCOMMUNITY_LDAP_BASE as well as MCOMMUNITY_LDAP_SERVER")
    return Query(
        settings.mcommunity_base,
        settings.mcommunity_filter,
        _ATTRIBUTES,
        page_size=settings.mcommunity_page_size,
        split_by="uid",
        max_results=settings.mcommunity_max_results,
    )
