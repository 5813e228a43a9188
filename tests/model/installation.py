"""The pure model: the worker around `plan`, and everybody else, in one world to be searched."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.domain.ownership import SETTLE
from tests.model.attempt import Attempts
from tests.model.oracle import judge_rest
from tests.model.others import Others, grant
from tests.model.outside import beginnings
from tests.model.pure import IDLE, State, key_of
from tests.model.scope import HERS, Scope
from tests.model.search import Left, Step, Violation

_LOOKS = 4  # so many looks, undisturbed, bring everything to rest
_SECOND = timedelta(seconds=1)


class Installation:
    """A world for `search`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._attempts = Attempts(scope)
        self._others = Others(scope)
        self._calm: set[int] = set()

    def beginnings(self) -> Iterator[Step[State]]:
        for step in beginnings(self._scope):
            workers = (IDLE,) * self._scope.workers
            _, looked, _ = self._attempts.reconcile(State(step.state, workers))
            words, state = f"{step.words}; the worker has looked", looked.state
            if self._scope.granted:
                words += f"; {HERS} was granted for {self._scope.granted} min"
                state = grant(state, HERS, self._scope.granted)
            yield Step(words, state)

    def steps(self, state: State) -> Iterator[Step[State]]:
        for number in range(len(state.workers)):
            yield from self._attempts.steps(state, number)
        yield from self._others.steps(state)

    def key(self, state: State) -> tuple[int, Left]:
        return key_of(state), state.outside.left

    def at_rest(self, state: State) -> tuple[tuple[str, ...], Violation] | None:
        """Let nobody disturb the worker any more: it comes to rest, and everything ends.

        A state that led to a good end once does so again, so each is followed once.
        """
        if not state.is_at_rest or state.outside.late is not None:
            return None
        state = state.go_on(state.outside.alone())._replace(backup=None)
        words: list[str] = []
        waits = [timedelta(), SETTLE + _SECOND, None, SETTLE + _SECOND]
        seen: list[int] = []
        for wait in waits:
            if wait is None:
                ends = [row.expires_at for row in state.rows if row.is_live]
                ends += [lease.until for lease in state.outside.known.leases]
                state = _later(state, max([state.now, *(end + _SECOND for end in ends)]))
                words.append("undisturbed: all grants' time is up")
            elif wait:
                state = _later(state, state.now + wait)
                words.append(f"undisturbed: {wait.seconds} s pass")
            key = hash((len(seen), key_of(state)))
            if key in self._calm:
                break
            seen.append(key)
            state, more, violation = self._come_to_rest(state)
            words += more
            if violation is not None:
                return tuple(words), violation
        self._calm.update(seen)
        return None

    def _come_to_rest(self, state: State) -> tuple[State, list[str], Violation | None]:
        words = []
        for _ in range(_LOOKS):
            told, step, wrote = self._attempts.reconcile(state)
            words.append("; ".join(["undisturbed: the worker begins", *told]))
            if step.broken is not None:
                return step.state, words, step.broken
            state = step.state
            if not wrote:
                wrong = judge_rest(
                    state.outside.known, state.outside.entries, state.own_rows, state.now
                )
                return state, words, wrong
        return state, words, Violation("never rests", f"it still writes after {_LOOKS} looks")


def _later(state: State, now: datetime) -> State:
    return state.go_on(state.outside._replace(now=now))
