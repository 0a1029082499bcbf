"""A long JSON list, item by item."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.sources import json_rows
from ctvpipe.sources.http import NotJsonError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
SIZES = st.integers(1, 9)
INDENTS = st.sampled_from([None, 0, 2])


@pytest.fixture(autouse=True, params=[3, 1 << 16])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces so small that everything goes over their edges, and those of every day."""
    monkeypatch.setattr(json_rows, "_PIECE", request.param)


def found(body: bytes) -> list[Any]:
    return list(json_rows.items(body, "data"))


@given(st.lists(VALUES, max_size=6), INDENTS, st.booleans())
def test_a_bare_list_is_what_json_says_it_is(values: list[Any], indent: int | None, ascii_: bool) -> None:
    body = json.dumps(values, indent=indent, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    try:
        body.decode()
    except UnicodeDecodeError:
        return
    assert found(body) == values


@given(
    st.lists(VALUES, max_size=4),
    st.dictionaries(st.text().filter(lambda name: name != "data"), VALUES, max_size=3),
    INDENTS,
)
def test_a_list_in_an_object_is_found_among_the_others(
    values: list[Any], others: dict[str, Any], indent: int | None
) -> None:
    names = list(others.items())
    half = len(names) // 2
    whole = dict([*names[:half], ("data", values), *names[half:]])
    assert found(json.dumps(whole, indent=indent).encode()) == values


@pytest.mark.parametrize("body", [
    b"", b" ", b"null", b"7", b'"data"', b"{}", b'{"rows": []}', b'{"data": null}', b'{"data": {"a": []}}', b"[1,]",
    b"[1 2]", b"[1", b"[[1, 2]", b'{"data": [1]', b'{"data": [1],}', b'{"data": [1]} x', b"[1] [2]", b"<html>", b"[\xff]",
    b'["\xc3"]', b'["\xc3', b"[" * 5000 + b"]" * 5000, b'{"data" [1]}', b"{7: [1]}", b'{, "data": [1]}', b"[,1]",
])  # fmt: skip
def test_what_is_no_list_is_an_error(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        found(body)


@given(st.lists(st.lists(st.integers(), min_size=1), min_size=1), st.data())
def test_what_is_cut_off_anywhere_is_an_error(rows: list[list[int]], data: st.DataObject) -> None:
    body = json.dumps({"data": rows}).encode()
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(NotJsonError):
        found(body[:cut])


def test_a_byte_order_mark_is_no_matter() -> None:
    assert found(b"\xef\xbb\xbf[1, 2]") == [1, 2]


def test_an_item_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "_LONGEST_ITEM", 1000)
    assert found(json.dumps(["x" * 900]).encode()) == ["x" * 900]
    with pytest.raises(NotJsonError):
        found(b'["' + b"x" * 1_000_000)
