"""`dbaccess policy explain`: what would come of a command, and which line says so."""

import ast
import copy
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.access.trial import Outcome, Trial
from bot.cli import app
from bot.clock import SystemClock
from bot.config import Settings, parse_policy
from bot.domain import policy
from bot.domain.people import Person, Standing
from bot.domain.policy_keys import deciding_keys
from bot.domain.policy_schema import policy_schema
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.durations import AdoptionOutOfRange, ExtendedFully, ExtendedTooFar
from bot.domain.refusals.rights import (
    AskedThemselves,
    MayNotAdopt,
    MayNotReview,
    OnlyMembersDecide,
    OwnEmergency,
)
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.refusals import EVERY_REFUSAL

POLICY = """\
instance = "prod"
operators = "C0OPS"

[defaults]
channel = "C0APPROVALS"
approvers = ["U0ALICE", "S0DBADMINS"]
self_approval = false

[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
approvals = 2
max_duration = "2h"

[[clusters.orders.auto_approve]]
requesters = ["S0ONCALL"]
sources = ["198.51.100.0/24"]
max_duration = "1h"

[clusters.orders.emergency]
requesters = ["S0ONCALL"]
max_duration = "30m"

[clusters.billing]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff31"
requesters = ["U0ALICE"]
require_reason = true
"""
LINES = POLICY.splitlines()


@pytest.fixture(autouse=True)
def policy_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dbaccess.toml, and an environment with nothing in it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "dbaccess.toml"
    file.write_text(POLICY)
    return file


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", "explain", *arguments], prog_name="dbaccess")


def explained(command: str, user: str = "U0BOB", groups: str | None = "", *more: str) -> str:
    options = [] if groups is None else ["--groups", groups]
    shown = run("--as", user, *options, *more, *command.split())
    assert shown.exit_code == 0, shown.stderr
    return shown.stdout


def quoted_lines(shown: str) -> list[str]:
    """Return the lines of the file that an explanation names."""
    return [LINES[int(number) - 1] for number in re.findall(r"dbaccess\.toml:(\d+) ", shown)]


def test_a_request_says_whom_it_asks_and_which_lines_say_so() -> None:
    shown = explained("request 203.0.113.4 2h orders fixing")

    assert shown.startswith("Needs 2 approvals from U0ALICE, S0DBADMINS.\n")
    assert quoted_lines(shown) == [
        "approvals = 2",
        'approvers = ["U0ALICE", "S0DBADMINS"]',
        'max_duration = "2h"',
        'max_duration = "1h"',  # of the written policy, which does not cover it
    ]
    assert 'defaults.approvers = ["U0ALICE", "S0DBADMINS"]  (inherited)' in shown


def test_what_the_file_does_not_say_is_called_a_built_in_default() -> None:
    shown = explained("request 203.0.113.4 2h billing fixing", "U0ALICE", "")

    assert re.search(r"built-in default +clusters\.billing\.approvals = 1\n", shown)
    assert re.search(r'built-in default +clusters\.billing\.max_duration = "8h"\n', shown)


def test_who_asks_is_not_named_among_those_who_may_approve() -> None:
    shown = explained("request 203.0.113.4 2h orders", "U0ALICE")

    assert shown.startswith("Needs 2 approvals from S0DBADMINS.\n")
    assert "self_approval = false  (inherited, U0ALICE can't approve it)" in shown


@pytest.mark.parametrize(
    ("command", "lacking"),
    [
        ("request 198.51.100.4 2h orders", 'max_duration = "1h"'),
        ("request 203.0.113.4 1h orders", 'sources = ["198.51.100.0/24"]'),
        ("request 198.51.100.4 1h orders", 'requesters = ["S0ONCALL"]'),
    ],
)
def test_a_written_policy_that_does_not_cover_it_says_by_which_line(
    command: str, lacking: str
) -> None:
    shown = explained(command)

    assert shown.startswith("Needs 2 approvals")
    assert quoted_lines(shown)[-1] == lacking


def test_a_written_policy_that_covers_it_opens_it_at_once() -> None:
    shown = explained("request 198.51.100.4 1h orders", groups="S0ONCALL")

    assert shown.startswith("Opens at once by written policy.")
    assert quoted_lines(shown) == ["[[clusters.orders.auto_approve]]"]


