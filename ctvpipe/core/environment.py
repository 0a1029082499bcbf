"""The variables a job sees, layer by layer: ``ctvpipe.env``, the job's env files, the process's own environment.

Later layers win. Reading them needs the standard library only, so that ``ctvpipe status`` starts fast.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ctvpipe.core import envfile

SHARED_ENV_FILE = "ctvpipe.env"


@dataclass(frozen=True)
class Layer:
    """One source of variables; ``path`` is ``None`` for the process's own environment."""

    path: Path | None
    values: Mapping[str, str]


@dataclass(frozen=True)
class Layers:
    """All sources, the weakest first, and the env files that could not be read with the reason."""

    layers: tuple[Layer, ...]
    unreadable: Mapping[Path, str]

    @property
    def merged(self) -> dict[str, str]:
        """The variables in force."""
        merged: dict[str, str] = {}
        for layer in self.layers:
            merged |= layer.values
        return merged

    def source(self, name: str) -> Layer | None:
        """The layer that sets ``name``, or ``None`` where none does."""
        return next((layer for layer in reversed(self.layers) if name in layer.values), None)


def etc_dir(environ: Mapping[str, str]) -> Path:
    """Where the env files are: ``/etc``, or ``CTVPIPE_ETC_DIR``."""
    return Path(environ.get("CTVPIPE_ETC_DIR") or "/etc")


def layers(env_files: Iterable[str], environ: Mapping[str, str] | None = None) -> Layers:
    """The shared env file, the named ones, then the environment; a missing file is no error."""
    real = dict(os.environ if environ is None else environ)
    found: list[Layer] = []
    unreadable: dict[Path, str] = {}
    for name in dict.fromkeys((SHARED_ENV_FILE, *env_files)):
        path = etc_dir(real) / name
        try:
            found.append(Layer(path, envfile.parse(path.read_bytes().decode())))
        except FileNotFoundError:
            continue
        except OSError as error:
            unreadable[path] = error.strerror or type(error).__name__
        except UnicodeDecodeError:
            unreadable[path] = "not UTF-8 text"
    return Layers((*found, Layer(None, real)), unreadable)
