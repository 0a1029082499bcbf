"""What is taken of an account's detail (facts 1.4): named fields, and nothing else of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.bdc import values
from ctvpipe.pipelines.bdc.records import Detail, Group, Service

Item = Mapping[str, Any]
_PHYSICAL = "physical"
_BLOCK_DIGITS = 15
_ORDINALS = 1000


class Account(NamedTuple):
    """An account: what is stored of it, and its physical address, against whose named fields the report is checked;
    empty where it has none.
    """

    detail: Detail
    address: Item


def account(answer: Item, id_: int) -> Account:
    """The account ``id_`` of an answer. Raises ``ContractError`` for one that is no account, or another (facts 3.7)."""
    found = answer.get("account")
    if not isinstance(found, dict):
        raise ContractError("Sonar's answer has no account in it")
    if values.identifier(found.get("id")) != id_:
        raise ContractError("Sonar answered with another account than was asked for")
    address = _physical(found)
    kind = values.part(found, "type")
    return Account(
        Detail(
            customer_id=id_,
            account_type_id=values.whole(found.get("account_type_id")),
            account_type=values.text(kind.get("type")),
            country=values.text(address.get("country")),
            block_fips=_block(address.get("fips")),
            deleted=_is_set(found.get("deleted_at")),
            groups=tuple(_groups(_objects(found, "groups"))),
            services=tuple(_services(_objects(found, "services"))),
        ),
        {name: address.get(name) for name in ("line1", "city", "state", "zip", "latitude", "longitude")},
    )


def _objects(found: Item, name: str) -> list[Item]:
    """A list of objects; raises ``ContractError`` for anything else."""
    items = found.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ContractError(f"an account of Sonar's has {name} that are no list of objects")
    return items


def _physical(found: Item) -> Item:
    addresses = found.get("addresses")
    for address in addresses if isinstance(addresses, list) else ():
        if isinstance(address, dict):
            kind = values.text(values.part(address, "address_type").get("name")) or ""
            if kind.casefold() == _PHYSICAL:
                return address
    return {}


def _block(fips: Any) -> str | None:
    """The 15 digits of a census block; as a number it has lost the zero that it may begin with."""
    text = values.text(fips) or ""
    text = text.zfill(_BLOCK_DIGITS) if text and isinstance(fips, int) else text
    return text if len(text) == _BLOCK_DIGITS and text.isascii() and text.isdecimal() else None


def _groups(items: list[Item]) -> Iterator[Group]:
    had: set[int] = set()
    for item in items:
        id_ = _required(item, "id", "group")
        if id_ not in had and not _is_set(item.get("deleted_at")):
            had.add(id_)
            yield Group(id_, values.text(item.get("name")))


def _services(items: list[Item]) -> Iterator[Service]:
    """The services; the same may be there several times, and only the relationship tells one from the other."""
    had: set[int] = set()
    nameless: Counter[int] = Counter()
    for item in items:
        id_ = _required(item, "id", "service")
        pivot = values.part(item, "pivot")
        relationship = values.identifier(pivot.get("unique_service_relationship_id"))
        if relationship is None or relationship in had:
            nameless[id_] += 1
            relationship = -(id_ * _ORDINALS + nameless[id_])
        had.add(relationship)
        quantity = values.whole(pivot.get("quantity"))
        own_amount = values.money(pivot.get("price_override"))
        yield Service(
            relationship_id=relationship,
            service_id=id_,
            name=values.text(item.get("name")),
            type=values.text(item.get("type")),
            application=values.text(item.get("application")),
            amount=values.money(item.get("amount")) if own_amount is None else own_amount,
            quantity=1 if quantity is None else quantity,
            # One that is deleted is still on the account: it is kept, to be seen, and counts for nothing.
            active=False if _is_set(item.get("deleted_at")) else values.flag(item.get("active")),
            data_service=values.flag(item.get("data_service")),
            voice_service=values.flag(item.get("voice_service")),
            download_kbps=values.whole(item.get("download_in_kilobits")),
            upload_kbps=values.whole(item.get("upload_in_kilobits")),
            technology_code=values.whole(item.get("technology_code"), 15),
        )


def _required(item: Item, name: str, what: str) -> int:
    found = values.identifier(item.get(name))
    if found is None:
        raise ContractError(f"a {what} of an account of Sonar's has no {name}")
    return found


def _is_set(value: Any) -> bool:
    return values.text(value) is not None
