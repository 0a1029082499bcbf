"""What bronze can hold: a payload that is JSON without what PostgreSQL's JSONB refuses, and keys without it (P20, P21).

The rules are the same on SQLite, which would take some of it: a record that one store refuses, both do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
# As they stand in JSON: the NUL character and the halves of a pair of surrogates, or text that looks like it.
_suspicious = re.compile(r"\\u(?:0000|d[89a-f])").search
LONGEST_KEY = 255


class UnstorableError(Exception):
    """The record cannot be stored; ``str(error)`` says why, without its data."""


def payload_json(payload: Mapping[str, Any]) -> str:
    """``payload`` as JSON. Raises ``UnstorableError``."""
    try:
        text = _encode(dict(payload))
    except (TypeError, ValueError, RecursionError):
        raise UnstorableError("it is not JSON") from None
    if _suspicious(text) and _has_unfit(json.loads(text)):
        raise UnstorableError("it has characters that cannot be stored")
    return text


def unfit_key(external_id: object, natural_key: object) -> str:
    """Why a record with these keys cannot be stored; empty where it can."""
    if not external_id:
        return "it has no id"
    if not isinstance(external_id, str) or not isinstance(natural_key, str | None):
        return "its key is no text"
    if max(len(external_id), len(natural_key or "")) > LONGEST_KEY:
        return f"its key has more than {LONGEST_KEY} characters"
    if not fits(external_id) or not fits(natural_key or ""):
        return "its key has characters that cannot be stored"
    return ""


def fits(text: str) -> bool:
    """Whether a database can hold ``text``: no NUL character, and no half of a pair of surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _has_unfit(value: Any) -> bool:
    match value:
        case str():
            return not fits(value)
        case list():
            return any(map(_has_unfit, value))
        case dict():
            return any(map(_has_unfit, [*value, *value.values()]))
        case _:
            return False
