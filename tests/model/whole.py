"""The whole model: the real reconciler, recording and store, in one world to be searched.

A step is what somebody does while the worker rests, or one look of the worker with all that happens
during it. What may happen during a look is found while it runs: it is repeated from the same
snapshot until each order of events within the scope has been played.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.lifecycle import Grant
from bot.domain.ownership import SETTLE
from tests.model.facts import Facts
from tests.model.memory import Snapshot
from tests.model.oracle import judge_rest, judge_sessions
from tests.model.outside import Outside, beginnings
from tests.model.scope import Scope
from tests.model.search import Left, Step, Violation
from tests.model.stage import Broken, Choices, Stage

_LOOKS = 4
_SECOND = timedelta(seconds=1)
_WAITS = (timedelta(), SETTLE + _SECOND, None, SETTLE + _SECOND)
_LAST_PHASE = len(_WAITS) - 1


class State(NamedTuple):
    """What is outside, and what the database holds: by what counts of it, and all of it."""

    outside: Outside
    database: Snapshot
    number: int
    backup: tuple[Snapshot, int] | None = None


class Company:
    """A world for `search`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._stage = Stage(scope)
        self._calm: set[int] = set()

    def close(self) -> None:
        """Let the database go."""
        self._stage.scene.memory.close()

    def beginnings(self) -> Iterator[Step[State]]:
        for step in beginnings(self._scope):
            self._stage.scene.outside = step.state
            self._stage.scene.memory.restore(None)
            self._stage.look(Choices())
            words = f"{step.words}; the worker has looked"
            if self._scope.granted:
                words += f"; {self._stage.events.grant_hers(self._scope.granted)}"
            self._stage.scene.words = []
            yield Step(words, self._state(None))

    def steps(self, state: State) -> Iterator[Step[State]]:
        self._set(state)
        for number in range(len(list(self._stage.events.at(None)))):
            self._set(state)
            event = list(self._stage.events.at(None))[number]
            event.act()
            words = "; ".join([event.words, *self._stage.scene.words])
            yield Step(words, self._state(state.backup))
        untried: list[tuple[int, ...]] = [()]
        while untried:
            chosen = untried.pop(0)
            choices = Choices(chosen)
            yield self._look(state, choices)
            for place in range(len(chosen), len(choices.options)):
                before = (*chosen, *[0] * (place - len(chosen)))
                untried += [(*before, n) for n in range(1, choices.options[place])]

    def rows_of(self, state: State) -> list[Grant]:
        """Return the grants that a state's database holds."""
        self._stage.scene.memory.restore(state.database)
        return self._stage.scene.memory.grants()

    def key(self, state: State) -> tuple[int, Left]:
        return state.number, state.outside.left

    def at_rest(self, state: State) -> tuple[tuple[str, ...], Violation] | None:
        """Let nobody disturb the worker any more: it comes to rest, and everything ends."""
        if state.outside.late is not None:
            return None
        self._set(state)
        self._stage.scene.outside = state.outside.alone()
        words: list[str] = []
        good: set[int] = set()
        for phase, wait in enumerate(_WAITS):
            if wait != timedelta():
                words.append(self._wait(wait))
            wrong = self._come_to_rest(phase, words, good)
            if wrong is not None:
                return tuple(words), wrong
            if not good.isdisjoint(self._calm):
                break
        self._calm |= good
        return None

    def _come_to_rest(self, phase: int, words: list[str], good: set[int]) -> Violation | None:
        """Let the worker look until it writes no more, or until this is known to end well."""
        for _ in range(_LOOKS):
            good.add(hash((phase, self._number())))
            if not good.isdisjoint(self._calm):
                return None
            self._stage.scene.words = []
            try:
                wrote = self._stage.look(Choices())
            except Broken as broken:
                words.append("undisturbed: " + "; ".join(self._stage.scene.words))
                return broken.violation
            words.append("undisturbed: " + "; ".join(self._stage.scene.words))
            if not wrote:
                outside = self._stage.scene.outside
                rows = self._stage.scene.memory.grants()
                wrong = judge_rest(outside.known, outside.entries, rows, outside.now)
                return wrong or self._judge_sessions(phase)
        return Violation("never rests", f"it still writes after {_LOOKS} looks")

    def _judge_sessions(self, phase: int) -> Violation | None:
        outside = self._stage.scene.outside
        is_owed = phase < _LAST_PHASE and self._stage.scene.memory.has_session_ends()
        return judge_sessions(outside.connected, outside.known, outside.entries, is_owed=is_owed)

    def _wait(self, wait: timedelta | None) -> str:
        outside = self._stage.scene.outside
        if wait is not None:
            self._stage.scene.outside = outside._replace(now=outside.now + wait)
            return f"undisturbed: {wait.seconds} s pass"
        rows = self._stage.scene.memory.grants()
        ends: list[datetime] = [row.expires_at for row in rows if row.is_live]
        ends += [lease.until for lease in outside.known.leases]
        last = max([outside.now, *(end + _SECOND for end in ends)])
        self._stage.scene.outside = outside._replace(now=last)
        return "undisturbed: all grants' time is up"

    def _look(self, state: State, choices: Choices) -> Step[State]:
        self._set(state)
        broken = None
        try:
            self._stage.look(choices)
        except Broken as found:
            broken = found.violation
        words = "\n     ".join(self._stage.scene.words)
        if broken is not None:
            return Step(words, state, broken)
        return Step(words, self._state(state.backup))

    def _set(self, state: State) -> None:
        self._stage.scene.outside = state.outside
        self._stage.scene.words = []
        self._stage.scene.backup = state.backup[0] if state.backup else None
        self._stage.scene.memory.restore(state.database)

    def _state(self, backup: tuple[Snapshot, int] | None) -> State:
        database = self._stage.scene.memory.snapshot()
        if self._stage.scene.backup is not None and backup is None:
            backup = database, self._number()
        number = hash((self._number(), backup[1] if backup else 0))
        return State(self._stage.scene.outside, database, number, backup)

    def _number(self) -> int:
        facts = Facts()
        facts.add_outside(self._stage.scene.outside)
        for fact in self._stage.scene.memory.facts():
            facts.add(fact)
        return facts.number()
