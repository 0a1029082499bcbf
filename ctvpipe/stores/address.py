"""Which database a pipeline's settings name: one of an SQLite file and a PostgreSQL URL, never a silent default."""

from __future__ import annotations

from pathlib import Path

from ctvpipe.core.errors import ConfigurationError


def chosen(path: Path | None, url: str, *, path_name: str, url_name: str, env_file: str) -> str:
    """The database as an SQLAlchemy URL; the names are those of the variables, for the messages.

    Raises ``ConfigurationError`` when none or both are set, for a URL that is not PostgreSQL's, and for a path that is
    relative or has a question mark in it.
    """
    if bool(url) == bool(path):
        state = "both set" if url else "neither is set"
        raise ConfigurationError(
            f"{path_name} and {url_name}: {state}, exactly one must be",
            f"Name the database in /etc/{env_file}; there is no default on purpose.",
        )
    if url:
        if not url.startswith(("postgresql://", "postgresql+psycopg2://")):
            raise ConfigurationError(f"{url_name}: must begin with postgresql://", f"SQLite goes by {path_name}.")
        return url
    if path is None or not path.is_absolute():
        raise ConfigurationError(f"{path_name}: must be an absolute path", "A relative path finds another file.")
    if "?" in str(path):
        raise ConfigurationError(f"{path_name}: must have no question mark in it", "In a URL the path ends there.")
    return f"sqlite:///{path}"
