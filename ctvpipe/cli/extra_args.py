"""``--extra-args``: the options of a job's call that stand in a setting instead of on the command line.

systemd hands the setting over in the environment, by hand it stands in the env file alone; both are looked at here,
so that a wrapper need not know how env files are read.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from typer.core import TyperCommand

from ctvpipe.core.environment import layers
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.jobs import find

if TYPE_CHECKING:
    from typer._click import Context

OPTION = "--extra-args"
VARIABLE = "DAILY_UPDATE_EXTRA_ARGS"


class WithExtraArgs(TyperCommand):
    """Where ``--extra-args`` is given, puts the setting's options first, so that those given beside it win."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [*(_extra_args() if OPTION in args else ()), *args])


def _extra_args() -> list[str]:
    """The setting's words; quotes keep blanks together. Raises ``ConfigurationError`` when a quote is left open."""
    try:
        return shlex.split(layers((find("daily-update").env_file,)).merged.get(VARIABLE, ""))
    except ValueError:
        raise ConfigurationError(f"{VARIABLE}: a quotation mark is not closed", "Correct the env file.") from None
