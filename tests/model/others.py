"""What people and disasters do in the pure model, beside all who act outside."""

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.lifecycle import Grant, GrantState
from bot.domain.sources import SourceType, TrustedSource
from bot.store.clusters import Watch
from tests.model.attempt import FROZEN
from tests.model.knowledge import Knowledge, Lease
from tests.model.outside import rivals, time_passes
from tests.model.pure import IDLE, State, Worker
from tests.model.scope import ORDERS, Scope
from tests.model.search import Step

# Where a worker may be when others act. Elsewhere it makes no difference whether they act before
# its next step or after: people and notes do not touch the list, and rivals do not touch our rows.
_PEOPLE = {"idle", "planned", "noted", "seen"}
_RIVALS = {"idle", "noted", "written", "seen"}
_TIME = {"idle", "begun", "noted", "written", "seen"}
_DEATH = {"begun", "noted", "written", "seen"}


class Others:
    """All who act beside the worker, as far as a scope lets them."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def steps(self, state: State) -> Iterator[Step[State]]:
        """Yield what others may do, where it matters when: see `_RIVALS` and the like."""
        left = state.outside.left
        at = {worker.at for worker in state.workers if not worker.is_ousted}
        if left.people and at <= _PEOPLE:
            yield from self._people(_spend(state, "people"))
        ends = [row.expires_at for row in state.own_rows if row.is_live]
        if at <= _RIVALS:
            for step in rivals(self._scope, state.outside):
                yield Step(step.words, state.go_on(step.state))
        if at <= _TIME:
            for step in time_passes(state.outside, ends):
                yield Step(step.words, state.go_on(step.state))
        if left.losses:
            yield from self._losses(_spend(state, "losses"))
        if left.freezes:
            yield from self._freezes(_spend(state, "freezes"))

    # People

    def _people(self, state: State) -> Iterator[Step[State]]:
        may = self._scope.may
        for value in self._scope.lent:
            if "ask elsewhere" in may and state.rows == state.own_rows:
                words = f"somebody is granted {value} for 10 min, on another cluster"
                yield Step(words, grant(state, value, 10, cluster="billing"))
            if "ask" in may and not _is_lent(state, value):
                for minutes in self._scope.minutes:
                    words = f"somebody is granted {value} for {minutes} min"
                    yield Step(words, grant(state, value, minutes))
            if "adopt" in may and not _is_lent(state, value):
                words = f"an expiry is approved for {value}, for 10 min"
                yield Step(words, grant(state, value, 10, adopted=True))
        for row in state.own_rows:
            if not row.is_live:
                continue
            if "revoke" in may:
                gone = _with_row(state, row.revoke("U0ALICE", state.now))
                known = state.outside.known.give_back(row, state.now)
                yield Step(f"#{row.id} is revoked", _knowing(gone, known))
            if "extend" in may and row.wants_rule(state.now):
                longer = row.extend(row.expires_at + timedelta(minutes=10))
                known = state.outside.known.extend(row, longer.expires_at)
                extended = _knowing(_with_row(state, longer), known)
                yield Step(f"#{row.id} is extended by 10 min", extended)

    # Disasters

    def _losses(self, state: State) -> Iterator[Step[State]]:
        may = self._scope.may
        for number, worker in enumerate(state.workers):
            if "crash" in may and worker.at in _DEATH:
                yield Step("the worker dies", _perhaps_sent(state, worker).set(number, IDLE))
        if "lose" in may and state.is_at_rest and state.rows:
            lost = state._replace(rows=(), watch=Watch(ORDERS, ORDERS), next_id=1)
            yield Step("the database is lost", _knowing(lost, state.outside.known.lose()))
        if "restore" in may and state.backup is None and state.is_at_rest:
            words = "the database is copied"
            yield Step(words, state._replace(backup=(state.rows, state.watch)))
        if "restore" in may and state.backup is not None and state.is_at_rest:
            rows, watch = state.backup
            next_id = max([1, *(row.id + 1 for row in rows)])
            old = state._replace(rows=rows, watch=watch, next_id=next_id)
            known = state.outside.known.restore()
            yield Step("the database is that old copy again", _knowing(old, known))

    def _freezes(self, state: State) -> Iterator[Step[State]]:
        for number, worker in enumerate(state.workers):
            if worker.at in _DEATH and not worker.is_ousted and len(state.workers) > 1:
                later = state.outside._replace(now=state.now + FROZEN)
                noted = _perhaps_sent(state.go_on(later), worker)
                frozen = noted.set(number, worker._replace(is_ousted=True))
                yield Step(f"worker {'AB'[number]} stands still for 61 s; its lock is lost", frozen)


def _is_lent(state: State, value: str) -> bool:
    return any(
        row.is_live and row.owned is not False and row.source.value == value
        for row in state.own_rows
    )


def grant(
    state: State, value: str, minutes: int, *, adopted: bool = False, cluster: str = ORDERS
) -> State:
    """Return the state after something was granted, and not looked at yet."""
    source = TrustedSource(SourceType.IP_ADDR, value)
    until = state.now + timedelta(minutes=minutes)
    row = Grant(
        id=state.next_id,
        cluster=cluster,
        cluster_id=cluster,
        source=source,
        requester="U0RITA",
        state=GrantState.APPLYING,
        approved_at=state.now,
        expires_at=until,
        adopted=adopted,
    )
    lent = state._replace(rows=(*state.rows, row), next_id=state.next_id + 1)
    if cluster != ORDERS:
        return lent
    lease = Lease(row.id, state.now, source, until, adopted=adopted)
    return _knowing(lent, state.outside.known.lend(lease))


def _perhaps_sent(state: State, worker: Worker) -> State:
    """Return the state after a worker was cut off; whether it sent what it noted, nobody knows."""
    if worker.at != "noted":
        return state
    added = {rule.source for rule in worker.planned.adds}
    return _knowing(
        state, state.outside.known.send(added, worker.read, worker.read_at or state.now)
    )


def _knowing(state: State, known: Knowledge) -> State:
    return state.go_on(state.outside._replace(known=known))


def _with_row(state: State, changed: Grant) -> State:
    return state._replace(
        rows=tuple(changed if row.id == changed.id else row for row in state.rows)
    )


def _spend(state: State, sort: str) -> State:
    return state.go_on(state.outside.spend(sort))
