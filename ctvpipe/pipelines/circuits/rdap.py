"""Which provider an address belongs to: what people know, what kind of address it is, what registries have answered
before, and only then a registry (facts 2.6).

    with rdap.resolving(run, settings, cached) as resolver:
        providers = resolver.resolve(addresses)

No address that is not global is asked for. Everything is asked before a job's transaction begins; what was learned is
stored in it, with ``rdap_cache.store(connection, resolver.learned, run.started)``.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ctvpipe.core import clock, progress
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import addresses, rdap_known, rdap_names
from ctvpipe.pipelines.circuits.addresses import Address, Kind
from ctvpipe.pipelines.circuits.rdap_answer import Network
from ctvpipe.pipelines.circuits.rdap_cache import Answer, Known
from ctvpipe.pipelines.circuits.rdap_known import KnownProviders
from ctvpipe.pipelines.circuits.rdap_registry import Registry, UnansweredError
from ctvpipe.pipelines.circuits.settings import RegistrySettings

PRIVATE, CGNAT = "Private IP", "CGNAT"
_CLIMB = 3  # networks above the answered one that are looked at
_FEW = 3
_LOG = logging.getLogger(__name__)
_NOT_REGISTERED = "no registration"


class Source(StrEnum):
    """Where a provider comes from, or why there is none."""

    KNOWN = "known"  # people say so
    ADDRESS = "address"  # nothing to ask: private, CGNAT
    CACHE = "cache"
    REGISTRY = "registry"
    INVALID = "invalid"
    UNANSWERED = "unanswered"  # this night nobody knows: what was known before still counts


@dataclass(frozen=True)
class Provider:
    """The provider of an address as it is shown; ``None``: none is registered, or nobody answered (see ``source``).

    ``registrant``: whom the address itself is registered for, often the provider's customer.
    """

    name: str | None
    source: Source
    registrant: str | None = None

    @property
    def is_unanswered(self) -> bool:
        """Whether yesterday's provider should be kept."""
        return self.source == Source.UNANSWERED


@contextmanager
def resolving(run: Run, settings: RegistrySettings, cached: Iterable[Answer]) -> Iterator[Resolver]:
    """A resolver as the settings have it; afterwards the run knows what was asked for, and warns of what nobody said.

    Raises ``ConfigurationError`` for a file of known providers that cannot be read.
    """
    registry = Registry(settings.registry_url, settings.registry_rate)
    known = rdap_known.read(settings.known_file, variable="CIRCUITS_KNOWN_PROVIDERS_FILE")
    seconds = settings.registry_minutes * 60
    resolver = Resolver(registry, cached, known=known, own=settings.own, seconds=seconds, log=run.log)
    try:
        yield resolver
    finally:
        registry.close()
    run.count("registry_requests", registry.asked)
    if resolver.troubles:
        run.count("unanswered_addresses", resolver.troubles.total())
        reasons = "; ".join(f"{reason} ({count:,})" for reason, count in resolver.troubles.most_common(_FEW))
        run.warn(
            f"nobody said who provides {resolver.troubles.total():,} addresses: {reasons}; they keep the provider they "
            "had, and the next run asks again"
        )


class Resolver:
    """Finds providers. ``learned`` is what was asked for and is to be stored; ``troubles`` why registries said nothing.

    ``cached``: what ``rdap_cache.read`` gave. ``own``: names of our own companies, which are nobody's provider.
    ``seconds``: how long registries may be asked; what is left then waits for the next night.
    """

    def __init__(
        self,
        registry: Registry,
        cached: Iterable[Answer] = (),
        *,
        known: KnownProviders | None = None,
        own: Collection[str] = (),
        seconds: float = 1800.0,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
        log: logging.Logger = _LOG,
    ) -> None:
        self._registry, self._own = registry, own
        self._known = KnownProviders() if known is None else known
        self._now, self._monotonic, self._log = now, monotonic, log
        self._cache = Known(cached, now())
        self._seconds = seconds
        self.learned: list[Answer] = []
        self.troubles: Counter[str] = Counter()

    def resolve(self, wanted: Iterable[str]) -> dict[str, Provider]:
        """The provider of every address in ``wanted``. No registry's failure is an error: see ``Source.UNANSWERED``."""
        found: dict[str, Provider] = {}
        to_ask: dict[str, Address] = {}
        for text in wanted:
            address = addresses.parse(text)
            at_hand = self._at_hand(text, address)
            if at_hand is not None:
                found[text] = at_hand
            elif address is not None:
                to_ask[text] = address
        until = self._monotonic() + self._seconds
        in_order = sorted(to_ask.items(), key=lambda item: (item[1].version, item[1]))
        with progress.shown("addresses without a provider", len(in_order), self._log) as show:
            for done, (text, address) in enumerate(in_order, 1):
                found[text] = self._cached(address) or self._asked(address, until)
                show(done)
        return found

    def _at_hand(self, text: str, address: Address | None) -> Provider | None:
        if address is None:
            return Provider(None, Source.INVALID)
        if name := self._known.find(address):
            return Provider(name, Source.KNOWN)
        match addresses.classify(text):
            case Kind.PRIVATE:
                return Provider(PRIVATE, Source.ADDRESS)
            case Kind.CGNAT:
                return Provider(CGNAT, Source.ADDRESS)
            case _:
                return self._cached(address)

    def _cached(self, address: Address) -> Provider | None:
        answer = self._cache.find(address)
        return None if answer is None else Provider(answer.provider, Source.CACHE, answer.registrant)

    def _asked(self, address: Address, until: float) -> Provider:
        if self._monotonic() >= until:
            return self._unanswered(f"there was no time left after {self._seconds / 60:.0f} minutes of asking")
        queried = self._now()
        try:
            answer = self._answer(address, queried)
        except UnansweredError as error:
            return self._unanswered(str(error))
        self._cache.add(answer)
        self.learned.append(answer)
        return Provider(answer.provider, Source.REGISTRY, answer.registrant)

    def _unanswered(self, reason: str) -> Provider:
        self.troubles[reason] += 1
        return Provider(None, Source.UNANSWERED)

    def _answer(self, address: Address, queried: datetime) -> Answer:
        """What the registry says of ``address``. Raises ``UnansweredError``."""
        network = self._registry.find(address)
        if network is None or rdap_names.is_registrys(network):
            return Answer(address, address, queried, failure=_NOT_REGISTERED)
        return Answer(
            network.start,
            network.end,
            queried,
            self._provider(network),
            network.name or None,
            network.registrant,
            network.type or None,
        )

    def _provider(self, network: Network) -> str | None:
        """The provider of ``network``: of the first one around it, itself included, that is no customer's."""
        around: Network | None = network
        for _ in range(_CLIMB + 1):
            if around is None or rdap_names.is_registrys(around):
                break
            if not rdap_names.is_customers(around, self._own):
                return rdap_names.provider(around)
            around = self._registry.around(around)
        return rdap_names.customers_provider(network, self._own)
