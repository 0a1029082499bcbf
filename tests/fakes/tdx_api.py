"""TDX of an invented campus, on loopback: sign-in, accounts, the search for people, and details (facts 4.0, 4.5 to 4.7)."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.fakes import campus, json_api
from tests.fakes.json_api import Asked, Item, JsonApi, Reply

BEID, KEY = "5b0f7c1e-invented-beid", "invented-services-key-Jasper-19"
USER, PASSWORD = "invented-user", "invented-password-Agate-23"
PREFIX = "/TDWebApi/api"
_WINDOW = 60.0
_ACCOUNTS_A_SEARCH = 200


@dataclass
class TdxApi(JsonApi):
    """``accounts`` and ``people`` by id, to be changed by a test; ``members``: the ids of the accounts of a person.

    ``calls_a_minute``: more are answered 429, with the time at which the minute is over. ``quoted``: whether a token
    comes as JSON.
    """

    accounts: dict[str, Item] = field(default_factory=dict)
    people: dict[str, Item] = field(default_factory=dict)
    members: dict[str, set[int]] = field(default_factory=dict)
    calls_a_minute: int = 1_000_000
    quoted: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a job that asks it, in no hurry to wait."""
        return {
            "TDX_BASE_URL": f"{self.url}{PREFIX}", "TDX_BEID": BEID, "TDX_WEB_SERVICES_KEY": KEY,
            "API_RATE_LIMIT_DELAY": "0.0001",
        }  # fmt: skip

    def sign_in(self, asked: Asked) -> Reply | None:
        """The bare token."""
        ways = {
            f"{PREFIX}/auth/loginadmin": {"BEID": BEID, "WebServicesKey": KEY},
            f"{PREFIX}/auth": {"UserName": USER, "Password": PASSWORD},
        }
        if asked.path not in ways or asked.method != "POST":
            return None
        if self.revoked or json.loads(asked.body) != ways[asked.path]:
            return Reply({"ID": -1, "Message": f"Invalid: {asked.body}"}, 401)
        token = self.issue()
        return Reply(token if self.quoted else token.encode())

    def answer(self, asked: Asked) -> Reply:
        """A list, what a search finds, or one of either."""
        if self._is_over_budget():
            reset = format_datetime(datetime.now(UTC) + timedelta(seconds=_WINDOW), usegmt=True)
            return Reply({"Message": "too many"}, 429, {"X-RateLimit-Reset": reset})
        match (asked.method, *asked.path.removeprefix(f"{PREFIX}/").split("/")):
            case ("GET", "accounts"):
                return Reply(list(self.accounts.values()))
            case ("POST", "people", "search"):
                return self._search(json.loads(asked.body))
            case ("GET", "accounts", id_) if id_ in self.accounts:
                return Reply(campus.tdx_account_detail(self.accounts[id_]))
            case ("GET", "people", uid) if uid in self.people:
                return Reply(campus.tdx_person_detail(self.people[uid]))
        return Reply({"Message": f"No {asked.path}"}, 404)

    def _search(self, body: Any) -> Reply:
        wanted = set(body["AccountIDs"])
        if len(body["AccountIDs"]) > _ACCOUNTS_A_SEARCH or body.get("IsActive") is not True:
            return Reply({"Message": "no more than 200 accounts"}, 400)
        return Reply([person for uid, person in self.people.items() if self.members[uid] & wanted])

    def _is_over_budget(self) -> bool:
        now = time.monotonic()
        return sum(one.at > now - _WINDOW for one in self.asked) > self.calls_a_minute


def serving(spec: campus.Spec | None = None) -> AbstractContextManager[TdxApi]:
    """Serve the campus of ``spec`` on a free loopback port inside the block."""
    spec = spec or campus.Spec()
    there = [person for person in campus.people(spec) if person.is_in_tdx]
    return json_api.serving(
        TdxApi(
            accounts={str(account["ID"]): account for account in campus.tdx_accounts(spec)},
            people={person.tdx_uid: campus.tdx_person(person, spec) for person in there},
            members={person.tdx_uid: campus.tdx_account_ids(person, spec) for person in there},
        )
    )
