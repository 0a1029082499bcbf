"""How Sonar writes down what ``sonar_people`` knows: rows of the contact report, accounts, equipment, lists (facts of BDC 1)."""

from __future__ import annotations

from html import escape
from typing import Any

from tests.fakes.sonar_people import (
    GROUPS,
    MANUFACTURERS,
    MODELS,
    PLANS,
    SECRETS,
    STATUSES,
    TYPES,
    Equipment,
    Line,
    Subscriber,
)

Item = dict[str, Any]


def row(one: Subscriber, layout: str) -> list[Any]:
    """A row of the report, in 22 columns."""
    cells: list[Any] = [None] * 22
    cells[0] = one.id
    cells[1] = f"<a href='https://isp.example/accounts/{one.id}'>{escape(one.name)}</a>"
    cells[2] = STATUSES[one.status][0]
    cells[3] = escape(one.name)
    cells[4] = f"{mailbox(one)}@example.net"
    cells[5] = phone(one)
    cells[9] = ", ".join(GROUPS[group] for group in one.groups)
    cells[10] = one.line1
    if layout == "documented":
        cells[11:17] = one.line2, one.city, one.state, one.zip, one.latitude, one.longitude
        cells[17:22] = f"PO Box {one.id % 900}", None, one.city, one.state, one.zip[:5]
    else:
        zip_code, _, plus4 = one.zip.partition("-")
        cells[11:18] = one.city, one.state, zip_code, one.latitude, one.longitude, plus4 or None, one.line2
        cells[20:22] = "US", "import"
    return cells


def mailbox(one: Subscriber) -> str:
    """The part of an e-mail address that is a person's."""
    return f"box{one.id}"


def phone(one: Subscriber) -> str:
    """A telephone number, of those that are nobody's."""
    return f"555{one.id % 100:02d}01{one.id % 1000:03d}"


def account(one: Subscriber, padding: int) -> Item:
    """The detail of an account, with what nobody asked for."""
    address = {
        "line1": one.line1, "line2": one.line2, "city": one.city, "state": one.state, "zip": one.zip, "county": "Mock",
        "country": "US", "latitude": one.latitude, "longitude": one.longitude, "fips": one.block,
        "failed_geocoding": one.latitude is None, "address_type": {"id": 1, "name": "physical"},
    }  # fmt: skip
    mailing = {**address, "line1": f"PO Box {one.id % 900}", "line2": None, "latitude": None, "longitude": None,
               "fips": None, "address_type": {"id": 2, "name": "mailing"}}  # fmt: skip
    status, kind = STATUSES[one.status], TYPES[one.type]
    return {"account": {
        "id": one.id, "name": one.name, "account_status_id": one.status, "account_type_id": one.type,
        "deleted_at": "2030-01-02 03:04:05" if one.deleted else None, "updated_at": "2030-01-02 03:04:05",
        "type": {"id": one.type, "name": kind[0], "type": kind[1]},
        "status": {"id": one.status, "name": status[0], "active": status[1]},
        "addresses": [mailing, address],
        "groups": [{"id": group, "name": GROUPS[group], "deleted_at": None,
                    "pivot": {"account_id": one.id, "account_group_id": group}} for group in one.groups],
        "services": [_service(one, line) for line in one.lines],
        "sub_accounts": [], "contacts": [{"phone": phone(one), "email": f"{mailbox(one)}@example.net"}],
        "portal_user": {"username": mailbox(one), "password": SECRETS[0]}, "payment_methods": [SECRETS[1]],
        "call_logs": [SECRETS[2] + " " * padding],
    }}  # fmt: skip


def _service(one: Subscriber, line: Line) -> Item:
    plan = PLANS[line.plan]
    pivot: Item = {"account_id": one.id, "service_id": plan.id, "quantity": line.quantity, "price_override": None,
                   "name_override": None, "package_id": None}  # fmt: skip
    if line.relationship is not None:
        pivot["unique_service_relationship_id"] = line.relationship
    return {
        "id": plan.id, "name": plan.name, "active": line.active, "type": "recurring", "application": plan.application,
        "amount": plan.amount, "data_service": plan.data, "download_in_kilobits": plan.down,
        "upload_in_kilobits": plan.up, "technology_code": plan.technology, "voice_service": plan.voice,
        "deleted_at": "2030-01-02 03:04:05" if line.deleted else None, "pivot": pivot,
    }  # fmt: skip


def item(one: Equipment, *, owned: bool) -> Item:
    """A piece of equipment; ``owned``: with whose it is, as the list of all of them has it."""
    owner: Item = {"assignee_id": one.owner, "assignee_type": "accounts"}
    stock: Item = {"assignee_id": 7, "assignee_type": "inventory_locations"}
    return {
        "id": one.id, "inventory_model_id": one.model, "status": "functional", "condition": "new",
        "purchase_price": "0.00", "consumed": False, "consumed_at": None,
        "fields": [{"field_id": 3, "data": f"02:00:5E:00:{one.id // 256 % 256:02X}:{one.id % 256:02X}"}],
        **((owner if one.owner is not None else stock) if owned else {}),
    }  # fmt: skip


def lists() -> dict[str, list[Item]]:
    """The short lists of the API, by path."""
    return {
        "inventory/models": [
            {"id": id_, "name": name, "manufacturer_id": maker, "inventory_model_category_id": 1, "https": False,
             "port": 80} for id_, (name, maker) in MODELS.items()
        ],
        "inventory/manufacturers": [{"id": id_, "name": name} for id_, name in MANUFACTURERS.items()],
        "system/account_statuses": [
            {"id": id_, "name": name, "active": active, "color": "0A0A0A"} for id_, (name, active) in STATUSES.items()
        ],
        "system/account_types": [{"id": id_, "name": name, "type": kind} for id_, (name, kind) in TYPES.items()],
        "system/account_groups": [{"id": id_, "name": name} for id_, name in GROUPS.items()],
    }  # fmt: skip
