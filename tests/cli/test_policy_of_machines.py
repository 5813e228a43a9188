"""`dbaccess policy explain` and `policy test` of machines: what they would get by HTTP."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.config import Settings

MAIN = "github:repo:acme/shop:ref:refs/heads/main"
POLICY = f"""\
instance = "prod"
operators = "C0OPS"

[defaults]
channel = "C0APPROVALS"
approvers = ["U0ALICE"]

[machines.github]
issuer = "https://token.actions.githubusercontent.com"
audience = "dbaccess"

[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"

[[clusters.orders.auto_approve]]
machines = ["github:repo:acme/*:pull_request"]
sources = ["198.51.100.0/24"]
max_duration = "10m"

[[clusters.orders.auto_approve]]
machines = ["{MAIN}"]
max_duration = "30m"

[clusters.billing]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff31"
"""
LINES = POLICY.splitlines()


@pytest.fixture(autouse=True)
def _no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    Path("dbaccess.toml").write_text(POLICY)


def explain(text: str, machine: str = MAIN, *more: str) -> Result:
    return CliRunner().invoke(app, ["policy", "explain", "--as", machine, *more, *text.split()])


def test_the_line_that_opens_access_for_a_machine() -> None:
    said = explain("request 203.0.113.4 30m orders migrations")

    assert said.exit_code == 0, said.output
    assert said.output.startswith(
        "Opens at once by written policy. Nobody is asked.\n"
        "  orders from 203.0.113.4 for 30m\n"
        "  dbaccess.toml:20  clusters.orders.auto_approve[1]  (covers it)\n"
    )


@pytest.mark.parametrize(
    ("text", "machine", "code", "words"),
    [
        ("request 203.0.113.4 31m orders", MAIN, "duration_not_covered", "at most 30m"),
        ("request 203.0.113.4 5m billing", MAIN, "no_machine_policy", "gives .* access to billing"),
        ("request 203.0.113.4 5m orders", f"{MAIN}2", "no_machine_policy", "access to orders"),
        (
            "request 203.0.113.4 5m orders",
            "github:repo:acme/shop:pull_request",
            "source_not_covered",
            "does not cover 203.0.113.4",
        ),
        ("request 10.0.0.4 5m orders", MAIN, "not_public", ""),
    ],
)
def test_why_a_machine_is_refused(text: str, machine: str, code: str, words: str) -> None:
    said = explain(text, machine)

    assert said.exit_code == 0, said.output
    assert f"Refused ({code}): " in said.output
    assert re.search(words, said.output)
    assert "No setting changes this" not in said.output


def test_what_a_machine_cannot_ask_for() -> None:
    assert "isn't complete" in explain("request 203.0.113.4").output
    for text, machine, options, problem in (
        ("emergency 203.0.113.4 5m orders fire", MAIN, (), "Only request can be explained"),
        ("request 203.0.113.4 5m orders", MAIN, ("--groups", "S0X"), "in no group"),
        ("request 203.0.113.4 5m orders", "gitlab:x", (), "no [machines.gitlab]"),
        ("request 203.0.113.4 5m orders", "github:repo:*/x", (), "No machine is called"),
    ):
        said = explain(text, machine, *options)
        assert said.exit_code == 1
        assert problem in said.output


def expect(written: str) -> Result:
    Path("policy-tests.toml").write_text(written)
    return CliRunner().invoke(app, ["policy", "test", "policy-tests.toml"])


def test_what_machines_get_is_tested_in_ci() -> None:
    said = expect(f"""
[[test]]
as = "{MAIN}"
command = "request 203.0.113.4 30m orders"
expect = "auto"

[[test]]
as = "github:repo:evil/shop:ref:refs/heads/main"
command = "request 203.0.113.4 30m orders"
expect = "refused"
why = "no_machine_policy"

[[test]]
name = "a machine waits for nobody"
as = "{MAIN}"
command = "request 203.0.113.4 30m billing"
expect = "approvals:1"
""")
    assert said.exit_code == 1
    assert said.output.count("ok ") == 2
    assert "a machine waits for nobody: expected approvals:1, got refused" in said.output


def test_a_test_of_an_issuer_that_the_policy_lacks_is_wrong() -> None:
    said = expect("""
[[test]]
as = "gitlab:project_path:acme/shop"
command = "request 203.0.113.4 30m orders"
expect = "refused"
""")
    assert said.exit_code == 1
    assert "policy-tests.toml:3: test 1" in said.output
    assert "there is no [machines.gitlab]" in said.output
