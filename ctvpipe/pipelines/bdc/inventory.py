"""Equipment, its models and who makes them, and other lists of Sonar's API, as records (facts 1.2, 1.5)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.bdc import values
from ctvpipe.pipelines.bdc.records import AccountType, Item, Manufacturer, Model, Status

T = TypeVar("T")
Object = Mapping[str, Any]
_LOOKED_AT, _MOST_MISSES = 100, 5


def records(found: Iterable[Object], make: Callable[[Object], T | None], what: str) -> Iterator[T]:
    """What ``make`` makes of each object; those of which it makes nothing are left out.

    Raises ``ContractError`` where more than five of the first hundred are (facts 3.7), or nothing is left of any.
    """
    made = missed = 0
    for item in found:
        record = make(item)
        missed += record is None
        if made + missed <= _LOOKED_AT and missed > _MOST_MISSES:
            break
        if record is not None:
            made += 1
            yield record
    else:
        if made or not missed:
            return
    raise ContractError(f"Sonar's {what} lack what names them ({missed} of {made + missed})", "Its API has changed.")


def item(found: Object) -> Item | None:
    """A piece of equipment from the list of all, with whose it is; ``None`` without its id or its model's."""
    owner = found.get("assignee_id") if values.text(found.get("assignee_type")) == "accounts" else None
    return _item(found, values.identifier(owner))


def item_of(customer_id: int) -> Callable[[Object], Item | None]:
    """What makes a piece of equipment of an object from the list of that customer."""
    return lambda found: _item(found, customer_id)


def _item(found: Object, customer_id: int | None) -> Item | None:
    id_, model = values.identifier(found.get("id")), values.identifier(found.get("inventory_model_id"))
    if id_ is None or model is None:
        return None
    return Item(id_, model, _word(found.get("status")), _word(found.get("condition")), customer_id)


def _word(value: Any) -> str | None:
    """A text of which there are few, each kept once however many items have it."""
    text = values.text(value)
    return sys.intern(text) if text else None


def model(found: Object) -> Model | None:
    """A model; ``None`` without its id, its name or its manufacturer's id."""
    id_, name = values.identifier(found.get("id")), values.text(found.get("name"))
    maker = values.identifier(found.get("manufacturer_id"))
    return None if id_ is None or name is None or maker is None else Model(id_, name, maker)


def manufacturer(found: Object) -> Manufacturer | None:
    """A manufacturer; ``None`` without its id or its name."""
    id_, name = values.identifier(found.get("id")), values.text(found.get("name"))
    return None if id_ is None or name is None else Manufacturer(id_, name)


def status(found: Object) -> Status | None:
    """A status of accounts; ``None`` without its id, its name, or whether it counts as live."""
    id_, name = values.identifier(found.get("id")), values.text(found.get("name"))
    active = values.flag(found.get("active"))
    return None if id_ is None or name is None or active is None else Status(id_, name, active)


def account_type(found: Object) -> AccountType | None:
    """A type of accounts; ``None`` without its id."""
    id_ = values.identifier(found.get("id"))
    return None if id_ is None else AccountType(id_, values.text(found.get("name")), values.text(found.get("type")))
