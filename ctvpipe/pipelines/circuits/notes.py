"""The notes of an appliance, in which people write what is on its two lines (facts 2.5).

``WAN1: Provider 300M x 30M`` on one line, or ``WAN 1``, provider and speed below each other; in any order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ctvpipe.pipelines.circuits import providers, speeds

# "WAN 100M" and "WAN 1.5G" name a speed, not a line.
_MARKER = re.compile(r"(?<!\w)WAN\s*([12])(?!\d|\.\d|[MG](?:B|BPS)?(?!\w))\s*:?", re.IGNORECASE)
_LABEL = re.compile(r"^(?:NOT\s+)?DSR(?!\w)[\s:]*", re.IGNORECASE)
_SIGNS = re.compile(r"[^\w .&|-]|_")
_CELLULAR = "VZW Cell"


@dataclass(frozen=True)
class Line:
    """What the notes say of one line; ``None`` where they say nothing."""

    provider: str | None = None
    speed: str | None = None


@dataclass(frozen=True)
class Notes:
    """What the notes say of both lines."""

    wan1: Line = Line()
    wan2: Line = Line()


# What a segment without a speed means; the first that fits (facts 2.5, 6).
_SPOKEN: tuple[tuple[re.Pattern[str], Line], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), line)
    for pattern, line in (
        (r"|unknown", Line()),
        (r"cell", Line(None, speeds.CELL)),
        (r"cell cell|vz gateway|vzg|vz[wnm]?( cell){0,2}", Line(_CELLULAR, speeds.CELL)),
        (r"verizon business", Line("Verizon Business", speeds.CELL)),
        (r"digi?( cell)?", Line("Digi", speeds.CELL)),
        (r"accelerated( cell)?", Line("Accelerated", speeds.CELL)),
        (r"(?=.*\bstarlink\b).*\bsatellite\b.*", Line("Starlink", speeds.SATELLITE)),
    )
)


def parse(text: str | None) -> Notes:
    """What ``text`` says of the two lines. Without a marker all of it is about the first."""
    notes = text or ""
    if "\n" not in notes:
        notes = notes.replace("\\r", "").replace("\\n", "\n")  # stored with its line breaks written out
    markers = list(_MARKER.finditer(notes))
    if not markers:
        return Notes(wan1=_line(notes))
    found: dict[str, Line] = {}
    ends = [*(marker.start() for marker in markers[1:]), len(notes)]
    for marker, end in zip(markers, ends, strict=True):
        line = _line(notes[marker.end() : end])
        if found.get(marker[1], Line()) == Line():
            found[marker[1]] = line
    return Notes(found.get("1", Line()), found.get("2", Line()))


def _line(segment: str) -> Line:
    words = " ".join(segment.split())
    if speed := speeds.PAIR.search(words):
        return Line(_provider(words[: speed.start()]) or None, speeds.shown(speed))
    name = _provider(words)
    for pattern, line in _SPOKEN:
        if pattern.fullmatch(name):
            return line
    before, blank, last = name.rpartition(" ")
    if blank and last.casefold() == speeds.CELL.casefold():
        return Line(before, speeds.CELL)
    return Line(name)


def _provider(words: str) -> str:
    label = _LABEL.sub("", words.strip(" -:"))
    return " ".join(_SIGNS.sub(" ", providers.cut(label)).split()).strip("-| ")
