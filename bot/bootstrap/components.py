"""What web and worker share in one process, put together."""

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.core import Core, ProviderFactory, build_core, build_provider
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.sources import SourceType
from bot.ip_links import IpLinks
from bot.machines.tokens import TokenVerifier
from bot.metrics import Metrics
from bot.slack.client import DELIVERY_SECONDS, DIRECTORY_SECONDS, SlackClient, web_client
from bot.slack.outbound.database_alarm import DatabaseAlarm
from bot.slack.outbound.home_tab import HomeTabs
from bot.slack.outbound.replies import Replies
from bot.slack.users.directory import Directory
from bot.store import heartbeats
from bot.store.database import Database
from bot.store.database_state import Outage
from bot.store.ip_links import IpLink

if TYPE_CHECKING:
    from bot.worker import Worker


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
    slack = slack_client(settings, metrics)
    directory = Directory(
        slack_client(settings, metrics, timeout_seconds=DIRECTORY_SECONDS),
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


def slack_client(
    settings: Settings, metrics: Metrics, *, timeout_seconds: int = DELIVERY_SECONDS
) -> SlackClient:
    """Return a client of Slack's API whose calls are counted, and end within that time."""
    return web_client(
        settings.slack_bot_token.get_secret_value(),
        settings.slack_api_url,
        timeout_seconds=timeout_seconds,
        on_call=metrics.note_slack,
    )


def watch_database(components: Components, worker: "Worker | None") -> None:
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
