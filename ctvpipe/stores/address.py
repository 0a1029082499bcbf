"""Which database a pipeline's settings name: one of an SQLite file and a PostgreSQL URL, never a silent default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctvpipe.core.errors import ConfigurationError


@dataclass(frozen=True)
class Names:
    """How messages call a database, and the variables that say which one it is."""

    database: str = "the database"
    path: str = "DATABASE_PATH"
    url: str = "DATABASE_URL"
    env_file: str = ""


@dataclass(frozen=True)
class File:
    """An SQLite database."""

    path: Path
    names: Names


def chosen(path: Path | None, url: str, names: Names) -> str:
    """The database as an SQLAlchemy URL.

    Raises ``ConfigurationError`` when none or both are set, for a URL that is not PostgreSQL's, and for a path that is
    relative or has a question mark in it.
    """
    if bool(url) == bool(path):
        state = "both set" if url else "neither is set"
        raise ConfigurationError(
            f"{names.path} and {names.url}: {state}, exactly one must be",
            f"Name the database in /etc/{names.env_file}; there is no default on purpose.",
        )
    if url:
        if not url.startswith(("postgresql://", "postgresql+psycopg2://")):
            raise ConfigurationError(f"{names.url}: must begin with postgresql://", f"SQLite goes by {names.path}.")
        return url
    if path is None or not path.is_absolute():
        raise ConfigurationError(f"{names.path}: must be an absolute path", "A relative path finds another file.")
    if "?" in str(path):
        raise ConfigurationError(f"{names.path}: must have no question mark in it", "In a URL the path ends there.")
    return f"sqlite:///{path}"
