"""Which circuit of a store is on which WAN of its appliance (facts 6.3); pure, and the same in whatever order rows come.

One to one, the best evidence first: a person's word, then an equal public address, then the most alike provider, as
``providers.agrees`` has it (the 70 of 100 that other programs ask for takes EarthLink for Starlink).
Where two pairs are equal, WAN 1 goes with the primary circuit and WAN 2 with the secondary one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ctvpipe.pipelines.circuits import addresses, providers

PERSON, IP, PROVIDER, NONE = "person", "ip", "provider", "none"
PRIMARY, SECONDARY = "primary", "secondary"
_USUAL_SLOTS = {PRIMARY: 1, SECONDARY: 2}
_WORST = 2


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit as far as matching asks; ``site``: its store as it is compared, ``slot``: where a person says it is."""

    number: int
    site: str
    site_name: str
    purpose: str
    is_enabled: bool
    provider: str | None = None
    ip: str | None = None
    slot: int | None = None

    @property
    def is_candidate(self) -> bool:
        """Whether it may be matched by what is observed: never one that is canceled or on order."""
        return self.is_enabled and bool(self.provider)


@dataclass(frozen=True, slots=True)
class Wan:
    """An uplink of a network's appliance. ``label``: its provider by the notes, ``registry``: by its address."""

    network_id: str
    site: str
    slot: int
    ip: str | None = None
    public_ip: str | None = None
    label: str | None = None
    registry: str | None = None


class Match(NamedTuple):
    """A circuit's WAN and why: ``method`` is person, ip or provider; ``score`` is that of the provider's name.

    ``is_flipped``: the cables of the store's two circuits are swapped.
    """

    wan: Wan
    method: str
    score: float | None
    is_flipped: bool


# How good a pair is: the smaller, the better. None: it is no pair.
_Rank = tuple[float, ...]
_Evidence = Callable[[Circuit, Wan], "tuple[float | None, _Rank] | None"]


def match(circuits: Iterable[Circuit], wans: Iterable[Wan]) -> dict[int, Match]:
    """The matches by the circuits' numbers; a circuit that has none is not among them."""
    uplinks: dict[str, list[Wan]] = {}
    for wan in wans:
        uplinks.setdefault(wan.site, []).append(wan)
    stores: dict[str, list[Circuit]] = {}
    for circuit in circuits:
        if circuit.site in uplinks and (circuit.is_candidate or circuit.slot):
            stores.setdefault(circuit.site, []).append(circuit)
    found: dict[int, Match] = {}
    for site, candidates in stores.items():
        found |= _match_store(candidates, uplinks[site])
    return found


def _match_store(circuits: Sequence[Circuit], wans: Sequence[Wan]) -> dict[int, Match]:
    have_both = {PRIMARY, SECONDARY} <= {circuit.purpose.casefold() for circuit in circuits}
    free_circuits, free_wans = list(circuits), list(wans)
    found: dict[int, Match] = {}
    for method, evidence in _STEPS:
        if not free_circuits or not free_wans:
            break
        for circuit, wan, score in _best_pairs(free_circuits, free_wans, evidence):
            flipped = have_both and _is_crossed(circuit, wan)
            found[circuit.number] = Match(wan, method, score, flipped)
            free_circuits.remove(circuit)
            free_wans.remove(wan)
    return found


def _best_pairs(
    circuits: Sequence[Circuit], wans: Sequence[Wan], evidence: _Evidence
) -> list[tuple[Circuit, Wan, float | None]]:
    pairs = []
    for circuit in circuits:
        for wan in wans:
            if circuit.slot in {None, wan.slot} and (known := evidence(circuit, wan)) is not None:
                score, rank = known
                # The rest decides between equals, and makes the order of rows mean nothing.
                order = (rank, _strangeness(circuit, wan), circuit.site_name, circuit.purpose, wan.network_id, wan.slot)
                pairs.append((order, circuit, wan, score))
    pairs.sort(key=lambda pair: pair[0])
    taken: set[tuple[str, object]] = set()
    chosen = []
    for _, circuit, wan, score in pairs:
        ends = {("circuit", circuit.number), ("wan", (wan.network_id, wan.slot))}
        if not ends & taken:
            taken |= ends
            chosen.append((circuit, wan, score))
    return chosen


def _by_person(circuit: Circuit, wan: Wan) -> tuple[float | None, _Rank] | None:
    if circuit.slot is None:
        return None
    alike = _alike(circuit, wan)
    return None, (not circuit.is_enabled, not _has_address(circuit, wan), *(alike[1] if alike else (_WORST,)))


def _by_ip(circuit: Circuit, wan: Wan) -> tuple[float | None, _Rank] | None:
    return (None, ()) if circuit.is_candidate and _has_address(circuit, wan) else None


def _by_provider(circuit: Circuit, wan: Wan) -> tuple[float | None, _Rank] | None:
    return _alike(circuit, wan) if circuit.is_candidate else None


_STEPS: tuple[tuple[str, _Evidence], ...] = ((PERSON, _by_person), (IP, _by_ip), (PROVIDER, _by_provider))


def _has_address(circuit: Circuit, wan: Wan) -> bool:
    """Whether the circuit's address is the WAN's own or the one it is seen by; private ones are everywhere the same."""
    return circuit.ip is not None and circuit.ip in {wan.ip, wan.public_ip} and _is_public(circuit.ip)


def _alike(circuit: Circuit, wan: Wan) -> tuple[float, _Rank] | None:
    """How alike the provider is to what the notes say, else to what the registry says; a name that is the same comes
    before one that is alike, and the notes come before the registry."""
    for source, name in enumerate((wan.label, wan.registry)):
        if providers.agrees(circuit.provider, name):
            score = providers.score(circuit.provider, name)
            is_same = providers.comparable(circuit.provider) == providers.comparable(name)
            return score, (not is_same, -score, source)
    return None


def _strangeness(circuit: Circuit, wan: Wan) -> int:
    usual = _USUAL_SLOTS.get(circuit.purpose.casefold())
    return 1 if usual is None else 0 if usual == wan.slot else 2


def _is_crossed(circuit: Circuit, wan: Wan) -> bool:
    return _USUAL_SLOTS.get(circuit.purpose.casefold(), wan.slot) != wan.slot


@lru_cache(maxsize=4096)
def _is_public(ip: str) -> bool:
    return addresses.classify(ip) is addresses.Kind.PUBLIC
