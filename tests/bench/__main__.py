"""Run the bench, print its table, write ``bench.json``; exit 1 when a bar is missed."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.bench import (
    circuits_devices,
    circuits_enrich,
    circuits_history,
    circuits_import,
    commercial_log,
    directory_ingest,
    directory_transforms,
    fms,
)
from tests.bench.rows import Row

_BENCHES = (
    commercial_log,
    circuits_import,
    circuits_enrich,
    circuits_history,
    circuits_devices,
    fms,
    directory_ingest,
    directory_transforms,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each program runs; its fastest run counts")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures go")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled
    with tempfile.TemporaryDirectory(prefix="ctvpipe-bench-") as directory:
        rows = [row for each in _BENCHES for row in each.run(Path(directory), options.rounds)]
    print(table(rows))
    options.json.write_text(json.dumps([row.as_dict() for row in rows], indent=2) + "\n")
    return 0 if all(row.met for row in rows) else 1


def table(rows: list[Row]) -> str:
    lines = [("WHAT", "FIGURE", "BAR", "", "MEASURED")]
    lines += [(row.what, row.shown, row.bar_shown, "ok" if row.met else "MISSED", row.measured) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
