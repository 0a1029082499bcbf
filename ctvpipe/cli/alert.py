"""``ctvpipe alert``: try the alert targets before they are needed."""

from __future__ import annotations

import os
import socket

import typer

from ctvpipe import __version__
from ctvpipe.cli import output

app = typer.Typer(help="Alerts.", no_args_is_help=True)

_NO_TARGET = 2


@app.callback()
def _alert() -> None:
    """Alerts: how the operators hear of a bad night."""


@app.command()
def test() -> None:
    """Send a test message to every configured target, and say which were reached.

    Exit codes: 0 all were reached, 1 not all, 2 no target is configured or the settings are wrong.
    """
    from ctvpipe.cli.declared import alert_targets, scrubber
    from ctvpipe.core import outbound

    targets, seconds = alert_targets("test")
    if not targets:
        output.say("No alert target is configured: set NTFY_TOPIC, SLACK_WEBHOOK_URL or APPRISE_URLS in ctvpipe.env.")
        raise typer.Exit(_NO_TARGET)
    title = f"[{socket.gethostname()}] ctvpipe test"
    body = f"This is a test of the alerts of ctvpipe {__version__}; nothing is wrong."
    clean = scrubber().clean
    failed = 0
    for delivery in outbound.start(outbound.Message("test", title, body), targets, [], seconds=seconds).wait():
        failed += bool(delivery.error)
        status = "FAILED" if delivery.error else "ok"
        output.say(f"{status:<6}  {delivery.name:<10}  {clean(delivery.error) or 'reached'}")
    if failed:
        output.say(f"{failed} of {len(targets)} targets could not be reached: check them, then try again.")
        raise typer.Exit(1)


@app.command(hidden=True)
def unit(name: str) -> None:
    """Say how the service NAME of a job failed, where it could not say so itself; started by systemd (ctv-alert@)."""
    from ctvpipe import jobs
    from ctvpipe.cli.declared import scrubber
    from ctvpipe.core import afterword
    from ctvpipe.core.unit_result import UnitResult

    afterword.say(jobs.of_unit(name), UnitResult.told(os.environ), os.environ, scrubber())


@app.command(hidden=True)
def boot() -> None:
    """Tell what the machine's last stop cut short, and ask for it again; started by systemd (ctv-boot)."""
    from ctvpipe import jobs
    from ctvpipe.cli.declared import scrubber
    from ctvpipe.core import afterword

    afterword.after_boot(jobs.JOBS, os.environ, scrubber())
