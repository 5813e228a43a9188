"""What each provider does that keeps the port's promises; a new one joins the fixture `cloud`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings
from bot.domain.lifecycle import GrantState
from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.providers.base import (
    ApiError,
    Busy,
    ClusterNotFound,
    NamedSource,
    NotAuthorised,
    Provider,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from bot.providers.digitalocean import DigitalOcean
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from tests.providers.memory import CERTIFICATE, MemoryProvider
from tests.scenarios.world import ALICE, IP, ORDERS, RITA, World, policy
from tests.storage import SqliteStorage

OFFICE = Rule("ip_addr", "198.51.100.7", description="office")
BACKEND = Rule("tag", "backend")
NEW = Rule("ip_addr", IP, description="dbaccess/prod #1 until 2026-11-23T11:00:00Z")
NOBODYS_ID = "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"


@dataclass
class Cloud:
    """A provider in front of a cluster `ORDERS`, to which the office and a tag have access."""

    provider: Provider
    make_busy: Callable[[str], None]


@contextmanager
def digitalocean() -> Iterator[Cloud]:
    with SandboxDigitalOcean() as sandbox:
        sandbox.add_tag("backend")
        rules = [{"type": "ip_addr", "value": OFFICE.value, "description": "office"}]
        sandbox.add_cluster("orders", cluster_id=ORDERS, rules=rules)
        sandbox.add_rule(ORDERS, "tag", "backend")
        provider = DigitalOcean(sandbox.token, endpoint=sandbox.url)
        yield Cloud(provider, lambda word: sandbox.set_busy(ORDERS, word, code=409))
        provider.close()


@contextmanager
def memory() -> Iterator[Cloud]:
    provider = MemoryProvider(lambda: datetime.now(UTC))
    provider.sources[SourceType.TAG].append(NamedSource("backend", "backend"))
    provider.add_cluster(ORDERS, [OFFICE, BACKEND])
    yield Cloud(provider, lambda word: provider.set_busy(ORDERS, word))


@pytest.fixture(params=[digitalocean, memory], ids=lambda make: make.__name__)
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    with request.param() as cloud:
        yield cloud


def test_a_rule_has_an_id_and_a_time_of_the_providers(cloud: Cloud) -> None:
    rules = cloud.provider.read_rules(ORDERS)

    assert [(rule.type, rule.value) for rule in rules] == [
        ("ip_addr", OFFICE.value),
        ("tag", "backend"),
    ]
    assert all(rule.uuid and rule.created_at and rule.created_at.tzinfo is UTC for rule in rules)


def test_p1_a_write_keeps_what_was_read_and_adds_what_is_new(cloud: Cloud) -> None:
    before = cloud.provider.read_rules(ORDERS)

    cloud.provider.write_rules(ORDERS, [*before, NEW])

    *kept, added = cloud.provider.read_rules(ORDERS)
    assert kept == before
    assert (added.value, added.description) == (NEW.value, NEW.description)
    assert added.uuid not in {None, *(rule.uuid for rule in before)}


def test_the_same_list_written_twice_is_there_once(cloud: Cloud) -> None:
    cloud.provider.write_rules(ORDERS, [*cloud.provider.read_rules(ORDERS), NEW])
    rules = cloud.provider.read_rules(ORDERS)

    cloud.provider.write_rules(ORDERS, rules)

    assert cloud.provider.read_rules(ORDERS) == rules


def test_p2_an_empty_list_is_never_written(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="everybody"):
        cloud.provider.write_rules(ORDERS, [])
    assert len(cloud.provider.read_rules(ORDERS)) == 2


def test_a_list_that_is_refused_changes_nothing(cloud: Cloud) -> None:
    before = cloud.provider.read_rules(ORDERS)

    with pytest.raises(Rejected):
        cloud.provider.write_rules(ORDERS, [*before, NEW, Rule("ip_addr", "2001:db8::1")])

    assert cloud.provider.read_rules(ORDERS) == before


def test_rules_that_must_not_be_sent_any_more_change_nothing(cloud: Cloud) -> None:
    before = cloud.provider.read_rules(ORDERS)

    with pytest.raises(Unavailable):
        cloud.provider.write_rules(ORDERS, [NEW], sendable=lambda: False)

    assert cloud.provider.read_rules(ORDERS) == before


def test_a_cluster_that_takes_no_changes_says_so_and_keeps_its_rules(cloud: Cloud) -> None:
    before = cloud.provider.read_rules(ORDERS)
    assert cloud.provider.cluster_status(ORDERS).is_online
    cloud.make_busy("resizing")

    with pytest.raises(Busy):
        cloud.provider.write_rules(ORDERS, [NEW])

    status = cloud.provider.cluster_status(ORDERS)
    assert (status.word, status.is_online) == ("resizing", False)
    assert cloud.provider.read_rules(ORDERS) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda provider: provider.read_rules(NOBODYS_ID),
        lambda provider: provider.write_rules(NOBODYS_ID, [NEW]),
        lambda provider: provider.cluster_status(NOBODYS_ID),
        lambda provider: provider.connection(NOBODYS_ID),
        lambda provider: provider.certificate(NOBODYS_ID),
    ],
    ids=["read_rules", "write_rules", "cluster_status", "connection", "certificate"],
)
def test_a_cluster_that_is_not_there_is_not_an_open_one(
    cloud: Cloud, call: Callable[[Provider], Any]
) -> None:
    with pytest.raises(ClusterNotFound) as caught:
        call(cloud.provider)
    assert caught.value.cluster_id == NOBODYS_ID


def test_what_can_be_a_source_is_listed_and_addresses_are_not(cloud: Cloud) -> None:
    assert cloud.provider.list_sources(SourceType.TAG) == [NamedSource("backend", "backend")]
    assert cloud.provider.list_sources(SourceType.DROPLET) == []
    with pytest.raises(ValueError, match="no list of ip_addr"):
        cloud.provider.list_sources(SourceType.IP_ADDR)


def test_the_clusters_of_the_account_are_listed(cloud: Cloud) -> None:
    [listed] = cloud.provider.list_clusters()

    assert (listed.id, listed.engine) == (ORDERS, "pg")
    assert listed.name
    assert listed.region


def test_how_a_cluster_is_reached_is_told(cloud: Cloud) -> None:
    assert cloud.provider.connection(ORDERS).engine == "pg"
    assert cloud.provider.certificate(ORDERS).endswith("-----END CERTIFICATE-----\n")


# What metrics call what fails


def kinds(error: type[ApiError]) -> set[str]:
    return {error.kind}.union(*(kinds(one) for one in error.__subclasses__()))


def test_what_metrics_call_an_error_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
    [row] = [line for line in page.splitlines() if "`dbaccess_reconciles_total`" in line]
    assert [kind for kind in sorted(kinds(ApiError)) if f"`{kind}`" not in row] == []


def test_a_scope_that_is_missing_is_no_fault_of_ours() -> None:
    assert ScopeMissing.kind == NotAuthorised.kind


# The bot with another cloud


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[World, MemoryProvider]]:
    """The whole bot, put together with the provider in memory instead of DigitalOcean."""
    world = World(SqliteStorage(tmp_path), policy({"orders": {"id": ORDERS}}))
    provider = MemoryProvider(world.clock.now)
    provider.add_cluster(ORDERS, [OFFICE])

    def make_provider(settings: Settings, **hooks: Any) -> Provider:
        return provider

    world.make_provider = make_provider
    with world:
        yield world, provider


def test_access_is_granted_and_ends_on_another_cloud_as_on_digitalocean(
    elsewhere: tuple[World, MemoryProvider],
) -> None:
    world, provider = elsewhere
    [office] = provider.read_rules(ORDERS)

    world.types(RITA, f"request {IP} 1h orders")
    world.presses(ALICE, world.card, "Approve")
    assert [rule.value for rule in provider.read_rules(ORDERS)] == [OFFICE.value, IP]
    assert world.grant().state is GrantState.ACTIVE

    world.pass_time(hours=1)
    assert provider.read_rules(ORDERS) == [office]
    assert world.grant().state is GrantState.ENDED
    assert world.digitalocean.calls == [], "DigitalOcean was not asked"


def test_p2_on_another_cloud_too_the_last_rule_makes_room_for_the_guard_rule(
    elsewhere: tuple[World, MemoryProvider],
) -> None:
    world, provider = elsewhere
    world.types(RITA, f"request {IP} 1h orders")
    world.presses(ALICE, world.card, "Approve")
    provider.write_rules(ORDERS, provider.read_rules(ORDERS)[1:])

    world.pass_time(hours=1)

    [guard] = provider.read_rules(ORDERS)
    assert guard.is_guard("test")


def test_the_pages_show_another_cloud(elsewhere: tuple[World, MemoryProvider]) -> None:
    world, _provider = elsewhere

    assert OFFICE.value in world.answered_later(RITA, "sources orders")
    connect = world.answered_later(RITA, "connect orders")
    assert "orders.memory.example" in connect
    assert CERTIFICATE.splitlines()[1] in connect
