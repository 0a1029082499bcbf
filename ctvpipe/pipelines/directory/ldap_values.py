"""The values of an LDAP entry in a form that JSON can hold: always lists, under the names that the fields have (facts 6, P16).

Bytes are text where they are, else base64; what Active Directory stores in binary, or without separators, is written as
people write it: GUIDs, security identifiers, times.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from ctvpipe.pipelines.directory.records import as_text
from ctvpipe.sources.ldap_types import Attributes

Text = Callable[[bytes], str]
_SID_HEAD, _SID_PART, _GUID = 8, 4, 16
_TIME_FORMS = ("%Y%m%d%H%M%S.%fZ", "%Y%m%d%H%M%SZ")


def payload(
    attributes: Attributes, names: Iterable[str], texts: Mapping[str, Text], unordered: Iterable[str] = ()
) -> dict[str, list[str]]:
    """An entry's attributes as lists of texts.

    ``names``: how fields are spelt, whatever letter case the server uses; others keep the server's. ``texts``: how the
    values of an attribute become text, by its name in small letters; default ``records.as_text``. ``unordered``:
    attributes whose values have no order, by name in small letters: they are sorted.
    """
    spelt = {name.lower(): name for name in names}
    made = {}
    for name, values in attributes.items():
        small = name.lower()
        found = [texts.get(small, as_text)(value) for value in values]
        made[spelt.get(small, name)] = sorted(found) if small in unordered else found
    return made


def guid_text(value: bytes) -> str:
    """An object GUID, ``11111111-2222-3333-4444-555555555555``; Active Directory stores the first parts turned round."""
    return str(uuid.UUID(bytes_le=value)) if len(value) == _GUID else as_text(value)


def sid_text(value: bytes) -> str:
    """A security identifier, ``S-1-5-21-…``: revision, authority, and numbers of 32 bits."""
    if len(value) < _SID_HEAD or len(value) != _SID_HEAD + _SID_PART * value[1]:
        return as_text(value)
    authority = int.from_bytes(value[2:_SID_HEAD], "big")
    parts = [int.from_bytes(value[at : at + _SID_PART], "little") for at in range(_SID_HEAD, len(value), _SID_PART)]
    return "-".join(["S", str(value[0]), str(authority), *map(str, parts)])


def time_text(value: bytes) -> str:
    """A generalized time in UTC, ``20240229093000.0Z``, as ISO 8601; what is none stays as it is."""
    text = as_text(value)
    for form in _TIME_FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    return text
