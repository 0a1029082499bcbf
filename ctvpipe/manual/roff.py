r"""Text for man pages, in the ``man`` macros that groff and mandoc share (man(7)). Pure; the result is ASCII.

Every hyphen is written ``\-``: what a reader copies from the page must work in a shell.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

_WIDTH = 75
_SPECIAL = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    '"': r"\(dq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    "\u2013": r"\(en",
}


def escaped(text: str) -> str:
    """``text`` so that it is shown as it is, anywhere in a line or in a macro's argument."""
    return "".join(
        _SPECIAL.get(letter) or (letter if letter.isascii() else f"\\[u{ord(letter):04X}]") for letter in text
    )


def bold(text: str) -> str:
    """``text``, escaped and bold: to be typed as it is."""
    return rf"\fB{escaped(text)}\fP"


def italic(text: str) -> str:
    """``text``, escaped and italic: to be replaced by something of that kind."""
    return rf"\fI{escaped(text)}\fP"


def lines(text: str) -> list[str]:
    """One paragraph's text, escaped and wrapped; no line can be taken for a macro."""
    wrapped = textwrap.wrap(" ".join(text.split()), _WIDTH, break_on_hyphens=False, break_long_words=False)
    return [f"\\&{line}" if line.startswith(".") else line for line in map(escaped, wrapped)]


def paragraphs(text: str) -> list[str]:
    """A text whose paragraphs are separated by empty lines."""
    found: list[str] = []
    for paragraph in text.split("\n\n"):
        if paragraph.strip():
            found += [".PP", *lines(paragraph)]
    return found


def tagged(tag: str, text: str) -> list[str]:
    """An entry of a list: ``tag`` (roff), and below it, indented, the paragraphs of ``text``."""
    first, *rest = [part for part in text.split("\n\n") if part.strip()]
    found = [".TP", tag, *lines(first)]
    for paragraph in rest:
        found += [".IP", *lines(paragraph)]
    return found


def section(title: str, *bodies: Iterable[str]) -> list[str]:
    """A section with its content. An empty line means a new paragraph to roff: there is none."""
    return [f".SH {escaped(title)}", *(line for body in bodies for line in body)]


def subsection(title: str, *bodies: Iterable[str]) -> list[str]:
    """The same, one level below; ``title`` is roff."""
    return [f'.SS "{title}"', *(line for body in bodies for line in body)]


def page(name: str, number: int, *, date: str, source: str, manual: str, body: Iterable[str]) -> str:
    """A whole page. ``date``: may be empty; ``source`` and ``manual``: what stands in its footer and header."""
    head = " ".join(f'"{escaped(part)}"' for part in (name.upper(), str(number), date, source, manual))
    return "\n".join([f".TH {head}", ".nh", ".ad l", *body]) + "\n"
