from collections.abc import Iterator
from http.client import IncompleteRead
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.people import BOT_USER_ID
from dbaccess_playground.slack.sandbox import SandboxSlack

CHANNEL = "C0APPROVALS"


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as sandbox:
        sandbox.add_channel(CHANNEL, "approvals")
        sandbox.add_user("U0ALICE", "alice")
        yield sandbox


@pytest.fixture
def client(slack: SandboxSlack) -> WebClient:
    return WebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=30)


def refused(client: WebClient, method: str, **args: Any) -> Any:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, json=args)
    return caught.value.response


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


HOME = {"type": "home", "blocks": [section("My grants")]}
MODAL = {"type": "modal", "title": plain("Ask"), "blocks": [section("hi")]}


def test_the_token_is_told_whose_it_is(slack: SandboxSlack, client: WebClient) -> None:
    answer = client.auth_test()

    assert (answer["team_id"], answer["user_id"]) == ("T0SANDBOX", BOT_USER_ID)
    assert set(answer.headers["x-oauth-scopes"].split(",")) == slack.scopes


@pytest.mark.parametrize(("token", "error"), [("xoxb-other", "invalid_auth"), ("", "not_authed")])
def test_another_token_is_refused(slack: SandboxSlack, token: str, error: str) -> None:
    answer = requests.post(slack.api_url + "auth.test", data={"token": token}, timeout=30)

    assert answer.json() == {"ok": False, "error": error}


def test_a_token_may_come_as_an_argument(slack: SandboxSlack) -> None:
    form = {"token": slack.bot_token, "channel": CHANNEL, "text": "hi"}

    assert requests.post(slack.api_url + "chat.postMessage", data=form, timeout=30).json()["ok"]
    assert "token" not in slack.calls[-1].args


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0ALIEN", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "C0OLD", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "U0GONE", "text": "x"}, "user_disabled"),
        ("chat.postMessage", {"channel": BOT_USER_ID, "text": "x"}, "cannot_dm_bot"),
        ("chat.postMessage", {"channel": CHANNEL}, "no_text"),
        ("chat.postMessage", {"channel": CHANNEL, "text": "x" * 40001}, "msg_too_long"),
        ("chat.postMessage", {"channel": CHANNEL, "text": "x", "txt": "y"}, "invalid_arguments"),
        (
            "chat.postEphemeral",
            {"channel": CHANNEL, "user": "U0NO", "text": "x"},
            "user_not_in_channel",
        ),
        ("chat.update", {"channel": CHANNEL, "ts": "1.0", "text": "x"}, "message_not_found"),
        ("chat.delete", {"channel": CHANNEL, "ts": "1.0"}, "message_not_found"),
        ("conversations.open", {"users": "U0GONE"}, "user_disabled"),
        ("conversations.info", {"channel": "C0NOWHERE"}, "channel_not_found"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("usergroups.users.list", {"usergroup": "S0NONE"}, "no_such_subteam"),
        ("views.open", {"trigger_id": "1.2", "view": MODAL}, "invalid_trigger_id"),
        ("views.update", {"view_id": "V0", "view": MODAL}, "not_found"),
        ("views.publish", {"user_id": "U0ALICE", "view": MODAL}, "invalid_arguments"),
        ("api.test", {"error": "my_error"}, "my_error"),
        ("files.upload", {}, "unknown_method"),
    ],
)
def test_what_cannot_be_is_refused_by_slacks_names(
    slack: SandboxSlack, client: WebClient, method: str, args: dict[str, Any], error: str
) -> None:
    slack.add_channel("C0ALIEN", "alien", bot_is_member=False)
    slack.add_channel("C0OLD", "old", is_archived=True)
    slack.add_user("U0GONE", "gone", deleted=True)

    assert refused(client, method, **args)["error"] == error
    assert slack.calls[-1].error == error


