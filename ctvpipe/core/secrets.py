"""Where secrets come from, and how they are kept out of everything that is written or sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

from ctvpipe.core.errors import ConfigurationError

MASK = "***"
_SHORTEST_SCRUBBED = 3
_SHORTEST_TOKEN = 6
_WEB = {"http", "https"}
_DATABASE = re.compile(r"postgres(ql)?(\+\w+)?|sqlite")
# "services", "webhook", "commercial-import": what stands in a web address beside the token, and must stay readable.
_PLAIN_WORD = re.compile(r"[a-z]+([-_][a-z]+)*")
_LONGEST_PLAIN_WORD = 20


def resolve(name: str, environ: Mapping[str, str]) -> str | None:
    """The secret called ``name``: its variable, the file named by ``NAME_FILE``, or the systemd credential ``NAME``.

    An empty variable counts as unset. Raises ``ConfigurationError`` when a named file cannot be read.
    """
    if value := environ.get(name):
        return value
    if path := environ.get(f"{name}_FILE"):
        return _read(Path(path), f"{name}_FILE")
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(directory) / name
        if credential.exists():
            return _read(credential, f"the systemd credential {name}")
    return None


def _read(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigurationError(
            f"{source}: cannot read {path}: {reason}", "Check the path and its permissions."
        ) from None


class Scrubber:
    """Replaces every known secret in a text by a mask."""

    def __init__(self) -> None:
        self._needles: list[str] = []

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets, with the forms in which they appear in URLs and messages."""
        needles = set(self._needles)
        for secret in secrets:
            needles.update(form for form in _forms(secret) if len(form) >= _SHORTEST_SCRUBBED)
        self._needles = sorted(needles, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """``text`` without any known secret."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text


def _forms(secret: str) -> Iterable[str]:
    for part in {secret, *_url_secrets(secret)}:
        yield part
        if part.isascii() and part.isalnum():
            continue
        for quoted in {quote(part, safe=""), quote(part), quote_plus(part)}:
            yield quoted
            yield re.sub(r"%..", lambda code: code[0].lower(), quoted)
        yield repr(part)[1:-1]
        yield repr(part.encode(errors="surrogateescape"))[2:-1]
        yield json.dumps(part)[1:-1]


def _url_secrets(text: str) -> Iterable[str]:
    """The URLs in ``text``, and their secret parts: passwords, and what works as a token in path, query or user."""
    for word in text.split():
        try:
            parts = urlsplit(word)
            found = [parts.password or ""]
        except ValueError:
            continue
        if "://" not in word:
            continue
        query = [pair.partition("=") for pair in parts.query.split("&")]
        if _DATABASE.fullmatch(parts.scheme):
            found += [value for name, _, value in query if "pass" in name]
        else:
            segments = [*parts.path.split("/"), *(value or name for name, _, value in query)]
            found += _tokens(parts.scheme, parts.netloc, segments)
        for part in (word, *found):
            yield part
            yield unquote(part)


def _tokens(scheme: str, place: str, segments: list[str]) -> list[str]:
    """What may be a token in a web address, or in an apprise URL, where even the host may be one."""
    user, _, host = place.rpartition("@")
    if scheme in _WEB:
        found = [s for s in segments if not (_PLAIN_WORD.fullmatch(s) and len(s) < _LONGEST_PLAIN_WORD)]
    else:
        found = [*segments, *(part for part in host.split(":") if "." not in part and part != "localhost")]
    if ":" not in user:
        found.append(user)
    return [token for token in found if len(token) >= _SHORTEST_TOKEN]
