"""Planned rotation: what docs/running/rotating.md says to do, done; nothing is lost on the way."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config import Settings
from tests.scenarios.observing import scrape
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import IP, RITA
from tests.storage import Storage


class RotatingWorld(OpenWorld):
    """A world whose operator changes a secret, then restarts the bot."""

    changed: dict[str, Any]

    @property
    def settings(self) -> Settings:
        return super().settings.model_copy(update=self.changed)

    def restarts_with(self, **secrets: str) -> None:
        self.changed = {name: SecretStr(value) for name, value in secrets.items()}
        self.restart()

    def boot(self, *, migrate: bool = False, for_the_first_time: bool = False) -> None:
        super().boot(migrate=migrate, for_the_first_time=for_the_first_time)
        if "slack_app_token" in self.changed:
            self.slack.bot_url = None
            self.eventually(lambda: self.slack.socket.connected)


@pytest.fixture
def world(storage: Storage) -> Iterator[RotatingWorld]:
    RotatingWorld.changed = {}
    with RotatingWorld(storage) as world:
        yield world


def works(world: RotatingWorld) -> bool:
    """Type a command; between two connections, nobody may be there."""
    try:
        return world.types(RITA, "help").error is None
    except RuntimeError:
        return False


def test_p8_the_signing_secret_is_rotated_without_a_command_lost(world: RotatingWorld) -> None:
    old, new = world.slack.signing_secret, "a-new-signing-secret"
    token = world.link()

    world.restarts_with(slack_signing_secret=f"{new},{old}")
    assert works(world)
    by_old = {"outcome": "verified_by_old_secret"}
    assert scrape(world)("dbaccess_slack_requests_total", **by_old)
    world.slack.signing_secret = new
    assert works(world)
    assert "Is this your address?" in world.visits(token).text

    world.restarts_with(slack_signing_secret=new)
    assert works(world)
    world.slack.signing_secret = old
    assert world.slack.command(RITA, "help", channel_id="C0GENERAL").status == 401


def test_the_token_of_digitalocean_is_rotated_while_access_is_open(world: RotatingWorld) -> None:
    world.granted()
    world.digitalocean.tokens.add("dop_v1_new")

    world.restarts_with(digitalocean_token="dop_v1_new")
    world.digitalocean.tokens.discard(world.digitalocean.token)
    world.pass_time(hours=3)

    assert f"ip_addr:{IP}" not in world.sources()
    assert world.operators() == []


def test_while_the_bots_token_is_replaced_access_ends_on_time_and_messages_wait(
    world: RotatingWorld,
) -> None:
    world.granted()
    told = len(world.heard(RITA))
    world.slack.bot_token = "xoxb-new"

    world.pass_time(hours=3)
    assert f"ip_addr:{IP}" not in world.sources()
    assert len(world.heard(RITA)) == told

    world.restart()
    world.pass_time(minutes=1)
    assert "has ended" in world.told(RITA)[-1]
    assert works(world)


def test_the_app_level_token_is_rotated_without_a_gap(world: RotatingWorld) -> None:
    world.slack.app_tokens.add("xapp-new")

    for token in (world.slack.app_token, "xapp-new"):
        world.restarts_with(slack_app_token=token)
        assert works(world)
    world.slack.app_tokens.discard(world.slack.app_token)
    world.slack.socket.disconnect()

    world.eventually(lambda: works(world))
