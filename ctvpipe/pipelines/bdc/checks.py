"""What ``ctvpipe config check`` tries for BDC: its directory, Sonar, and its database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ctvpipe.core.errors import PermanentError, Skipped
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.bdc.settings import ImportSettings

EnvironmentOf = Callable[[str], Environment]
_JOB = "bdc-import"
_NOBODY = 0


def directories(environment_of: EnvironmentOf) -> dict[str, Path]:
    """The directories that the job writes, by what they are for. Raises ``ConfigurationError`` for wrong settings.

    ``environment_of`` gives the environment of a job by its name.
    """
    settings = environment_of(_JOB).load(ImportSettings)
    return {} if settings.database_path is None else {"BDC data": settings.database_path.parent}


def connections(environment_of: EnvironmentOf) -> dict[str, Callable[[], str]]:
    """The connections by name; calling one tries it, and says what was found.

    A call raises ``CtvpipeError`` when the connection does not work, ``Skipped`` when it is not configured.
    """
    return {
        "Sonar": lambda: _sonar(environment_of(_JOB).load(ImportSettings)),
        "BDC technologies": lambda: _technologies(environment_of(_JOB).load(ImportSettings)),
        "BDC database": lambda: _database(environment_of(_JOB).load(ImportSettings)),
    }


def _sonar(settings: ImportSettings) -> str:
    """Both ways in are tried, and no account is read: there is none of that number."""
    from dataclasses import replace

    from ctvpipe.pipelines.bdc.records import Failed
    from ctvpipe.pipelines.bdc.sonar import Sonar

    settings.require_sonar()
    with Sonar(replace(settings.access, retries=0, workers=1)) as sonar:
        version = sonar.version()
        with sonar.details([_NOBODY], items=False) as coming:
            for one in coming:
                if isinstance(one, Failed):
                    raise PermanentError(one.reason)
    return "it lets us in" + (f" (version {version})" if version else "")


def _technologies(settings: ImportSettings) -> str:
    from ctvpipe.pipelines.bdc.filing import rules

    found = rules(settings)
    if settings.technology_file is None:
        raise Skipped("no file of technologies is set (BDC_TECHNOLOGY_FILE)")
    entries = sum(map(len, found.technologies.sections.values()))
    return f"{settings.technology_file}: {entries} technologies are told"


def _database(settings: ImportSettings) -> str:
    from ctvpipe.pipelines.bdc.database import MIGRATIONS

    if settings.database_path is None and not settings.sonar_host:
        raise Skipped("no Sonar is configured (SONAR_HOST), and no file is set")
    from ctvpipe.stores import engine, postgis
    from ctvpipe.stores.probe import probe

    said = probe(settings, MIGRATIONS, made_by="the first import", home=settings.home)
    if settings.database_path is None:
        with engine.transaction(
            engine.open_engine(settings.require_url(), settings.names, read_only=True)
        ) as connection:
            postgis.require_available(connection)
    return said
