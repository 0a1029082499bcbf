"""When a fetch that has come to its end may be believed: empty is not success, and a source does not halve in a night."""

from __future__ import annotations

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.directory.records import Stream

_LOOK = "Look at the source; what was stored before stays."


def require_readable(stream: Stream, processed: int, failed: int, *, whole: bool) -> None:
    """Raise ``ContractError`` for a fetch that was to bring all and has brought nothing, or nothing readable."""
    if whole and not processed:
        raise ContractError(f"{stream.job}: the source returned nothing", _LOOK)
    if whole and failed == processed:
        raise ContractError(f"{stream.job}: none of its {processed:,} records can be read", _LOOK)


def require_bearable(stream: Stream, missing: int, before: int, max_loss_percent: float) -> None:
    """Raise ``ContractError`` where ``missing`` of the ``before`` records there were is more than may be gone at once."""
    if missing * 100 > max_loss_percent * before:
        raise ContractError(
            f"{stream.job}: {missing:,} of {before:,} records would be gone, more than {max_loss_percent:g} %",
            "Look at the source; if it is right, run it once with DIRECTORY_MAX_LOSS_PERCENT=100.",
        )
