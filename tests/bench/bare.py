"""The bare programs that the jobs are measured against; each is what one would write without any care.

Run as ``python -m tests.bench.bare NAME ARGUMENTS``.
"""

from __future__ import annotations

import sys


def parse(path: str) -> None:
    """Only parse the sheet."""
    import python_calamine

    python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name("Commercials").to_python()


def parse_and_insert(path: str, database: str) -> None:
    """Parse the sheet and insert its raw rows."""
    import datetime
    import sqlite3

    import python_calamine

    rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name("Commercials").to_python()
    for kind in (datetime.time, datetime.timedelta, datetime.date, datetime.datetime):
        sqlite3.register_adapter(kind, str)
    width = len(rows[0])
    with sqlite3.connect(database) as db:
        db.execute(f"CREATE TABLE raw ({', '.join(f'c{number}' for number in range(width))})")
        db.executemany(f"INSERT INTO raw VALUES ({', '.join('?' * width)})", rows[1:])


def rewrite(path: str, target: str) -> None:
    """Read and rewrite the sheet with pandas."""
    import pandas

    pandas.read_excel(path, sheet_name="Commercials").to_excel(target, sheet_name="Commercials", index=False)


def import_typer() -> None:
    """Only import typer."""
    import typer  # noqa: F401


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
