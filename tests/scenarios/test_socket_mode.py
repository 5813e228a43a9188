"""Socket Mode: the same bot, reached by a connection that it opens itself."""

from pathlib import Path

import requests
from pydantic import SecretStr

from bot.config import Settings
from dbaccess_playground.slack.workspace import Call
from tests.scenarios.test_forgery import FORM, command_body
from tests.scenarios.world import ALICE, IP, RITA, World
from tests.storage import SqliteStorage


class SocketWorld(World):
    """A world in which the bot has an app-level token and no address that Slack knows."""

    @property
    def settings(self) -> Settings:
        token = SecretStr(self.slack.app_token)
        return super().settings.model_copy(update={"slack_app_token": token})

    def connections(self) -> list[Call]:
        return [call for call in self.slack.calls if call.method == "apps.connections.open"]

    def boot(self, *, migrate: bool = False) -> None:
        super().boot(migrate=migrate)
        self.slack.bot_url = None
        self.eventually(lambda: self.slack.socket.connected)


def test_the_main_job_runs_over_a_connection_that_the_bot_opens(tmp_path: Path) -> None:
    with SocketWorld(SqliteStorage(tmp_path)) as world:
        answer = world.types(RITA, f"request {IP} 2h orders")
        assert "#1" in answer.text
        world.presses(ALICE, world.card, "Approve")
        assert f"ip_addr:{IP}" in world.sources()
        world.pass_time(hours=2)
        assert f"ip_addr:{IP}" not in world.sources()
        assert world.slack.problems == []


def test_p8_over_http_there_is_nothing_for_slack_then_whatever_is_signed(tmp_path: Path) -> None:
    with SocketWorld(SqliteStorage(tmp_path)) as world:
        before = world.footprint()
        body = command_body(f"request {IP} 2h orders")
        url = f"{world.service.url}/slack/events"

        for headers in ({}, world.slack.signed(body)):
            answer = requests.post(url, data=body, headers={**FORM, **headers}, timeout=30)
            assert answer.status_code == 404

        assert world.footprint() == before
        assert requests.get(f"{world.service.url}/healthz", timeout=30).text == "alive\n"


def test_a_connection_that_slack_closes_is_opened_again(tmp_path: Path) -> None:
    with SocketWorld(SqliteStorage(tmp_path)) as world:
        opened = len(world.connections())
        world.slack.socket.disconnect()
        world.eventually(lambda: len(world.connections()) > opened)
        world.eventually(lambda: _is_answered(world))


def _is_answered(world: World) -> bool:
    """Type a request; while the old connection goes and the new one comes, nobody may be there."""
    try:
        return "#1" in world.types(RITA, f"request {IP} 2h orders").text
    except RuntimeError:
        return False
