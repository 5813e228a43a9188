"""`dbaccess sessions`: who is connected, and what lets them in."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from bot.domain.sources import SourceType, TrustedSource
from bot.store import grants, requests
from bot.store.database import Database
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from tests.cli.test_command_line import run
from tests.domain import examples
from tests.postgresql import PostgresServer
from tests.reporting.conftest import CONFIG
from tests.sessions.clients import CAFE, HOME, Clients, clients_of, login_of

Sessions = Callable[..., Result]

NAME = "DBACCESS_SESSIONS_ORDERS"
SESSIONS = f'\n[clusters.orders.sessions]\nurl_env = "{NAME}"\n'


@pytest.fixture
def cloud() -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean() as made:
        office = {"type": "ip_addr", "value": f"{CAFE}/32", "description": "office"}
        made.add_cluster("orders", cluster_id=examples.CLUSTER_ID, rules=[office])
        yield made


@pytest.fixture
def clients(postgresql: PostgresServer) -> Iterator[Clients]:
    with clients_of(postgresql) as made:
        yield made


@pytest.fixture
def sessions_of(
    cloud: SandboxDigitalOcean, postgresql: PostgresServer, empty_database: Database, tmp_path: Path
) -> Sessions:
    (tmp_path / "dbaccess.toml").write_text(CONFIG + SESSIONS)
    login = login_of(postgresql, "pg_signal_backend", "pg_read_all_stats")
    source = TrustedSource(SourceType.IP_ADDR, HOME)
    with empty_database.transaction() as session:
        requests.add(session, examples.request(id=17, source=source))
        grants.add(session, examples.active_grant(17, source))

    def ask(*options: str) -> Result:
        environment = {
            NAME: login,
            "DIGITALOCEAN_TOKEN": cloud.token,
            "DIGITALOCEAN_API_URL": cloud.url,
        }
        return run("sessions", *options, **environment)

    return ask


def test_each_session_has_what_lets_it_in(clients: Clients, sessions_of: Sessions) -> None:
    opened = {address: clients.session(address) for address in (HOME, CAFE, "127.0.0.9")}

    listed = sessions_of("--json")

    assert listed.exit_code == 0, listed.output
    found = {one["from"]: one for one in json.loads(listed.stdout)}
    assert (found[HOME]["access"], found[HOME]["rules"]) == ([17], [])
    assert (found[CAFE]["access"], found[CAFE]["rules"]) == ([], [CAFE])
    assert (found["127.0.0.9"]["access"], found["127.0.0.9"]["rules"]) == ([], [])
    assert (found[HOME]["cluster"], found[HOME]["user"]) == ("orders", "bob")
    assert {one["pid"] for one in found.values()} >= {
        session.info.backend_pid for session in opened.values()
    }


def test_people_read_a_line_for_each_session(clients: Clients, sessions_of: Sessions) -> None:
    opened = [clients.session(HOME), clients.session("127.0.0.9")]

    lines = sessions_of("orders").output.splitlines()

    assert opened
    assert any(HOME in line and line.rstrip().endswith("#17") for line in lines)
    assert any("127.0.0.9" in line and "no address that is" in line for line in lines)


def test_where_no_login_is_named_the_command_says_how(
    sessions_of: Sessions, tmp_path: Path
) -> None:
    (tmp_path / "dbaccess.toml").write_text(CONFIG)

    for said in (sessions_of(), sessions_of("orders")):
        assert said.exit_code == 1
        assert "docs/setup/sessions.md" in said.output


def test_a_server_that_is_away_is_one_line_without_a_password(
    cloud: SandboxDigitalOcean, empty_database: Database, tmp_path: Path
) -> None:
    """P8."""
    (tmp_path / "dbaccess.toml").write_text(CONFIG + SESSIONS)

    said = run("sessions", **{NAME: "postgresql://me:hunter2@127.0.0.1:1/postgres"})

    assert said.exit_code == 1
    assert "Connection refused" in said.output
    assert "hunter2" not in said.output
    assert len(said.output.splitlines()) == 1
