"""Names of Internet providers: what a label means, whether two names are the same one, and why (facts 2.4).

The names are data, ``provider_names.toml``. A name is looked up as it is first; only then is it cleaned, and only what
is still unknown is compared letter by letter, with the best match and whole words. What the broker spells is shown as
the broker spells it: these names are for what comes from notes and registries, and for comparing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from rapidfuzz import fuzz

# Scores that make two names one: of an unknown name and an alias, and of a label and a registry's name. In a name of
# fewer letters than "short", one of them is a large part.
ENOUGH = 85
_CLOSE, _SHORT = 80, 8
_MEMORY = 16384  # names; a night has a few hundred, each many times
_FOLLOWED = 4  # letters of an alias that may be followed by more words
_FEW = 3


@dataclass(frozen=True)
class Candidate:
    """An alias that a name was compared with, the name it stands for, and how like it is (0 to 100)."""

    alias: str
    name: str
    score: float


@dataclass
class Explanation:
    """How ``canonical`` came to its ``result``: what was done, step by step, and the nearest aliases if it came to that."""

    label: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    result: str | None = None


@cache
def _table() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("provider_names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def aliases() -> dict[str, str]:
    """The name that each alias stands for; an empty one stands for none."""
    return {alias: name for name, spellings in _table()["aliases"].items() for alias in spellings}


@lru_cache(_MEMORY)
def canonical(label: str | None, *, from_broker: bool = False) -> str | None:
    """The provider that ``label`` means; ``None`` for no provider; an unknown one's name is the cleaned label.

    ``from_broker``: it is the broker's own spelling, where Verizon is not a cellular line.
    """
    return explain(label, from_broker=from_broker).result


def explain(label: str | None, *, from_broker: bool = False) -> Explanation:
    """The same, with its reasons."""
    text = _blanks(label or "")
    found = Explanation(label or "")
    if not text or text.casefold() in _table()["null"]:
        found.steps.append(("empty", "it names no provider"))
        return found
    for step, change in (("as it is", _blanks), ("cut", cut), ("stripped", _stripped)):
        text = change(text)
        if not text:
            found.steps.append((step, "nothing is left of it"))
            return found
        found.steps.append((step, text))
        if text.casefold() in aliases():
            return _settled(found, "alias", aliases()[text.casefold()])
        if (family := _family(text, from_broker=from_broker)) is not None:
            return _settled(found, "family", family)
    found.candidates = _nearest(text)
    if found.candidates and found.candidates[0].score >= ENOUGH:
        return _settled(found, "nearest", found.candidates[0].name)
    return _settled(found, "unknown", text)


def cut(label: str) -> str:
    """``label`` without ``##…##``, and without what is no name any more: serial numbers, places, addresses."""
    return _blanks(_cut_words().sub("", re.sub(r"##.*?##", " ", label)))


@lru_cache(_MEMORY)
def comparable(name: str | None) -> str:
    """The form in which two names are compared: lower case, without signs, and without words that tell nothing."""
    return " ".join(_telling(canonical(name, from_broker=True) or ""))


@lru_cache(_MEMORY)
def score(one: str | None, other: str | None) -> float:
    """How like two names are, 0 to 100; 0 where one is missing. Whole words count, not parts of them."""
    first, second = comparable(one), comparable(other)
    if not first or not second:
        return 0.0
    if first == second or _registered(one, other) or _registered(other, one):
        return 100.0
    return 100.0 if _begins(first, second) or _begins(second, first) else fuzz.ratio(first, second)


def says_nothing(name: str | None) -> bool:
    """Whether a label or a registry's answer is empty or one of those that stand for no provider: ``Private IP``, ``CGNAT``."""
    return not name or name.casefold() in _table()["no_answer"]


def agrees(label: str | None, registry_name: str | None) -> bool | None:
    """Whether the notes' label and the registry mean the same provider; ``None`` where one of them says nothing
    (facts 4.3, 1)."""
    if says_nothing(label) or says_nothing(registry_name):
        return None
    if not comparable(label) or not comparable(registry_name):
        return None
    shorter = min(len(comparable(label)), len(comparable(registry_name)))
    return score(label, registry_name) >= (ENOUGH if shorter < _SHORT else _CLOSE)


