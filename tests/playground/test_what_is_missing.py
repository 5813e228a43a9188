"""What an operator may have forgotten: the sandboxes say so in the words of the real ones."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from time import time

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.sandbox import SandboxSlack

PRIVATE = "C0PRIVATE"


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as sandbox:
        yield sandbox


@pytest.fixture
def client(slack: SandboxSlack) -> WebClient:
    return WebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=30)


def error_of(client: WebClient, method: str, **args: str) -> str:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, params=args)
    return str(caught.value.response["error"])


def test_a_private_channel_does_not_exist_for_a_bot_that_is_not_in_it(
    slack: SandboxSlack, client: WebClient
) -> None:
    slack.add_channel(PRIVATE, "secret", bot_is_member=False, is_private=True)

    for method in ("conversations.info", "chat.getPermalink", "chat.postMessage"):
        found = error_of(client, method, channel=PRIVATE, message_ts="1.0", text="hi")
        assert found == "channel_not_found"


def test_a_private_channel_is_read_with_another_scope_than_a_public_one(
    slack: SandboxSlack, client: WebClient
) -> None:
    slack.add_channel(PRIVATE, "secret", is_private=True)
    slack.add_channel("C0PUBLIC", "public")
    slack.scopes.discard("groups:read")

    assert error_of(client, "conversations.info", channel=PRIVATE) == "missing_scope"
    assert client.conversations_info(channel="C0PUBLIC")["channel"]["is_member"]


def test_an_app_level_token_without_its_scope_opens_no_connection(
    slack: SandboxSlack, client: WebClient
) -> None:
    assert client.apps_connections_open(app_token=slack.app_token)["url"]

    slack.app_scopes.clear()

    app = WebClient(slack.app_token, base_url=slack.api_url, retry_handlers=[])
    assert error_of(app, "apps.connections.open") == "missing_scope"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v2/databases", "database:read"),
        ("PUT", "/v2/databases/9cc10173/firewall", "database:update"),
        ("GET", "/v2/droplets", "droplet:read"),
        ("GET", "/v2/kubernetes/clusters", "kubernetes:read"),
        ("GET", "/v2/tags", "tag:read"),
        ("GET", "/v2/apps", "app:read"),
    ],
)
def test_a_token_may_do_what_its_scopes_say(method: str, path: str, scope: str) -> None:
    with SandboxDigitalOcean() as ocean:
        headers = {"Authorization": f"Bearer {ocean.token}"}

        def ask() -> int:
            return requests.request(
                method, ocean.url + path, headers=headers, json={}, timeout=30
            ).status_code

        assert ask() != 403
        ocean.scopes.discard(scope)
        assert ask() == 403


def test_the_clock_of_either_can_be_wrong(slack: SandboxSlack) -> None:
    with SandboxDigitalOcean() as ocean:
        for sandbox in (slack, ocean):
            sandbox.set_clock_ahead(3600)
            answer = requests.get(sandbox.url, timeout=30)
            said = parsedate_to_datetime(answer.headers["Date"]).timestamp()
            assert abs(said - time() - 3600) < 60
