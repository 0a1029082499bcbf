"""The circuits' database; see ``ctvpipe.stores.pipeline_database``."""

from __future__ import annotations

from ctvpipe import jobs
from ctvpipe.stores.pipeline_database import PipelineDatabase, record

__all__ = ["MIGRATIONS", "no_circuits", "reading", "record", "writing"]

MIGRATIONS = "ctvpipe.pipelines.circuits.schema.versions"
_DATABASE = PipelineDatabase(MIGRATIONS, "circuits", jobs.of_pipeline("circuits"), "ctvpipe circuits import")
writing, reading, no_circuits = _DATABASE.writing, _DATABASE.reading, _DATABASE.nothing
