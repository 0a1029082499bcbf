"""The bare programs that the circuits' jobs are measured against; see ``tests.bench.bare``.

Run as ``python -m tests.bench.circuits_bare NAME ARGUMENTS``.
"""

from __future__ import annotations

import csv
import io
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


def read_and_write(database: str, rows: str) -> None:
    """Read the circuits and the appliances, and write rows that are ready in the file ``rows`` into empty tables."""
    import pickle
    from pathlib import Path

    ready = pickle.loads(Path(rows).read_bytes())
    if "://" in database:
        import psycopg2

        connection = psycopg2.connect(database)
    else:
        import sqlite3

        connection = sqlite3.connect(database)
    cursor = connection.cursor()
    for columns, table in READ.items():
        cursor.execute(f"SELECT {columns} FROM {table}")
        cursor.fetchall()
    for table, values in ready.items():
        if "://" in database:
            file = io.StringIO()
            csv.writer(file).writerows(values)  # an empty cell is null
            file.seek(0)
            cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", file)
        else:
            marks = ", ".join("?" * len(values[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.commit()


_WAN = (
    "wan{0}_ip, wan{0}_public_ip, wan{0}_status, wan{0}_assignment, wan{0}_arin_provider, wan{0}_provider_label,"
    " wan{0}_speed_label, wan{0}_provider_comparison"
)
# What the enrichment must know: columns and their table.
READ = {
    "id, site_name, circuit_purpose, status, provider, speed, ip_address": "circuits",
    "serial, model, network_id, network_name, ha_role, device_tags, device_notes, "
    f"{_WAN.format(1)}, {_WAN.format(2)}": "meraki_inventory",
}


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
