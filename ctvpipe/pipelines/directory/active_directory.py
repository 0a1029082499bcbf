"""Active Directory: its groups, with all their members (facts 4.4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ctvpipe.core.errors import ConfigurationError, Skipped
from ctvpipe.pipelines.directory import canonical, ldap_values
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.settings import AdSettings
from ctvpipe.pipelines.directory.streams import AD_GROUPS
from ctvpipe.sources import ldap
from ctvpipe.sources.ldap_types import Query, Server
from ctvpipe.sources.pacing import Patience

_CALLED = "Active Directory"
_TEXTS = {
    "objectguid": ldap_values.guid_text,
    "objectsid": ldap_values.sid_text,
    "sidhistory": ldap_values.sid_text,
    **dict.fromkeys(("whencreated", "whenchanged", "dscorepropagationdata"), ldap_values.time_text),
}
_UNORDERED = frozenset({"member", "memberof"})


def groups(
    settings: AdSettings, *, patience: Patience = ldap.PATIENCE, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Record | Failed]:
    """Every group below the search base; its normal end says that none is missing, and no member either.

    Raises ``Skipped`` where Active Directory is not configured, ``ConfigurationError``, and the errors of ``ldap.read``.
    """
    source = ldap.read(server(settings), query(settings), patience=patience, sleep=sleep)
    payloads = (
        {"dn": entry.dn, **ldap_values.payload(entry.attributes, AD_GROUPS.fields, _TEXTS, _UNORDERED)}
        for entry in source
    )
    return canonical.records(AD_GROUPS, payloads)


def server(settings: AdSettings) -> Server:
    """The server as the settings name it. Raises ``Skipped`` where they do not."""
    if not settings.ad_server:
        raise Skipped(f"{_CALLED} is not configured (AD_SERVER)")
    return Server(
        settings.ad_server,
        settings.ad_port,
        settings.ad_encryption,
        settings.ad_ca_file,
        settings.ad_user,
        settings.ad_password.get_secret_value(),
        called=_CALLED,
        answer_seconds=settings.ad_timeout,
    )


def query(settings: AdSettings) -> Query:
    """The search for groups, with all their attributes."""
    if not settings.ad_search_base:
        raise ConfigurationError(f"{_CALLED} needs AD_SEARCH_BASE as well as AD_SERVER")
    return Query(settings.ad_search_base, settings.ad_filter, page_size=settings.ad_page_size)
