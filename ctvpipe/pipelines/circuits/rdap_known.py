"""Providers that people know better than the registry: addresses and ranges in a file of one line each (facts 2.6).

    203.0.113.0/24  Example Fiber  # Ann, 2026-01-05: the registry names the landlord

A file like that may also name a provider for addresses that no registry is asked for.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.circuits.addresses import Address


class KnownProviders:
    """The lines of the file; of two that hold an address the narrower one counts."""

    def __init__(self, networks: dict[IPv4Network | IPv6Network, str] | None = None) -> None:
        self._networks = sorted((networks or {}).items(), key=lambda item: -item[0].prefixlen)

    def __len__(self) -> int:
        return len(self._networks)

    def find(self, address: Address) -> str | None:
        """The provider of ``address``; ``None`` where no line holds it."""
        return next((name for network, name in self._networks if address in network), None)


def read(path: Path | None, *, variable: str) -> KnownProviders:
    """The providers in the file at ``path``, which the setting ``variable`` names; none where there is no path.

    Raises ``ConfigurationError`` with the number of the line that is wrong, or where the file cannot be read.
    """
    if path is None:
        return KnownProviders()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ConfigurationError(f"{variable}: cannot read {path}: {reason}") from None
    found = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split(maxsplit=1)
        if not words:
            continue
        try:
            network = ip_network(words[0])
            found[network] = " ".join(words[1].split())
        except (ValueError, IndexError):
            raise ConfigurationError(
                f"{variable}: line {number} of {path} is not an address or range and a provider's name",
                "Write for instance: 203.0.113.0/24 Example Fiber  # who, when",
            ) from None
    return KnownProviders(found)
