"""From a bill code to customer and agencies (facts 3.8): pure rules, no database.

The last segment is the customer, what precedes it are one or two agencies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TRUNCATED_LENGTH = 49  # the traffic system cuts codes there, in the middle of a phrase too
_PHRASES = (" (Broker Fees - DO NOT INVOICE)", " (Broker Costs - DO NOT INVOICE)", " CREDIT MEMO")
_PHRASE = re.compile(rf"(?:{'|'.join(map(re.escape, _PHRASES))})(?!\w)", re.IGNORECASE)
_SHORTEST_CUT_PHRASE = len(" (Broker")
_PRODUCTION = re.compile(r"(?:\s*-\s*|\s+)(?:PRODUCTION|PROD)$", re.IGNORECASE)
_NO_AGENCY = "direct"


@dataclass(frozen=True)
class BillCode:
    """The parts of a bill code; ``agencies`` in the order written, ``customer`` without its suffixes."""

    agencies: tuple[str, ...]
    customer: str

    @property
    def qualified(self) -> str:
        """The agency-qualified name, which is the customer's identity."""
        return ":".join((*self.agencies, self.customer))


def parse(code: str) -> BillCode | None:
    """The parts of ``code``, or ``None`` when it names no customer."""
    cleaned = _without_phrases(code)
    *agencies, customer = (" ".join(part.split()) for part in cleaned.split(":"))
    customer = _PRODUCTION.sub("", customer).strip()
    if not customer:
        return None
    kept = tuple(agency for agency in agencies if agency and agency.casefold() != _NO_AGENCY)
    return BillCode(kept, customer)


def _without_phrases(code: str) -> str:
    text = " ".join(code.split())
    text = _PHRASE.sub("", text, count=len(_PHRASES))
    if len(code.strip()) >= _TRUNCATED_LENGTH:
        text = _without_cut_phrase(text)
    return text.strip()


def _without_cut_phrase(text: str) -> str:
    for phrase in _PHRASES[:2]:
        start = text.casefold().rfind(phrase[:_SHORTEST_CUT_PHRASE].casefold())
        if start >= 0 and phrase.casefold().startswith(text[start:].casefold()):
            return text[:start]
    return text
