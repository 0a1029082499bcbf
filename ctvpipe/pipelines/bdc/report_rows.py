"""What a row of the contact report says of a customer (facts 1.3)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from ctvpipe.pipelines.bdc import coordinates, kinds, values
from ctvpipe.pipelines.bdc.coordinates import Placing
from ctvpipe.pipelines.bdc.layout import Layout
from ctvpipe.pipelines.bdc.records import Customer

ADDRESS = ("address", "city", "state", "zip", "latitude", "longitude")
_HASH_BYTES = 16
_LINK_TEXT = re.compile(r">([^<]*)<")


def customer(row: Sequence[Any], layout: Layout, placing: Placing) -> Customer | None:
    """The customer of a row; ``None`` where it has no id.

    A state has its two letters, however it is spelt. Without a name it has that of its account, which is in the link. ``plus4`` comes from the ZIP code where it has no
    column (facts 1.3).
    """
    id_ = values.identifier(layout.cell(row, "id"))
    if id_ is None:
        return None
    status, name, address, street2, city, state, country, source = (
        values.text(layout.cell(row, field))
        for field in ("status", "name", "address", "street2", "city", "state", "country", "source")
    )
    state = state_code(state)
    zip_code, plus4 = split_zip(values.text(layout.cell(row, "zip")), values.text(layout.cell(row, "plus4")))
    latitude, longitude = layout.cell(row, "latitude"), layout.cell(row, "longitude")
    place = coordinates.place(latitude, longitude, is_us=coordinates.is_us(country, state, zip_code), placing=placing)
    name = name or _linked_name(layout.cell(row, "link"))
    told = (id_, status, name, address, street2, city, state, zip_code, plus4, country, source, place)
    row_hash = hashlib.blake2b(repr((told, latitude, longitude)).encode(), digest_size=_HASH_BYTES).hexdigest()
    return Customer(*told, row_hash)


def state_code(state: str | None) -> str | None:
    """The two letters of a state that is written out; anything else as it is."""
    return kinds.STATE_CODES.get(state.upper(), state) if state else None


def split_zip(zip_code: str | None, plus4: str | None) -> tuple[str | None, str | None]:
    """The five digits of a ZIP code, and the four that follow them or come apart; anything else as it is."""
    if zip_code is None or kinds.ZIP.fullmatch(zip_code) is None:
        return zip_code, plus4
    digits = zip_code.replace("-", "")
    return digits[:5], plus4 or digits[5:] or None


def _linked_name(link: Any) -> str | None:
    found = _LINK_TEXT.search(link) if isinstance(link, str) else None
    return values.text(found[1]) if found else None
