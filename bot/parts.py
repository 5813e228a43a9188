"""Putting the parts together. Nothing happens at import; nothing here decides anything."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from bot.access import Access
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.digitalocean import DigitalOcean
from bot.domain.policy import Policy
from bot.metrics import Metrics
from bot.reconciler import Reconciler
from bot.scheduler import Worker
from bot.slack.app import SlackApp
from bot.slack.client import DIRECTORY_SECONDS, WebClient, web_client
from bot.slack.counter import Counter
from bot.slack.delivery import Delivery
from bot.slack.directory import Directory
from bot.slack.door import Door
from bot.slack.errands import Errands
from bot.slack.pages import Pages
from bot.store.database import Database
from bot.store.signals import Listener, signal
from bot.web import Health, build_wsgi


class Wakeup:
    """Passes a wake-up on to the worker of this process, else to those of others."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._worker: Callable[[], None] | None = None

    def listen(self, worker: Callable[[], None]) -> None:
        """Have *worker* called at each wake-up."""
        self._worker = worker

    def __call__(self) -> None:
        """Wake whoever can do the work."""
        if self._worker is not None:
            self._worker()
        else:
            signal(self._database)


@dataclass(frozen=True)
class Parts:
    """What web and worker share in one process."""

    settings: Settings
    policy: Callable[[], Policy]
    clock: Clock
    database: Database
    digitalocean: DigitalOcean
    slack: WebClient
    directory: Directory
    access: Access
    reconciler: Reconciler
    metrics: Metrics
    wakeup: Wakeup

    def close(self) -> None:
        """Give back connections."""
        self.digitalocean.close()
        self.database.close()


def build_parts(settings: Settings, policy: Policy, clock: Clock | None = None) -> Parts:
    """Return the parts, connected to nothing yet."""
    clock = clock or SystemClock()
    token = settings.slack_bot_token.get_secret_value()
    database = Database(settings.database_url)
    metrics = Metrics(database, clock)
    digitalocean = DigitalOcean(
        settings.digitalocean_token.get_secret_value(),
        endpoint=settings.digitalocean_api_url,
        on_call=metrics.note_call,
    )
    wakeup = Wakeup(database)

    def current_policy() -> Policy:
        return policy

    return Parts(
        settings=settings,
        policy=current_policy,
        clock=clock,
        database=database,
        digitalocean=digitalocean,
        slack=web_client(token, settings.slack_api_url),
        directory=Directory(
            web_client(token, settings.slack_api_url, timeout_seconds=DIRECTORY_SECONDS)
        ),
        access=Access(database, current_policy, clock, wakeup),
        reconciler=Reconciler(database, digitalocean, current_policy, clock),
        metrics=metrics,
        wakeup=wakeup,
    )


def build_slack(parts: Parts) -> SlackApp:
    """Return what Slack talks to."""
    pages = Pages(parts.database, parts.digitalocean, parts.policy)
    counter = Counter(parts.access, pages, parts.directory, parts.slack, parts.policy)
    door = Door(parts.settings.slack_signing_secret.get_secret_value())
    return SlackApp(parts.slack, counter, door)


def build_app(parts: Parts, slack: SlackApp) -> Flask:
    """Return the WSGI app."""
    health = Health(parts.database, parts.clock)
    return build_wsgi(slack, health, parts.metrics.registry)


def build_worker(parts: Parts) -> Worker:
    """Return the worker, listening to the wake-ups of this process."""
    worker = Worker(
        parts.database,
        parts.access,
        parts.reconciler,
        {
            "errands": Errands(parts.database, parts.access, parts.directory, parts.clock),
            "outbox": Delivery(parts.database, parts.slack, parts.policy, parts.clock),
        },
        parts.clock,
        tick=parts.policy().scheduler.tick,
    )
    parts.wakeup.listen(worker.wake)
    return worker


def build_listener(parts: Parts, worker: Worker) -> Listener | None:
    """Return what wakes *worker* for other processes; None where there can be none."""
    return None if parts.database.is_sqlite else Listener(parts.database, worker.wake)
