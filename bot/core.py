"""The core: what the command line and the running processes share. No Slack, no web server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bot.access import AccessService
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.domain.policy import Policy
from bot.domain.sources import TrustedSource
from bot.live_policy import LivePolicy
from bot.providers.base import ApiCall, Provider, Purpose
from bot.providers.call_budget import CallBudget
from bot.providers.catalogue import Catalogue
from bot.providers.digitalocean import DigitalOcean
from bot.reconcile.reconciler import Reconciler
from bot.sessions.base import LoginMissing, OpenSessions, Sessions
from bot.store.api_calls import CallLedger
from bot.store.database import Database
from bot.store.signals import signal


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
class Core:
    """The access service and the reconciler, with what they need."""

    policy: LivePolicy
    clock: Clock
    database: Database
    provider: Provider
    budget: CallBudget
    catalogue: Catalogue
    access: AccessService
    reconciler: Reconciler
    wakeup: Wakeup
    open_sessions: OpenSessions


class ProviderFactory(Protocol):
    """Makes the provider that the rest is built upon."""

    def __call__(
        self,
        settings: Settings,
        *,
        before_call: Callable[[Purpose], None],
        on_call: Callable[[ApiCall], None],
    ) -> Provider:
        """Return it, connected to nothing yet; see `build_provider`."""
        ...


def build_provider(
    settings: Settings,
    *,
    before_call: Callable[[Purpose], None] = lambda _purpose: None,
    on_call: Callable[[ApiCall], None] = lambda _call: None,
) -> Provider:
    """Return the provider whose databases this installation lends, not connected yet.

    Args:
        settings: where its API is, and the token for it.
        before_call: called before each HTTP exchange; raises BudgetSpent if that must not be made.
        on_call: called after each HTTP exchange.

    Raises:
        ValueError: the token would travel unencrypted to this address.
    """
    return DigitalOcean(
        settings.digitalocean_token.get_secret_value(),
        endpoint=settings.digitalocean_api_url,
        before_call=before_call,
        on_call=on_call,
    )


@contextmanager
def open_sessions(settings: Settings, name: str) -> Iterator[Sessions]:
    """Connect to a database server by the login in the variable of that *name*, to end sessions.

    Its driver is loaded here: where no cluster sets it up, never.

    Raises:
        SessionsError: the variable is not set, or the server cannot be reached.
    """
    login = settings.session_logins.get(name)
    if login is None:
        raise LoginMissing(f"{name} is not set")
    from bot.sessions.postgresql import connect

    with connect(login.get_secret_value()) as sessions:
        yield sessions


def build_core(
    settings: Settings,
    policy: Policy,
    clock: Clock | None = None,
    *,
    on_call: Callable[[ApiCall], None] = lambda _call: None,
    on_reconcile: Callable[[str, float], None] = lambda _outcome, _seconds: None,
    make_provider: ProviderFactory = build_provider,
    database: Database | None = None,
    operator: Mapping[str, str] | None = None,
) -> Core:
    """Return the core, not connected yet.

    *on_call* is called after each call of the provider's API, *on_reconcile* after each reconcile:
    with its outcome and how many seconds it took. *operator* is who typed the command that needs
    the core.
    """
    clock = clock or SystemClock()
    if database is None:
        database = Database(settings.database_url, settings.audit_keys(), operator=operator)
    live = LivePolicy(policy, settings.dbaccess_config, settings.lacks)

    def limits() -> tuple[int, int]:
        scheduler = live().scheduler
        return scheduler.calls_per_minute, scheduler.calls_per_hour

    # A SQLite database has one process; the terminal's commands make few calls beside it.
    budget = CallBudget(clock, limits, None if database.is_sqlite else CallLedger(database))

    def note_call(call: ApiCall) -> None:
        on_call(call)
        budget.observe(call)

    provider = make_provider(settings, before_call=budget.spend, on_call=note_call)
    catalogue = Catalogue(provider.list_sources, monotonic=clock.elapsed)

    def name_of(source: TrustedSource) -> str:
        return catalogue.name_of(source.type, source.value)

    wakeup = Wakeup(database)
    return Core(
        policy=live,
        clock=clock,
        database=database,
        provider=provider,
        budget=budget,
        catalogue=catalogue,
        access=AccessService(database, live, clock, wakeup, name_of),
        reconciler=Reconciler(database, provider, live, clock, on_done=on_reconcile),
        wakeup=wakeup,
        open_sessions=partial(open_sessions, settings),
    )