def test_an_emergency_opens_at_once() -> None:
    shown = explained("emergency 203.0.113.4 20m orders the site is down", groups="S0ONCALL")

    assert shown.startswith("Opens at once as emergency access.")
    assert quoted_lines(shown)[:2] == ['requesters = ["S0ONCALL"]', 'max_duration = "30m"']


def test_everything_that_is_refused_is_told() -> None:
    shown = explained("emergency 203.0.113.4 40m orders", groups="S0ONCALL")

    assert "Refused (too_long_for_emergency): 40m is too long." in shown
    assert "Refused (emergency_reason_required)" in shown


def test_a_cluster_that_they_may_not_see_reads_as_if_it_were_not_there() -> None:
    shown = explained("request 203.0.113.4 1h billing")

    assert "Refused (no_such_cluster): There is no cluster billing." in shown
    assert quoted_lines(shown) == ['requesters = ["U0ALICE"]']


def test_a_cluster_that_is_not_there_is_decided_by_no_line() -> None:
    assert "No setting changes this." in explained("request 203.0.113.4 1h ordres")


def test_what_no_setting_changes_says_so() -> None:
    shown = explained("request 2001:db8::4 1h orders")

    assert "ipv6_not_taken" in shown
    assert "No setting changes this." in shown


def test_a_line_that_is_not_clear_opens_the_form() -> None:
    assert explained("request 2h orders").startswith("A form opens")
    assert explained("emergency", groups="S0ONCALL").startswith("A form opens")


def test_the_channel_may_name_the_cluster() -> None:
    assert "orders from 203.0.113.4" in explained(
        "request 203.0.113.4 2h", "U0BOB", "", "--channel", "C0APPROVALS"
    )


def test_it_says_what_it_does_not_look_at() -> None:
    not_checked = "Not checked: what is open or waiting now"

    assert not_checked in explained("request 203.0.113.4 2h orders")
    assert not_checked not in explained("request 203.0.113.4 9h orders")  # refused in any case


def test_without_slack_it_says_of_which_groups_it_needs_to_know() -> None:
    shown = run("--as", "U0BOB", "request", "198.51.100.4", "1h", "orders")

    assert shown.exit_code == 1
    assert "whether U0BOB is in S0DBADMINS" in shown.stderr
    assert "--groups" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--as", "alice", "--groups", "", "request"], "alice is not a person's ID"),
        (["--as", "U0BOB", "--groups", "S0ONCAL", "request"], "no user group S0ONCAL"),
        (["--as", "U0BOB", "--guest", "request"], "--guest needs --groups"),
        (["--as", "U0BOB", "--groups", "", "list"], "Only request and emergency"),
    ],
)
def test_what_cannot_be_explained_says_why(arguments: list[str], words: str) -> None:
    shown = run(*arguments)

    assert shown.exit_code == 1
    assert words in shown.stderr
    assert not shown.stdout


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxSlack]:
    """Slack, with tokens for it in the environment."""
    with SandboxSlack() as slack:
        slack.add_user("U0BOB", "bob")
        slack.add_user("U0GUEST", "guest", is_restricted=True)
        slack.add_group("S0ONCALL", "oncall", ["U0BOB"])
        slack.add_group("S0DBADMINS", "db-admins")
        monkeypatch.setenv("SLACK_API_URL", slack.api_url)
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.bot_token)
        monkeypatch.setenv("SLACK_SIGNING_SECRET", slack.signing_secret)
        monkeypatch.setenv("DIGITALOCEAN_TOKEN", "a-token-for-nobody")
        yield slack


@pytest.mark.usefixtures("slack")
def test_slack_is_asked_who_somebody_is() -> None:
    assert explained("request 198.51.100.4 1h orders", groups=None).startswith("Opens at once")
    assert "not_a_member" in explained("request 198.51.100.4 1h orders", "U0GUEST", None)


@pytest.mark.usefixtures("slack")
def test_somebody_whom_slack_does_not_know_is_not_guessed_at() -> None:
    shown = run("--as", "U0NOBODY", "request", "198.51.100.4", "1h", "orders")

    assert shown.exit_code == 1
    assert "Slack didn't say who U0NOBODY is" in shown.stderr


def test_nothing_is_written(tmp_path: Path) -> None:
    explained("request 198.51.100.4 1h orders", groups="S0ONCALL")

    assert [file.name for file in tmp_path.iterdir()] == ["dbaccess.toml"]


