"""What Sonar and the database of BDC are signed in to with, planted; and imports that go well and badly with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from tests.fakes import sonar_server
from tests.fakes.sonar_login import PASSWORD as SONAR_PASSWORD
from tests.fakes.sonar_people import Spec
from tests.fakes.sonar_server import Sonar
from tests.integration.bdc_store import database_settings
from tests.integration.postgres_server import PASSWORD as DATABASE_PASSWORD
from tests.integration.smb_server import free_port

TELLING = {
    "SONAR_PASSWORD": [SONAR_PASSWORD, "plantedSonarPw5"],
    "POSTGRES_PASSWORD": [DATABASE_PASSWORD, "plantedBdcDb8"],
}
"""What gives each secret setting away."""


def sonar(stack: ExitStack) -> Sonar:
    """An invented Sonar until the end of ``stack``."""
    return stack.enter_context(sonar_server.serving(Spec(customers=30)))


def values(asked: Sonar, database: str) -> dict[str, str]:
    """Every secret setting, set, and where Sonar and the database are."""
    return {**asked.settings, **database_settings(database), "BDC_INITIAL_BACKOFF": "0.01", "BDC_MAX_RETRIES": "1"}


def good_imports(job: Callable[..., int], configure: Callable[..., None], path: str) -> None:
    """On both stores."""
    configure()
    assert job("bdc", "import", "--json") == 0
    assert job("bdc", "import", "--dry-run", "--verbose") == 0
    away = dict.fromkeys(("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"), "")
    configure(**away, BDC_DATABASE_PATH=path)
    assert job("bdc", "import") == 0


def bad_imports(job: Callable[..., int], configure: Callable[..., None], asked: Sonar) -> None:
    """Sonar and the database refuse, in every way that is not asked again."""
    configure(SONAR_PASSWORD="plantedSonarPw5")
    assert job("bdc", "import", "--force", "--json") == 1
    assert job("config", "check", "bdc") == 1
    configure()
    asked.fail("/json", "403")
    assert job("bdc", "import", "--force") in {1, 3, 4}
    asked.heal()
    asked.fail("", "503")
    assert job("bdc", "import", "--force", "--json") == 1
    asked.heal()
    configure(SONAR_HOST=f"127.0.0.1:{free_port()}")
    assert job("bdc", "import") == 1
    configure(POSTGRES_PASSWORD="plantedBdcDb8")
    assert job("bdc", "import") == 1
    configure(POSTGRES_PORT=str(free_port()), POSTGRES_PASSWORD="plantedBdcDb8")
    assert job("config", "check", "bdc") == 1
