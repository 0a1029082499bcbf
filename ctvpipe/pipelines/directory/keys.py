"""What a record is called: its id in its source, and the natural key that the sources have in common (facts 6, P2).

Pure rules, one a stream. Each takes the payload as the source returned it and raises ``NoKeyError`` for one that has
no id: such a record is never given an invented one (P13).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ctvpipe.pipelines.directory import streams
from ctvpipe.pipelines.directory.records import Stream

Payload = Mapping[str, Any]
Keys = Callable[[Payload], tuple[str, str | None]]

# Facts 4.9: what a uniqname looks like; AD's conflict objects and placeholders of the service desk do not (P21).
_is_uniqname = re.compile(r"[a-z][a-z0-9.\-]{0,49}").fullmatch


class NoKeyError(Exception):
    """The record has no id; ``str(error)`` names the field."""


def of(stream: Stream) -> Keys:
    """The rule of ``stream``: from a payload to external id and natural key."""
    return _RULES[stream.source_system, stream.entity_type]


def uniqname(value: object) -> str | None:
    """A person's uniqname in small letters; ``None`` where ``value`` is none. Of several, as LDAP may have, the first."""
    name = value.strip().lower() if value.__class__ is str else _text(value).lower()
    return name if _is_uniqname(name) else None


def _umapi_department(payload: Payload) -> tuple[str, str | None]:
    code = _required(payload, "DeptId")
    return code, code


def _umapi_employee(payload: Payload) -> tuple[str, str | None]:
    """A row is an appointment: a person may have several (P3)."""
    return f"{_required(payload, 'EmplId')}:{_required(payload, 'EmplRcd')}", uniqname(payload.get("UniqName"))


def _mcommunity_user(payload: Payload) -> tuple[str, str | None]:
    return _required(payload, "uidNumber"), uniqname(payload.get("uid"))


def _ad_group(payload: Payload) -> tuple[str, str | None]:
    return _required(payload, "objectGUID"), _text(payload.get("cn")).lower() or None


def _tdx_account(payload: Payload) -> tuple[str, str | None]:
    """Without a code an account is not a department of the UM API, and keeps a key of its own (P12)."""
    number = _required(payload, "ID")
    return number, _text(payload.get("Code")) or f"TDX_{number}"


def _tdx_user(payload: Payload) -> tuple[str, str | None]:
    return _required(payload, "UID"), uniqname(payload.get("AlternateID"))


_RULES: dict[tuple[str, str], Keys] = {
    (streams.UM_API, streams.DEPARTMENT): _umapi_department,
    (streams.UM_API, streams.USER): _umapi_employee,
    (streams.MCOMMUNITY, streams.USER): _mcommunity_user,
    (streams.AD, streams.GROUP): _ad_group,
    (streams.TDX, streams.DEPARTMENT): _tdx_account,
    (streams.TDX, streams.DEPARTMENT_DETAIL): _tdx_account,
    (streams.TDX, streams.USER): _tdx_user,
    (streams.TDX, streams.USER_DETAIL): _tdx_user,
}


def _required(payload: Payload, name: str) -> str:
    value = payload.get(name)
    found = value.strip() if value.__class__ is str else _text(value)
    if not found:
        raise NoKeyError(f"it has no {name}")
    return found


def _text(value: object) -> str:
    """A value as a key has it; of a list the first. Zero is a value, a truth value is none."""
    if value.__class__ is str:
        return value.strip()
    if value.__class__ is int:
        return str(value)
    if isinstance(value, list | tuple) and value:
        return _text(value[0])
    return ""
