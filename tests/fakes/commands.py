"""Commands that end in every way a command can, for tests of what the operator then sees."""

from __future__ import annotations

import signal

import typer

from ctvpipe.core.errors import ContractError

app = typer.Typer()


@app.command()
def ending(how: str) -> None:
    """End as ``how`` says."""
    match how:
        case "refused":
            raise ContractError("the sheet has no header", "Ask the traffic department.")
        case "unexpected":
            raise ZeroDivisionError("cannot log in with hunter22secret\nand more")
        case "interrupt":
            signal.raise_signal(signal.SIGINT)
        case "flood":
            for number in range(200_000):
                print(number)
        case "short":
            print("one line")
        case "umlaut":
            print("Grüße \u2013 ✓")
