"""The demo in a browser: both sandboxes, the real bot between them, and the page."""

import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from bot.clock import Clock, FastClock
from bot.config import Settings
from bot.domain.policy import Policy
from bot.logs import set_up_logs
from bot.service import Service
from bot.slack.inbound.payloads import SHORTCUT
from bot.store.database import Database
from dbaccess_playground.demo import company
from dbaccess_playground.demo.company import (
    ALICE,
    BOB,
    CAROL,
    GENERAL,
    GITA,
    OSCAR,
    RITA,
)
from dbaccess_playground.demo.reverse_proxy import reverse_proxy
from dbaccess_playground.demo.stopping import stop_on_signals
from dbaccess_playground.demo.tour import FIRST_COMMAND, STEPS, steps_done
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.playground import Playground
from dbaccess_playground.web.setting import Command, Role, Setting, Shortcut

COMMAND = Command(
    "/dbaccess",
    "Request access to a database, end it, see what is open",
    "request 203.0.113.4 2h orders fixing the nightly job",
)
SHORTCUTS = [Shortcut(SHORTCUT, "Request database access")]


class BotProcess:
    """The bot, which can be switched off and on; its database stays, and Slack gets its new URL."""

    def __init__(
        self, settings: Settings, policy: Policy, clock: Clock, slack: SandboxSlack
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._clock = clock
        self._slack = slack
        self._service: Service | None = None
        self._switching = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._service is not None

    def start(self) -> None:
        """Switch it on; nothing happens if it runs."""
        with self._switching:
            if self._service is None:
                service = Service(self._settings, self._policy, clock=self._clock)
                service.start(migrate=True)
                self._slack.bot_url = service.url
                self._service = service

    def stop(self) -> None:
        """Switch it off; nothing happens if it does not run."""
        with self._switching:
            service, self._service = self._service, None
            if service is not None:
                service.stop()


class _Calendar:
    """The company's time, turned back while its past is set up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ago = timedelta()

    def turn_back(self, **ago: float) -> None:
        self._ago = timedelta(**ago)

    def now(self) -> datetime:
        return self._clock.now() - self._ago

    def seconds(self) -> float:
        return self.now().timestamp()


@contextmanager
def playing(*, port: int = 0) -> Iterator[Playground]:
    """Run the demo with its page at *port* (0: a free one) for as long as the context lasts."""
    clock = FastClock()
    calendar = _Calendar(clock)
    digitalocean = SandboxDigitalOcean(clock=calendar.now)
    slack = SandboxSlack(clock=calendar.seconds, expiry_clock=time.time)
    company.add_people(slack)
    calendar.turn_back(days=86)
    company.add_clusters(digitalocean)
    calendar.turn_back(minutes=12)
    company.add_small_talk(slack)
    calendar.turn_back()
    with (
        tempfile.TemporaryDirectory() as folder,
        digitalocean,
        slack,
        reverse_proxy(lambda: slack.bot_url) as public_url,
    ):
        settings = company.settings(Path(folder), slack, digitalocean, public_url=public_url)
        bot = BotProcess(settings, company.policy(orders_approvals=2), clock, slack)
        bot.start()
        records = Database(settings.database_url)
        playground = Playground(
            slack,
            digitalocean,
            clock,
            _setting(),
            bot=bot,
            steps_done=lambda: steps_done(records),
            port=port,
        )
        try:
            with playground:
                yield playground
        finally:
            slack.faults.clear()
            digitalocean.faults.clear()
            bot.stop()
            records.close()


def play(*, port: int = 0) -> None:
    """Serve the page until Ctrl-C (or SIGTERM); print its address and what to type first."""
    set_up_logs("console", level=logging.WARNING)
    wait_until_stopped = stop_on_signals()
    with playing(port=port) as playground:
        print(f"{playground.url}  (stop with Ctrl-C)  First: {FIRST_COMMAND}", flush=True)  # noqa: T201
        wait_until_stopped()


def _setting() -> Setting:
    return Setting(
        roles=[
            Role(RITA, "requests access"),
            Role(ALICE, "approver"),
            Role(BOB, "approver"),
            Role(CAROL, "approver"),
            Role(OSCAR, "of another company"),
            Role(GITA, "guest"),
        ],
        command=COMMAND,
        steps=STEPS,
        shortcuts=SHORTCUTS,
        channel=GENERAL,
        label=f"dbaccess/{company.INSTANCE} ",
    )
