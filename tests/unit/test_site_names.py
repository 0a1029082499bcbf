"""The spellings of one site (facts 2.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits.site_names import comparable_site, normal_site_id, site_key, store_code

BLANKS = st.text(" \t", max_size=2)


@pytest.mark.parametrize("written", ["XYZ 01 -B", "XYZ 01- B", "XYZ 01-B", " xyz  01 - b ", "XYZ\u00a001-B"])
def test_one_site_id_in_all_its_spellings(written: str) -> None:
    assert normal_site_id(written) == "XYZ 01-B"
    assert store_code(written) == "XYZ 01"


@given(BLANKS, BLANKS, BLANKS, st.sampled_from(["b", "B"]))
def test_blanks_around_the_hyphen_never_count(before: str, after: str, end: str, letter: str) -> None:
    assert normal_site_id(f"{end}XYZ 01{before}-{after}{letter}{end}") == "XYZ 01-B"


@given(st.text(max_size=20))
def test_a_normal_site_id_stays_as_it_is(text: str) -> None:
    once = normal_site_id(text)
    assert normal_site_id(once) == once
    assert once == once.strip()


@pytest.mark.parametrize(("site_id", "code"), [
    ("XYZ 01", "XYZ 01"),
    ("XYZ 01 -B (Previously ABC 02)", "XYZ 01"),
    ("AB-C 01", "AB-C 01"),
    ("XYZ 01-BC", "XYZ 01-BC"),
    ("(x", ""),
    (None, ""),
])  # fmt: skip
def test_the_store_code_in_a_site_id(site_id: str | None, code: str) -> None:
    assert store_code(site_id) == code


@pytest.mark.parametrize("missing", [None, "", "  "])
def test_name_and_purpose_stand_for_a_missing_site_id(missing: str | None) -> None:
    assert site_key(missing, " xyz 01", "Secondary") == "XYZ 01|Secondary"
    assert site_key("xyz 01 -b", "XYZ 01", "Secondary") == "XYZ 01-B"


def test_sites_and_networks_are_compared_without_case_and_blanks() -> None:
    assert comparable_site("  xyz   01 ") == comparable_site("XYZ 01")
    assert comparable_site("XYZ 1") != comparable_site("XYZ 10")
    assert comparable_site(None) == ""
