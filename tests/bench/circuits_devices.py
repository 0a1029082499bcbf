"""The bench of the devices' inventories: 13,100 devices in 1,413 networks of three organisations, served on loopback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.bench import measure
from tests.bench.measure import watched
from tests.bench.rows import Row
from tests.fakes import meraki_api
from tests.fakes.meraki_api import Api
from tests.integration.station import dump

_JOBS = {
    "appliances": [sys.executable, "-m", "ctvpipe", "circuits", "meraki"],
    "all devices": [sys.executable, "-m", "ctvpipe", "circuits", "meraki", "--all-orgs"],
}
_PER_SECOND = 9


def run(directory: Path, rounds: int) -> list[Row]:
    with meraki_api.serving(meraki_api.LARGE) as api:
        env = _environment(directory / "devices", api)
        return [row for name, command in _JOBS.items() for row in _rows(name, command, env, api, max(rounds // 3, 1))]


def _rows(name: str, command: list[str], env: dict[str, str], api: Api, rounds: int) -> list[Row]:
    """The first run stores everything, those after it find nothing new; the least disturbed of them counts."""
    first = _asked(command, env, api)
    before = dump(env["CIRCUITS_DATABASE_PATH"])
    later = [_asked(command, env, api) for _ in range(rounds)]
    changed = sum(before[table] != rows for table, rows in dump(env["CIRCUITS_DATABASE_PATH"]).items())
    memory = watched(command, env).memory_mib
    requests, asking, whole = min((first, *later), key=lambda one: one[1])
    alone = requests / _PER_SECOND
    said = (
        f"{asking:.2f} s for {requests} requests, {alone:.2f} s at {_PER_SECOND} a second; the job took {whole:.2f} s"
    )
    return [
        Row(f"requests of {name}", float(requests), 30, "requests", f"{api.refused} refused by the API's own limit"),
        Row(f"collecting {name}, to what the rate limit alone allows", asking / alone, 1.2, "x", said),
        Row(f"peak memory, collecting {name}", memory, 200, "MiB", "proportional set size"),
        Row(f"tables changed by collecting {name} again", float(changed), 0, "tables", f"{len(before)} compared"),
    ]


def _asked(command: list[str], env: dict[str, str], api: Api) -> tuple[int, float, float]:
    """Requests of one run, seconds from the first one's arrival to the last one's answer, and those of the whole run."""
    api.requests.clear()
    api.times.clear()
    cost = measure.run(command, env)
    return len(api.requests), api.times[-1] - api.times[0], cost.seconds


def _environment(root: Path, api: Api) -> dict[str, str]:
    names = {"ETC": "etc", "STATE": "state", "RUN": "run", "LOG": "log"}
    for place in (*names.values(), "data"):
        (root / place).mkdir(parents=True)
    ours = {f"CTVPIPE_{name}_DIR": str(root / place) for name, place in names.items()}
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("CTV", "CIRCUITS", "MERAKI"))}
    return {
        **outer,
        **ours,
        **api.settings,
        "CTVPIPE_CLOCK": "trust",
        "CIRCUITS_DATABASE_PATH": str(root / "data" / "circuits.db"),
    }
