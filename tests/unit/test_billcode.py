"""From a bill code to customer and agencies (facts 3.8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.commercial_log import billcode


@pytest.mark.parametrize(("code", "agencies", "customer"), [
    ("Amber Foods", (), "Amber Foods"),
    ("Northlight Media:Amber Foods", ("Northlight Media",), "Amber Foods"),
    ("Vela:Northlight:Amber Foods", ("Vela", "Northlight"), "Amber Foods"),
    ("  Amber   Foods ", (), "Amber Foods"),
    ("Northlight Media : Amber Foods", ("Northlight Media",), "Amber Foods"),
    ("Direct:Amber Foods", (), "Amber Foods"),
    ("Amber Foods PRODUCTION", (), "Amber Foods"),
    ("Amber Foods PROD", (), "Amber Foods"),
    ("Amber Foods - PRODUCTION", (), "Amber Foods"),
    ("Amber Foods - Prod", (), "Amber Foods"),
    ("Amber Products", (), "Amber Products"),
    ("Production House", (), "Production House"),
    ("Amber Foods (Broker Fees  - DO NOT INVOICE)", (), "Amber Foods"),
    ("Amber Foods (Broker Fees - DO NOT INVOICE)", (), "Amber Foods"),
    ("Northlight:Amber Foods (BROKER COSTS - DO NOT INVOICE)", ("Northlight",), "Amber Foods"),
    ("Amber Foods CREDIT MEMO", (), "Amber Foods"),
    ("Amber Foods CREDIT MEMO PRODUCTION", (), "Amber Foods"),
    ("First Credit Memorial Bank", (), "First Credit Memorial Bank"),
    ("Northlight Media:Amber Foods (Broker Fees  - DO N", ("Northlight Media",), "Amber Foods"),
    (":Amber Foods", (), "Amber Foods"),
])  # fmt: skip
def test_parts(code: str, agencies: tuple[str, ...], customer: str) -> None:
    found = billcode.parse(code)
    assert found == billcode.BillCode(agencies, customer)
    assert found.qualified == ":".join((*agencies, customer))


@pytest.mark.parametrize("code", ["", " ", ":", "Northlight:", "Direct:", "a:b: "])
def test_codes_that_name_no_customer(code: str) -> None:
    assert billcode.parse(code) is None


def test_a_phrase_that_was_not_cut_at_49_characters_is_part_of_the_name() -> None:
    found = billcode.parse("Amber Foods (Broker")
    assert found is not None
    assert found.customer == "Amber Foods (Broker"


@given(st.text(max_size=60))
def test_any_text_gives_a_trimmed_customer_or_none(code: str) -> None:
    found = billcode.parse(code)
    if found is not None:
        assert found.customer == found.customer.strip() != ""
        assert ":" not in found.customer
        assert all(agency and agency == agency.strip() for agency in found.agencies)
