"""The playground: a page over both sandboxes and the bot between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.server import LoopbackServer
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.actions import Actions
from dbaccess_playground.web.api import build_api
from dbaccess_playground.web.change_feed import ChangeFeed
from dbaccess_playground.web.person_view import PersonView
from dbaccess_playground.web.setting import Bot, Clock, Setting


class Playground:
    """Serves the page over two running sandboxes, on its own port.

    Messages from before its start are marked as read. `bot`, if given, can be switched off and
    on from the page. `steps_done` says of each step of the tour whether it has been done.
    """

    def __init__(
        self,
        slack: SandboxSlack,
        digitalocean: SandboxDigitalOcean,
        clock: Clock,
        setting: Setting,
        *,
        bot: Bot | None = None,
        steps_done: Callable[[], Sequence[bool]] = tuple,
        port: int = 0,
    ) -> None:
        self._slack = slack
        self._digitalocean = digitalocean
        self._setting = setting
        self._feed = ChangeFeed()
        self._view = PersonView(slack, digitalocean, clock, setting, bot=bot, steps_done=steps_done)
        actions = Actions(slack, digitalocean, clock, self._view, bot=bot)
        self._server = LoopbackServer(
            build_api(self._view, actions, self._feed).wsgi_app, port=port
        )
        self._subscriptions: list[Callable[[], None]] = []

    @property
    def url(self) -> str:
        """The address of the page, without a slash at the end."""
        return self._server.url

    def start(self) -> None:
        """Serve the page."""
        for role in self._setting.roles:
            self._slack.dms(role.user_id)  # opens the direct messages with the bot
        for channel in self._slack.channels():
            for said in self._slack.messages(channel.id):
                for role in self._setting.roles:
                    self._view.read_marks.read(role.user_id, channel.id, said.ts)
        self._subscriptions = [
            self._slack.subscribe(self._feed.notify),
            self._digitalocean.subscribe(self._feed.notify),
        ]
        self._server.start()

    def stop(self) -> None:
        """Stop serving; the sandboxes go on."""
        self._feed.close()
        for unsubscribe in self._subscriptions:
            unsubscribe()
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
