"""Which technology of the filing a service is: what follows from Sonar's code, and what the operator says (facts 6).

Sonar has the codes of the older Form 477. Most of them mean one of the filing's; satellites (60) and fixed wireless (70)
mean one of several, which only the operator knows: by the service, by the radio at the customer, or by a group.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from ctvpipe.core import files
from ctvpipe.core.errors import ConfigurationError

TECHNOLOGIES = frozenset({0, 10, 40, 50, 60, 61, 70, 71, 72})
DERIVED = {0: 0, 10: 10, 20: 10, 30: 10, 40: 40, 50: 50, 90: 0}
VOICE_TYPES = frozenset({0, 1})  # a line, or VoIP
_ANY = "*"
# What may stand in the file, and as what. What it says of a service decides; then a code that leaves no doubt; then the
# customer's models, groups, and what the file says of the code.
_SECTIONS = {
    "service": TECHNOLOGIES,
    "model": TECHNOLOGIES,
    "group": TECHNOLOGIES,
    "code": TECHNOLOGIES,
    "voice": VOICE_TYPES,
}


class Subject(NamedTuple):
    """A service, and its customer's ``models`` of equipment and ``groups`` by their names."""

    service_id: int | None
    name: str | None
    code: int | None
    models: Collection[str] = ()
    groups: Collection[str] = ()


@dataclass(frozen=True)
class Technologies:
    """What the operator says: by section, what each id or name (in small letters) means."""

    sections: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | None) -> Self:
        """The mapping file at ``path``; without one nothing is said.

        Raises ``ConfigurationError`` for a file that cannot be used, naming everything that is wrong with it.
        """
        if path is None:
            return cls()
        with files.explained(f"read {path}"):
            text = path.read_bytes()
        try:
            parsed = tomllib.loads(text.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path}: not a TOML file: {error}", _FORM) from None
        return cls.of(parsed, str(path))

    @classmethod
    def of(cls, parsed: Mapping[str, Any], name: str) -> Self:
        """The same from what the file called ``name`` holds."""
        wrong = []
        sections: dict[str, dict[str, int]] = {}
        for section, entries in parsed.items():
            allowed = _SECTIONS.get(section)
            if allowed is None or not isinstance(entries, dict):
                wrong.append(f"[{section}] means nothing")
                continue
            for key, value in entries.items():
                if type(value) is int and value in allowed:
                    sections.setdefault(section, {})[key.strip().casefold()] = value
                else:
                    wrong.append(f"[{section}] {key}: {value} is none of {', '.join(map(str, sorted(allowed)))}")
        if wrong:
            raise ConfigurationError(f"{name}: {'; '.join(wrong)}", _FORM)
        return cls(sections)

    def technology(self, subject: Subject) -> int | str:
        """The filing's technology of a service, or in words why there is none.

        Raises nothing; a text holds no more than what the operator called the service.
        """
        by_service = self._service("service", subject)
        if by_service is not None:
            return by_service
        by_code = self._look("code", str(subject.code))
        if subject.code in DERIVED:
            return DERIVED[subject.code] if by_code is None else by_code
        for section, names in (("model", subject.models), ("group", subject.groups)):
            said = {value for name in names if (value := self._look(section, name)) is not None}
            if len(said) > 1:
                return f"its customer's {section}s say {' and '.join(map(str, sorted(said)))}"
            if said:
                return said.pop()
        if by_code is not None:
            return by_code
        if subject.code is None:
            return f"service {subject.service_id} has no technology"
        return f"service {subject.service_id} has technology {subject.code}, which is not mapped"

    def voice(self, subject: Subject) -> int | str:
        """The filing's type of a voice service, or in words why there is none."""
        found = self._service("voice", subject)
        if found is None:
            found = self._look("voice", _ANY)
        return f"voice service {subject.service_id} is not mapped" if found is None else found

    @property
    def asks_for_models(self) -> bool:
        """Whether it says anything of models."""
        return "model" in self.sections

    @property
    def asks_for_groups(self) -> bool:
        """Whether it says anything of groups."""
        return "group" in self.sections

    def _service(self, section: str, subject: Subject) -> int | None:
        by_id = None if subject.service_id is None else self._look(section, str(subject.service_id))
        return self._look(section, subject.name or "") if by_id is None else by_id

    def _look(self, section: str, name: str) -> int | None:
        return self.sections.get(section, {}).get(name.strip().casefold())


_FORM = 'It has sections [service], [model], [group], [code], [voice], with lines like "Home 100" = 71.'
