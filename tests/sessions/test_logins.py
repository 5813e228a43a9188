"""The logins that end sessions: named by the policy, read from the environment, never shown."""

from pathlib import Path
from typing import Any

import pytest

from bot.config import ConfigError, load_settings, parse_policy
from bot.redaction import Redaction
from tests.scenarios.world import ANALYTICS, ORDERS, policy

NAME = "DBACCESS_SESSIONS_ORDERS"
URL = "postgresql://dbaccess:pa%24sword@db.example.com:25060/defaultdb?sslmode=require"
REQUIRED = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "DIGITALOCEAN_TOKEN")


@pytest.fixture(autouse=True)
def complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in REQUIRED:
        monkeypatch.setenv(name, f"{name.lower()}-value")
    monkeypatch.chdir(tmp_path)


def with_sessions(**sessions: Any) -> dict[str, Any]:
    return policy({"orders": {"id": ORDERS, "sessions": sessions}})


def problems_of(written: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as error:
        parse_policy(written)
    return error.value.problems


def test_a_cluster_names_the_variable_of_its_login() -> None:
    sessions = parse_policy(with_sessions(url_env=NAME)).cluster("orders").sessions

    assert sessions is not None
    assert sessions.url_env == NAME


@pytest.mark.parametrize("name", ["DIGITALOCEAN_TOKEN", "DBACCESS_SESSIONS_", "sessions_orders"])
def test_only_variables_that_are_known_to_be_secrets_are_taken(name: str) -> None:
    """P8: what is hidden must not depend on the policy."""
    [problem] = problems_of(with_sessions(url_env=name))

    assert problem.startswith("dbaccess.toml: clusters.orders.sessions.url_env: ")
    assert "a variable's name like DBACCESS_SESSIONS_ORDERS" in problem


def test_keys_that_nobody_knows_are_errors() -> None:
    [problem] = problems_of(with_sessions(url_env=NAME, uri="x"))

    assert problem == "dbaccess.toml: clusters.orders.sessions.uri: unknown key"


def test_one_login_is_for_one_cluster() -> None:
    sessions = {"url_env": NAME}
    clusters = {
        "orders": {"id": ORDERS, "sessions": sessions},
        "analytics": {"id": ANALYTICS, "sessions": sessions},
    }

    assert "orders and analytics have the same" in problems_of(policy(clusters))[0]
    assert "defaults.sessions: unknown key" in problems_of(policy(sessions=sessions))[0]


@pytest.mark.parametrize("place", ["environment", ".env", "file"])
def test_a_login_is_read_and_its_password_hidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """P8."""
    match place:
        case "environment":
            monkeypatch.setenv(NAME, URL)
        case ".env":
            (tmp_path / ".env").write_text(f"{NAME}={URL}\n")
        case _:
            (tmp_path / "login").write_text(f"{URL}\n")
            monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "login"))

    settings = load_settings()

    assert settings.session_logins[NAME].get_secret_value() == URL
    assert "pa$sword" in settings.secrets()
    assert "pa$sword" not in Redaction(settings.secrets()).clean("said: pa$sword")
    assert "sword" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("mysql://me:hunter2@db/x", "must begin with"),
        ("sqlite:///hunter2.db", "must begin with postgresql://"),
        ("postgresql://me:hun@ter2@db/x", "cannot be read"),
    ],
)
def test_a_login_that_is_none_is_named_without_its_content(
    monkeypatch: pytest.MonkeyPatch, value: str, reason: str
) -> None:
    """P8."""
    monkeypatch.setenv(NAME, value)

    with pytest.raises(ConfigError) as error:
        load_settings()

    [problem] = error.value.problems
    assert problem.startswith(f"environment: {NAME}: ")
    assert reason in problem
    assert "ter2" not in problem


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", "/nowhere/login")

    with pytest.raises(ConfigError) as error:
        load_settings()

    assert error.value.problems == [
        f"environment: {NAME}_FILE names /nowhere/login: No such file or directory"
    ]
