"""The core: what the command line and the running processes share. No Slack, no web server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.access import AccessService
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.digitalocean import Call, CallBudget, DigitalOcean
from bot.digitalocean.catalogue import Catalogue
from bot.domain.policy import Policy
from bot.domain.sources import TrustedSource
from bot.live_policy import LivePolicy
from bot.reconcile.reconciler import Reconciler
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
    """The access service and the reconciler, with what they stand on."""

    policy: LivePolicy
    clock: Clock
    database: Database
    digitalocean: DigitalOcean
    budget: CallBudget
    catalogue: Catalogue
    access: AccessService
    reconciler: Reconciler
    wakeup: Wakeup


def build_core(
    settings: Settings,
    policy: Policy,
    clock: Clock | None = None,
    *,
    on_call: Callable[[Call], None] = lambda _call: None,
    on_reconcile: Callable[[str, float], None] = lambda _outcome, _seconds: None,
    database: Database | None = None,
    operator: Mapping[str, str] | None = None,
) -> Core:
    """Return the core, connected to nothing yet.

    *on_call* hears of each call of DigitalOcean's API, *on_reconcile* of each reconcile: its
    outcome and how many seconds it took. *operator* is who typed the command that needs the core.
    """
    clock = clock or SystemClock()
    if database is None:
        database = Database(settings.database_url, settings.audit_keys(), operator=operator)
    live = LivePolicy(policy, settings.dbaccess_config)

    def limits() -> tuple[int, int]:
        scheduler = live().scheduler
        return scheduler.calls_per_minute, scheduler.calls_per_hour

    budget = CallBudget(clock, limits)

    def note_call(call: Call) -> None:
        on_call(call)
        budget.hear(call)

    digitalocean = DigitalOcean(
        settings.digitalocean_token.get_secret_value(),
        endpoint=settings.digitalocean_api_url,
        before_call=budget.spend,
        on_call=note_call,
    )
    catalogue = Catalogue(digitalocean.named)

    def name_of(source: TrustedSource) -> str:
        return catalogue.name_of(source.type, source.value)

    wakeup = Wakeup(database)
    return Core(
        policy=live,
        clock=clock,
        database=database,
        digitalocean=digitalocean,
        budget=budget,
        catalogue=catalogue,
        access=AccessService(database, live, clock, wakeup, name_of, budget.made),
        reconciler=Reconciler(database, digitalocean, live, clock, on_done=on_reconcile),
        wakeup=wakeup,
    )
