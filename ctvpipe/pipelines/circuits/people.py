"""What a person's command needs to work on the circuits' database; see ``ctvpipe.stores.attended``."""

from __future__ import annotations

from ctvpipe.pipelines.circuits.database import MIGRATIONS
from ctvpipe.pipelines.circuits.settings import DatabaseSettings
from ctvpipe.stores.attended import AttendedDatabase

_DATABASE = AttendedDatabase(
    ("ctv-circuits.env",), lambda found: found.load(DatabaseSettings), MIGRATIONS, "ctvpipe circuits import"
)
reading, writing, today = _DATABASE.reading, _DATABASE.writing, _DATABASE.today
