"""What a spot needs by way of a language, and which it gets: ordered tables of rules, first match wins (facts 3.11, 3.12).

Rule set A is the default, B is the written guide; both are data. An empty set in a rule means "any".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

REQUIRED = "language_assignment_required"
REVIEW = "review_category"
DEFAULT_ENGLISH = "default_english"

ENGLISH = "E"
UNDETERMINED_CODE = "L"
LANGUAGE_ALIASES = {"EN": ENGLISH, "ENG": ENGLISH}

_INTERNAL = frozenset({"Internal Ad Sales"})
_OTHER = frozenset({"Other"})
_LOCAL = frozenset({"Local"})
_NATIONAL = frozenset({"Direct Response Sales", "Paid Programming", "Branded Content"})
_COM_BB = frozenset({"COM", "BB"})
_ANY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """A line of a rule table. ``code``: ``"L"``, ``"present"``, ``"empty"`` or ``"any"``."""

    name: str
    category: str
    revenue: frozenset[str] = _ANY
    types: frozenset[str] = _ANY
    code: str = "any"

    def matches(self, code: str, spot_type: str, revenue: str) -> bool:
        """Whether the rule applies to a language code (upper case), spot type and revenue type; empty: missing."""
        if self.code == "present":
            code_matches = bool(code)
        elif self.code == "empty":
            code_matches = not code
        else:
            code_matches = self.code in ("any", code)
        return (
            code_matches
            and (not self.types or spot_type in self.types)
            and (not self.revenue or revenue in self.revenue)
        )


_L_IS_REVIEWED = Rule("A1", REVIEW, code=UNDETERMINED_CODE)
RULE_SETS: Mapping[str, tuple[Rule, ...]] = {
    "A": (
        _L_IS_REVIEWED,
        Rule("A2", REQUIRED, types=_COM_BB, code="present"),
        Rule("A3", DEFAULT_ENGLISH, types=_COM_BB, code="empty"),
        Rule("A4", REQUIRED, _INTERNAL, frozenset({"COM", "BNS"})),
        Rule("A5", REQUIRED, _LOCAL),
        Rule("A6", REVIEW, _INTERNAL, frozenset({"PKG", "CRD", "AV"})),
        Rule("A7", REVIEW, _OTHER, frozenset({"COM", "BNS", ""})),
        Rule("A8", DEFAULT_ENGLISH, _NATIONAL),
        Rule("A9", DEFAULT_ENGLISH, _OTHER, frozenset({"SVC", "PRD"})),
        Rule("A10", REVIEW),
    ),
    "B": (
        Rule("B0", REVIEW, code=UNDETERMINED_CODE),
        Rule("B1", REQUIRED, _INTERNAL, frozenset({"COM", "BNS"})),
        Rule("B2", REVIEW, _INTERNAL, frozenset({"PKG", "CRD", "AV", "BB"})),
        Rule("B3", REVIEW, _OTHER),
        Rule("B4", REVIEW, _LOCAL),
        Rule("B5", DEFAULT_ENGLISH, _NATIONAL),
        Rule("B6", REVIEW),
    ),
}


@dataclass(frozen=True)
class Assignment:
    """A row of ``spot_language_assignments`` without its spot."""

    language_code: str
    status: str
    confidence: float
    method: str
    requires_review: bool
    notes: str


@dataclass(frozen=True)
class Decision:
    """What a spot gets: its category, and its language assignment."""

    category: str
    assignment: Assignment


class Categoriser:
    """Decides category and language of spots by a rule set.

    ``languages``: the codes of the reference table; they are compared without regard to case.
    """

    def __init__(self, rule_set: str, languages: list[str]) -> None:
        self._rules = RULE_SETS[rule_set]
        self._languages = {code.upper(): code for code in languages} | LANGUAGE_ALIASES

    def language(self, code: str | None) -> str | None:
        """The reference code for a code as written, or ``None`` when it is unknown."""
        return self._languages.get((code or "").strip().upper())

    def decide(self, code: str | None, spot_type: str | None, revenue: str | None) -> Decision:
        """The decision for a spot with this language code, spot type and revenue type."""
        key = ((code or "").strip().upper(), spot_type or "", revenue or "")
        rule = next(rule for rule in self._rules if rule.matches(*key))
        return Decision(rule.category, self._assign(rule, *key))

    def _assign(self, rule: Rule, code: str, spot_type: str, revenue: str) -> Assignment:
        if rule.category == DEFAULT_ENGLISH:
            note = f"rule {rule.name}"
            return Assignment(ENGLISH, "determined", 1.0, "business_rule_default_english", False, note)
        assigned = self._from_code(code, spot_type)
        if rule.category == REVIEW and assigned.status not in {"undetermined", "invalid"}:
            seen = f"code {code}" if code else "no code"
            note = f"rule {rule.name}: {revenue or 'no revenue type'}, {spot_type or 'no type'}, {seen}"
            return Assignment(ENGLISH, "default", 0.5, "business_review_required", True, note)
        return assigned

    def _from_code(self, code: str, spot_type: str) -> Assignment:
        if not code and spot_type in _COM_BB:
            return Assignment(ENGLISH, "determined", 1.0, "auto_default_com_bb", False, "no code, COM or BB")
        if not code:
            return Assignment(ENGLISH, "default", 0.5, "default_english", False, "no code")
        if code == UNDETERMINED_CODE:
            return Assignment(code, "undetermined", 0.0, "undetermined_flagged", True, "code L: not determined")
        known = self._languages.get(code)
        if known is not None:
            return Assignment(known.upper(), "determined", 1.0, "direct_mapping", False, "")
        return Assignment(code, "invalid", 0.0, "invalid_code_flagged", True, "unknown language code")