def _registered(label: str | None, registry_name: str | None) -> bool:
    """Whether a word in the label, or in what it means, is known to be that name in the registry."""
    said, name = _spaced(f"{label} | {canonical(label)}"), comparable(registry_name)
    return any(f" {word} " in said and name in names for word, names in _registry_names())


@cache
def _registry_names() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (word, frozenset(form for name in names for form in (comparable(name), " ".join(_telling(name)))))
        for word, names in _table()["registry"].items()
    )


def _begins(whole: str, beginning: str) -> bool:
    """Whether ``whole`` is ``beginning`` and more words, so that it is one of its branches. The same word elsewhere in
    a name says nothing, nor does a beginning that is short."""
    return len(beginning) >= _FOLLOWED and whole.startswith(f"{beginning} ")


def _settled(found: Explanation, step: str, name: str) -> Explanation:
    found.steps.append((step, name or "no provider"))
    found.result = name or None
    return found


def _stripped(text: str) -> str:
    """``text`` without the broker's prefixes and the words that are noise."""
    begun = True
    while begun:
        begun = False
        for prefix in _table()["prefixes"]:
            end = "" if prefix.endswith("-") else r"(?!\w)"
            shorter = re.sub(rf"^{re.escape(prefix)}{end}[\s:]*", "", text, flags=re.IGNORECASE)
            begun, text = begun or shorter != text, shorter
    return _blanks(_noise().sub(" ", text)).strip("|-/ ")


@cache
def _cut_words() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(_table()['cut'])})(?!\w).*", re.IGNORECASE)


@cache
def _noise() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(_table()['noise'])})(?!\w)", re.IGNORECASE)


def _family(text: str, *, from_broker: bool) -> str | None:
    spaced = _spaced(text)
    for family in _table()["families"]:
        if from_broker and not family["dsr"]:
            continue
        if spaced.strip() in family.get("is", ()):
            return str(family["name"])
        starts = any(spaced.startswith(f" {word} ") for word in family.get("starts", ()))
        if starts or any(f" {word} " in spaced for word in family.get("has", ())):
            return str(family["name"])
    return None


def _nearest(text: str) -> list[Candidate]:
    spaced, telling = _spaced(text), " ".join(_telling(text))
    found = []
    for alias, name, whole, form in _comparable_aliases():
        likeness = 100.0 if len(alias) >= _FOLLOWED and spaced.startswith(whole) else fuzz.ratio(telling, form)
        found.append(Candidate(alias, name, round(likeness, 1)))
    found.sort(key=lambda candidate: (candidate.score, len(candidate.alias), candidate.alias))
    best = {candidate.name: candidate for candidate in found}  # the last of each name, so its best
    return sorted(best.values(), key=lambda candidate: (-candidate.score, -len(candidate.alias), candidate.alias))[
        :_FEW
    ]


@cache
def _comparable_aliases() -> tuple[tuple[str, str, str, str], ...]:
    """Aliases that another name may be near to: alias, name, its words, and those of them that tell it from others."""
    plain = _table()["plain"]
    return tuple(
        (alias, name, _spaced(alias), " ".join(_telling(alias)))
        for alias, name in aliases().items()
        if name and alias not in plain
    )


def _telling(name: str) -> list[str]:
    """The words of ``name`` that tell it from others; all of them where none does."""
    words = _words(name)
    return [word for word in words if word not in _table()["generic"]] or words


def _words(name: str) -> list[str]:
    return re.sub(r"[^\w&]+", " ", name.casefold()).split()


def _spaced(name: str) -> str:
    return f" {' '.join(_words(name))} "


def _blanks(text: str) -> str:
    return " ".join(text.split())


def names() -> Iterable[str]:
    """The canonical names, without the empty one."""
    return (name for name in _table()["aliases"] if name)
