"""What is called what: lists of many pages, scopes that are missing, limits that are met."""

from collections.abc import Iterator

import pytest

from bot.slack.installation import SlackFailure
from bot.slack.workspace_names import NamedChannel, WorkspaceNames
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.sandbox import SandboxSlack


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as slack:
        yield slack


@pytest.fixture
def names(slack: SandboxSlack) -> WorkspaceNames:
    return WorkspaceNames(slack.bot_token, slack.api_url)


def test_those_who_have_left_and_bots_are_nobody_to_name(
    slack: SandboxSlack, names: WorkspaceNames
) -> None:
    slack.add_user("U0ALICE", "alice")
    slack.add_user("U0GITA", "gita", is_restricted=True)
    slack.add_user("U0GONE", "gone", deleted=True)
    slack.add_user("U0ROBOT", "robot", is_bot=True)
    slack.add_user("USLACKBOT", "slackbot")

    assert [(one.id, one.is_guest) for one in names.members()] == [
        ("U0ALICE", False),
        ("U0GITA", True),
    ]


def test_a_large_workspace_is_read_page_by_page(slack: SandboxSlack, names: WorkspaceNames) -> None:
    for number in range(1200):
        slack.add_user(f"U0MANY{number}", f"many{number}")

    assert len({one.id for one in names.members()}) == 1200
    assert [call.args["limit"] for call in slack.calls] == ["500"] * 3


def test_where_slack_asks_to_wait_it_is_waited(slack: SandboxSlack, names: WorkspaceNames) -> None:
    slack.add_user("U0ALICE", "alice")
    slack.faults.add(Fault.status(429, retry_after=0, target="users.list"))

    assert [one.id for one in names.members()] == ["U0ALICE"]
    assert [call.error for call in slack.calls] == ["ratelimited", None]


def test_emails_are_there_only_by_their_own_scope(
    slack: SandboxSlack, names: WorkspaceNames
) -> None:
    slack.add_user("U0ALICE", "alice")
    assert [one.email for one in names.members()] == ["alice@example.com"]

    slack.scopes.discard("users:read.email")
    assert [one.email for one in names.members()] == [""]


def test_groups_have_their_size_and_disabled_ones_are_left_out(
    slack: SandboxSlack, names: WorkspaceNames
) -> None:
    slack.add_group("S0ADMINS", "db-admins", ["U0A", "U0B"])
    slack.add_group("S0OLD", "old")
    slack.disable_group("S0OLD")

    assert [(one.id, one.handle, one.size) for one in names.groups()] == [
        ("S0ADMINS", "db-admins", 2)
    ]


def test_a_plan_without_user_groups_has_none(slack: SandboxSlack, names: WorkspaceNames) -> None:
    slack.downgrade()

    assert names.groups() == []


def test_channels_are_listed_only_where_the_scope_happens_to_be_there(
    slack: SandboxSlack, names: WorkspaceNames
) -> None:
    slack.add_channel("C0OPS", "ops")
    slack.add_channel("C0OLD", "old", is_archived=True)
    slack.add_channel("C0SECRET", "secret", is_private=True)
    assert names.channels() == [NamedChannel("C0OPS", "ops")]

    slack.scopes.discard("channels:read")
    assert names.channels() is None


def test_a_post_by_name_tells_the_id(slack: SandboxSlack, names: WorkspaceNames) -> None:
    slack.add_channel("C0OPS", "ops")

    assert names.post_to("ops", "hello") == NamedChannel("C0OPS", "ops")
    assert [message.text for message in slack.messages("C0OPS")] == ["hello"]


@pytest.mark.parametrize(
    ("is_private", "code"), [(False, "not_in_channel"), (True, "channel_not_found")]
)
def test_a_post_where_the_bot_is_not_fails(
    slack: SandboxSlack, names: WorkspaceNames, is_private: bool, code: str
) -> None:
    slack.add_channel("C0OPS", "ops", bot_is_member=False, is_private=is_private)

    with pytest.raises(SlackFailure) as failure:
        names.post_to("ops", "hello")
    assert failure.value.code == code
