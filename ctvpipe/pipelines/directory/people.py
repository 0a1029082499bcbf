"""What a person's command needs to look into the directory database; see ``ctvpipe.stores.attended``."""

from __future__ import annotations

from ctvpipe.pipelines.directory.database import MIGRATIONS
from ctvpipe.pipelines.directory.settings import DatabaseSettings
from ctvpipe.stores.attended import AttendedDatabase

_DATABASE = AttendedDatabase(
    ("ctv-directory.env",), lambda found: found.load(DatabaseSettings), MIGRATIONS, "ctvpipe directory sync"
)
reading = _DATABASE.reading
