"""`dbaccess check` at Slack: tokens, scopes, channels, people and user groups."""

import pytest

from bot.checks import live
from bot.checks.findings import Level
from tests.checks.breaking import (
    Break,
    bot_approver,
    channel,
    config,
    gone,
    group_disabled,
    group_of,
    groups_unreadable,
    nothing,
    only_manifest_scopes,
    plan_without_groups,
    private_and_unseen,
)
from tests.checks.operator_folder import Operator
from tests.scenarios.world import ALICE, APPROVALS, OPERATIONS

OK, HINT, FAULT = Level.OK, Level.HINT, Level.FAULT


@pytest.mark.parametrize(
    ("broken", "level", "what", "words"),
    [
        # the channels
        (channel(is_archived=True), FAULT, f"channel {APPROVALS}", "#db-approvals is archived"),
        (channel(bot_is_member=False), FAULT, f"channel {APPROVALS}", "/invite @dbaccess"),
        (config(OPERATIONS, "C0NOWHERE"), FAULT, "channel C0NOWHERE", "no such channel"),
        (private_and_unseen, FAULT, f"channel {APPROVALS}", "or invite dbaccess if it is private"),
        (only_manifest_scopes, HINT, "not tested", "channels:read"),
        (only_manifest_scopes, OK, f"channel {APPROVALS}", "is there"),
        (config(OPERATIONS, APPROVALS), HINT, "operators", "requests for orders"),
        # the people
        (config(ALICE, "U0GHOST"), FAULT, "person U0GHOST", "nobody of that ID"),
        (gone, HINT, f"person {ALICE}", "has left"),
        (gone, FAULT, "policy of orders", "nobody can approve"),
        (bot_approver, HINT, "person U0ROBOT", "is a bot"),
        (config(ALICE, "S0NOBODY"), FAULT, "user group S0NOBODY", "no such group"),
        (group_of(), FAULT, "user group S0ADMINS", "is empty"),
        (group_disabled, FAULT, "user group S0ADMINS", "or it is disabled"),
        (plan_without_groups, FAULT, "user groups", "name people in dbaccess.toml instead of S0"),
        (groups_unreadable, FAULT, "user groups", "cannot be read: ratelimited"),
        (group_of(ALICE), FAULT, "policy of orders", "2 approvals are needed, but only 1 can"),
        (group_of(ALICE, "U0RITA"), HINT, "policy of orders", "each of its 2 approvers is needed"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_is_missing_at_slack_is_told_with_its_mend(
    operator: Operator, broken: Break, level: Level, what: str, words: str
) -> None:
    broken(operator)

    operator.tells(level, what, words)


def test_however_many_groups_there_are_one_call_tells_of_all(operator: Operator) -> None:
    groups = [f"S0TEAM{number}" for number in range(30)]
    for group in groups:
        operator.slack.add_group(group, group.lower(), [ALICE, "U0RITA"])
    operator.write(instead_of=f'["{ALICE}"]', config=f"{[*groups, ALICE]}")

    assert operator.check().exit_code == 0
    asked = [c.method for c in operator.slack.calls if c.method.startswith("usergroups")]
    assert asked == ["usergroups.list"]


def test_of_a_large_group_not_every_member_is_looked_up(operator: Operator) -> None:
    many = [f"U0MANY{number}" for number in range(21)]
    group_of(*many)(operator)

    assert operator.check().exit_code == 0
    assert not [
        c for c in operator.slack.calls if c.method == "users.info" and c.args["user"] in many
    ]


def test_what_only_a_live_check_can_test_is_said(operator: Operator) -> None:
    only_manifest_scopes(operator)
    operator.tells(HINT, "not tested", "whether SLACK_SIGNING_SECRET is right")
    operator.tells(HINT, "not tested", "whether they are archived: `dbaccess check --live` posts")

    operator.env["SLACK_APP_TOKEN"] = operator.slack.app_token
    operator.tells(HINT, "not tested", "is right: Socket Mode does not use it")


@pytest.mark.parametrize(
    ("broken", "level", "words"),
    [
        (nothing, OK, "a message arrived, deleted again"),
        (channel(is_archived=True), FAULT, "is archived: bring it back"),
        (channel(bot_is_member=False), FAULT, "dbaccess is not in it: write `/invite @dbaccess`"),
        (private_and_unseen, FAULT, "Slack shows no such channel"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_live_check_posts_to_channels_that_it_cannot_look_at(
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
    broken: Break,
    level: Level,
    words: str,
) -> None:
    monkeypatch.setattr(live, "WAIT_SECONDS", 0.01)
    operator.env["PORT"] = "0"
    broken(operator)
    only_manifest_scopes(operator)

    found = operator.findings("--live")

    [of_channel] = [one for one in found if one.what == f"channel {APPROVALS}"]
    assert of_channel.level is level
    assert words in of_channel.words
    assert not [one for one in found if "whether dbaccess is in its channels" in one.words]
    assert operator.slack.messages(APPROVALS) == []
