"""A small job to try the injector on, sound and broken, and how to start it."""

from __future__ import annotations

import sys
from pathlib import Path

ENV = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
ROWS = 200
WHOLE = "line\n" * ROWS

# Replaces the table's rows in one transaction, then publishes them as a file.
SOUND = """
import os, sqlite3

def fill(database, first, last):
    database.executemany("INSERT INTO item VALUES (?, ?)", [(n, "x" * 40) for n in range(first, last)])

def replace_rows():
    database = sqlite3.connect("state.db", isolation_level=None)
    database.execute("PRAGMA synchronous=FULL")
    database.execute("BEGIN")
    database.execute("DELETE FROM item")
    fill(database, 0, 100)
    fill(database, 100, 200)
    database.execute("COMMIT")
    database.close()

def publish(text):
    with open(".report.tmp", "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(".report.tmp", "report.csv")
    folder = os.open(".", os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)

def main():
    replace_rows()
    publish("line\\n" * 200)

if __name__ == "__main__":
    main()
"""
TWO_COMMITS = SOUND.replace(
    "    fill(database, 100", '    database.execute("COMMIT"); database.execute("BEGIN")\n    fill(database, 100'
)
IN_PLACE = SOUND.replace('".report.tmp"', '"report.csv"').replace('os.rename("report.csv", "report.csv")', "pass")


def script(folder: Path, text: str) -> Path:
    """Write a job that can be started as a program or imported as ``sample_job``."""
    path = folder / "sample_job.py"
    path.write_text(text)
    return path


def command(path: Path) -> list[str]:
    """Start it as a program."""
    return [sys.executable, "-S", str(path)]
