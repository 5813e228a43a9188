"""The worker with all that it does, put together."""

from functools import partial

from bot.bootstrap.components import Components
from bot.sessions.droplet_addresses import DropletAddresses
from bot.sessions.ending import SessionEnding
from bot.sessions.usage import UsageLooks
from bot.slack.inbound.deferred_commands import DeferredCommands
from bot.slack.outbound.calls import MessageCalls
from bot.slack.outbound.delivery import Delivery
from bot.slack.outbound.reply_delivery import ReplyDelivery
from bot.slack.users.offboarding import Offboarding
from bot.store.jobs import Kind
from bot.store.signals import Listener
from bot.stream.delivery import Stream
from bot.worker import Worker
from bot.worker.job_queue import Executors, threads


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
