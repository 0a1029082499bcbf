"""Which entries an LDAP filter matches, as a server decides it: letter case does not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ldap3.operation.search import compile_filter, parse_filter
from pyasn1.codec.ber import encoder

from tests.fakes.ldap_ber import Element

Values = Mapping[str, Sequence[bytes]]


def compiled(text: str) -> Element:
    """A filter in the form in which it is sent."""
    encoded = encoder.encode(compile_filter(parse_filter(text, None, True, True, None, False).elements[0]))
    return Element(0x30, bytes(encoded)).parts[0]


def matches(search_filter: Element, values: Values) -> bool:
    """Whether an entry matches; ``values``: by attribute, in small letters."""
    match search_filter.tag:
        case 0xA0:
            return all(matches(one, values) for one in search_filter.parts)
        case 0xA1:
            return any(matches(one, values) for one in search_filter.parts)
        case 0xA2:
            return not matches(search_filter.parts[0], values)
        case 0xA3:
            name, wanted = search_filter.parts
            return wanted.content.lower() in [value.lower() for value in values.get(name.text.lower(), ())]
        case 0xA4:
            name, substrings = search_filter.parts
            (initial,) = substrings.parts
            assert initial.tag == 0x80
            begin = initial.content.lower()
            return any(value.lower().startswith(begin) for value in values.get(name.text.lower(), ()))
        case 0x87:
            asked = search_filter.text.lower()
            return asked == "objectclass" or bool(values.get(asked))
        case _:
            raise AssertionError(f"the fake knows no filter with the tag {search_filter.tag:#x}")
