"""The UM API of an invented campus, on loopback: tokens by client credentials, lists in pages (facts 4.0 to 4.2)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.fakes import campus, json_api
from tests.fakes.json_api import Asked, Item, JsonApi, Reply

KEY, SECRET = "invented-client-Beryl-41", "invented-secret-Onyx-Quartz-77"
CATEGORY = "bf"
_LISTS = {"DeptData": ("DepartmentList", "DeptData"), "DeptEmpData": ("DeptEmpInfo", "DeptEmpData")}
_MOST = 1000


@dataclass
class UmApi(JsonApi):
    """``lists``: what each path has, to be changed by a test. ``most``: items that a page holds at most.

    ``forgets_index``: every page is the first. ``empty``: what an empty list is answered as. ``seen``: called with
    the path and the index of every page, before it is made.
    """

    lists: dict[str, list[Item]] = field(default_factory=dict)
    most: int = _MOST
    forgets_index: bool = False
    empty: Any = None
    seen: Callable[[str, int], None] = field(default=lambda _path, _start: None)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a job that asks it."""
        return {
            "UM_BASE_URL": f"{self.url}/um", "UM_CATEGORY_ID": CATEGORY, "UM_CLIENT_KEY": KEY,
            "UM_CLIENT_SECRET": SECRET,
        }  # fmt: skip

    def sign_in(self, asked: Asked) -> Reply | None:
        """A token for the client, which is asked for by a form."""
        if asked.path != "/um/oauth2/token" or asked.method != "POST":
            return None
        form = {name: values[0] for name, values in parse_qs(asked.body).items()}
        wanted = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET, "scope": "department"}
        if self.revoked or form != wanted:
            return Reply({"error": "invalid_client", "error_description": f"{form}"}, 401)
        return Reply({"token_type": "Bearer", "access_token": self.issue(), "expires_in": self.life})

    def answer(self, asked: Asked) -> Reply:
        """A page of a list; a single item without a list around it, as the real one does."""
        path = asked.path.removeprefix(f"/um/{CATEGORY}/Department/v2/")
        if path not in self.lists or asked.method != "GET":
            return Reply({"error": "no such thing"}, 404)
        count, start = int(asked.query.get("$count", "10")), int(asked.query.get("$start_index", "0"))
        self.seen(path, start)
        size = min(count if count <= _MOST else 10, self.most)
        start = 0 if self.forgets_index else start
        found: Any = self.lists[path][start : start + size]
        outer, inner = _LISTS[path]
        if not found:
            return Reply({outer: self.empty})
        return Reply({outer: {inner: found[0] if len(found) == 1 else found}})


def serving(spec: campus.Spec | None = None) -> AbstractContextManager[UmApi]:
    """Serve the campus of ``spec`` on a free loopback port inside the block."""
    spec = spec or campus.Spec()
    lists = {"DeptData": list(campus.um_departments(spec)), "DeptEmpData": list(campus.um_employees(spec))}
    return json_api.serving(UmApi(lists=lists))
