"""The Meraki Dashboard API: organisation-wide lists, whole or not at all (facts 2.7, 11, 4).

Every list is read to its last page and checked: an item without what names it, or a page that is no list, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import quote, urlsplit

from ctvpipe.core.errors import ConfigurationError, ContractError, PermanentError, Skipped
from ctvpipe.pipelines.circuits.settings import ApiSettings
from ctvpipe.sources.http import Bearer, Client
from ctvpipe.sources.pacing import Patience, TokenBucket

Item = dict[str, Any]
# A little at once makes up for a page that took long to read; the API itself allows ten more.
_BURST = 3
_MANY, _MOST = 1000, 5000
_APPLIANCES = {"productTypes[]": "appliance"}


@dataclass(frozen=True)
class Organization:
    """An organisation that the key sees; ``enabled``: whether it lets the API be used."""

    id: str
    name: str
    enabled: bool = True


class Api:
    """The API with one key, to be closed; every organisation has its own pace. Raises ``Skipped`` without a key."""

    def __init__(self, settings: ApiSettings, *, patience: Patience | None = None) -> None:
        key = settings.api_key.get_secret_value()
        if not key:
            raise Skipped("no key of the device API is configured (MERAKI_API_KEY)")
        self._url, self._rate = settings.api_url, settings.requests_per_second
        self._paces: dict[str, TokenBucket] = {}
        self.client = Client(auth=Bearer(key), domain=_domain(settings.api_url), patience=patience or Patience())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def organizations(self) -> list[Organization]:
        """Every organisation that the key sees. Raises ``PermanentError`` where it sees none."""
        items = self._list("organizations", {"perPage": _MANY}, named="id")
        if not items:
            raise PermanentError("the key of the device API sees no organisation", "Check MERAKI_API_KEY.")
        return [Organization(item["id"], text(item, "name") or item["id"], _is_enabled(item)) for item in items]

    def networks(self, organization: Organization) -> list[Item]:
        """Its networks."""
        return self._of(organization, "networks", {"perPage": _MOST}, named="id")

    def devices(self, organization: Organization, *, appliances_only: bool = False) -> list[Item]:
        """Its devices that are assigned to a network."""
        only = _APPLIANCES if appliances_only else {}
        return self._of(organization, "devices", {"perPage": _MOST, **only}, named="serial")

    def uplinks(self, organization: Organization) -> list[Item]:
        """The uplinks of its appliances."""
        return self._of(organization, "appliance/uplink/statuses", {"perPage": _MANY}, named="serial")

    def availabilities(self, organization: Organization) -> list[Item]:
        """Whether its appliances are online."""
        return self._of(organization, "devices/availabilities", {"perPage": _MANY, **_APPLIANCES}, named="serial")

    def inventory(self, organization: Organization) -> list[Item]:
        """All its devices, those in stock as well; without notes, addresses and firmware."""
        return self._of(organization, "inventory/devices", {"perPage": _MANY}, named="serial")

    def _of(self, organization: Organization, path: str, query: Mapping[str, Any], *, named: str) -> list[Item]:
        return self._list(f"organizations/{quote(organization.id, safe='')}/{path}", query, named=named)

    def _list(self, path: str, query: Mapping[str, Any], *, named: str) -> list[Item]:
        """All items of a list, by what names them: of two with one name, which paging may give, the later."""
        pace = self._paces.setdefault(path.split("/")[1] if "/" in path else "", TokenBucket(self._rate, burst=_BURST))
        found: dict[str, Item] = {}
        for page in self.client.pages(f"{self._url}/{path}", query, pace=pace):
            if not isinstance(page, list):
                raise ContractError(f"the device API's {path} is not a list")
            for item in page:
                name = item.get(named) if isinstance(item, dict) else None
                if not isinstance(name, str) or not name:
                    raise ContractError(f"the device API's {path} has an item without {named}")
                found[name] = item
        return list(found.values())


def chosen(organizations: Iterable[Organization], wanted: str) -> Organization:
    """The organisation with the id, or else the exact name, ``wanted``; the only one where nothing is.

    Raises ``ConfigurationError`` where that is none, or not one.
    """
    all_ = list(organizations)
    found = [one for one in all_ if one.id == wanted] or [one for one in all_ if one.name == wanted]
    if not wanted:
        found = all_
    if len(found) == 1:
        return found[0]
    ids = ", ".join(one.id for one in (found or all_))
    reason = "has none of that id or name" if not found else f"has {len(found)} of them"
    raise ConfigurationError(
        f"MERAKI_ORGANIZATION: the device API {reason}", f"Set it to the id of one that the key sees: {ids}."
    )


def text(item: Item, name: str) -> str | None:
    """A text as the API has it; ``None`` for null or nothing. Raises ``ContractError`` for anything else."""
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise ContractError(f"the device API gives {type(value).__name__} for {name}, where a text is due")
    return value or None


def texts(item: Item, name: str) -> list[str]:
    """A list of texts, such as tags; older answers have them in one text, separated by blanks (facts 11, 19)."""
    value = item.get(name)
    if isinstance(value, str):
        return value.split()
    if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise ContractError(f"the device API gives {name} that are no texts")
    return value or []


def parts(item: Item, name: str) -> list[Item]:
    """A list of objects within ``item``; empty for null. Raises ``ContractError`` for anything else."""
    value = item.get(name)
    if value is not None and not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
        raise ContractError(f"the device API gives {name} that are no objects")
    return value or []


def part(item: Item, name: str) -> Item:
    """An object within ``item``; empty for null. Raises ``ContractError`` for anything else."""
    value = item.get(name)
    if value is not None and not isinstance(value, dict):
        raise ContractError(f"the device API gives {type(value).__name__} for {name}, where an object is due")
    return value or {}


def _is_enabled(item: Item) -> bool:
    return part(item, "api").get("enabled") is not False


def _domain(url: str) -> str:
    """The domain whose hosts share the API: a page may be on another of them; none for an address in numbers."""
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return ".".join(host.split(".")[-2:]) if host.count(".") else ""
    return ""
