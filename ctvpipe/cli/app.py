"""The command line: a table of commands, each loaded only when it is called.

The modules of the table each hold a Typer application called ``app``; one with exactly one command and no callback
is that command, any other is a group of commands.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from ctvpipe import __version__
from ctvpipe.core.errors import CtvpipeError, ExitCode

if TYPE_CHECKING:
    from typer._click import Command, Context

COMMANDS = {
    "status": ("ctvpipe.cli.status:app", "Say whether last night worked."),
    "runs": ("ctvpipe.cli.runs:app", "Show what has run: list, show."),
    "jobs": ("ctvpipe.cli.jobs:app", "Show the jobs, when they run, and where their logs are."),
    "commercial": ("ctvpipe.cli.commercial:app", "The commercial log's files: import, rotate."),
    "update": ("ctvpipe.cli.update:app", "Bring the newest workbook into the database."),
    "backup": ("ctvpipe.cli.backup:app", "Back up the database."),
    "circuits": ("ctvpipe.cli.circuits:app", "Circuits: the six nightly jobs, and what people decide."),
    "fms": ("ctvpipe.cli.fms:app", "FMS: the nightly sync, and what people decide and upload."),
    "directory": ("ctvpipe.cli.directory:app", "The campus directory: the nightly sync, and each of its steps."),
    "bdc": ("ctvpipe.cli.bdc:app", "BDC: Sonar's customers every night, and the FCC's filing."),
    "share": ("ctvpipe.cli.share:app", "The traffic department's share: check, ls, mount, unmount."),
    "months": ("ctvpipe.cli.months:app", "Broadcast months: list, close."),
    "customers": ("ctvpipe.cli.customers:app", "Customers of the spots: unmatched, add, alias."),
    "review": ("ctvpipe.cli.review:app", "Spots that a person must decide on: list, decide."),
    "enable": ("ctvpipe.cli.switch:enabling", "Switch a pipeline's timers on, once its settings are right."),
    "disable": ("ctvpipe.cli.switch:disabling", "Switch a pipeline's timers off."),
    "config": ("ctvpipe.cli.config:app", "Settings: show them, check them and every connection."),
    "alert": ("ctvpipe.cli.alert:app", "Alerts: send a test."),
}
_NAME = "ctvpipe"
_EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 usage or settings, 3 refused, 4 partial, 75 not now, 130 stopped."
# Typer's own flags default to None, which it converts by way of pydantic at every start: twice the time of all the
# rest of "status". Said to be off, they need no conversion.
_HELP_UNSET: dict[str, Any] = {"help": False}
_UNSET_FLAGS = {
    "install_completion": False,
    "show_completion": False,
    **_HELP_UNSET,
    **dict.fromkeys(COMMANDS, _HELP_UNSET),
}


def load(target: str) -> Command:
    """The command that ``target`` (``module:attribute``) declares."""
    module, _, attribute = target.partition(":")
    declared: typer.Typer = getattr(importlib.import_module(module), attribute)
    declared.rich_markup_mode = None  # plain help everywhere, and rich stays unloaded
    group = typer.main.get_group(declared)
    if declared.registered_callback is None and len(group.commands) == 1:
        return next(iter(group.commands.values()))
    return group


class _Commands(TyperGroup):
    """Knows names and help lines; a command itself is loaded when it is called, or its help or completion wanted."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.update({name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()})

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(COMMANDS[name][0]) if name in COMMANDS else command, rest


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    add_completion=True,
    context_settings={"default_map": _UNSET_FLAGS},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{_NAME} {__version__}")
        raise typer.Exit


@app.callback(epilog=_EXIT_CODES)
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """The night shift of a television station's data work."""


def main() -> NoReturn:
    """Run the command of ``sys.argv`` and leave with its exit code."""
    os.umask(0o007)  # what it makes is its group's too, and nobody else's, whoever calls it
    gc.disable()  # a command lives for seconds: looking for cycles costs it more than they do
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    code = _called()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget(sys.stdout.fileno())
    gc.freeze()  # nor does leaving look for them
    raise SystemExit(code)


def _called() -> int | str | None:
    try:
        typer.main.get_command(app).main(prog_name=_NAME)
    except SystemExit as ending:
        return ending.code
    except CtvpipeError as error:
        _complain(str(error), error.advice)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (the last place where an error can be told)
        _complain_unexpected(error)
    return int(ExitCode.FAILED)


def _complain(message: str, advice: str = "") -> None:
    typer.echo(f"ERROR: {message}", err=True)
    if advice:
        typer.echo(advice, err=True)


def _complain_unexpected(error: Exception) -> None:
    """One line. The error's text may hold anybody's data: it comes with the traceback, where that is asked for."""
    from traceback import extract_tb, format_exception

    if os.environ.get("CTVPIPE_DEBUG") == "1":
        from ctvpipe.cli.declared import scrubber

        typer.echo(scrubber().clean("".join(format_exception(error))), nl=False, err=True)
    place = extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    _complain(f"unexpected {type(error).__name__} in {where}", "Set CTVPIPE_DEBUG=1 to see more.")


def _forget(descriptor: int) -> None:
    """The reader is gone: what is left of the output goes nowhere, quietly."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
