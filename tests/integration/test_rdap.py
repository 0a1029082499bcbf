"""Providers of addresses, asked for at registries on loopback (facts 2.6, 11, 13).

The documentation's addresses count as not global, so the invented networks stand at real ones; nothing leaves loopback.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import rdap, rdap_known
from ctvpipe.pipelines.circuits.rdap import Provider, Resolver, Source
from ctvpipe.pipelines.circuits.rdap_cache import Answer
from ctvpipe.pipelines.circuits.rdap_known import KnownProviders
from ctvpipe.pipelines.circuits.rdap_registry import Registry as Asking
from ctvpipe.pipelines.circuits.settings import RegistrySettings
from ctvpipe.sources.http import Client
from ctvpipe.sources.pacing import Patience, TokenBucket
from tests.fakes import rdap_registry
from tests.fakes.rdap_registry import Registered, Registry
from tests.integration.circuits_station import CircuitsStation

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
G = "8.8.8.8"
BLOCK = "8.8.8.0/24"
ACME = Registered("8.8.0.0/16", "Acme Telecom LLC")


class Watch:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept.append(seconds)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def registry() -> Iterator[Registry]:
    with rdap_registry.serving(ACME) as serving:
        yield serving


def resolver(
    registry: Registry,
    watch: Watch,
    cached: Iterable[Answer] = (),
    *,
    own: Collection[str] = (),
    known: KnownProviders | None = None,
    seconds: float = 1800,
) -> Resolver:
    client = Client(patience=Patience(tries=3, seconds=90), timeout=10, sleep=watch.sleep)
    asking = Asking(
        registry.url, 1.0, client=client, bucket=lambda rate: TokenBucket(rate, clock=watch, sleep=watch.sleep)
    )
    return Resolver(asking, cached, known=known, own=own, seconds=seconds, now=lambda: NOW, monotonic=watch)


def cached(age: timedelta, *, block: str = BLOCK) -> Answer:
    network = ip_network(block)
    return Answer(network.network_address, network.broadcast_address, NOW - age, provider="Cached Fiber")


def test_what_is_not_global_is_never_asked_for(registry: Registry, watch: Watch) -> None:
    """Naive: ``is_private`` is false for 100.64.0.0/10, so that a registry would be asked for the carrier's inside."""
    found = resolver(registry, watch).resolve(
        ["10.1.2.3", "100.64.1.1", "169.254.1.1", "192.0.2.1", "", "x", "fe80::1"]
    )
    assert found["10.1.2.3"] == Provider("Private IP", Source.ADDRESS)
    assert found["100.64.1.1"] == Provider("CGNAT", Source.ADDRESS)
    assert found["169.254.1.1"].name == found["192.0.2.1"].name == found["fe80::1"].name == "Private IP"
    assert found["x"] == found[""] == Provider(None, Source.INVALID)
    assert registry.requests == []


def test_an_answer_of_29_days_counts_and_is_not_renewed(registry: Registry, watch: Watch) -> None:
    asked = resolver(registry, watch, [cached(timedelta(days=29))])
    assert asked.resolve([G])[G] == Provider("Cached Fiber", Source.CACHE)
    assert registry.requests == []
    assert asked.learned == []


def test_an_answer_of_31_days_is_asked_for_anew(registry: Registry, watch: Watch) -> None:
    asked = resolver(registry, watch, [cached(timedelta(days=31))])
    assert asked.resolve([G])[G] == Provider("Acme Telecom LLC", Source.REGISTRY, "Acme Telecom LLC")
    assert registry.requests == [G]
    (learned,) = asked.learned
    assert (str(learned.start), str(learned.end), learned.queried) == ("8.8.0.0", "8.8.255.255", NOW)


def test_a_night_within_cached_ranges_sends_nothing(registry: Registry, watch: Watch) -> None:
    addresses = [f"8.8.{number // 250}.{number % 250 + 1}" for number in range(2400)]
    found = resolver(registry, watch, [cached(timedelta(days=3), block="8.8.0.0/16")]).resolve(addresses)
    assert len(found) == 2400
    assert {provider.name for provider in found.values()} == {"Cached Fiber"}
    assert registry.requests == []


def test_one_answer_serves_its_whole_range_the_same_night(registry: Registry, watch: Watch) -> None:
    found = resolver(registry, watch).resolve(["8.8.9.9", G, "8.8.200.1"])
    assert {provider.name for provider in found.values()} == {"Acme Telecom LLC"}
    assert len(registry.requests) == 1


def test_people_know_better_than_cache_and_registry(registry: Registry, watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"{G} Example Fiber\n100.64.0.9 Acme Cell\n10.20.0.0/16 Verizon Business\n")
    known = rdap_known.read(path, variable="X")
    found = resolver(registry, watch, [cached(timedelta(days=1))], known=known).resolve(
        [G, "100.64.0.9", "10.20.3.4", "8.8.8.9"]
    )
    assert [provider.name for provider in found.values()] == [
        "Example Fiber",
        "Acme Cell",
        "Verizon Business",
        "Cached Fiber",
    ]
    assert registry.requests == []


