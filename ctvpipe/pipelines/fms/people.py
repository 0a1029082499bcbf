"""What a person's command needs to work on the FMS database; see ``ctvpipe.stores.attended``."""

from __future__ import annotations

from ctvpipe.pipelines.fms.database import MIGRATIONS
from ctvpipe.pipelines.fms.settings import DatabaseSettings
from ctvpipe.stores.attended import AttendedDatabase

_DATABASE = AttendedDatabase(
    ("ctv-fms.env",), lambda found: found.load(DatabaseSettings), MIGRATIONS, "ctvpipe fms sync"
)
reading, writing, today = _DATABASE.reading, _DATABASE.writing, _DATABASE.today
