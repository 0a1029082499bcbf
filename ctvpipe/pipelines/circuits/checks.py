"""What ``ctvpipe config check`` tries for the circuits: their directories and their connections."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ctvpipe.core.errors import PermanentError, Skipped
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.circuits.settings import ImportSettings, InventorySettings

EnvironmentOf = Callable[[str], Environment]


def directories(environment_of: EnvironmentOf) -> dict[str, Path]:
    """The directories that the jobs write, by what they are for. Raises ``ConfigurationError`` for wrong settings.

    ``environment_of`` gives the environment of a job by its name.
    """
    path = environment_of("circuits-import").load(ImportSettings).database_path
    return {} if path is None else {"circuits' data": path.parent}


def connections(environment_of: EnvironmentOf) -> dict[str, Callable[[], str]]:
    """The connections by name; calling one tries it, and says what was found.

    A call raises ``CtvpipeError`` when the connection does not work, ``Skipped`` when it is not configured.
    """
    return {
        "tracking files": lambda: _tracking(environment_of("circuits-import").load(ImportSettings)),
        "order portal": lambda: _portal(environment_of("circuits-import").load(ImportSettings)),
        "circuits' database": lambda: _database(environment_of("circuits-import").load(ImportSettings)),
        "device API": lambda: _api(environment_of("meraki-inventory").load(InventorySettings)),
        "known providers": lambda: _known(environment_of("meraki-inventory").load(InventorySettings)),
    }


def _tracking(settings: ImportSettings) -> str:
    directory = settings.tracking_dir
    try:
        count = sum(1 for _ in directory.glob("tracking_data_*.csv")) if directory.is_dir() else None
    except OSError as error:
        raise PermanentError(
            f"cannot read {directory}: {error.strerror or error}", "Let the service user read it (user ctvpipe)."
        ) from None
    if count is None:
        raise PermanentError(f"the directory {directory} does not exist", "Make it, or correct TRACKING_DATA_DIR.")
    return f"{directory} can be read; tracking files in it: {count}"


def _portal(settings: ImportSettings) -> str:
    if not settings.portal_url:
        raise Skipped("no portal is configured (TRACKING_PORTAL_URL)")
    from ctvpipe.pipelines.circuits import portal

    return portal.look(settings)


def _database(settings: ImportSettings) -> str:
    from ctvpipe.pipelines.circuits.database import MIGRATIONS
    from ctvpipe.stores.probe import probe

    return probe(settings, MIGRATIONS, made_by="the first run of a job")


def _api(settings: InventorySettings) -> str:
    from ctvpipe.pipelines.circuits.meraki_api import Api, chosen
    from ctvpipe.sources import http
    from ctvpipe.sources.pacing import Patience

    with Api(settings, patience=Patience(tries=1)) as api:
        api.client.until = time.monotonic() + http.LOOK_SECONDS
        seen = api.organizations()
    wanted = chosen(seen, settings.organization)
    return f"organisations that the key sees: {len(seen)}; the appliances are those of {wanted.name} ({wanted.id})"


def _known(settings: InventorySettings) -> str:
    from ctvpipe.pipelines.circuits import rdap_known

    if settings.known_file is None:
        raise Skipped("there is no file of known providers (CIRCUITS_KNOWN_PROVIDERS_FILE)")
    known = rdap_known.read(settings.known_file, variable="CIRCUITS_KNOWN_PROVIDERS_FILE")
    return f"{settings.known_file} can be read; addresses and ranges in it: {len(known)}"