@pytest.mark.parametrize("up", [True, False, "http://[x/", "ftp://192.0.2.1/8.8.0.0/16"])
def test_a_customers_network_gives_the_provider_of_the_one_around_it(
    registry: Registry, watch: Watch, up: bool | str
) -> None:
    """Naive: the registrant as it is would make a shop its own provider. Both names are kept."""
    registry.networks.append(Registered(BLOCK, "Corner Shop Inc", type="REASSIGNMENT", up=up))
    asked = resolver(registry, watch)
    assert asked.resolve([G])[G] == Provider("Acme Telecom LLC", Source.REGISTRY, "Corner Shop Inc")
    assert registry.requests == [G, "8.8.0.0/16" if up is True else "8.8.8.0/23"]
    assert (str(asked.learned[0].start), asked.learned[0].registrant) == ("8.8.8.0", "Corner Shop Inc")


def test_our_own_and_private_customers_names_are_no_providers(registry: Registry, watch: Watch) -> None:
    registry.networks += [
        Registered("8.8.8.0/24", "Example Stores of Ohio"),
        Registered("8.8.9.0/24", "Private Customer"),
        Registered("9.9.9.0/24", "Private Customer - AT&T Internet Services"),
        Registered("9.9.8.0/24", "Example Stores"),
    ]
    found = resolver(registry, watch, own=["Example Stores"]).resolve(["8.8.8.8", "8.8.9.9", "9.9.9.9", "9.9.8.8"])
    names = {text: provider.name for text, provider in found.items()}
    assert names == {"8.8.8.8": "Acme Telecom LLC", "8.8.9.9": "Acme Telecom LLC", "9.9.9.9": "AT&T", "9.9.8.8": None}


def test_a_climb_ends_at_the_registry_itself(registry: Registry, watch: Watch) -> None:
    registry.networks = [
        Registered("8.0.0.0/8", "American Registry for Internet Numbers", type="ALLOCATION"),
        Registered(BLOCK, "Example Stores"),
    ]
    found = resolver(registry, watch, own=["Example Stores"]).resolve([G, "8.9.9.9"])
    assert found[G] == Provider(None, Source.REGISTRY, "Example Stores")
    assert found["8.9.9.9"].name is None


def test_a_network_around_that_is_not_around_does_not_count(registry: Registry, watch: Watch) -> None:
    registry.networks = [Registered(BLOCK, "Example Stores")]
    registry.behaviours["8.8.8.0/23"] = "smaller"
    found = resolver(registry, watch, own=["Example Stores"]).resolve([G])
    assert found[G] == Provider(None, Source.REGISTRY, "Example Stores")


def test_redirects_to_another_registry_are_followed(registry: Registry, watch: Watch) -> None:
    with rdap_registry.serving(Registered("2a00::/16", "Acme Europe"), Registered("9.0.0.0/8", "Acme Nine")) as other:
        registry.elsewhere = {"2a00::/16": other.url, "9.0.0.0/8": other.url}
        found = resolver(registry, watch).resolve(["2a00::1", "9.9.9.9"])
    assert found["2a00::1"].name == "Acme Europe"
    assert found["9.9.9.9"].name == "Acme Nine"
    assert other.requests == ["9.9.9.9", "2a00::1"]


def test_redirects_in_a_circle_end(registry: Registry, watch: Watch) -> None:
    registry.behaviours[G] = "loop"
    assert resolver(registry, watch).resolve([G])[G].is_unanswered
    assert len(registry.requests) <= 6


def test_one_request_a_second_to_each_registry(registry: Registry, watch: Watch) -> None:
    registry.networks = [Registered(f"8.8.{number}.0/24", f"Acme {number}") for number in range(10)]
    resolver(registry, watch).resolve([f"8.8.{number}.1" for number in range(10)])
    assert len(registry.requests) == 10
    assert watch.seconds >= 9


def test_redirects_to_the_same_registry_are_paced_as_well(registry: Registry, watch: Watch) -> None:
    registry.behaviours[G] = "loop"
    resolver(registry, watch).resolve([G])
    assert watch.seconds >= len(registry.requests) - 1


def test_no_registration_is_kept_for_a_day(registry: Registry, watch: Watch) -> None:
    asked = resolver(registry, watch)
    assert asked.resolve(["9.9.9.9"])["9.9.9.9"] == Provider(None, Source.REGISTRY)
    (learned,) = asked.learned
    assert (learned.failure, str(learned.start), str(learned.end)) == ("no registration", "9.9.9.9", "9.9.9.9")
    again = resolver(registry, watch, [learned])
    assert again.resolve(["9.9.9.9"])["9.9.9.9"] == Provider(None, Source.CACHE)
    assert registry.requests == ["9.9.9.9"]


