"""Each scenario has a world of its own, and Slack must have found no fault in it."""

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.logs import set_up_logs
from bot.slack.inbound import ack_deadline
from bot.web import http_server
from tests.postgresql import PostgresServer
from tests.scenarios.jobs import Jobs, jobs_of_an_issuer
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import ACK_SECONDS, World
from tests.sessions.clients import Clients, clients_of
from tests.storage import Storage, storage_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play the stories of a module marked `both_databases` on PostgreSQL too."""
    if metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("storage", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the bot wait for an answer as long as this Slack does: the machine may be busy."""
    monkeypatch.setattr(ack_deadline, "_SECONDS", ACK_SECONDS - 1)


@pytest.fixture(autouse=True)
def _few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server for the handful of people that there are: each thread costs a start."""
    monkeypatch.setattr(http_server, "_THREADS", 6)


@pytest.fixture
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty database."""
    return storage_of(getattr(request, "param", "sqlite"), request, tmp_path)


@pytest.fixture
def world(storage: Storage) -> Iterator[World]:
    """A world with one cluster, `orders`, and the approvers Alice and Bob."""
    with World(storage) as made:
        yield made
        assert made.slack.problems == []


@pytest.fixture
def worlds(storage: Storage) -> Iterator[Callable[[dict[str, Any]], World]]:
    """Worlds under another policy."""
    made: list[World] = []

    def make(policy: dict[str, Any]) -> World:
        made.append(World(storage, policy).__enter__())
        return made[-1]

    yield make
    for one in made:
        one.__exit__()
        assert one.slack.problems == []


@pytest.fixture
def opens(storage: Storage) -> Iterator[Callable[..., OpenWorld]]:
    """Worlds whose bot browsers reach, behind as many proxies as one wishes."""
    made: list[OpenWorld] = []

    def make(written: dict[str, Any] | None = None, *, proxies: int = 1) -> OpenWorld:
        made.append(OpenWorld(storage, written, proxies=proxies))
        made[-1].__enter__()
        return made[-1]

    yield make
    for one in made:
        one.__exit__()
        assert one.slack.problems == []


@pytest.fixture(scope="session")
def served_issuer() -> Iterator[Jobs]:
    """An issuer whose keys can be read."""
    with jobs_of_an_issuer() as jobs:
        yield jobs


@pytest.fixture
def jobs(served_issuer: Jobs) -> Iterator[Jobs]:
    """Machines, with tokens of an issuer that answers at first."""
    yield served_issuer
    served_issuer.issuer.is_away = False


@pytest.fixture
def clients(postgresql: PostgresServer) -> Iterator[Clients]:
    """People at addresses of their own, who connect to a real PostgreSQL."""
    with clients_of(postgresql) as made:
        yield made


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str], world: World) -> Iterator[Callable[[], str]]:
    """All that is written to standard output and standard error, with logs as they really are."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    set_up_logs("json", world.settings.secrets())
    written, [handler] = io.StringIO(), root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)  # standard error is another file by the time the test runs
    yield lambda: "".join([written.getvalue(), *capfd.readouterr()])
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
