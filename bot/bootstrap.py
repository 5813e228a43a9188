"""Bootstrap: puts the components together. Nothing happens at import; nothing is decided here."""

from dataclasses import dataclass

from flask import Blueprint, Flask

from bot.access import AccessService
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.core import Wakeup, build_core
from bot.domain.policy import Policy
from bot.domain.sources import SourceType
from bot.ip_links import IpLinks
from bot.live_policy import LivePolicy
from bot.metrics import Metrics
from bot.providers.base import Provider
from bot.providers.call_budget import CallBudget
from bot.providers.catalogue import Catalogue
from bot.providers.shared_reads import SharedReads
from bot.reconcile.reconciler import Reconciler
from bot.scheduler import Worker
from bot.slack.client import DIRECTORY_SECONDS, SlackClient, web_client
from bot.slack.inbound.bolt_app import SlackApp
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.errands import Errands
from bot.slack.inbound.signature_verifier import RequestVerifier
from bot.slack.outbound.delivery import Delivery
from bot.slack.outbound.home_tab import HomeTabs
from bot.slack.queries import Queries
from bot.slack.users.directory import Directory
from bot.slack.users.offboarding import Offboarding
from bot.store.database import Database
from bot.store.ip_links import IpLink
from bot.store.signals import Listener
from bot.web import Health, build_wsgi, ip_pages, probes, probes_app


@dataclass(frozen=True)
class Components:
    """What web and worker share in one process."""

    settings: Settings
    policy: LivePolicy
    clock: Clock
    database: Database
    provider: Provider
    budget: CallBudget
    catalogue: Catalogue
    slack: SlackClient
    directory: Directory
    access: AccessService
    homes: HomeTabs
    ip_links: IpLinks
    reconciler: Reconciler
    metrics: Metrics
    wakeup: Wakeup

    def learn_names(self) -> None:
        """Have the names of all that can be a trusted source fetched, in the background."""
        taken = {kind for one in self.policy().clusters.values() for kind in one.source_types}
        self.catalogue.begin_to_fetch(taken - {SourceType.IP_ADDR})

    def seen_by(self, link: IpLink) -> Policy:
        """Return the policy as the owner of an address link may see it.

        Raises:
            Refused: they may see nothing, for what they are.
            DirectoryUnavailable: Slack does not say who they are.
        """
        policy, owner = self.policy(), link.reply_to.user_id
        groups = policy.groups_in_question(owner)
        person = self.directory.person(owner, link.team_id, groups)
        policy.check_standing(person)
        return policy.seen_by(person)

    def close(self) -> None:
        """Give back connections."""
        self.provider.close()
        self.database.close()


def build_components(settings: Settings, policy: Policy, clock: Clock | None = None) -> Components:
    """Return the components, connected to nothing yet."""
    clock = clock or SystemClock()
    token = settings.slack_bot_token.get_secret_value()
    database = Database(settings.database_url, settings.audit_keys())
    metrics = Metrics(database, clock)
    core = build_core(
        settings,
        policy,
        clock,
        database=database,
        on_call=metrics.note_call,
        on_reconcile=metrics.note_reconcile,
    )
    slack = web_client(token, settings.slack_api_url, on_call=metrics.note_slack)
    directory = Directory(
        web_client(
            token,
            settings.slack_api_url,
            timeout_seconds=DIRECTORY_SECONDS,
            on_call=metrics.note_slack,
        ),
        now=clock.now,
    )
    return Components(
        settings=settings,
        policy=core.policy,
        clock=clock,
        database=database,
        provider=core.provider,
        budget=core.budget,
        catalogue=core.catalogue,
        slack=slack,
        directory=directory,
        access=core.access,
        homes=HomeTabs(database, slack, directory, core.policy, clock, core.wakeup),
        ip_links=IpLinks(
            database,
            clock,
            core.wakeup,
            signing_secret=settings.slack_signing_secret.get_secret_value(),
            public_url=settings.dbaccess_public_url,
        ),
        reconciler=core.reconciler,
        metrics=metrics,
        wakeup=core.wakeup,
    )


def build_slack(parts: Components) -> SlackApp:
    """Return what Slack talks to."""
    reads = SharedReads(parts.provider, parts.clock.elapsed)
    pages = Queries(parts.database, reads, parts.policy, parts.clock.elapsed)
    controller = SlackController(
        parts.access,
        pages,
        parts.directory,
        parts.catalogue,
        parts.slack,
        parts.policy,
        parts.homes,
        parts.ip_links,
    )
    verifier = RequestVerifier(
        parts.settings.slack_signing_secret.get_secret_value(),
        on_outcome=parts.metrics.note_slack_request,
    )
    return SlackApp(parts.slack, controller, verifier)


def build_app(parts: Components, slack: SlackApp, worker: Worker | None) -> Flask:
    """Return the WSGI app that browsers reach, and Slack too unless it is Socket Mode's."""
    proxies = parts.settings.dbaccess_trusted_proxies
    pages = ip_pages(parts.ip_links, parts.seen_by, trusted_proxies=proxies)
    over_http = parts.settings.slack_app_token is None
    return build_wsgi(slack if over_http else None, pages, _probes(parts, worker))


def build_probes_app(parts: Components, worker: Worker | None) -> Flask:
    """Return the WSGI app of a process that nobody reaches but who watches it."""
    return probes_app(_probes(parts, worker))


def _probes(parts: Components, worker: Worker | None) -> Blueprint:
    health = Health(
        parts.database,
        parts.clock,
        tick=parts.policy().scheduler.tick,
        quiet_seconds=worker.quiet_seconds if worker else lambda: 0.0,
    )
    return probes(health, parts.metrics.registry)


def build_worker(parts: Components) -> Worker:
    """Return the worker, listening to the wake-ups of this process."""
    worker = Worker(
        parts.database,
        parts.access,
        parts.reconciler,
        {
            "errands": Errands(parts.database, parts.access, parts.directory, parts.clock),
            "outbox": Delivery(parts.database, parts.slack, parts.policy, parts.clock),
            "homes": parts.homes,
            "leavers": Offboarding(parts.database, parts.access, parts.directory, parts.clock),
        },
        parts.clock,
        tick=parts.policy().scheduler.tick,
        budget=parts.budget,
    )
    parts.wakeup.listen(worker.wake)
    return worker


def build_listener(parts: Components, worker: Worker) -> Listener | None:
    """Return what wakes *worker* for other processes; None where there can be none."""
    return None if parts.database.is_sqlite else Listener(parts.database, worker.wake)
