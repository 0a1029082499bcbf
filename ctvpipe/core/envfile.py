"""Read an environment file by systemd's own rules (systemd.exec(5), ``EnvironmentFile=``).

The same file is read by systemd for the night and by us when a command is run by hand, so both must see the
same values. dotenv's rules differ (comments after values, ``export``, expansion), hence this reader. The states
are those of the manual page: quotes may be mixed, a backslash escapes, an escaped newline continues the line. A comment
that ends in a backslash ends there, as it does since systemd 254; before, the next line belonged to it.
"""

from __future__ import annotations

import re
from enum import Enum, auto

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BLANK = " \t\r"
_NEWLINE = "\n\r"
_ESCAPABLE_IN_DOUBLE_QUOTES = '"\\`$'


class _State(Enum):
    BEFORE_NAME = auto()
    NAME = auto()
    BEFORE_VALUE = auto()
    VALUE = auto()
    VALUE_ESCAPE = auto()
    SINGLE_QUOTES = auto()
    DOUBLE_QUOTES = auto()
    DOUBLE_QUOTES_ESCAPE = auto()
    COMMENT = auto()
    COMMENT_ESCAPE = auto()


def parse(text: str) -> dict[str, str]:
    """The assignments in ``text``, later ones winning; lines that are none are ignored, as systemd does."""
    parser = _Parser()
    for character in text:
        parser.feed(character)
    parser.end()
    return parser.found


class _Parser:
    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._state = _State.BEFORE_NAME
        self._name = ""
        self._value: list[str] = []
        self._solid = 0  # how much of the value is not unquoted trailing blanks

    def feed(self, c: str) -> None:
        getattr(self, "_on_" + self._state.name.lower())(c)

    def end(self) -> None:
        if self._state in {
            _State.BEFORE_VALUE,
            _State.VALUE,
            _State.VALUE_ESCAPE,
            _State.SINGLE_QUOTES,
            _State.DOUBLE_QUOTES,
            _State.DOUBLE_QUOTES_ESCAPE,
        }:
            self._assign()

    def _assign(self) -> None:
        name = self._name.rstrip(_BLANK)
        if _NAME.fullmatch(name):
            self.found[name] = "".join(self._value[: self._solid])
        self._state = _State.BEFORE_NAME

    def _append(self, c: str) -> None:
        self._value.append(c)
        self._solid = len(self._value)

    def _on_before_name(self, c: str) -> None:
        if c in "#;":
            self._state = _State.COMMENT
        elif c not in _BLANK + _NEWLINE:
            self._state, self._name = _State.NAME, c

    def _on_name(self, c: str) -> None:
        if c in _NEWLINE:
            self._state = _State.BEFORE_NAME
        elif c == "=":
            self._state, self._value, self._solid = _State.BEFORE_VALUE, [], 0
        else:
            self._name += c

    def _on_before_value(self, c: str) -> None:
        if c in _NEWLINE:
            self._assign()
        elif c == "'":
            self._state = _State.SINGLE_QUOTES
        elif c == '"':
            self._state = _State.DOUBLE_QUOTES
        elif c == "\\":
            self._state = _State.VALUE_ESCAPE
        elif c not in _BLANK:
            self._state = _State.VALUE
            self._append(c)

    def _on_value(self, c: str) -> None:
        if c in _NEWLINE:
            self._assign()
        elif c == "\\":
            self._state = _State.VALUE_ESCAPE
            self._solid = len(self._value)  # blanks before a backslash stay, even before an escaped newline
        elif c in _BLANK:
            self._value.append(c)
        else:
            self._append(c)

    def _on_value_escape(self, c: str) -> None:
        self._state = _State.VALUE
        if c not in _NEWLINE:
            self._append(c)

    def _on_single_quotes(self, c: str) -> None:
        if c == "'":
            self._state = _State.BEFORE_VALUE
        else:
            self._append(c)

    def _on_double_quotes(self, c: str) -> None:
        if c == '"':
            self._state = _State.BEFORE_VALUE
        elif c == "\\":
            self._state = _State.DOUBLE_QUOTES_ESCAPE
        else:
            self._append(c)

    def _on_double_quotes_escape(self, c: str) -> None:
        self._state = _State.DOUBLE_QUOTES
        if c in _ESCAPABLE_IN_DOUBLE_QUOTES:
            self._append(c)
        elif c != "\n":
            self._append("\\")
            self._append(c)

    def _on_comment(self, c: str) -> None:
        if c == "\\":
            self._state = _State.COMMENT_ESCAPE
        elif c in _NEWLINE:
            self._state = _State.BEFORE_NAME

    def _on_comment_escape(self, c: str) -> None:
        self._state = _State.BEFORE_NAME if c in _NEWLINE else _State.COMMENT
