"""What bronze can hold: JSON without what JSONB refuses, keys that fit an index; the rest fails with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.directory.chunk import Chunk
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.storable import LONGEST_KEY, UnstorableError, payload_json, unfit_key

UNFIT = ["\0", "a\0b", "\ud800", "x\udfff"]
FIT = ["", "a", "é", "\U0001f600", "\\u0000", "\\ud800", "\\", '"', "\u2028"]
KEYS = st.one_of(st.sampled_from([*UNFIT, *FIT, "k" * LONGEST_KEY, "k" * (LONGEST_KEY + 1)]), st.just(7), st.none())


@pytest.mark.parametrize("text", FIT)
def test_what_can_be_stored_comes_back(text: str) -> None:
    for payload in ({"x": text}, {text: 1}, {"x": [{"y": text}]}):
        assert json.loads(payload_json(payload)) == payload


@pytest.mark.parametrize("text", UNFIT)
def test_characters_that_cannot_be_stored(text: str) -> None:
    for payload in ({"x": text}, {text: 1}, {"x": ["fine", {"y": [text]}]}):
        with pytest.raises(UnstorableError, match="characters"):
            payload_json(payload)


def endless() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", {1, 2}, object(), {("a",): 1}, endless()])
def test_what_is_no_json(value: object) -> None:
    with pytest.raises(UnstorableError, match="not JSON"):
        payload_json({"x": value})


@given(st.lists(st.tuples(KEYS, KEYS), max_size=4))
def test_keys_that_do_not_fit_fail_alone(pairs: list[tuple[Any, Any]]) -> None:
    chunk = Chunk.read([Record(external_id, name, {}, "0") for external_id, name in pairs], 10)
    fitting = [(str(n), one[0], one[1] or "", "0") for n, one in enumerate(pairs, 10) if not unfit_key(*one)]
    assert chunk.rows == fitting
    assert len(chunk.failed) == len(pairs) - len(fitting)
    assert chunk.size == len(pairs)


@pytest.mark.parametrize(("external_id", "name", "reason"), [
    ("", None, "it has no id"), (None, None, "it has no id"), (7, None, "its key is no text"),
    ("a", 7, "its key is no text"), ("a\0", None, "its key has characters that cannot be stored"),
    ("a", "\ud800", "its key has characters that cannot be stored"),
    ("a" * 256, None, "its key has more than 255 characters"), ("a", "b" * 256, "its key has more than 255 characters"),
    ("a" * 255, "b" * 255, ""), ("é", None, ""),
])  # fmt: skip
def test_keys(external_id: object, name: object, reason: str) -> None:
    assert unfit_key(external_id, name) == reason


def test_what_failed_in_the_source_is_seen_where_its_id_is_known() -> None:
    chunk = Chunk.read([Failed("7", "odd"), Failed("", "odd"), Failed("\0", "odd")], 0)
    assert chunk.rows == [("0", "7", "", "")]
    assert len(chunk.failed) == chunk.size == 3