BOB = Person("U0BOB", Standing.MEMBER, is_final=True)
GUEST = Person("U0GUEST", Standing.GUEST, is_final=True)
ORDERS: dict[str, Any] = tomllib.loads(POLICY)["clusters"]["orders"]


def _tried(person: Person, command: str, **changes: Any) -> Outcome:
    """Return what comes of a command if the keys of `orders` are changed so; None removes one."""
    document = copy.deepcopy(tomllib.loads(POLICY))
    orders = document["clusters"]["orders"]
    for key, value in changes.items():
        table, _, inner = key.rpartition("__")
        (orders.setdefault(table, {}) if table else orders)[inner] = value
    document["clusters"]["orders"] = {k: v for k, v in orders.items() if v is not None}
    return Trial(parse_policy(document), SystemClock()).of(command, person)


@pytest.mark.parametrize(
    ("person", "command", "before", "cures"),
    [
        (BOB, "request 203.0.113.4 3h orders", {}, {"max_duration": "3h"}),
        (BOB, "request 203.0.113.4 10s orders", {}, {"min_duration": "1s"}),
        (BOB, "request 10.1.2.3 1h orders", {}, {"allow_private": True}),
        (BOB, "request 100.64.0.3 1h orders", {}, {"allow_private": True}),
        (BOB, "request 203.0.113.0/24 1h orders", {}, {"min_prefix": 24}),
        (BOB, "request tag:web 1h orders", {}, {"source_types": ["ip_addr", "tag"]}),
        (BOB, "request 203.0.113.4 1h orders", {"require_reason": True}, {"require_reason": False}),
        (BOB, "request 203.0.113.4 1h orders", {"requesters": ["U0ALICE"]}, {"requesters": ["*"]}),
        (GUEST, "request 203.0.113.4 1h orders", {}, {"guests": True}),
        (
            BOB,
            "request 203.0.113.4 1h orders",
            {"approvers": ["U0ALICE", "U0BOB"]},
            {"approvals": 1, "approvers": ["S0DBADMINS"], "self_approval": True},
        ),
        (BOB, "emergency 203.0.113.4 20m orders x", {}, {"emergency__requesters": ["U0BOB"]}),
        (
            BOB,
            "emergency 203.0.113.4 40m orders x",
            {"emergency__requesters": ["U0BOB"]},
            {"emergency__max_duration": "40m"},
        ),
    ],
)
def test_each_key_that_is_said_to_decide_does(
    person: Person, command: str, before: dict[str, Any], cures: dict[str, Any]
) -> None:
    outcome = _tried(person, command, **before)

    [refusal] = outcome.refusals
    assert set(deciding_keys(refusal)) == {key.replace("__", ".") for key in cures}
    for key, value in cures.items():
        after = _tried(person, command, **(before | {key: value}))
        assert refusal.code not in {one.code for one in after.refusals}, key


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.0.7", "224.0.0.1", "192.0.2.7"])
def test_addresses_that_are_always_refused_are_decided_by_no_key(address: str) -> None:
    [refusal] = _tried(BOB, f"request {address} 1h orders", allow_private=True).refusals

    assert deciding_keys(refusal) == ()


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda refusal: refusal.code)
def test_each_key_that_decides_is_one_that_the_file_may_have(refusal: AnyRefusal) -> None:
    schema = policy_schema()["$defs"]

    for key in deciding_keys(refusal):
        name, _, inner = key.partition(".")
        assert name in schema["ClusterPolicy"]["properties"]
        assert not inner or inner in schema["Emergency"]["properties"]


OF_OTHER_COMMANDS = {  # what neither a request nor an emergency is refused by
    AdoptionOutOfRange,
    AskedThemselves,
    ExtendedFully,
    ExtendedTooFar,
    MayNotAdopt,
    MayNotReview,
    OnlyMembersDecide,
    OwnEmergency,
}


def test_no_refusal_of_the_policy_is_without_its_key() -> None:
    """Else it would be explained by "No setting changes this"."""
    tree = ast.parse(Path(policy.__file__).read_text())
    raised = {
        node.args[0].func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Refused", "NotYours", "NamesClusters")
        and isinstance(node.args[0], ast.Call)
        and isinstance(node.args[0].func, ast.Name)
    }
    assert len(raised) > 15

    explained = {type(one).__name__ for one in EVERY_REFUSAL if deciding_keys(one)}
    assert raised - {one.__name__ for one in OF_OTHER_COMMANDS} <= explained