def test_people_are_shown_with_their_standing(slack: SandboxSlack, client: WebClient) -> None:
    slack.add_user("U0GUEST", "guest", is_ultra_restricted=True)
    slack.add_user("U0ALIEN", "alien", team_id="T0OTHER", tz="Asia/Tokyo")
    slack.add_user("U0STRANGER", "stranger", team_id="T0OTHER", is_stranger=True)
    slack.add_user("U0ROBOT", "robot", is_bot=True)

    people = ("U0GUEST", "U0ALIEN", "U0STRANGER", "U0ROBOT")
    guest, alien, stranger, robot = (client.users_info(user=one)["user"] for one in people)
    assert (guest["is_restricted"], guest["is_ultra_restricted"], guest["is_stranger"]) == (
        True,
        True,
        False,
    )
    assert (alien["is_stranger"], alien["team_id"], alien["tz"]) == (False, "T0OTHER", "Asia/Tokyo")
    assert stranger["is_stranger"]
    assert robot["is_bot"]


def test_a_deactivated_member_leaves_the_groups(slack: SandboxSlack, client: WebClient) -> None:
    slack.add_user("U0BOB", "bob")
    slack.add_group("S0ADMINS", "admins", ["U0ALICE", "U0BOB"])
    slack.deactivate_user("U0BOB")

    gone = client.users_info(user="U0BOB")["user"]
    assert gone["deleted"]
    assert "is_restricted" not in gone, "Slack says no more of them than it must"
    assert client.usergroups_users_list(usergroup="S0ADMINS")["users"] == ["U0ALICE"]


def test_groups_are_listed_with_their_current_members(
    slack: SandboxSlack, client: WebClient
) -> None:
    slack.add_group("S0ADMINS", "admins")
    slack.set_group_members("S0ADMINS", ["U0ALICE"])

    (group,) = client.usergroups_list(include_users=True)["usergroups"]
    assert (group["handle"], group["users"]) == ("admins", ["U0ALICE"])


def test_a_disabled_group_is_there_for_those_alone_who_ask_for_it(
    slack: SandboxSlack, client: WebClient
) -> None:
    slack.add_group("S0ADMINS", "admins", ["U0ALICE"])
    slack.disable_group("S0ADMINS")

    assert client.usergroups_list(include_users=True)["usergroups"] == []
    (group,) = client.usergroups_list(include_disabled=True, include_count=True)["usergroups"]
    assert (group["date_delete"] > 0, group["user_count"], "users" in group) == (True, "1", False)
    gone = refused(client, "usergroups.users.list", usergroup="S0ADMINS")
    assert gone["error"] == "no_such_subteam"
    there = client.usergroups_users_list(usergroup="S0ADMINS", include_disabled=True)
    assert there["users"] == ["U0ALICE"]


def test_a_plan_may_have_no_user_groups(slack: SandboxSlack, client: WebClient) -> None:
    slack.downgrade()

    for method, args in (("usergroups.list", {}), ("usergroups.users.list", {"usergroup": "S0X"})):
        assert refused(client, method, **args)["error"] == "plan_upgrade_required"


def test_user_groups_are_listed_twenty_times_a_minute_and_not_more_often(
    client: WebClient,
) -> None:
    for _ in range(20):
        assert client.usergroups_list()["ok"]

    answer = refused(client, "usergroups.list")
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert client.users_list()["ok"], "each method is counted on its own"


def test_lists_come_in_pages(slack: SandboxSlack, client: WebClient) -> None:
    for number in range(3):
        slack.add_channel(f"C{number}", f"channel-{number}")

    pages = [[one["id"] for one in page["channels"]] for page in client.conversations_list(limit=2)]
    assert pages == [[CHANNEL, "C0"], ["C1", "C2"]]
    assert client.conversations_info(channel="C1")["channel"]["name"] == "channel-1"
    assert client.conversations_members(channel="C1")["members"] == [BOT_USER_ID, "U0ALICE"]


