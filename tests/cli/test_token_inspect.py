"""`dbaccess token inspect`: why a token is refused, in full, and which policy would take it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.config import Settings
from tests.machines.issuer import JOB, OidcIssuer, serving

POLICY = """\
instance = "prod"
operators = "C0OPS"

[defaults]
channel = "C0APPROVALS"
approvers = ["U0ALICE"]

[machines.ci]
issuer = "{url}"
audience = "dbaccess"

[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"

[[clusters.orders.auto_approve]]
machines = ["ci:repo:acme/*:ref:refs/heads/main"]
max_duration = "30m"

[clusters.billing]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff31"

[[clusters.billing.auto_approve]]
machines = ["ci:repo:acme/ledger:ref:refs/heads/main"]
max_duration = "1h"
"""
PLACE = 'clusters.orders.auto_approve[0].machines = ["ci:repo:acme/*:ref:refs/heads/main"]'


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcIssuer]:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    with serving(OidcIssuer(now=int(time.time()))) as one:
        Path("dbaccess.toml").write_text(POLICY.format(url=one.url))
        yield one


Inspect = Callable[..., Result]


@pytest.fixture
def inspect() -> Inspect:
    def run(token: str, *options: str) -> Result:
        return CliRunner().invoke(app, ["token", "inspect", *options], input=token)

    return run


def test_a_genuine_token_and_the_policy_that_takes_it(issuer: OidcIssuer, inspect: Inspect) -> None:
    said = inspect(f"Bearer {issuer.token()}\n")

    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert lines[:5] == [
        "Genuine.",
        "Machine: ci:repo:acme/shop:ref:refs/heads/main",
        "Written policies:",
        "  orders: up to 30m, from any address that the cluster takes",
        f"    dbaccess.toml:16  {PLACE}",
    ]
    assert '  alg = "ES256"' in lines
    assert '  workflow = "nightly report"' in lines
    assert not any(part in said.output for part in issuer.token().split("."))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "vault"}, "its audience is not dbaccess alone"),
        ({"exp": 1, "iat": 0}, "it has expired"),
        ({"iss": "https://evil.example"}, "its issuer is not in the policy: https://evil.example"),
    ],
)
def test_why_a_token_is_refused_in_full(
    changes: dict[str, Any], reason: str, issuer: OidcIssuer, inspect: Inspect
) -> None:
    said = inspect(issuer.token(**changes))

    assert said.exit_code == 1
    assert said.output.startswith(f"Refused: {reason}")
    if "iss" in changes:
        assert "Machine:" not in said.output
        assert "No written policy takes it." in said.output
    else:
        assert "Written policies that would take it:\n  orders: up to 30m" in said.output


def test_a_genuine_token_that_no_policy_takes(issuer: OidcIssuer, inspect: Inspect) -> None:
    said = inspect(issuer.token(sub="repo:acme/shop:pull_request"))
    assert said.exit_code == 0
    assert "No written policy takes it." in said.output


def test_an_issuer_that_is_away(issuer: OidcIssuer, inspect: Inspect) -> None:
    issuer.is_away = True
    said = inspect(issuer.token())
    assert said.exit_code == 1
    assert "Refused: nobody can tell, since the keys of its issuer cannot be read" in said.output
    assert "answered 503" in said.output


def test_a_token_in_a_file_as_json(issuer: OidcIssuer, inspect: Inspect) -> None:
    Path("token").write_text(issuer.token())
    said = inspect("", "token", "--json")

    found = json.loads(said.output)
    assert found["genuine"] is True
    assert found["refused"] is None
    assert found["machine"] == "ci:repo:acme/shop:ref:refs/heads/main"
    assert found["details"]["workflow"] == JOB["workflow"]
    assert [one["cluster"] for one in found["policies"]] == ["orders"]
    assert found["claims"]["aud"] == "dbaccess"


def test_what_is_no_token(issuer: OidcIssuer, inspect: Inspect) -> None:
    for text, problem in (
        ("", "There is no token"),
        ("my-password", "This is no token: it is not three parts"),
    ):
        said = inspect(text)
        assert said.exit_code == 1
        assert problem in said.output
        assert "my-password" not in said.output


def test_what_a_token_says_does_nothing_to_a_terminal(issuer: OidcIssuer, inspect: Inspect) -> None:
    claims: dict[str, Any] = {"a\x1b[2J\n": "b\x1b]0;c\x07\u202e"}
    said = inspect(issuer.token(**claims))
    assert said.output.isascii()
    assert "\x1b" not in said.output


def test_a_token_never_stands_in_the_command(issuer: OidcIssuer, inspect: Inspect) -> None:
    said = inspect("", issuer.token()[:60])
    assert said.exit_code == 1
    assert "Pipe the token in" in said.output
