"""What runs at intervals: this list is all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from bot.access import AccessService
from bot.access.alarms import alarm, alarm_of_open
from bot.access.audit_anchor import anchor
from bot.access.expiry import expire, lapse, warn
from bot.access.issuer_alarms import note_issuers
from bot.access.reminders import remind
from bot.access.retention import keep_for_its_time
from bot.providers.call_budget import CallBudget
from bot.worker.job_queue import JobQueue

HEARTBEAT = "heartbeat"
NEXT_DUE = "next_due"
RECONCILE = "reconcile"
STREAM = "stream"
_IN_CASE = timedelta(minutes=1)  # what `NextDue` names runs when it is due, and besides in case a
# wrong clock has put it off


@dataclass(frozen=True)
class PeriodicJob:
    """Work that one worker does again and again; `every` is None for each tick of the policy.

    Any number of workers may run it at the same time: what must happen once is decided in the
    database.

    Attributes:
        hand_over: called at each interval in place of `work`, where another thread does the work.
    """

    name: str
    work: Callable[[], object]
    every: timedelta | None = None
    hand_over: Callable[[], object] | None = None


def periodic_jobs(
    access: AccessService,
    budget: CallBudget,
    queues: Sequence[JobQueue[Any]],
    *,
    begin_offboarding: Callable[[], object],
    begin_usage: Callable[[], object],
    check_issuers: Callable[[], dict[str, str]],
    run_due: Callable[[], object],
    wake: Callable[[], object],
    beat: Callable[[], object],
) -> list[PeriodicJob]:
    """Return the periodic jobs of a worker, each under its name in logs, metrics and `/readyz`."""

    def when_due(name: str, step: Callable[..., int]) -> PeriodicJob:
        return PeriodicJob(name, partial(access.run_step, step), _IN_CASE)

    def watch_issuers() -> None:
        errors = check_issuers()  # by HTTP: no transaction is open meanwhile
        access.run_step(partial(note_issuers, errors=errors))

    return [
        when_due("expiry", expire),
        when_due("lapse", lapse),
        when_due("warnings", warn),
        when_due("reminders", remind),
        when_due("failing_alarms", lambda uow: alarm(uow, budget.made())),
        when_due("open_alarms", alarm_of_open),
        PeriodicJob("audit_anchor", partial(access.run_step, anchor), timedelta(minutes=1)),
        PeriodicJob("retention", partial(keep_for_its_time, access), timedelta(minutes=1)),
        PeriodicJob("issuers", watch_issuers, timedelta(minutes=1)),
        PeriodicJob("offboarding", begin_offboarding, timedelta(hours=1)),
        PeriodicJob("usage", begin_usage, timedelta(seconds=15)),
        *(PeriodicJob(f"{one.name}_queue", one.dispatch, _IN_CASE) for one in queues),
        PeriodicJob(NEXT_DUE, run_due, hand_over=wake),
        PeriodicJob(HEARTBEAT, beat, timedelta(seconds=5)),
    ]
