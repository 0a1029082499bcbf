"""From what a source returned to the record that is ingested: its keys, and the hash of its significant fields.

The hash is that of ``records.content_hash`` of the fields that ``records.picked`` or ``records.ldap_picked`` pick, made
in one pass: a night does it for every record there is, changed or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from json.encoder import encode_basestring_ascii
from typing import Any

from ctvpipe.pipelines.directory import keys, streams
from ctvpipe.pipelines.directory.records import Failed, Record, Stream, encode, ldap_value

Payload = Mapping[str, Any]
Hash = Callable[[Payload], str]


def records(stream: Stream, payloads: Iterable[Payload]) -> Iterator[Record | Failed]:
    """The records of ``payloads``, as they come; one without an id in its source is ``Failed``."""
    keys_of, hash_of = keys.of(stream), hasher(stream)
    for payload in payloads:
        try:
            external_id, natural_key = keys_of(payload)
        except keys.NoKeyError as error:
            yield Failed("", str(error))
        else:
            yield Record(external_id, natural_key, payload, hash_of(payload))


def hasher(stream: Stream) -> Hash:
    """The content hash of a payload of ``stream``, by the rules of facts 3.1 for its source."""
    json_of = _ldap_json if stream.source_system in {streams.MCOMMUNITY, streams.AD} else _rest_json
    names = sorted(stream.fields)
    form = "{{{}}}".format(",".join(f"{encode(name)}:%s" for name in names))
    quoted = encode_basestring_ascii

    def hash_of(payload: Payload) -> str:
        values = [
            quoted(value.strip()) if value.__class__ is str else json_of(value) for value in map(payload.get, names)
        ]
        return sha256((form % tuple(values)).encode("ascii")).hexdigest()

    return hash_of


def _rest_json(value: object) -> str:
    """What is not a text as JSON; ``encode`` takes its time."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value.__class__ is list:
        return f"[{','.join(sorted(map(encode, value)))}]" if value else "[]"
    return str(value) if value.__class__ is int else encode(value)


def _ldap_json(value: object) -> str:
    """What is not a text, normalised as ``ldap_value`` does, as JSON; nothing is the empty text."""
    if value is None:
        return '""'
    if value.__class__ is list:
        texts = [one.strip() if one.__class__ is str else ldap_value([one]) for one in value]
        if len(texts) > 1:
            return f"[{','.join(map(encode_basestring_ascii, sorted(texts)))}]"
    return encode(ldap_value(value))
