"""What LDAP messages are written in (BER, as far as RFC 4511 needs it): tag, length, content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Element(NamedTuple):
    """One element: its tag, and its content, which ``parts`` takes apart."""

    tag: int
    content: bytes

    @property
    def parts(self) -> list[Element]:
        """The elements that it is made of."""
        return list(_elements(self.content))

    @property
    def number(self) -> int:
        """Its content as an integer."""
        return int.from_bytes(self.content, "big", signed=True)

    @property
    def text(self) -> str:
        """Its content as text."""
        return self.content.decode()


def length_of(head: bytes) -> int:
    """How many bytes of a length follow these two, the tag and the first of the length."""
    return head[1] & 0x7F if head[1] & 0x80 else 0


def _elements(content: bytes) -> Iterator[Element]:
    at = 0
    while at < len(content):
        more = length_of(content[at : at + 2])
        begin = at + 2 + more
        length = int.from_bytes(content[at + 2 : begin], "big") if more else content[at + 1]
        yield Element(content[at], content[begin : begin + length])
        at = begin + length


def tlv(tag: int, content: bytes) -> bytes:
    """An element, encoded."""
    return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content


def sequence(*parts: bytes) -> bytes:
    """A sequence of encoded elements."""
    return tlv(0x30, b"".join(parts))


def octets(value: bytes) -> bytes:
    """A string."""
    return tlv(0x04, value)


def integer(value: int, tag: int = 0x02) -> bytes:
    """An integer that is not negative."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))
