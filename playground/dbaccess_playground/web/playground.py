"""The playground: a page with a small Slack and a small DigitalOcean, and a bot between them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.server import LoopbackServer
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.actions import Acts
from dbaccess_playground.web.api import build_api
from dbaccess_playground.web.change_feed import Changes
from dbaccess_playground.web.person_view import Sight
from dbaccess_playground.web.setting import Bot, Clock, Setting


class Playground:
    """Serves the page over two sandboxes that run already, on a port of its own.

    What was said before it starts counts as read. `bot`, if given, can be switched off and on
    from the page.
    """

    def __init__(
        self,
        slack: SandboxSlack,
        digitalocean: SandboxDigitalOcean,
        clock: Clock,
        setting: Setting,
        *,
        bot: Bot | None = None,
        port: int = 0,
    ) -> None:
        self._slack = slack
        self._digitalocean = digitalocean
        self._setting = setting
        self._changes = Changes()
        self._sight = Sight(slack, digitalocean, clock, setting, bot=bot)
        acts = Acts(slack, digitalocean, clock, self._sight, bot=bot)
        self._server = LoopbackServer(
            build_api(self._sight, acts, self._changes).wsgi_app, port=port
        )
        self._deaf: list[Callable[[], None]] = []

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return self._server.url

    def start(self) -> None:
        """Serve the page."""
        for role in self._setting.roles:
            self._slack.dms(role.user_id)  # opens the conversation with the bot
        for channel in self._slack.channels():
            for said in self._slack.messages(channel.id):
                for role in self._setting.roles:
                    self._sight.reading.read(role.user_id, channel.id, said.ts)
        self._deaf = [
            self._slack.subscribe(self._changes.note),
            self._digitalocean.subscribe(self._changes.note),
        ]
        self._server.start()

    def stop(self) -> None:
        """Stop serving; the sandboxes go on."""
        self._changes.close()
        for stop_hearing in self._deaf:
            stop_hearing()
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