def test_a_home_tab_is_published(slack: SandboxSlack, client: WebClient) -> None:
    client.views_publish(user_id="U0ALICE", view=HOME)
    view = client.views_publish(user_id="U0ALICE", view=HOME)["view"]

    assert slack.home("U0ALICE") == view
    stale = refused(client, "views.publish", user_id="U0ALICE", view=HOME, hash="old")
    assert stale["error"] == "hash_conflict"


def test_a_missing_scope_is_named(slack: SandboxSlack, client: WebClient) -> None:
    slack.scopes.discard("usergroups:read")

    answer = refused(client, "usergroups.list")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "usergroups:read")
    assert "usergroups:read" not in answer["provided"]


def test_every_call_is_listed(slack: SandboxSlack, client: WebClient) -> None:
    client.chat_postMessage(channel=CHANNEL, text="hi")
    refused(client, "users.info", user="U0NOBODY")

    assert [(one.method, one.ok, one.error, one.status) for one in slack.calls] == [
        ("chat.postMessage", True, None, 200),
        ("users.info", False, "user_not_found", 200),
    ]
    assert slack.calls[0].args == {"channel": CHANNEL, "text": "hi"}


def test_faults_strike_the_method_they_are_meant_for(
    slack: SandboxSlack, client: WebClient
) -> None:
    slack.faults.add(Fault.status(429, retry_after=7, target="chat.postMessage"))
    slack.faults.add(Fault.reset(target="users.info"))
    slack.faults.add(Fault.half_body(target="users.list"))

    assert client.auth_test()["ok"]
    answer = refused(client, "chat.postMessage", channel=CHANNEL, text="hi")
    assert (answer["error"], answer.headers["retry-after"]) == ("ratelimited", "7")
    for method in ("users.info", "users.list"):
        with pytest.raises((ConnectionError, IncompleteRead)):
            client.api_call(method)
    assert [(one.method, one.status) for one in slack.calls[-2:]] == [
        ("users.info", 0),
        ("users.list", 0),
    ]
    assert client.chat_postMessage(channel=CHANNEL, text="hi")["ok"]


def test_a_channel_may_be_named_where_one_posts(slack: SandboxSlack, client: WebClient) -> None:
    """`channel`: "An encoded ID or channel name" (docs.slack.dev, chat.postMessage)."""
    for name in ("#approvals", "approvals", "#Approvals"):
        assert client.chat_postMessage(channel=name, text="x")["channel"] == CHANNEL
    slack.add_channel("C0ALIEN", "alien", bot_is_member=False)
    slack.add_channel("C0SECRET", "secret", bot_is_member=False, is_private=True)
    assert refused(client, "chat.postMessage", channel="#alien", text="x")["error"] == (
        "not_in_channel"
    )
    assert refused(client, "chat.postMessage", channel="#secret", text="x")["error"] == (
        "channel_not_found"
    )


def test_an_email_address_takes_a_scope_of_its_own(slack: SandboxSlack, client: WebClient) -> None:
    assert client.users_info(user="U0ALICE")["user"]["profile"]["email"] == "alice@example.com"

    slack.scopes.discard("users:read.email")

    assert "email" not in client.users_info(user="U0ALICE")["user"]["profile"]
    assert all("email" not in one["profile"] for one in client.users_list()["members"])


def test_private_channels_are_listed_by_a_scope_of_their_own_and_only_for_members(
    slack: SandboxSlack, client: WebClient
) -> None:
    slack.add_channel("C0OURS", "ours", is_private=True)
    slack.add_channel("C0SECRET", "secret", bot_is_member=False, is_private=True)
    both = {"types": "public_channel,private_channel"}

    listed = client.api_call("conversations.list", params=both)["channels"]
    assert [one["id"] for one in listed] == [CHANNEL, "C0OURS"]

    slack.scopes.discard("groups:read")
    answer = refused(client, "conversations.list", **both)
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:read")