@pytest.mark.parametrize(
    "behaviour",
    [429, (429, 1), (429, 3600), 500, 503, 403, "html", "truncated", "astray", "elsewhere", "entity", "close"],
)
def test_what_may_go_away_is_never_an_answer(
    registry: Registry, watch: Watch, behaviour: rdap_registry.Behaviour
) -> None:
    """Naive: ``Unknown`` would be stored, and stay for 30 days."""
    registry.behaviours[G] = behaviour
    asked = resolver(registry, watch)
    assert asked.resolve([G])[G] == Provider(None, Source.UNANSWERED)
    assert asked.learned == []
    (reason,) = asked.troubles
    assert reason.startswith("127.0.0.1:")
    assert G not in reason
    del registry.behaviours[G]
    assert resolver(registry, watch).resolve([G])[G].name == "Acme Telecom LLC"


def test_a_parent_that_does_not_answer_leaves_the_address_for_another_night(registry: Registry, watch: Watch) -> None:
    registry.networks.append(Registered(BLOCK, "Corner Shop Inc", type="REASSIGNMENT"))
    registry.behaviours["8.8.8.0/23"] = 503
    asked = resolver(registry, watch)
    assert asked.resolve([G])[G].is_unanswered
    assert asked.learned == []


def test_a_short_pause_is_waited_for(registry: Registry, watch: Watch) -> None:
    registry.behaviours[G] = (429, 7)
    resolver(registry, watch).resolve([G])
    assert 7 in watch.slept


def test_a_registry_that_had_enough_is_left_alone_and_what_is_cached_still_counts(
    registry: Registry, watch: Watch
) -> None:
    registry.behaviours[""] = (429, 3600)
    addresses = [f"9.9.{number}.9" for number in range(50)]
    asked = resolver(registry, watch, [cached(timedelta(days=2))])
    found = asked.resolve([*addresses, G])
    assert found[G].name == "Cached Fiber"
    assert all(found[address].is_unanswered for address in addresses)
    assert len(registry.requests) == 3
    assert asked.troubles.total() == 50


def test_one_registry_that_had_enough_leaves_the_others(registry: Registry, watch: Watch) -> None:
    with rdap_registry.serving() as other:
        other.behaviours[""] = (429, 3600)
        registry.elsewhere["7.0.0.0/8"] = other.url
        found = resolver(registry, watch).resolve([*(f"7.7.{number}.7" for number in range(9)), G])
        assert len(other.requests) == 3
    assert found[G].name == "Acme Telecom LLC"
    assert found["7.7.0.7"].is_unanswered


def test_one_that_answers_between_failures_is_not_given_up(registry: Registry, watch: Watch) -> None:
    registry.networks = [Registered(f"8.8.{number}.0/24", f"Acme {number}") for number in range(0, 10, 2)]
    registry.behaviours = {f"8.8.{number}.1": 503 for number in range(1, 10, 2)}
    found = resolver(registry, watch).resolve([f"8.8.{number}.1" for number in range(10)])
    assert [provider.is_unanswered for provider in found.values()] == [False, True] * 5


def test_the_time_for_asking_is_bounded(registry: Registry, watch: Watch) -> None:
    registry.networks = [Registered(f"8.8.{number}.0/24", f"Acme {number}") for number in range(100)]
    asked = resolver(registry, watch, seconds=20)
    found = asked.resolve([f"8.8.{number}.1" for number in range(100)])
    assert 18 <= len(registry.requests) <= 22
    assert len(asked.learned) == len(registry.requests)
    assert asked.troubles.total() == 100 - len(registry.requests)
    assert sum(provider.is_unanswered for provider in found.values()) == asked.troubles.total()


def test_an_address_is_found_as_it_was_written(registry: Registry, watch: Watch) -> None:
    found = resolver(registry, watch).resolve([" 8.8.8.8/29", "::ffff:8.8.8.8"])
    assert set(found) == {" 8.8.8.8/29", "::ffff:8.8.8.8"}
    assert {provider.name for provider in found.values()} == {"Acme Telecom LLC"}
    assert registry.requests == [str(ip_address(G))]


def test_a_run_is_told_what_nobody_said(registry: Registry, tmp_path: Path) -> None:
    registry.behaviours["9.9.9.9"] = 403
    station = CircuitsStation(tmp_path, settings={"RDAP_URL": registry.url, "RDAP_REQUESTS_PER_SECOND": "1000"})
    names: list[str | None] = []

    def body(run: Run) -> None:
        with rdap.resolving(run, run.load(RegistrySettings), []) as asked:
            names.extend(provider.name for provider in asked.resolve([G, "9.9.9.9"]).values())

    assert station.here("meraki-inventory", body).code == 0
    assert names == ["Acme Telecom LLC", None]
    (run,) = station.runs("meraki-inventory")
    assert run.counters == {"registry_requests": 2, "unanswered_addresses": 1}
    (warning,) = run.warnings
    assert "nobody said who provides 1 addresses: 127.0.0.1:" in warning
    assert "9.9.9.9" not in warning
