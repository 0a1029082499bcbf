"""The bare programs that the circuits' jobs are measured against; see ``tests.bench.bare``.

Run as ``python -m tests.bench.circuits_bare NAME ARGUMENTS``.
"""

from __future__ import annotations

import csv
import sys


def copy_csv(path: str, url: str, table: str) -> None:
    """Parse the CSV, and have PostgreSQL copy the same file into an empty table."""
    import psycopg2

    with open(path, newline="", encoding="cp1252") as file:  # noqa: PTH123
        width = len(list(csv.reader(file))[0])  # noqa: RUF015  (all of it is to be parsed)
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            file.seek(0)
            columns = ", ".join(f"c{number}" for number in range(width))
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER, ENCODING 'utf8')", file)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
