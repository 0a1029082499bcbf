"""Find one run's lines in its job's log."""

from __future__ import annotations

from pathlib import Path

_LOOKED_THROUGH = 4 * 1024 * 1024


def lines_of_run(path: Path, run_id: str) -> list[str]:
    """The lines from the start of run ``run_id`` up to the next run's, in the last 4 MiB of the log ``path``.

    Empty when the log does not have that run. Raises ``OSError`` when it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LOOKED_THROUGH))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    beginning = f" started (run {run_id}, "
    start = next((number for number, line in enumerate(lines) if beginning in line), None)
    if start is None:
        return []
    after = (number for number in range(start + 1, len(lines)) if " started (run " in lines[number])
    return lines[start : next(after, len(lines))]
