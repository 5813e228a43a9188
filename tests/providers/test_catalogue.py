import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.domain.sources import SourceType
from bot.providers.base import NotAuthorised, Unavailable
from bot.providers.catalogue import Catalogue
from bot.providers.digitalocean import DigitalOcean
from dbaccess_playground.calls import Call
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault
from tests.providers.test_digitalocean import GENEROUS_SECONDS, TINY_SECONDS, TOKEN, Naps, Outside

DROPLET, K8S, TAG, APP = SourceType.DROPLET, SourceType.K8S, SourceType.TAG, SourceType.APP
KUBERNETES = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """Holds the answers of an API back until it is opened."""

    def __init__(self, do: SandboxDigitalOcean) -> None:
        self.opened = threading.Event()
        self.knocked = threading.Event()
        self._leave = do.subscribe(self._hold)

    def _hold(self, event: Call | Change) -> None:
        if isinstance(event, Call):
            self.knocked.set()
            self.opened.wait(GENEROUS_SECONDS)

    def open(self) -> None:
        self.opened.set()
        self._leave()


def fetch(catalogue: Catalogue, kinds: Iterable[SourceType]) -> None:
    """Have lists fetched in the background, and wait until that is over."""
    catalogue.prefetch(kinds)
    for thread in threading.enumerate():
        if thread.name.startswith("catalogue-"):
            thread.join(GENEROUS_SECONDS)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def do() -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean(token=TOKEN) as sandbox:
        for droplet_id, name in {
            41: "shop-web-1",
            42: "shop-web-2",
            77: "nightly-jobs",
            1042: "Report Builder",
        }.items():
            sandbox.add_droplet(name, droplet_id)
        sandbox.add_kubernetes_cluster("production", KUBERNETES)
        yield sandbox


@pytest.fixture
def api(do: SandboxDigitalOcean) -> Iterator[DigitalOcean]:
    with Outside(Naps()) as outside:
        yield outside.client(do.url)


@pytest.fixture
def catalogue(api: DigitalOcean, seconds: Seconds) -> Catalogue:
    return Catalogue(api.list_sources, monotonic=seconds, timeout_seconds=GENEROUS_SECONDS)


@pytest.fixture
def hasty(api: DigitalOcean, seconds: Seconds) -> Catalogue:
    return Catalogue(api.list_sources, monotonic=seconds, timeout_seconds=TINY_SECONDS)


@pytest.fixture
def gate(do: SandboxDigitalOcean) -> Iterator[Callable[[], Gate]]:
    gates: list[Gate] = []

    def gate() -> Gate:
        gates.append(Gate(do))
        return gates[-1]

    yield gate
    for one in gates:
        one.opened.set()


def names(catalogue: Catalogue, typed: str, kind: SourceType = DROPLET) -> list[str]:
    return [thing.name for thing in catalogue.find(kind, typed)]


# What is found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["nightly-jobs", "Report Builder", "shop-web-1", "shop-web-2"]),
        ("  ", ["nightly-jobs", "Report Builder", "shop-web-1", "shop-web-2"]),
        ("SHOP", ["shop-web-1", "shop-web-2"]),
        ("web", ["shop-web-1", "shop-web-2"]),
        ("2 web", ["shop-web-2"]),
        ("ightly", ["nightly-jobs"]),
        ("report b", ["Report Builder"]),
        ("42", ["shop-web-2", "Report Builder"]),
        ("10", ["Report Builder"]),
        ("nihgtly", ["nightly-jobs"]),
        ("zzz", []),
    ],
)
def test_things_are_found_by_name_or_id(catalogue: Catalogue, typed: str, found: list[str]) -> None:
    assert names(catalogue, typed) == found


def test_the_likeliest_comes_first(catalogue: Catalogue, do: SandboxDigitalOcean) -> None:
    for tag in ("bodega", "my-ode", "ode-2", "odeon", "ode"):
        do.add_tag(tag)
    assert names(catalogue, "ode", TAG) == ["ode", "ode-2", "odeon", "my-ode", "bodega"]


def test_a_uuid_is_found_by_how_it_begins(catalogue: Catalogue) -> None:
    assert names(catalogue, "FF2A6C52-5A44", K8S) == ["production"]


def test_no_more_are_found_than_a_picker_takes(
    catalogue: Catalogue, do: SandboxDigitalOcean
) -> None:
    for number in range(250):
        do.add_tag(f"tag-{number:03}")
    assert len(catalogue.find(TAG, "")) == 100
    assert [thing.name for thing in catalogue.find(TAG, "tag", most=2)] == ["tag-000", "tag-001"]


# What is remembered


