"""Which provider the registry means: pure rules over ``registry_names.toml`` (facts 2.6).

The name of a customer to whom a provider has handed a range on is not the provider's: then the network around it counts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from functools import cache
from importlib import resources
from typing import Any

from ctvpipe.pipelines.circuits.rdap_answer import Network


@cache
def _table() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("registry_names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def is_customers(network: Network, own: Collection[str]) -> bool:
    """Whether ``network`` is a provider's customer's: handed on, a private customer's, or our ``own`` company's."""
    said = (network.registrant or "").casefold()
    return (
        network.type.casefold() in _table()["customers"]["types"]
        or said.startswith(_table()["customers"]["private"])
        or is_own(network, own)
    )


def is_own(network: Network, own: Collection[str]) -> bool:
    """Whether it is registered for one of our ``own`` companies."""
    return _holds(network.registrant, (name.casefold() for name in own))


def is_registrys(network: Network) -> bool:
    """Whether nobody but a registry holds it, so that no provider is known."""
    registries = _table()["registries"]
    name = network.name.casefold()
    return _holds(network.registrant, registries["names"]) or any(map(name.startswith, registries["networks"]))


def provider(network: Network) -> str | None:
    """The provider whom ``network`` is registered for, as it is shown; ``None`` where it tells none."""
    if network.registrant:
        return known(network.registrant) or network.registrant
    name = network.name.casefold()
    rules = _table()["networks"]
    begins = (found for start, found in rules["starts"].items() if name.startswith(start))
    holds = (found for part, found in rules["holds"].items() if part in name)
    return next(begins, None) or next(holds, None) or network.name or None


def customers_provider(network: Network, own: Collection[str]) -> str | None:
    """The best that is known of a customer's network which no provider's is around: what stands behind "Private
    Customer -", or the registrant; ``None`` where that is one of our ``own`` companies, or nobody."""
    private = _table()["customers"]["private"]
    said = network.registrant or ""
    if said.casefold().startswith(private):
        rest = said[len(private) :].strip(" -,:")
        return (known(rest) or rest) or None
    return None if is_own(network, own) else provider(network)


def known(name: str) -> str | None:
    """The provider that ``name`` holds as whole words; ``None`` for an unknown one."""
    return next((shown for shown, parts in _table()["providers"].items() if _holds(name, parts)), None)


def _holds(name: str | None, parts: Iterable[str]) -> bool:
    said = (name or "").casefold()
    return any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", said) for part in parts if part)
