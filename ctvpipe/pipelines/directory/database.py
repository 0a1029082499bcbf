"""The directory database; see ``ctvpipe.stores.pipeline_database``."""

from __future__ import annotations

from ctvpipe import jobs
from ctvpipe.stores.pipeline_database import PipelineDatabase

__all__ = ["MIGRATIONS", "reading", "session"]

MIGRATIONS = "ctvpipe.pipelines.directory.schema.versions"
_JOBS = tuple(job for job in jobs.JOBS if job.pipeline == "directory")
_DATABASE = PipelineDatabase(MIGRATIONS, "directory records", _JOBS, "ctvpipe directory sync")
session, reading = _DATABASE.session, _DATABASE.reading
