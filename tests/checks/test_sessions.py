"""What `dbaccess check` says of the logins that end sessions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.checks.findings import Finding, Level
from bot.checks.sessions import check_sessions
from bot.config import load_settings, parse_policy
from bot.database_url import is_unencrypted
from tests.postgresql import PostgresServer
from tests.scenarios.world import ORDERS, policy
from tests.sessions.clients import login_of

NAME = "DBACCESS_SESSIONS_ORDERS"
POLICY = parse_policy(policy({"orders": {"id": ORDERS, "sessions": {"url_env": NAME}}}))
RIGHTS = ("pg_signal_backend", "pg_read_all_stats")

Checked = Callable[..., list[Finding]]


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


@pytest.mark.parametrize("role", RIGHTS)
def test_a_login_that_lacks_a_right_and_the_line_that_grants_it(
    checked: Checked, postgresql: PostgresServer, role: str
) -> None:
    name = f"only_{role}"
    [found] = checked(login_of(postgresql, role, name=name))

    assert found.level is Level.FAULT
    line = f"GRANT pg_signal_backend, pg_read_all_stats TO {name};"
    assert line in found.words
    postgresql.execute(line)
    [found] = checked(login_of(postgresql, name=name))
    assert found.level is Level.OK
    postgresql.execute(f"REVOKE pg_signal_backend, pg_read_all_stats FROM {name}")
    postgresql.execute(f"GRANT {role} TO {name}")


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
