"""Records as rows of the seven tables; every tuple is in the order of the columns that stand beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ctvpipe.pipelines.bdc.records import Customer, Detail, Item, Manufacturer, Model, Service

Row = tuple[Any, ...]
REPORTED = (
    "status",
    "status_active",
    "name",
    "address",
    "street2",
    "city",
    "state",
    "zip",
    "plus4",
    "latitude",
    "longitude",
    "source",
    "coord_status",
    "row_hash",
)
DETAILED = ("country", "account_type_id", "account_type", "block_fips", "detail_ok", "removed_at")
SERVICE = (
    "customer_id",
    "relationship_id",
    "service_id",
    "name",
    "type",
    "application",
    "amount",
    "quantity",
    "active",
    "data_service",
    "voice_service",
    "download_kbps",
    "upload_kbps",
    "technology_code",
)
ITEM = ("id", "model_id", "model_name", "manufacturer_id", "manufacturer_name", "status", "condition")


def reported(customer: Customer, active: Mapping[str, bool]) -> Row:
    """The columns ``REPORTED``; ``active``: by its name, whether a status counts as live (in small letters)."""
    place = customer.place
    return (
        customer.status,
        active.get((customer.status or "").casefold(), False),
        customer.name,
        customer.address,
        customer.street2,
        customer.city,
        customer.state,
        customer.zip,
        customer.plus4,
        place.latitude,
        place.longitude,
        customer.source,
        str(place.status),
        customer.row_hash,
    )


def detailed(customer: Customer, detail: Detail, removed_at: datetime | None) -> Row:
    """The columns ``DETAILED``."""
    country = detail.country or customer.country
    return (country, detail.account_type_id, detail.account_type, detail.block_fips, True, removed_at)


def service(customer_id: int, made: Service) -> Row:
    """The columns ``SERVICE``; an amount in whole cents, as the column holds it."""
    return (
        customer_id,
        made.relationship_id,
        made.service_id,
        made.name,
        made.type,
        made.application,
        None if made.amount is None else float(round(made.amount, 2)),
        made.quantity,
        made.active,
        made.data_service,
        made.voice_service,
        made.download_kbps,
        made.upload_kbps,
        made.technology_code,
    )


@dataclass(frozen=True)
class Names:
    """What models and their makers are called: by a model's id its name, its maker's id and name."""

    by_model: Mapping[int, tuple[str | None, int | None, str | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, models: Iterable[Model], manufacturers: Iterable[Manufacturer]) -> Names:
        """The names of ``models``; a maker that is not among ``manufacturers`` has none."""
        makers = {maker.id: maker.name for maker in manufacturers}
        return cls({each.id: (each.name, each.manufacturer_id, makers.get(each.manufacturer_id)) for each in models})

    def item(self, item: Item) -> Row:
        """The columns ``ITEM``; without names where the model is not known (facts 2.2)."""
        named = self.by_model.get(item.model_id, (None, None, None))
        return (item.id, item.model_id, *named, item.status, item.condition)
