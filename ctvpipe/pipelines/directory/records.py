"""A record as a source returns it, in its canonical form, and its content hash (facts 3.1).

The hash is what change detection rests on: it is the same for the same significant content, whatever the order of keys
or of a list that has none, and it is stored beside the record, never worked out again from what is stored.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode
_TEXT_CONTROLS = frozenset(b"\t\n\r")


class Record(NamedTuple):
    """One thing as its source returned it.

    ``external_id``: its id in the source; ``natural_key``: what it is called in all sources, ``None`` where the source
    does not say; ``payload``: what the source returned, fit for JSON; ``content_hash``: of its significant fields.
    """

    external_id: str
    natural_key: str | None
    payload: Mapping[str, Any]
    content_hash: str


class Failed(NamedTuple):
    """One thing that its source returned and that cannot be read.

    ``external_id``: its id in the source, empty where just that is missing; what has one is not taken for gone.
    ``reason``: without anybody's data.
    """

    external_id: str
    reason: str


def content_hash(significant: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal digits, of JSON with sorted keys and without blanks; beyond ASCII it is escaped."""
    return hashlib.sha256(encode(significant).encode("ascii")).hexdigest()


def picked(payload: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The significant ``fields`` of a record from a REST API; texts without blanks around them, what is absent is null,
    and lists, such as the accounts of a person, in one order (P14).
    """
    return {name: _rest_value(payload.get(name)) for name in fields}


def ldap_picked(payload: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The significant ``fields`` of an LDAP entry, normalised: see ``ldap_value``."""
    return {name: ldap_value(payload.get(name)) for name in fields}


def ldap_value(value: Any) -> Any:
    """A value of an LDAP attribute as it is hashed (facts 3.1): nothing is the empty text, one value stands for itself,
    several are sorted; instants are ISO 8601; bytes are text where they are printable UTF-8, else base64.
    """
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        texts = [_ldap_text(one) for one in value]
        return "" if not texts else texts[0] if len(texts) == 1 else sorted(texts)
    return _ldap_text(value)


def _ldap_text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return as_text(bytes(value))
    return str(value).strip()


def as_text(value: bytes) -> str:
    """Bytes of an LDAP attribute as text: UTF-8 without control characters, else base64."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")
    printable = all(byte >= ord(" ") or byte in _TEXT_CONTROLS for byte in value)
    return text if printable else base64.b64encode(value).decode("ascii")


def _rest_value(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(value, key=encode)
    return value.strip() if isinstance(value, str) else value


@dataclass(frozen=True)
class Stream:
    """What one ingest brings: the entities of one source system, under one name for the operator.

    ``job``: as ``ctvpipe directory ingest`` calls it.
    """

    job: str
    entity_type: str
    source_system: str
    fields: tuple[str, ...]
