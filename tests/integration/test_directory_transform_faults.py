"""A transform that is cut short at any statement, or killed, leaves whole records, and the next one makes the same silver."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.directory.streams import AD_GROUPS, MCOMMUNITY_USERS, TDX_USERS, UMAPI_DEPARTMENTS
from tests.fakes import campus
from tests.integration.directory_bronze import BrokenOffError
from tests.integration.directory_campus import (
    DEPARTMENT,
    GROUP,
    OTHER_DEPARTMENT,
    PERSON,
    TABLES,
    TDX_PERSON,
    bring,
    bring_campus,
    prepare_her,
    transform_all,
)
from tests.integration.directory_silver import Silver
from tests.integration.station import CHECKOUT

SPEC = campus.Spec(people=60, departments=12, groups=8)


@contextmanager
def broken_at(silver: Silver, number: int) -> Iterator[None]:
    """The connection fails before its statement ``number``."""
    numbers = count(1)

    def fail(*_: Any) -> None:
        if next(numbers) == number:
            raise BrokenOffError

    sa.event.listen(silver.opened, "before_cursor_execute", fail)
    try:
        yield
    finally:
        sa.event.remove(silver.opened, "before_cursor_execute", fail)


def silver_of(silver: Silver) -> list[Any]:
    return [*(silver.rows(name) for name in TABLES), silver.members, silver.pending]


def change_everything(silver: Silver) -> None:
    """A department is renamed, somebody leaves TDX and comes back elsewhere, a group changes, an e-mail is no more one."""
    bring(silver, UMAPI_DEPARTMENTS, DEPARTMENT | {"DeptDescription": "Zoology"}, OTHER_DEPARTMENT)
    bring(silver, MCOMMUNITY_USERS, PERSON, PERSON | {"uid": ["bo"], "uidNumber": ["2"], "mail": ["bo"]})
    bring(silver, TDX_USERS, TDX_PERSON | {"AlternateID": "cy"})
    bring(silver, AD_GROUPS, GROUP | {"member": ["CN=cy,OU=Accounts,DC=x"]}, GROUP | {"objectGUID": ["2"], "cn": ["b"]})


@pytest.mark.parametrize("last", TABLES)
def test_cut_short_at_any_statement_the_next_run_goes_on(
    her: Silver, tmp_path_factory: pytest.TempPathFactory, last: str
) -> None:
    """Naive: what was read before the end is taken for done; or what a run has made pending is forgotten with it."""
    undisturbed = Silver(str(tmp_path_factory.mktemp("undisturbed") / "directory.db"))
    prepare_her(undisturbed)
    for silver in (her, undisturbed):
        change_everything(silver)
    for name in TABLES[: TABLES.index(last)]:
        her.transform(name, max_error_percent=100)
    attempts = 0
    for number in count(1):
        with broken_at(her, number), suppress(BrokenOffError):
            her.transform(last, max_error_percent=100)
            attempts = number
            break
    assert attempts > 15
    assert her.count("ingestion_runs", "status = 'running'") == 0
    transform_all(undisturbed, max_error_percent=100)
    transform_all(her, max_error_percent=100)
    assert silver_of(her) == silver_of(undisturbed)


_KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from ctvpipe.pipelines.directory import transforming
from ctvpipe.stores import engine
transforming._PAGE = transforming._PAGE_SQLITE = 10
def progress(run):
    if run.processed == 30:
        os._exit(9)
with engine.open_engine(sys.argv[1]).connect() as connection:
    transforming.transform(connection, "users", transforming.Options(), progress=progress)
"""


def test_a_run_that_is_killed_leaves_whole_records_and_is_closed_and_resumed(any_silver: Silver) -> None:
    bring_campus(any_silver, SPEC)
    transform_all(any_silver)
    expected = silver_of(any_silver)
    any_silver.empty()
    any_silver.transform("departments")
    any_silver.transform("groups")
    command = [sys.executable, "-c", _KILLED, any_silver.url, str(CHECKOUT)]
    done = subprocess.run(command, check=False, timeout=60, env=os.environ | {"PYTHONPATH": str(CHECKOUT)})
    assert done.returncode == 9
    assert any_silver.rows("users") == dict(list(expected[TABLES.index("users")].items())[:30])
    assert any_silver.runs()[-1] == ("running",)
    run = any_silver.transform("users")
    assert (run.created, run.skipped) == (30, 30)
    assert silver_of(any_silver) == expected
    assert [status for (status,) in any_silver.runs()[-2:]] == ["failed", "completed"]
