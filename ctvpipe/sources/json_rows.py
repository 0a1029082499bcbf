"""The items of one long JSON list, one at a time, from the bytes of it: memory holds the bytes and an item."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

from ctvpipe.sources.http import NotJsonError

_PIECE = 1 << 16
_LONGEST_ITEM = 4 << 20
_decode = json.JSONDecoder().raw_decode
_BLANK = " \t\r\n"
_AFTER = frozenset(f"{_BLANK},:]}}")


def items(body: bytes, key: str) -> Iterator[Any]:
    """Each item of the list that ``body`` is, or that the object has under ``key`` that it is.

    Raises ``NotJsonError`` for anything else, at the latest when its end is reached: what was given until then is not
    all there is.
    """
    text = _Text(body)
    if text.peek() == "[":
        yield from _list(text)
    else:
        yield from _under(text, key)
    if text.peek():
        raise _wrong()


def _under(text: _Text, key: str) -> Iterator[Any]:
    """The items of the list that an object has under ``key``."""
    found = False
    text.take("{")
    while text.peek() != "}":
        name = text.value()
        text.take(":")
        if name == key and not found and text.peek() == "[":
            found = True
            yield from _list(text)
        else:
            text.value()
        text.end_of_item("}")
    text.take("}")
    if not found:
        raise _wrong()


def _list(text: _Text) -> Iterator[Any]:
    text.take("[")
    while text.peek() != "]":
        yield text.value()
        text.end_of_item("]")
    text.take("]")


class _Text:
    """JSON of which a piece is decoded at a time."""

    def __init__(self, body: bytes) -> None:
        self._pieces = _decoded(body)
        self._text, self._at = "", 0

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        """Go past a character that must be the next."""
        if self.peek() != wanted:
            raise _wrong()
        self._at += 1

    def end_of_item(self, closing: str) -> None:
        """Go past the comma that must follow, unless the end does."""
        if self.peek() != closing:
            self.take(",")
            if self.peek() == closing:
                raise _wrong()

    def value(self) -> Any:
        """The value that begins here."""
        self.peek()
        while True:
            try:
                found, end = _decode(self._text, self._at)
            except (ValueError, RecursionError):
                end = -1
            # A number may seem to end where it goes on in the next piece.
            if end >= 0 and self._text[end : end + 1] in _AFTER:
                self._at = end
                return found
            if len(self._text) - self._at > _LONGEST_ITEM or not self._more():
                raise _wrong()

    def _more(self) -> bool:
        """Have another piece, without what was read; whether there was one."""
        piece = next(self._pieces, "")
        if not piece:
            return False
        self._text, self._at = self._text[self._at :] + piece, 0
        return True


def _decoded(body: bytes) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for start in range(0, len(body), _PIECE):
            piece = decoder.decode(body[start : start + _PIECE])
            if piece:
                yield piece
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _wrong() from None


def _wrong() -> NotJsonError:
    return NotJsonError("the answer is not the JSON of a list of rows")
