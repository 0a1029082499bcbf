"""The header's contract (facts 1.1)."""

from __future__ import annotations

import pytest

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log import columns
from tests.fakes.workbook_cells import COLUMNS, header


@pytest.mark.parametrize("titles", [
    header("classic"), header("2025"), [title.upper() for title in header()], [f"  {title}  " for title in header()],
    [*header(), "sheet_source"], [title.replace(" ", "  ") for title in header()],
])  # fmt: skip
def test_known_headers_pass_without_a_remark(titles: list[str]) -> None:
    assert columns.check_headers("Commercials", titles) == []


def test_the_fields_stand_where_the_sheet_has_them() -> None:
    assert list(columns.FIELDS) == [column.field for column in COLUMNS]


ANCHORS = ("bill_code", "air_date", "end_date", "broadcast_month", "market_name")


@pytest.mark.parametrize("column", columns.COLUMNS, ids=columns.FIELDS)
def test_a_renamed_header_is_refused_where_it_is_evidenced_and_remarked_elsewhere(column: columns.Column) -> None:
    titles = list(header())
    position = columns.POSITION[column.field]
    titles[position] = "Something new"
    place = f"sheet 'Commercials', row 1, column {columns.letter(position)}"
    if column.field in ANCHORS:
        with pytest.raises(ContractError, match=f"{place}: .* but the header is 'Something new'"):
            columns.check_headers("Commercials", titles)
    else:
        (remark,) = columns.check_headers("Commercials", titles)
        assert remark.startswith(f"{place}: {column.headers[0]!r} is expected, found 'Something new'")


@pytest.mark.parametrize("first", range(len(columns.COLUMNS)))
@pytest.mark.parametrize("second", [0, 11, 18, 28])
def test_any_two_swapped_columns_are_refused(first: int, second: int) -> None:
    if first == second:
        return
    titles = list(header())
    titles[first], titles[second] = titles[second], titles[first]
    with pytest.raises(ContractError, match=f"column {columns.letter(min(first, second))}: "):
        columns.check_headers("Commercials", titles)


@pytest.mark.parametrize("position", range(len(columns.COLUMNS)))
def test_a_missing_column_is_refused(position: int) -> None:
    titles = list(header())
    del titles[position]
    with pytest.raises(ContractError, match="row 1, column"):
        columns.check_headers("Commercials", titles)


def test_a_header_that_stands_twice_is_refused() -> None:
    with pytest.raises(ContractError, match="column AD: the header of column S stands here again"):
        columns.check_headers("Commercials", [*header(), "month"])


@pytest.mark.parametrize("titles", [[], [""] * 29, ["Bill Code"]])
def test_an_empty_or_short_header_is_refused(titles: list[str]) -> None:
    with pytest.raises(ContractError, match="the header is missing"):
        columns.check_headers("Commercials", titles)


@pytest.mark.parametrize(
    ("position", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (28, "AC"), (701, "ZZ"), (702, "AAA")]
)
def test_letter(position: int, letter: str) -> None:
    assert columns.letter(position) == letter
