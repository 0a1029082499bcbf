"""The FMS database; see ``ctvpipe.stores.pipeline_database``."""

from __future__ import annotations

from ctvpipe import jobs
from ctvpipe.stores.pipeline_database import PipelineDatabase, record

__all__ = ["MIGRATIONS", "reading", "record", "session"]

MIGRATIONS = "ctvpipe.pipelines.fms.schema.versions"
_DATABASE = PipelineDatabase(MIGRATIONS, "FMS tables", jobs.of_pipeline("fms"), "ctvpipe fms sync")
session, reading = _DATABASE.session, _DATABASE.reading
