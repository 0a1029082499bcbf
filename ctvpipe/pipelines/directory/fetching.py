"""Where each stream comes from: the source that its settings name, open while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ctvpipe.core.errors import Skipped
from ctvpipe.pipelines.directory import active_directory, mcommunity, streams, tdx_api, um_api
from ctvpipe.pipelines.directory.ingest import Source
from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.settings import SyncSettings

# What each source is called, and the setting without which it is not there, which is no fault.
_SOURCES = {
    streams.UM_API: ("the UM API", "um_base_url"),
    streams.MCOMMUNITY: ("MCommunity", "mcommunity_server"),
    streams.AD: ("Active Directory", "ad_server"),
    streams.TDX: ("TDX", "tdx_base_url"),
}


def require(settings: SyncSettings, stream: Stream) -> None:
    """Raise ``Skipped`` where the settings do not name the source of ``stream``."""
    called, name = _SOURCES[stream.source_system]
    if not getattr(settings, name):
        raise Skipped(f"{called} is not configured ({_variable(name)})")


def require_any(settings: SyncSettings) -> None:
    """Raise ``Skipped`` where they name no source at all."""
    names = [name for _, name in _SOURCES.values()]
    if not any(getattr(settings, name) for name in names):
        raise Skipped(f"no source is configured ({', '.join(map(_variable, names))})")


def _variable(name: str) -> str:
    return str(SyncSettings.model_fields[name].alias)


@contextmanager
def opened(settings: SyncSettings, stream: Stream, account_ids: Callable[[], Sequence[str]]) -> Iterator[Source]:
    """All that the source has of ``stream``, to be read within the block.

    ``account_ids``: the accounts of TDX by which its people are found. Raises ``ConfigurationError`` where a part of
    the source's settings is missing; reading raises what the source raises.
    """
    match stream.source_system:
        case streams.UM_API:
            with um_api.Api(settings) as um:
                yield um.departments() if stream is streams.UMAPI_DEPARTMENTS else um.employees()
        case streams.MCOMMUNITY:
            yield mcommunity.users(settings)
        case streams.AD:
            yield active_directory.groups(settings)
        case _:
            with tdx_api.Api(settings) as tdx:
                yield tdx.accounts() if stream is streams.TDX_ACCOUNTS else tdx.people(account_ids())
