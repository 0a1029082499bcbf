"""``ctvpipe share``: the traffic department's share, explained step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import output
from ctvpipe.core.errors import ConfigurationError, ExitCode, Skipped

if TYPE_CHECKING:
    from ctvpipe.sources.share_types import Credentials, Entry, ShareLocation, Step, Waits

app = typer.Typer(help="The traffic department's share: check, list, mount, unmount.", no_args_is_help=True)

_PATIENCE_SECONDS = 10.0
_STEP_WIDTH = 8


@dataclass(frozen=True)
class _Target:
    location: ShareLocation
    credentials: Credentials
    workbook: str
    waits: Waits
    mount_point: Path
    run_dir: Path


@app.command()
def check() -> None:
    """Go the way to the workbook step by step: name, port, login, share, folder, file, age, size.

    Ends at the first step that fails and says what to do. Exit codes: 0 all is well, 1 not.
    """
    from ctvpipe.sources.share import explain

    target = _target()
    output.say(f"share {target.location}, workbook {target.workbook}")
    steps = explain(target.location, target.credentials, target.workbook, target.waits, on_step=_print_step)
    if not all(step.ok for step in steps):
        raise typer.Exit(int(ExitCode.FAILED))


@app.command("ls")
def ls_(
    path: Annotated[
        str, typer.Argument(metavar="FOLDER", help="A folder on the share; its root when left out.", show_default=False)
    ] = "",
) -> None:
    """List a folder of the share."""
    from ctvpipe.sources.share import list_folder

    target = _target()
    entries = list_folder(target.location, target.credentials, path, target.waits)
    rows = [_row(entry) for entry in entries]
    for line in output.table(("MODIFIED", "SIZE", "NAME"), rows, right=(1,)):
        output.say(line)


@app.command()
def mount() -> None:
    """Mount the share read-only at COMMERCIAL_MOUNT_POINT (needs root; the imports do not need the mount)."""
    from ctvpipe.sources import share_mount

    target = _target()
    entries = share_mount.mount(
        target.location,
        target.credentials,
        target.mount_point,
        run_dir=target.run_dir,
        waits=target.waits,
        owner=share_mount.service_owner(),
    )
    output.say(f"{target.location} is mounted at {target.mount_point}: {len(entries)} entries")


@app.command()
def unmount() -> None:
    """Take the mount away again (needs root)."""
    from ctvpipe.sources import share_mount

    target = _target()
    done = share_mount.unmount(target.mount_point, waits=target.waits)
    output.say(f"{target.mount_point}: {'unmounted' if done else 'nothing is mounted there'}")


def _target() -> _Target:
    from ctvpipe import jobs
    from ctvpipe.core.settings import SharedSettings, environment
    from ctvpipe.pipelines.commercial_log import fetch
    from ctvpipe.pipelines.commercial_log.settings import ShareSettings

    env = environment([jobs.find("commercial-import").env_file])
    settings = env.load(ShareSettings)
    try:
        where = fetch.target(settings)
    except Skipped as unset:  # fine for a job at night, but not for somebody who asks for the share
        raise ConfigurationError(str(unset), unset.advice) from None
    return _Target(
        location=where.location,
        credentials=where.credentials,
        workbook=where.workbook,
        waits=replace(where.waits, network_seconds=min(where.waits.network_seconds, _PATIENCE_SECONDS)),
        mount_point=settings.mount_point,
        run_dir=env.load(SharedSettings).run_dir,
    )


def _print_step(step: Step) -> None:
    mark = output.coloured("ok    ", "green") if step.ok else output.coloured("FAILED", "red")
    output.say(f"{step.name.ljust(_STEP_WIDTH)}{mark}  {step.detail}")
    if step.advice:
        output.say(f"{' ' * (_STEP_WIDTH + 8)}{step.advice}")


def _row(entry: Entry) -> tuple[str, str, str]:
    modified = entry.modified.astimezone().isoformat(sep=" ", timespec="minutes")[:16]
    return modified, "" if entry.is_dir else f"{entry.size:,}", f"{entry.name}/" if entry.is_dir else entry.name
