"""A worker's attempt in the pure model, step by step: begin, read, note, write, record.

Between any two steps anybody else may act, and the worker may die or be ousted. The order is that
of `bot.reconcile.convergence`; what happens at each step is in `tests.model.protocol`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.reconcile.attempt import Attempt
from bot.reconcile.refusals import Search
from tests.model import protocol
from tests.model.faults import Fault
from tests.model.oracle import doubtful, judge_write
from tests.model.outside import show
from tests.model.pure import IDLE, State, Worker
from tests.model.recorder import record
from tests.model.scope import ORDERS, Scope
from tests.model.search import Step
from tests.model.truth import Entries, in_doubt, replaced

_ROUNDS = 5
_FRESH = timedelta(seconds=30)  # what was read longer ago is not written upon
FROZEN = timedelta(seconds=61)
_MOVES = {"begun", "planned", "written", "seen"}  # before these, a worker renews its lock


class Attempts:
    """The steps of workers."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def steps(self, state: State, number: int) -> Iterator[Step[State]]:
        """Yield what worker *number* may do next, and what may go wrong with it."""
        worker = state.workers[number]
        name = f"worker {'AB'[number]}" if len(state.workers) > 1 else "the worker"
        if worker.at == "idle":
            if state.is_at_rest or self._may_take_over(state, number):
                yield Step(f"{name} begins, and loads the grants", self._begin(state, number))
        elif worker.is_ousted and worker.at in _MOVES:
            yield Step(f"{name} goes on, and finds its lock lost", state.set(number, IDLE))
        elif worker.at in ("begun", "written"):
            yield self._read(state, number, name)
            yield from self._failing_reads(state, number, name)
        elif worker.at == "seen":
            yield Step(f"{name} writes down what it saw", self._record(state, number))
        elif worker.at == "planned":
            yield self._note(state, number, name)
        else:
            yield from self._write(state, number, name)

    def reconcile(self, state: State, number: int = 0) -> tuple[tuple[str, ...], Step[State], bool]:
        """Let a worker make a whole attempt that nothing disturbs.

        Returns what it did, the state after its last step, and whether it wrote.
        """
        step = Step("", self._begin(state, number))
        words = []
        while step.broken is None and step.state.workers[number].at != "idle":
            step = next(self.steps(step.state, number))
            words.append(step.words)
        return tuple(words), step, any(" writes [" in one for one in words)

    def _may_take_over(self, state: State, number: int) -> bool:
        others = [one for n, one in enumerate(state.workers) if n != number]
        return all(one.at == "idle" or one.is_ousted for one in others)

    def _begin(self, state: State, number: int) -> State:
        now = state.now
        rows = dict(state.rows_by_id)
        for row in state.own_rows:
            if row.is_live and not row.wants_rule(now):
                rows[row.id] = row.expire(now)
        since = protocol.lately(state.watch, now)
        loaded = tuple(
            row
            for row in rows.values()
            if row.cluster_id == ORDERS and (row.ended_at is None or row.ended_at > since)
        )
        attempt = Attempt(state.watch, loaded, began_at=now)
        worker = Worker("begun", attempt=attempt, rounds=_ROUNDS)
        return state.save(protocol.begin(self._scope, rows, now)).set(number, worker)

    def _read(self, state: State, number: int, name: str, *, late: bool = False) -> Step[State]:
        worker = state.workers[number]
        attempt = worker.attempt
        if not worker.rounds:
            return Step(f"{name} gives up for now", self._fail(state, number))
        entries = (state.outside.earlier or ()) if late else state.outside.entries
        words = f"{name} reads {show(entries)}{', which is behind' if late else ''}"
        just_written = len(attempt.writes) > worker.sent
        if just_written and attempt.writes[-1].is_to_be_seen and entries == worker.read:
            if late:
                return Step(f"{words}: it will read again", state)
            return Step(f"{words}: not what it wrote, it gives up", self._fail(state, number))
        if just_written and attempt.writes[-1].certain:
            unclear = _replaced(worker, entries)
            state, entries = state.go_on(state.outside.doubt(unclear)), in_doubt(entries, unclear)
        attempt = protocol.see(attempt, entries, just_written=just_written)
        state = state.go_on(state.outside.see(entries))
        search = worker.search
        last = protocol.ask_plan(self._scope, attempt, state.rows_by_id, search, state.now)
        attempt = replace(attempt, outcome=last, refused=search.refused)
        after = worker._replace(
            attempt=attempt,
            read=entries,
            read_at=state.now,
            rounds=worker.rounds - 1,
            sent=len(attempt.writes),
        )
        if worker.lost > 1 and last.must_write:
            return Step(f"{words}, and gives up", self._fail(state.set(number, after), number))
        if search.is_probing and not last.rules:
            after = after._replace(at="written", search=Search())
        elif last.must_write or search.is_probing:
            after = after._replace(at="planned")
        elif search.suspects:
            after = after._replace(at="written", search=_accepted(search))
        else:
            after = after._replace(at="seen")
        return Step(words, state.set(number, after))

    def _failing_reads(self, state: State, number: int, name: str) -> Iterator[Step[State]]:
        if not state.outside.left.faults:
            return
        state = _spend_fault(state)
        if Fault.UNREAD in self._scope.faults:
            yield Step(f"{name}: {Fault.UNREAD}", self._fail(state, number))
        if Fault.BEHIND in self._scope.faults and state.outside.earlier is not None:
            yield self._read(state, number, name, late=True)

    def _fail(self, state: State, number: int) -> State:
        rows = protocol.fail(state.workers[number].attempt, state.rows_by_id)
        return state.save(rows).set(number, IDLE)

    def _note(self, state: State, number: int, name: str) -> Step[State]:
        worker = state.workers[number]
        last = worker.planned
        attempt, rows, is_wanted = protocol.note(worker.attempt, last, state.rows_by_id, state.now)
        if not is_wanted:
            after = worker._replace(at="written", attempt=attempt)
            words = f"{name} notes that something has ended, and does not write"
            return Step(words, state.set(number, after))
        after = worker._replace(
            at="noted",
            attempt=protocol.sending(attempt, last),
            before=worker.uuids_before,
            noted=tuple(
                one
                for one, new in zip(worker.attempt.loaded, attempt.loaded, strict=True)
                if one != new
            ),
        )
        words = f"{name} notes what it is about to write"
        return Step(words, state.save(rows).set(number, after))

    def _write(self, state: State, number: int, name: str) -> Iterator[Step[State]]:
        worker = state.workers[number]
        assert worker.read_at is not None
        if worker.is_ousted or state.now - worker.read_at >= _FRESH:
            words = f"{name} does not send what has become old"
            if worker.is_ousted and not self._scope.planted.takes_back_late:
                yield Step(f"{words}, and finds its lock lost", state.set(number, IDLE))
            else:
                yield Step(words, self._fail(self._taken_back(state, number), number))
            return
        rules = worker.planned.rules
        wrong = judge_write(state.outside.known, worker.read, rules, state.own_rows, state.now)
        shown = ", ".join(f"{rule.value} ({rule.description or 'bare'})" for rule in rules)
        words = f"{name} writes [{shown}]"
        done = self._effect(state, number)
        attempt = protocol.answered(worker.attempt)
        search = _accepted(worker.search)
        answered = worker._replace(at="written", attempt=attempt, search=search)
        yield Step(words, done.set(number, answered), wrong)
        if wrong is not None or not state.outside.left.faults:
            return
        for fault in self._scope.faults:
            failed = self._failed(_spend_fault(state), number, fault)
            if failed is not None:
                yield Step(f"{words}: {fault}", failed)

    def _failed(self, state: State, number: int, fault: Fault) -> State | None:
        """Return the state after a write failed; None where this one cannot fail so."""
        worker = state.workers[number]
        match fault:
            case Fault.FORBIDDEN | Fault.LIMITED | Fault.NO_CONNECTION | Fault.NO_BUDGET:
                return self._fail(self._taken_back(state, number), number)
            case Fault.UNPROCESSABLE:
                return self._refused(self._taken_back(state, number), number)
            case Fault.LOST_DONE:
                return self._lost(self._effect(state, number), number)
            case Fault.LOST_UNDONE:
                return self._lost(_sent(state, worker), number)
            case Fault.LOST_LATE if state.outside.late is None:
                sent = _sent(state, worker)
                waiting = sent.outside.put_by_us_later(worker.planned.rules, worker.read)
                return self._lost(sent.go_on(waiting), number)
        return None

    def _effect(self, state: State, number: int) -> State:
        worker = state.workers[number]
        state = _sent(state, worker)
        outside = state.outside.put_by_us(self._scope, worker.planned.rules, worker.read)
        return state.go_on(outside)

    def _lost(self, state: State, number: int) -> State:
        worker = state.workers[number]
        return state.set(number, worker._replace(at="written", lost=worker.lost + 1))

    def _taken_back(self, state: State, number: int) -> State:
        worker = state.workers[number]
        attempt, rows = protocol.take_back(
            self._scope, worker.attempt, worker.noted, state.rows_by_id
        )
        return state.save(rows).set(number, worker._replace(attempt=attempt))

    def _refused(self, state: State, number: int) -> State:
        worker = state.workers[number]
        search = _copied(worker.search)
        if not search.refuse(worker.planned.to_add, "invalid rules"):
            return self._fail(state, number)
        rounds = worker.rounds + 2 * len(search.suspects) + 2
        return state.set(number, worker._replace(at="written", search=search, rounds=rounds))

    def _record(self, state: State, number: int) -> State:
        worker = state.workers[number]
        attempt, now = worker.attempt, state.now
        state = state.save(record(state.rows_by_id, attempt, now, next_id=state.next_id))
        unclear = doubtful(state.outside.known, worker.read)
        outside, read = state.outside.doubt(unclear), in_doubt(worker.read, unclear)
        known = outside.known.record(read, worker.told_by, state.own_rows, now)
        return state._replace(
            outside=outside._replace(known=known),
            watch=protocol.remember(state.watch, attempt, worker.planned, now),
            next_id=max([state.next_id, *(row.id + 1 for row in state.rows)]),
        ).set(number, IDLE)


def _sent(state: State, worker: Worker) -> State:
    added = {rule.source for rule in worker.planned.adds}
    known = state.outside.known.send(added, worker.read, worker.read_at or state.now)
    return state.go_on(state.outside._replace(known=known))


def _replaced(worker: Worker, read: Entries) -> frozenset[str | None]:
    written = worker.attempt.writes[-1].plan.rules
    return replaced(read, written, {entry.rule.uuid for entry in worker.read})


def _spend_fault(state: State) -> State:
    return state.go_on(state.outside.spend("faults"))


def _copied(search: Search) -> Search:
    return replace(search, suspects=list(search.suspects), refused=dict(search.refused))


def _accepted(search: Search) -> Search:
    accepting = _copied(search)
    accepting.accept()
    return accepting
