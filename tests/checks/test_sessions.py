"""What `dbaccess check` says of the logins that end sessions."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.checks.findings import Finding, Level
from bot.checks.sessions import check_session_servers, check_sessions
from bot.config import load_settings, parse_policy
from bot.database_url import is_unencrypted
from bot.providers.digitalocean import DigitalOcean
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from tests.pgbouncer import PgBouncer
from tests.postgresql import PostgresServer
from tests.scenarios.world import ORDERS, policy
from tests.sessions.clients import login_of

NAME = "DBACCESS_SESSIONS_ORDERS"
POLICY = parse_policy(policy({"orders": {"id": ORDERS, "sessions": {"url_env": NAME}}}))
RIGHTS = ("pg_signal_backend", "pg_read_all_stats")

Checked = Callable[..., list[Finding]]
Told = Callable[..., list[Finding]]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Checked:
    """What is found where the variable says that."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "DIGITALOCEAN_TOKEN"):
        monkeypatch.setenv(name, "value-of-it")
    monkeypatch.chdir(tmp_path)

    def check(url: str | None, *, name: str = NAME) -> list[Finding]:
        if url is not None:
            monkeypatch.setenv(name, url)
        return list(check_sessions(load_settings(), POLICY))

    return check


def test_a_login_that_can_do_it_and_no_more(checked: Checked, postgresql: PostgresServer) -> None:
    [found] = checked(login_of(postgresql, *RIGHTS))

    assert found.level is Level.OK
    assert found.words == "dbaccess_sessions can see and end sessions"


def test_a_login_that_is_a_superuser(checked: Checked, postgresql: PostgresServer) -> None:
    [found] = checked(postgresql.url())

    assert found.level is Level.FAULT
    assert "postgres is a superuser" in found.words


@pytest.mark.parametrize(
    ("has", "cannot"),
    [
        (("pg_read_all_stats",), "end sessions"),
        (("pg_signal_backend",), "see where they come from"),
        ((), "end sessions or see where they come from"),
    ],
)
def test_a_login_that_lacks_a_right_is_told_which_and_the_line_that_grants_it(
    checked: Checked, postgresql: PostgresServer, has: tuple[str, ...], cannot: str
) -> None:
    name = f"checked_with_{len(has)}_{'_'.join(has)}"
    [found] = checked(login_of(postgresql, *has, name=name))

    assert found.level is Level.FAULT
    lacks = ", ".join(role for role in RIGHTS if role not in has)
    line = f"GRANT {lacks} TO {name};"
    assert found.words.startswith(f"{name} cannot {cannot}. Run as doadmin: {line} ")
    postgresql.execute(line)
    [found] = checked(login_of(postgresql, name=name))
    assert found.level is Level.OK


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_login_that_leads_to_a_connection_pool(
    checked: Checked, postgresql: PostgresServer, pgbouncer: None, mode: str
) -> None:
    with PgBouncer(postgresql, mode) as pool:
        [found] = checked(pool.url(postgresql.url()))

    assert found.level is Level.FAULT
    assert found.words.startswith(f"{NAME} leads to a connection pool")
    assert "25060" in found.words


@pytest.fixture
def told_of_cluster(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What is found of a cluster of some engine, at that host, for a login."""
    with SandboxDigitalOcean() as cloud:

        def ask(engine: str | None, url: str = "") -> list[Finding]:
            if engine is not None:
                cloud.add_cluster("orders", cluster_id=ORDERS, engine=engine)
            if url:
                host = cloud.database(ORDERS)["connection"]["host"]
                monkeypatch.setenv(NAME, url.format(host=host))
            api = DigitalOcean(cloud.token, endpoint=cloud.url)
            found = list(check_session_servers(api, load_settings(), POLICY))
            api.close()
            return found

        yield ask


@pytest.mark.parametrize("engine", ["mysql", "mongodb", "valkey", "kafka", "opensearch"])
def test_a_cluster_of_another_engine_is_told_that_its_sessions_are_not_ended(
    told_of_cluster: Told, engine: str
) -> None:
    [found] = told_of_cluster(engine)

    assert (found.level, found.what) == (Level.FAULT, "sessions orders")
    assert f"engine is {engine}, and sessions are ended on PostgreSQL only" in found.words


def test_of_a_cluster_that_nobody_tells_about_nothing_is_said(told_of_cluster: Told) -> None:
    assert told_of_cluster(None) == []


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("postgresql://me:hunter2@{host}:25060/db", False),
        ("postgresql://me:hunter2@private-{host}:25060/db", False),
        ("postgresql://me:hunter2@/db?host={host}:25060", False),
        ("postgresql://me:hunter2@analytics.example.com:25060/db", True),
        ("postgresql://me:hunter2@{host}:25060/db?host=analytics.example.com", True),
    ],
)
def test_a_login_of_another_cluster_is_told_apart(
    told_of_cluster: Told, url: str, elsewhere: bool
) -> None:
    found = told_of_cluster("pg", url)

    assert bool(found) == elsewhere
    assert all(
        one.level is Level.HINT and "is it the login of another" in one.words for one in found
    )
    assert "hunter2" not in str(found)


def test_a_login_that_is_not_taken(checked: Checked, postgresql: PostgresServer) -> None:
    """P8."""
    postgresql.login("locked", "right-password")
    where = f"127.0.0.1:{postgresql.port}/postgres"
    [found] = checked(f"postgresql://locked:wrong-password@{where}")

    assert found.level is Level.FAULT
    assert f"no login by {NAME}" in found.words
    assert "wrong-password" not in found.words


def test_a_variable_that_is_not_set(checked: Checked) -> None:
    [found] = checked(None)

    assert found.level is Level.FAULT
    assert found.words.startswith(f"{NAME} is not set")


def test_a_variable_that_no_cluster_names(checked: Checked) -> None:
    _, found = checked("postgresql://me@127.0.0.1:1/db", name="DBACCESS_SESSIONS_ORDER")

    assert found.level is Level.HINT
    assert found.words == "DBACCESS_SESSIONS_ORDER is set, but no cluster names it"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me@db.example.com/db", True),
        ("postgresql://me@db.example.com/db?sslmode=prefer", True),
        ("postgresql://me@/db?host=db.example.com", True),
        ("postgresql://me@db.example.com/db?sslmode=require", False),
        ("postgresql://me@db.example.com/db?sslmode=verify-full", False),
        ("postgresql://me@127.0.0.1/db", False),
        ("postgresql://me@/db?host=/run/postgresql", False),
    ],
)
def test_a_login_that_may_travel_without_tls(url: str, told: bool) -> None:
    assert is_unencrypted(url) == told
