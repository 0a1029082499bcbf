"""A station with the FMS database: its settings, and its sync run in this process or as a command."""

from __future__ import annotations

from pathlib import Path

from tests.integration.station import Station

_NOT_OURS = ("DATABASE_URL", "DATABASE_PATH", "CTV_DATA_DIR")


class FmsStation(Station):
    """A station of the FMS pipeline alone; ``settings`` as in ``Station``."""

    @property
    def database(self) -> Path:
        """The SQLite database; on PostgreSQL the file stays absent."""
        return self.data / "database" / "fms.db"

    @property
    def bodies(self) -> Path:
        """Where the exports are kept."""
        return self.root / "state" / "fms"

    @property
    def environ(self) -> dict[str, str]:
        """The whole environment of a command."""
        where = {"FMS_DATABASE_URL": self.url} if self.url else {"FMS_DATABASE_PATH": str(self.database)}
        shared = {name: value for name, value in super().environ.items() if name not in _NOT_OURS}
        return {**shared, **where, "FMS_BODIES_DIR": str(self.bodies), "SYNC_RETRY_SECONDS": "0", **self.settings}
