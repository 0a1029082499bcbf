"""Until when models are sold and supported, by a file of our own or by what the device API says (facts 5).

A date counts for the model it names and for its variants behind a hyphen: ``MX67`` says nothing of ``MX67C``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ctvpipe.core.errors import ConfigurationError

_VARIABLE = "MERAKI_LIFECYCLE_FILE"
_FIELDS = ("announcement_date", "end_of_sale", "end_of_support")
_FORMATS = ("%Y-%m-%d", "%B %d, %Y", "%b %d, %Y")
_SWITCH = re.compile(r"(MS220-\d+)[A-Z]+")


@dataclass(frozen=True)
class Dates:
    """When a model's end was announced, until when it is sold, and until when it is supported."""

    announced: date | None = None
    end_of_sale: date | None = None
    end_of_support: date | None = None

    def highlight(self, today: date) -> str | None:
        """``eol`` when its support has ended, ``eos`` when its sale has."""
        if self.end_of_support and self.end_of_support < today:
            return "eol"
        return "eos" if self.end_of_sale and self.end_of_sale < today else None


def dates_of(model: str, table: Mapping[str, Dates]) -> Dates | None:
    """The dates of ``model``: its own, those of an ``MS220`` without its letters, or of the model before a hyphen."""
    if model in table:
        return table[model]
    switch = _SWITCH.fullmatch(model)
    if switch and switch[1] in table:
        return table[switch[1]]
    parts = model.split("-")
    shorter = ("-".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((table[name] for name in shorter if name in table), None)


def read(path: Path | None) -> dict[str, Dates]:
    """The dates in the file by model; none where no file is set. Raises ``ConfigurationError`` with the wrong line."""
    if path is None:
        return {}
    found = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if "model" not in (reader.fieldnames or ()):
                raise ConfigurationError(
                    f"{_VARIABLE}: {path} has no column model", f"It needs: model, {', '.join(_FIELDS)}"
                )
            for row in reader:
                model = (row["model"] or "").strip().upper()
                if model:
                    found[model] = Dates(*(_date(row.get(name), path, reader.line_num) for name in _FIELDS))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is not a CSV file in UTF-8"
        raise ConfigurationError(f"{_VARIABLE}: cannot read {path}: {reason}") from None
    return found


def said(details: Iterable[tuple[str, Mapping[str, Any] | None]]) -> dict[str, Dates]:
    """The dates that the device API gives with its devices, by model."""
    found: dict[str, Dates] = {}
    for model, known in details:
        eox = (known or {}).get("eox")
        if isinstance(eox, dict):
            dates = Dates(None, _day(eox.get("endOfSaleAt")), _day(eox.get("endOfSupportAt")))
            if dates != Dates():
                found.setdefault(model, dates)
    return found


def _date(value: str | None, path: Path, line: int) -> date | None:
    written = " ".join((value or "").split())
    if not written:
        return None
    for form in _FORMATS:
        try:
            return datetime.strptime(written, form).date()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
    raise ConfigurationError(
        f"{_VARIABLE}: line {line} of {path} has a date that cannot be read", "Write 2026-03-04, or March 4, 2026."
    )


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
