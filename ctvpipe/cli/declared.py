"""The settings that the jobs declare, loaded for people's commands. Slow to import (pydantic)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ctvpipe.core import outbound, secrets, timetable
from ctvpipe.core.environment import Layers, layers
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.job import Job, Schedule
from ctvpipe.core.settings import Settings, SharedSettings, environment
from ctvpipe.jobs import JOBS
from ctvpipe.stores.address import File


def settings_class(job: Job) -> type[Settings]:
    """The class named by ``job.settings``."""
    module, _, name = job.settings.partition(":")
    declared: type[Settings] = getattr(importlib.import_module(module), name)
    return declared


def wanted_schedule(job: Job) -> Schedule:
    """When ``job``, one of the table, is to run as its settings have it. Raises ``ConfigurationError`` for wrong ones."""
    settings = environment((job.env_file,)).load(settings_class(job))
    return timetable.scheduled(job, settings.runs_at)


def sections(jobs: Sequence[Job] = JOBS) -> Iterator[tuple[str, type[Settings], tuple[str, ...]]]:
    """Each settings class that ``jobs`` use: its title, the class, its env files beside the shared one."""
    yield "shared by all jobs", SharedSettings, ()
    for job in jobs:
        yield job.name, settings_class(job), (job.env_file,)


def is_secret(cls: type[Settings], name: str) -> bool:
    """Whether variable ``name`` of ``cls`` is a secret."""
    return cls.variables()[name].annotation is SecretStr


def other_names(cls: type[Settings], name: str) -> tuple[str, ...]:
    """Further names under which variable ``name`` of ``cls`` is known."""
    if is_secret(cls, name):
        return (f"{name}_FILE",)
    extra = cls.variables()[name].json_schema_extra
    also = extra.get("also") if isinstance(extra, dict) else None
    return tuple(str(item) for item in also) if isinstance(also, list) else ()


def known_names(env_file: str | None) -> set[str]:
    """The variables that mean something in ``env_file`` (``None``: anywhere)."""
    names = set()
    for _, cls, env_files in sections():
        if not env_files or env_file is None or env_file in env_files:
            for name in cls.variables():
                names |= {name, *other_names(cls, name)}
    return names


def scrubber() -> secrets.Scrubber:
    """Knows every secret that is set anywhere; one that cannot be read cannot be shown either."""
    found = secrets.Scrubber()
    for _, cls, env_files in sections():
        values = layers(env_files).merged
        for name in cls.variables():
            if is_secret(cls, name):
                try:
                    found.learn([secrets.resolve(name, values) or ""])
                except ConfigurationError:
                    continue
    return found


def alert_targets(kind: outbound.Kind) -> tuple[list[outbound.Target], float]:
    """Every alert target of any job, each once, and the seconds that sending may take.

    Raises ``ConfigurationError`` when the shared settings are wrong.
    """
    found: dict[str, outbound.Target] = {}
    seconds = 0.0
    for env_files in {(): None} | {(job.env_file,): None for job in JOBS}:
        shared = environment(env_files, os.environ).load(SharedSettings)
        seconds = max(seconds, shared.alert_seconds)
        found |= {target.url: target for target in outbound.targets(shared, kind)}
    return list(found.values()), seconds


def sqlite_files() -> tuple[list[File], list[str]]:
    """The SQLite databases that the jobs' settings name, each once, and what keeps others from being known."""
    found: dict[Path, File] = {}
    unknown: dict[str, None] = {}
    for job in JOBS:
        cls: Any = settings_class(job)
        if not hasattr(cls, "require_url"):
            continue
        env = environment((job.env_file,))
        settings, _ = env.usable(cls)
        for path, reason in env.unreadable.items():
            unknown[f"cannot read {path} ({reason}): what database it names is not known, and is not backed up"] = None
        if settings.database_path is not None:
            found.setdefault(settings.database_path, File(settings.database_path, settings.names))
    return list(found.values()), list(unknown)


def origin(cls: type[Settings], name: str, found: Layers) -> str:
    """Where the value of variable ``name`` comes from, in words."""
    merged = found.merged
    for candidate in (name, *other_names(cls, name)):
        if merged.get(candidate):
            layer = found.source(candidate)
            where = "environment" if layer is None or layer.path is None else str(layer.path)
            return where if candidate == name else f"{where} ({candidate})"
    directory = merged.get("CREDENTIALS_DIRECTORY")
    if directory and is_secret(cls, name) and (Path(directory) / name).exists():
        return "systemd credential"
    return "default"
