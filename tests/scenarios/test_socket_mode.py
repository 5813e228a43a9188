"""Socket Mode: the same bot, reached by a connection that it opens itself."""

from pathlib import Path
from time import monotonic

import pytest
import requests
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.config import Settings
from bot.retry import Backoff
from bot.slack.inbound import socket_mode
from dbaccess_playground.slack.workspace import Call
from tests.scenarios.jobs import Jobs
from tests.scenarios.observing import scrape
from tests.scenarios.test_forgery import FORM, command_body
from tests.scenarios.test_health import ready
from tests.scenarios.world import ALICE, IP, RITA, World
from tests.storage import SqliteStorage

NOTICED_SECONDS = 18  # 15, and a busy machine


class SocketWorld(World):
    """A world in which the bot has an app-level token and no address that Slack knows."""

    @property
    def settings(self) -> Settings:
        token = SecretStr(self.slack.app_token)
        return super().settings.model_copy(update={"slack_app_token": token})

    def connections(self) -> list[Call]:
        return [call for call in self.slack.calls if call.method == "apps.connections.open"]

    def boot(self, *, migrate: bool = False, for_the_first_time: bool = False) -> None:
        super().boot(migrate=migrate, for_the_first_time=for_the_first_time)
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


def connected(world: World) -> float | None:
    return scrape(world)("dbaccess_connected", to="slack")


def socket_problem(world: World) -> str | None:
    _, lines = ready(world)
    [line] = [line for line in lines if line["check"] == "socket mode"]
    return line.get("problem")


# The SDK forgets a socket over which nobody answers its first request.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_silent_cut_is_noticed_within_seconds_and_told_until_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "_GRACE_SECONDS", 2.0)
    with capture_logs() as logs, SocketWorld(SqliteStorage(tmp_path)) as world:
        assert connected(world) == 1
        assert socket_problem(world) is None
        world.slack.socket.go_silent()
        began = monotonic()
        world.eventually(lambda: connected(world) == 0)
        assert monotonic() - began < NOTICED_SECONDS
        world.eventually(lambda: socket_problem(world))
        assert "Socket Mode is not connected for" in (socket_problem(world) or "")
        world.eventually(lambda: len(world.connections()) > 3)
        world.slack.socket.speak_again()
        world.eventually(lambda: connected(world) == 1)
        assert socket_problem(world) is None
        world.eventually(lambda: _is_answered(world))
    assert [(one["event"], one["log_level"]) for one in logs if "socket" in one["event"]] == [
        ("socket mode not connected", "warning"),
        ("socket mode connected", "info"),
    ]


def test_a_connection_that_slack_does_not_take_is_told_with_slacks_word_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "_GRACE_SECONDS", 1.0)
    monkeypatch.setattr(socket_mode, "_RECONNECT", Backoff(0.1, 0.2, longest_asked_seconds=0.2))
    world = UntakenWorld(SqliteStorage(tmp_path))
    with capture_logs() as logs, world:
        world.eventually(lambda: len(world.connections()) > 5)
        world.eventually(lambda: "invalid_auth" in (socket_problem(world) or ""))
        assert ready(world)[0] == 503
        assert connected(world) == 0
    told = [one for one in logs if "socket" in one["event"]]
    assert [(one["event"], one["error"]) for one in told] == [
        ("socket mode not connected", "invalid_auth")
    ]


class UntakenWorld(SocketWorld):
    """One in which the app-level token was withdrawn."""

    @property
    def settings(self) -> Settings:
        token = SecretStr("xapp-1-A0-withdrawn")
        return super().settings.model_copy(update={"slack_app_token": token})

    def boot(self, *, migrate: bool = False, for_the_first_time: bool = False) -> None:
        World.boot(self, migrate=migrate, for_the_first_time=for_the_first_time)


def test_machines_ask_by_http_all_the_same(tmp_path: Path, jobs: Jobs) -> None:
    with SocketWorld(SqliteStorage(tmp_path), jobs.policy()) as world:
        assert jobs.job(world).asks().status_code == 202
        assert f"ip_addr:{IP}" in world.sources()
