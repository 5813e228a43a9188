"""Bootstrap: puts the components together. Nothing happens at import; nothing is decided here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from flask import Blueprint, Flask

from bot.access.machine_service import MachineService
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.core import Core, ProviderFactory, build_core, build_provider
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.sources import SourceType
from bot.ip_links import IpLinks
from bot.machines.tokens import TokenVerifier
from bot.metrics import Metrics
from bot.providers.shared_reads import SharedReads
from bot.sessions.droplet_addresses import DropletAddresses
from bot.sessions.ending import SessionEnding
from bot.sessions.lookups import SessionLookups
from bot.sessions.usage import UsageLooks
from bot.slack.client import (
    DELIVERY_SECONDS,
    DIRECTORY_SECONDS,
    FORM_SECONDS,
    SlackClient,
    web_client,
)
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.bolt_app import SlackApp
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.deferred_commands import DeferredCommands
from bot.slack.inbound.signature_verifier import RequestVerifier
from bot.slack.outbound.calls import MessageCalls
from bot.slack.outbound.database_alarm import DatabaseAlarm
from bot.slack.outbound.delivery import Delivery
from bot.slack.outbound.home_tab import HomeTabs
from bot.slack.outbound.replies import Replies
from bot.slack.outbound.reply_delivery import ReplyDelivery
from bot.slack.queries import Queries
from bot.slack.users.directory import Directory
from bot.slack.users.offboarding import Offboarding
from bot.store import heartbeats
from bot.store.database import Database
from bot.store.database_state import Outage
from bot.store.ip_links import IpLink
from bot.store.jobs import Kind
from bot.store.signals import Listener
from bot.stream.delivery import Stream
from bot.web import Health, build_wsgi, ip_pages, machine_api, probes, probes_app
from bot.worker import Worker
from bot.worker.job_queue import Executors, threads


@dataclass(frozen=True)
class Components(Core):
    """What web and worker share in one process: the core, with Slack and the metrics."""

    settings: Settings
    slack: SlackClient
    replies: Replies
    directory: Directory
    homes: HomeTabs
    ip_links: IpLinks
    metrics: Metrics
    tokens: TokenVerifier
    draining: Event = field(default_factory=Event)  # set: a balancer is to send nothing more

    def learn_names(self) -> None:
        """Fetch the names of everything that can be a trusted source, in the background."""
        taken = {kind for one in self.policy().clusters.values() for kind in one.source_types}
        self.catalogue.prefetch(taken - {SourceType.IP_ADDR})

    def seen_by(self, link: IpLink) -> Policy:
        """Return the policy as the owner of an address link may see it.

        Raises:
            Refused: their standing does not let them see anything.
            DirectoryUnavailable: Slack does not say who they are.
        """
        policy = self.policy()

        def seen_by(owner: Person) -> Policy:
            policy.check_standing(owner)
            return policy.seen_by(owner)

        return self.directory.decide(link.reply_to.user_id, link.team_id, seen_by)

    def close(self) -> None:
        """Give back connections."""
        self.provider.close()
        self.database.close()


def build_components(
    settings: Settings,
    policy: Policy,
    clock: Clock | None = None,
    make_provider: ProviderFactory = build_provider,
) -> Components:
    """Return the components, connected to nothing yet."""
    clock = clock or SystemClock()
    database = Database(settings.database_url, settings.audit_keys())
    metrics = Metrics(database, clock, has_stream=lambda: core.policy().stream is not None)
    core = build_core(
        settings,
        policy,
        clock,
        database=database,
        on_call=metrics.note_call,
        on_reconcile=metrics.note_reconcile,
        make_provider=make_provider,
    )
    slack = _slack_client(settings, metrics)
    directory = Directory(
        _slack_client(settings, metrics, timeout_seconds=DIRECTORY_SECONDS),
        clock_seconds=clock.elapsed,
        now=clock.now,
    )
    return Components(
        **vars(core),
        settings=settings,
        slack=slack,
        replies=Replies(slack, clock.elapsed),
        directory=directory,
        homes=HomeTabs(
            database,
            slack,
            directory,
            core.policy,
            clock,
            core.wakeup,
            finds_ip=settings.dbaccess_public_url is not None,
        ),
        ip_links=IpLinks(
            database,
            clock,
            core.wakeup,
            signing_secrets=settings.signing_secrets(),
            public_url=settings.dbaccess_public_url,
        ),
        tokens=TokenVerifier(
            core.policy,
            clock,
            on_token=metrics.note_token,
            on_read=metrics.note_issuer_read,
        ),
        metrics=metrics,
    )


def build_slack(components: Components) -> SlackApp:
    """Return what Slack talks to."""
    reads = SharedReads(components.provider, components.clock.elapsed)
    lookups = SessionLookups(components.open_sessions, components.clock.elapsed)
    queries = Queries(
        components.database, reads, lookups, components.policy, components.clock.elapsed
    )
    form_client = _slack_client(
        components.settings, components.metrics, timeout_seconds=FORM_SECONDS
    )
    controller = SlackController(
        components.access,
        queries,
        components.directory,
        components.catalogue,
        components.policy,
        components.homes,
        components.ip_links,
        BackgroundTasks(components.slack, form_client, components.replies),
    )
    verifier = RequestVerifier(
        components.settings.signing_secrets(),
        on_outcome=components.metrics.note_slack_request,
    )
    note = partial(components.metrics.note_connection, "slack")
    return SlackApp(components.slack, controller, verifier, note)


def _slack_client(
    settings: Settings, metrics: Metrics, *, timeout_seconds: int = DELIVERY_SECONDS
) -> SlackClient:
    return web_client(
        settings.slack_bot_token.get_secret_value(),
        settings.slack_api_url,
        timeout_seconds=timeout_seconds,
        on_call=metrics.note_slack,
    )


def build_app(components: Components, slack: SlackApp, worker: Worker | None) -> Flask:
    """Return the WSGI app for browsers, and for Slack unless that uses Socket Mode."""
    proxies = components.settings.dbaccess_trusted_proxies
    pages = ip_pages(
        components.ip_links,
        components.seen_by,
        slack.fill_in,
        components.directory.name,
        trusted_proxies=proxies,
    )
    api = machine_api(
        MachineService(components.database, components.access),
        components.tokens,
        components.clock.elapsed,
        trusted_proxies=proxies,
        stop=components.draining,
        on_answer=components.metrics.note_machine_request,
    )
    over_http = components.settings.slack_app_token is None
    connection = None if over_http else slack.problem
    probes = _probes(components, worker, connection)
    return build_wsgi(slack if over_http else None, pages, api, probes)


def build_probes_app(components: Components, worker: Worker | None) -> Flask:
    """Return the WSGI app of a process that only monitoring calls."""
    return probes_app(_probes(components, worker))


def watch_database(components: Components, worker: Worker | None) -> None:
    """From now on, find out when the database works again; a worker tells the operators, too."""
    alarm = DatabaseAlarm(components.slack, components.policy)

    def write() -> None:
        with components.database.transaction() as session:
            heartbeats.probe(session, components.clock.now())

    def tell(outage: Outage) -> None:
        if worker is not None:
            alarm.tell(outage)

    components.database.state.watch(
        write, on_write=components.wakeup, on_lasting=tell, on_end=alarm.tell_end
    )


def _probes(
    components: Components,
    worker: Worker | None,
    connection: Callable[[], str | None] | None = None,
) -> Blueprint:
    health = Health(
        components.database,
        components.clock,
        seconds_since_last_tick=worker.seconds_since_last_tick if worker else lambda: 0.0,
        connection=connection,
        is_draining=components.draining.is_set,
    )
    return probes(health, components.metrics.registry)


def build_worker(components: Components, executors: Executors = threads) -> Worker:
    """Return the worker, listening to the wake-ups of this process."""
    offboarding = Offboarding(
        components.database, components.access, components.directory, components.clock
    )
    looks = UsageLooks(
        components.database,
        components.access,
        components.policy,
        components.clock,
        components.open_sessions,
    )
    calls = MessageCalls(components.slack, components.clock)
    worker = Worker(
        components.database,
        components.access,
        components.reconciler,
        {
            Kind.MESSAGE: Delivery(
                components.database,
                calls,
                components.directory,
                components.policy,
                components.clock,
            ),
            Kind.REPLY: ReplyDelivery(components.replies, components.clock),
            Kind.COMMAND: DeferredCommands(
                components.access, components.directory, components.clock
            ),
            Kind.HOME: components.homes,
            Kind.ACCOUNT: offboarding,
            Kind.SESSIONS: SessionEnding(
                components.database,
                components.provider,
                components.policy,
                components.clock,
                components.open_sessions,
            ),
            Kind.USAGE: looks,
            Kind.DROPLETS: DropletAddresses(components.database, components.provider),
        },
        Stream(
            components.database,
            components.policy,
            components.clock,
            components.settings.stream_keys(),
            on_delivery=components.metrics.note_stream,
        ),
        components.clock,
        tick=components.policy().scheduler.tick,
        budget=components.budget,
        begin_offboarding=offboarding.begin_round,
        begin_usage=looks.begin_round,
        check_issuers=components.tokens.check_issuers,
        on_run=components.metrics.note_periodic_job,
        executors=executors,
    )
    components.wakeup.listen(worker.wake)
    return worker


def build_listener(components: Components, worker: Worker) -> Listener | None:
    """Return what wakes *worker* for other processes; None where there can be none."""
    if components.database.is_sqlite:
        return None
    note = partial(components.metrics.note_connection, "signals")
    return Listener(components.database, worker.wake, note)
