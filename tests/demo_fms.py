"""The FMS part of the demo: five exports from a report server, and a geocoder, both on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tests.fakes import fms_reports, fms_rows, geocoders

# The second one finds that no export has changed.
NIGHT = (("fms", "sync"), ("fms", "sync"))


@contextmanager
def world(root: Path) -> Iterator[dict[str, Path | str]]:
    """Serve the exports and the coordinates; gives the settings that go with them."""
    exports = fms_rows.rows(fms_rows.Spec(today=date.today()))
    bodies = {table: fms_rows.body(made) for table, made in exports.items()}
    with fms_reports.serving(bodies) as reports, geocoders.serving(found=fms_rows.is_found) as coordinates:
        total = sum(map(len, exports.values()))
        print(f"FMS: {total:,} rows in {len(exports)} exports; a report server and a geocoder on loopback", flush=True)
        yield {
            "FMS_DATABASE_PATH": root / "data" / "database" / "fms.db",
            "FMS_BODIES_DIR": root / "state" / "fms",
            **reports.settings,
            **coordinates.settings,
        }
