"""What is measured of FMS: the sync itself, a bare COPY of its five bodies, and dlt loading them; see ``inside``."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def sync() -> None:
    """A night's sync with the settings of the environment, from its lock to its line in the ledger."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of
    from ctvpipe.pipelines.fms.syncing import sync as run_sync

    try:
        with run_of(jobs.find("fms-sync"), environ=dict(os.environ)) as run:
            run_sync(run)
    except SystemExit as ended:
        if ended.code:
            raise RuntimeError(f"the sync ended with exit code {ended.code}") from ended


def copy(directory: str, url: str) -> None:
    """Have PostgreSQL copy the bodies as they are into empty text tables, in one transaction."""
    import psycopg2

    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        for path in sorted(Path(directory).iterdir()):
            with path.open("rb") as file:
                cursor.copy_expert(f"COPY {path.stem} FROM STDIN (FORMAT csv, ENCODING 'utf8')", file)


def load_with_dlt(directory: str, url: str, dataset: str, work: str) -> None:
    """Have dlt load the bodies as text into a dataset that does not exist yet."""
    import dlt

    def rows(path: Path) -> Iterator[list[dict[str, str]]]:
        with path.open(newline="", encoding="utf-8") as file:
            yield [{f"c{place}": cell for place, cell in enumerate(cells)} for cells in csv.reader(file)]

    resources: list[Any] = [
        dlt.resource(rows(path), name=path.stem, write_disposition="replace")
        for path in sorted(Path(directory).iterdir())
    ]
    pipeline = dlt.pipeline(
        dataset, destination=dlt.destinations.postgres(url), dataset_name=dataset, pipelines_dir=work
    )
    pipeline.run(resources).raise_on_failed_jobs()