def test_a_list_is_fetched_once_in_a_minute(
    catalogue: Catalogue, do: SandboxDigitalOcean, seconds: Seconds
) -> None:
    catalogue.find(TAG, "")
    do.add_tag("new")
    seconds.now += 59
    assert names(catalogue, "new", TAG) == []
    assert len(do.calls) == 1
    seconds.now += 1
    assert names(catalogue, "new", TAG) == ["new"]
    assert len(do.calls) == 2


def test_a_name_comes_from_memory_alone(catalogue: Catalogue, do: SandboxDigitalOcean) -> None:
    assert catalogue.name_of(K8S, KUBERNETES) == ""
    assert not do.calls
    catalogue.find(K8S, "")
    assert catalogue.name_of(K8S, KUBERNETES.upper()) == "production"
    assert catalogue.name_of(K8S, "another") == ""
    assert catalogue.name_of(DROPLET, "41") == ""
    assert len(do.calls) == 1


def test_what_was_fetched_ahead_is_there_at_once(
    catalogue: Catalogue, do: SandboxDigitalOcean
) -> None:
    fetch(catalogue, [DROPLET, K8S, TAG, APP])
    assert len(do.calls) == 4
    assert catalogue.name_of(DROPLET, "77") == "nightly-jobs"
    assert names(catalogue, "prod", K8S) == ["production"]
    fetch(catalogue, [DROPLET, K8S])
    assert len(do.calls) == 4


def test_what_cannot_be_fetched_ahead_is_told_to_who_looks_for_it(
    catalogue: Catalogue, do: SandboxDigitalOcean
) -> None:
    do.faults.add(Fault.status(403, times=None))
    fetch(catalogue, [DROPLET])
    with pytest.raises(NotAuthorised):
        catalogue.find(DROPLET, "")


# When DigitalOcean fails or is slow


def test_a_failure_is_told_and_not_asked_for_again_at_every_key(
    catalogue: Catalogue, do: SandboxDigitalOcean, seconds: Seconds
) -> None:
    do.faults.add(Fault.status(403))
    for typed in ("s", "sh", "sho"):
        with pytest.raises(NotAuthorised, match="403"):
            catalogue.find(DROPLET, typed)
    assert len(do.calls) == 1
    seconds.now += 10
    assert len(catalogue.find(DROPLET, "shop")) == 2


def test_an_old_list_is_better_than_an_error(
    catalogue: Catalogue, do: SandboxDigitalOcean, seconds: Seconds
) -> None:
    catalogue.find(DROPLET, "")
    do.faults.add(Fault.status(500, times=None))
    seconds.now += 3_600
    assert names(catalogue, "shop") == ["shop-web-1", "shop-web-2"]
    assert catalogue.name_of(DROPLET, "41") == "shop-web-1"
    do.faults.clear()
    do.add_droplet("shop-web-3", 43)
    seconds.now += 10
    assert names(catalogue, "shop") == ["shop-web-1", "shop-web-2", "shop-web-3"]


def test_an_old_list_is_better_than_a_long_wait(
    hasty: Catalogue, do: SandboxDigitalOcean, seconds: Seconds, gate: Callable[[], Gate]
) -> None:
    fetch(hasty, [DROPLET])
    do.add_droplet("shop-web-3", 43)
    seconds.now += 61
    slow = gate()
    assert names(hasty, "shop") == ["shop-web-1", "shop-web-2"]
    assert names(hasty, "shop") == ["shop-web-1", "shop-web-2"]
    slow.open()
    fetch(hasty, [DROPLET])
    assert names(hasty, "shop") == ["shop-web-1", "shop-web-2", "shop-web-3"]
    assert len(do.calls) == 2


def test_without_any_list_a_long_wait_ends_with_an_error(
    hasty: Catalogue, gate: Callable[[], Gate]
) -> None:
    slow = gate()
    with pytest.raises(Unavailable, match="try again in a moment"):
        hasty.find(DROPLET, "shop")
    slow.open()
    fetch(hasty, [DROPLET])
    assert len(hasty.find(DROPLET, "shop")) == 2


def test_all_who_ask_at_once_wait_for_one_fetch(
    catalogue: Catalogue, do: SandboxDigitalOcean, gate: Callable[[], Gate]
) -> None:
    slow = gate()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(names, catalogue, "shop") for _ in range(8)]
        assert slow.knocked.wait(GENEROUS_SECONDS)
        assert not any(one.done() for one in asked)
        slow.open()
        assert all(one.result() == ["shop-web-1", "shop-web-2"] for one in asked)
    assert len(do.calls) == 1


def test_one_kind_does_not_wait_for_another(
    catalogue: Catalogue, do: SandboxDigitalOcean, gate: Callable[[], Gate]
) -> None:
    fetch(catalogue, [K8S])
    slow = gate()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(names, catalogue, "shop")
        assert slow.knocked.wait(GENEROUS_SECONDS)
        assert names(catalogue, "prod", K8S) == ["production"]
        slow.open()
        assert len(asked.result()) == 2
