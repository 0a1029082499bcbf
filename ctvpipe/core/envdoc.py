"""The env files as they are shipped: every variable of some settings classes, documented where it is set.

Pure: made from the declarations alone, so that files and manual cannot say anything else than the code does.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from ctvpipe.core.settings import Settings

_WIDTH = 100
_SOURCE = re.compile(r"\s*\(facts [^)]*\)")
_NEEDS_NO_QUOTES = re.compile(r"[\w@%+:,./=-]*", re.ASCII)
_LIMITS = {"gt": "more than {}", "ge": "at least {}", "lt": "less than {}", "le": "at most {}"}


@dataclass(frozen=True)
class Variable:
    """One variable: what it is for, the heading it belongs under, and its default as the env file would say it."""

    name: str
    heading: str
    text: str
    default: str
    secret: bool


def variables(classes: Iterable[type[Settings]]) -> list[Variable]:
    """The variables of ``classes`` in order of declaration, each once; those of one heading together."""
    found: dict[str, Variable] = {}
    for cls in classes:
        for attribute, info in cls.model_fields.items():
            name = str(info.alias)
            secret = info.annotation is SecretStr
            if name not in found:
                default = "" if secret else _written(info.default)
                found[name] = Variable(name, _heading(cls, attribute), _text(info), default, secret)
    headings = list(dict.fromkeys(variable.heading for variable in found.values()))
    return sorted(found.values(), key=lambda variable: headings.index(variable.heading))


def render(
    title: str,
    classes: Iterable[type[Settings]],
    values: Mapping[str, str],
    examples: Mapping[str, str] | None = None,
) -> str:
    """The text of an env file.

    ``title``: the remarks at its head; ``values``: variables that are set; ``examples``: values to show where there
    is no default worth showing. All others are commented out with their default, secrets with nothing. Raises
    ``ValueError`` for a value or an example of a variable that ``classes`` do not have, or that is a secret.
    """
    examples = examples or {}
    declared = variables(classes)
    if unfit := {*values, *examples} - {variable.name for variable in declared if not variable.secret}:
        raise ValueError(f"not a variable that may have a value here: {', '.join(sorted(unfit))}")
    lines = [line for paragraph in title.splitlines() for line in _comment(paragraph)]
    heading = None
    for variable in declared:
        if variable.heading != heading:
            heading = variable.heading
            lines += ["", "", *_comment(f"--- {heading} ---")]
        lines += ["", *_comment(variable.text)]
        if variable.secret:
            lines += _comment(
                f"Secret: set here, or in a file named here, or by the systemd credential {variable.name}."
            )
        lines += _assignments(variable, values.get(variable.name), examples.get(variable.name))
    return "\n".join(lines) + "\n"


def _assignments(variable: Variable, value: str | None, example: str | None) -> Iterator[str]:
    if value is not None:
        yield f"{variable.name}={quoted(value)}"
    elif example is not None:
        yield from _comment("For example:")
        yield f"#{variable.name}={quoted(example)}"
    else:
        yield f"#{variable.name}={quoted(variable.default)}"
        if variable.secret:
            yield f"#{variable.name}_FILE="


def quoted(value: str) -> str:
    """``value`` as systemd and a shell both read it back; it must not hold a line break."""
    if _NEEDS_NO_QUOTES.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False) or ["#"]


def _heading(cls: type[Settings], attribute: str) -> str:
    """The first sentence of the class that declares ``attribute``."""
    declaring = [base for base in cls.__mro__ if attribute in getattr(base, "model_fields", {})][-1]
    first = (declaring.__doc__ or declaring.__name__).split("\n\n")[0]
    sentence = _SOURCE.sub("", " ".join(first.split())).replace("``", "")
    return sentence.partition(". ")[0].removesuffix(".")


def _written(default: object) -> str:
    """A default as a person would write it."""
    if isinstance(default, float):
        return f"{default:g}"
    return "" if default is None else str(default)


def _text(info: FieldInfo) -> str:
    parts = [info.description or "", *_restrictions(info)]
    extra = info.json_schema_extra
    also = extra.get("also") if isinstance(extra, dict) else None
    if isinstance(also, list):
        parts.append(f"Also known as {', '.join(map(str, also))}.")
    return " ".join(parts)


def _restrictions(info: FieldInfo) -> Iterator[str]:
    """What validation demands, as far as the declaration says it."""
    limits = [
        text.format(getattr(item, kind))
        for item in info.metadata
        for kind, text in _LIMITS.items()
        if getattr(item, kind, None) is not None
    ]
    if limits:
        yield f"{', '.join(limits).capitalize()}."
    if choices := [choice for choice in get_args(info.annotation) if isinstance(choice, str)]:
        yield f"One of: {', '.join(choices)}."
