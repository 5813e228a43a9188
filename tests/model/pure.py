"""The pure model's state: what is outside, the rows, and the workers.

All of it is immutable, so that a step is a new state and nothing is ever replayed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from bot.domain.lifecycle import Grant
from bot.domain.plan import Plan
from bot.reconcile.attempt import Attempt
from bot.reconcile.refusals import Search
from bot.store.clusters import Watch
from tests.model.facts import Facts
from tests.model.outside import BEGINNING, Outside
from tests.model.scope import ORDERS
from tests.model.truth import Entries


class Worker(NamedTuple):
    """Where a worker is in its attempt, and what it has in its memory there.

    `at`: idle, begun, planned, noted, written or seen. `read` is its last read, with the truth;
    `noted` are the grants as they were before its last note, `before` the uuids that were there
    before its first write. `is_ousted`: it stood still, and its lock is lost.
    """

    at: str = "idle"
    attempt: Attempt = Attempt(Watch(ORDERS, ORDERS), (), began_at=BEGINNING)
    search: Search = Search()
    read: Entries = ()
    read_at: datetime | None = None
    noted: tuple[Grant, ...] = ()
    before: frozenset[str | None] | None = None
    rounds: int = 0
    lost: int = 0
    sent: int = 0
    is_ousted: bool = False

    @property
    def uuids_before(self) -> frozenset[str | None]:
        """The uuids that were there before its first write."""
        if self.before is not None:
            return self.before
        return frozenset(entry.rule.uuid for entry in self.read)

    @property
    def told_by(self) -> frozenset[str | None] | None:
        """The uuids by whose absence a rule of ours is known; None where an answer was lost."""
        return None if self.lost else self.before

    @property
    def planned(self) -> Plan:
        """What it is about to write or to record."""
        assert self.attempt.outcome is not None
        return self.attempt.outcome


IDLE = Worker()


class State(NamedTuple):
    """Everything: what is outside, our rows, and the workers with what is in their memory."""

    outside: Outside
    workers: tuple[Worker, ...]
    rows: tuple[Grant, ...] = ()
    watch: Watch = Watch(ORDERS, ORDERS)
    backup: tuple[tuple[Grant, ...], Watch] | None = None
    next_id: int = 1

    @property
    def rows_by_id(self) -> dict[int, Grant]:
        """Our rows by their number."""
        return {row.id: row for row in self.rows}

    @property
    def now(self) -> datetime:
        """The time."""
        return self.outside.now

    @property
    def is_at_rest(self) -> bool:
        """Whether no worker is in an attempt."""
        return all(worker.at == "idle" for worker in self.workers)

    @property
    def own_rows(self) -> tuple[Grant, ...]:
        """The grants of this cluster."""
        return tuple(row for row in self.rows if row.cluster_id == ORDERS)

    def go_on(self, outside: Outside) -> "State":
        """Return the state where something changed outside."""
        return self._replace(outside=outside)

    def set(self, number: int, worker: Worker) -> "State":
        """Return the state where a worker has come further."""
        workers = list(self.workers)
        workers[number] = worker
        return self._replace(workers=tuple(workers))

    def save(self, rows: Mapping[int, Grant]) -> "State":
        """Return the state with these rows."""
        return self._replace(rows=tuple(rows[id_] for id_ in sorted(rows)))


def key_of(state: State) -> int:
    """Return the number of a state; see `Facts`."""
    facts = Facts()
    facts.add_outside(state.outside)
    facts.add_rows(state.rows)
    for worker in state.workers:
        _add_worker(facts, worker)
    _add_watch(facts, state.watch)
    if state.backup is not None:
        facts.add_rows(state.backup[0])
        _add_watch(facts, state.backup[1])
    facts.plain.append(state.next_id)
    return facts.number()


def _add_worker(facts: Facts, worker: Worker) -> None:
    facts.plain.append(worker.at)
    if worker.at == "idle":
        return
    attempt, search = worker.attempt, worker.search
    facts.add_rows(attempt.loaded)
    facts.add_rows(worker.noted)
    facts.add_entries(worker.read)
    _add_watch(facts, attempt.watch)
    facts.times += (worker.read_at, attempt.began_at)
    facts.plain += (worker.rounds, worker.lost, worker.sent, worker.is_ousted)
    facts.plain += (search.is_probing, tuple(search.suspects), tuple(search.refused))
    for write in attempt.writes:
        facts.plain += (write.certain, write.plan.to_add)
    if worker.before is not None:
        facts.add_uuids(worker.before)


def _add_watch(facts: Facts, watch: Watch) -> None:
    facts.plain += (watch.described, min(watch.label_losses, 2))
    facts.times += (watch.written_at, watch.read_at)
