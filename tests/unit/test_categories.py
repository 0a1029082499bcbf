"""Rule sets A and B against the tables of the facts (3.11, 3.12), written down here once more as plain conditions."""

from __future__ import annotations

from itertools import product

import pytest

from ctvpipe.pipelines.commercial_log.categories import Categoriser

LANGUAGES = ["E", "M", "C", "T", "Hm", "SA", "V", "K", "J", "M/C", "P", "H"]
CODES = (None, "", " ", "L", "l", "M", "m ", "hm", "EN", "eng", "M/C", "X9")
TYPES = ("COM", "BB", "BNS", "AV", "CRD", "PKG", "PRD", "PRG", "SVC", "")
REVENUES = (
    "Internal Ad Sales", "Local", "Other", "Direct Response Sales", "Paid Programming", "Branded Content", "Services", None,
)  # fmt: skip
EVERY = list(product(CODES, TYPES, REVENUES))


def set_a(code: str, kind: str, revenue: str) -> str:
    if code == "L":
        return "review_category"
    if kind in {"COM", "BB"}:
        return "language_assignment_required" if code else "default_english"
    if revenue == "Internal Ad Sales":
        return "language_assignment_required" if kind == "BNS" else "review_category"
    if revenue == "Local":
        return "language_assignment_required"
    if revenue == "Other" and kind in {"SVC", "PRD"}:
        return "default_english"
    if revenue in {"Direct Response Sales", "Paid Programming", "Branded Content"}:
        return "default_english"
    return "review_category"


def set_b(code: str, kind: str, revenue: str) -> str:
    if code == "L":
        return "review_category"
    if revenue == "Internal Ad Sales" and kind in {"COM", "BNS"}:
        return "language_assignment_required"
    if revenue in {"Direct Response Sales", "Paid Programming", "Branded Content"}:
        return "default_english"
    return "review_category"


def assignment(category: str, code: str, kind: str) -> tuple[str, str, float, str, bool]:
    """Code, status, confidence, method, review."""
    if category == "default_english":
        return "E", "determined", 1.0, "business_rule_default_english", False
    if code == "L":
        return "L", "undetermined", 0.0, "undetermined_flagged", True
    if code and code not in {*(each.upper() for each in LANGUAGES), "EN", "ENG"}:
        return code, "invalid", 0.0, "invalid_code_flagged", True
    if category == "review_category":
        return "E", "default", 0.5, "business_review_required", True
    if not code and kind in {"COM", "BB"}:
        return "E", "determined", 1.0, "auto_default_com_bb", False
    if not code:
        return "E", "default", 0.5, "default_english", False
    return ("E" if code in {"EN", "ENG"} else code), "determined", 1.0, "direct_mapping", False


@pytest.mark.parametrize(("name", "rules"), [("A", set_a), ("B", set_b)])
def test_every_combination(name: str, rules: object) -> None:
    assert callable(rules)
    categoriser = Categoriser(name, LANGUAGES)
    for code, kind, revenue in EVERY:
        written = (code or "").strip().upper()
        category = rules(written, kind, revenue or "")
        found = categoriser.decide(code, kind, revenue)
        assert found.category == category, (code, kind, revenue)
        given = found.assignment
        row = (given.language_code, given.status, given.confidence, given.method, given.requires_review)
        assert row == assignment(category, written, kind), (code, kind, revenue)


def test_every_spot_of_the_review_category_is_for_review() -> None:
    for name in "AB":
        categoriser = Categoriser(name, LANGUAGES)
        for each in EVERY:
            decision = categoriser.decide(*each)
            if decision.category == "review_category":
                assert decision.assignment.requires_review
                assert decision.assignment.notes


def test_revenue_and_type_are_matched_exactly() -> None:
    categoriser = Categoriser("A", LANGUAGES)
    assert categoriser.decide("M", "BNS", "internal ad sales").category == "review_category"
    assert categoriser.decide("M", "com", "Services").category == "review_category"


@pytest.mark.parametrize(("code", "known"), [
    ("hm", "Hm"), (" v ", "V"), ("EN", "E"), ("m/c", "M/C"), ("L", None), ("X9", None), ("", None), (None, None),
])  # fmt: skip
def test_the_reference_code(code: str | None, known: str | None) -> None:
    assert Categoriser("A", LANGUAGES).language(code) == known
