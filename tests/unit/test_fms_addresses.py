"""Partners' addresses as texts."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.fms import addresses
from ctvpipe.pipelines.fms.addresses import Parts

WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
BLANKS = st.sampled_from([" ", "  ", "\t", "\n", "\u00a0 "])


@pytest.mark.parametrize("text", [None, "", "  ", "\t\n", "N/A", " N/A ", "n/a"])
def test_no_address_is_none(text: str | None) -> None:
    assert addresses.usable(text) is None


@pytest.mark.parametrize("text", ["NA", "None", "nan", "0"])
def test_other_words_are_texts(text: str) -> None:
    assert addresses.usable(text) == text


def test_the_hash_is_that_of_the_lowered_text_with_single_spaces() -> None:
    expected = sha256(b"1200 sample oak dr, plano, tx").hexdigest()
    assert addresses.hashed("  1200  Sample Oak Dr,\tPlano, TX ") == expected


@given(st.lists(WORDS, min_size=1, max_size=5), st.lists(BLANKS, min_size=6, max_size=6))
def test_blanks_make_no_other_address_and_words_do(words: list[str], blanks: list[str]) -> None:
    plain = " ".join(words)
    odd = blanks[0] + "".join(word + blank for word, blank in zip(words, blanks[1:], strict=False))
    assert addresses.usable(odd) == addresses.usable(plain)
    assert addresses.hashed(odd) == addresses.hashed(plain) == addresses.hashed(plain.lower())
    assert addresses.hashed(f"{plain}x") != addresses.hashed(plain)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("1200 Sample Oak Dr, Plano, TX", Parts("1200 Sample Oak Dr", "Plano", "TX")),
        ("1200 Sample Oak Dr, Suite 4, Plano, TX", Parts("1200 Sample Oak Dr, Suite 4", "Plano", "TX")),
        ("1 A St , , #3,  New  York ,NY ", Parts("1 A St, #3", "New York", "NY")),
        ("1200 Sample Oak Dr, Plano, TX 75001", Parts("1200 Sample Oak Dr", "Plano", "TX", "75001")),
        ("1200 Sample Oak Dr, Plano, TX 75001-0001", Parts("1200 Sample Oak Dr", "Plano", "TX", "75001-0001")),
        ("Plano, TX", None),
        ("somewhere", None),
        (", Plano, TX", None),
        ("1200 Sample Oak Dr, Plano, ", None),
        ("", None),
    ],
)
def test_an_address_is_taken_apart_from_the_right(address: str, parts: Parts | None) -> None:
    assert addresses.split(address) == parts


@given(st.lists(WORDS, min_size=1, max_size=4), WORDS, st.text("ABCXYZ", min_size=2, max_size=2))
def test_what_is_put_together_comes_apart(street: list[str], city: str, state: str) -> None:
    whole = ", ".join([*street, city, state])
    assert addresses.split(whole) == Parts(", ".join(street), city, state)
