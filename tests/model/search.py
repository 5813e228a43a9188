"""Breadth-first search over a world's states: each state once, the shortest story first.

A world says where it may begin, what may happen in a state, and when two states are the same. The
search knows nothing else. It ends when no new state is left (`complete`), or at a limit that its
caller set, and then says so.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import ge
from typing import Generic, NamedTuple, Protocol, TypeVar

S = TypeVar("S")
Left = tuple[int, ...]


class Violation(NamedTuple):
    """A promise that did not hold; `kind` is the same for all stories with the same fault."""

    kind: str
    words: str


class Step(NamedTuple, Generic[S]):
    """Something that may happen: in words, where it leads, and what was wrong with it."""

    words: str
    state: S
    broken: Violation | None = None


class World(Protocol[S]):
    """What is searched."""

    def beginnings(self) -> Iterable[Step[S]]:
        """Yield the states in which a story may begin."""
        ...

    def steps(self, state: S) -> Iterable[Step[S]]:
        """Yield all that may happen in a state."""
        ...

    def at_rest(self, state: S) -> tuple[tuple[str, ...], Violation] | None:
        """Return what would be wrong if nothing disturbed us any more, and how one gets there."""
        ...

    def key(self, state: S) -> tuple[int, Left]:
        """Return what tells a state from others, as far as its future goes, and what is left.

        What is left is how often what else may happen: where more of each is left in one of two
        states that are alike otherwise, the other has no future that this one has not.
        """
        ...


@dataclass
class Story:
    """How a promise was broken, step by step."""

    violation: Violation
    steps: tuple[str, ...]

    def __str__(self) -> str:
        numbered = (f"  {number}. {words}" for number, words in enumerate(self.steps, 1))
        return "\n".join([f"{self.violation.kind}: {self.violation.words}", *numbered])


@dataclass
class Result:
    """What a search came to. `depth` is how many steps the longest shortest way to a state has."""

    states: int = 0
    transitions: int = 0
    depth: int = 0
    complete: bool = False
    seconds: float = 0.0
    stories: list[Story] = field(default_factory=list)

    def __str__(self) -> str:
        how = "to the end" if self.complete else "CUT OFF"
        return (
            f"{self.states:,} states, {self.transitions:,} steps, {self.depth} deep, "
            f"{how}, {self.seconds:.1f} s"
        )


def search(
    world: World[S],
    *,
    max_depth: int | None = None,
    seconds: float | None = None,
    stop_at: int = 1,
    visit: Callable[[S], None] = lambda _state: None,
) -> Result:
    """Search a world until no new state is left.

    Args:
        world: what is searched.
        max_depth: no story gets longer than this.
        seconds: stop after that long; for the long search alone, since it cuts stories off.
        stop_at: stop once so many kinds of fault were found; 0 for never.
        visit: told of each state, once.
    """
    return _Search(world, max_depth, seconds, stop_at, visit).run()


class _Search(Generic[S]):
    def __init__(
        self,
        world: World[S],
        max_depth: int | None,
        seconds: float | None,
        stop_at: int,
        visit: Callable[[S], None],
    ) -> None:
        self._visit = visit
        self._world = world
        self._max_depth = max_depth
        self._seconds = seconds
        self._stop_at = stop_at
        self._ways: list[tuple[int, str]] = []  # of each state: the state before, and the step
        self._seen: dict[int, tuple[Left, ...]] = {}
        self._waiting: deque[tuple[int, int, S]] = deque()
        self._kinds: set[str] = set()
        self._result = Result()

    def run(self) -> Result:
        began = time.monotonic()
        for step in self._world.beginnings():
            self._arrive(-1, 0, step)
        self._result.complete = True
        while self._waiting and self._result.complete:
            number, depth, state = self._waiting.popleft()
            if depth == self._max_depth or self._is_enough(began):
                self._result.complete = False
                break
            for step in self._world.steps(state):
                if self._is_late(began):  # a state of the whole model may have a thousand steps
                    self._result.complete = False
                    break
                self._result.transitions += 1
                self._arrive(number, depth + 1, step)
        self._result.states = len(self._ways)
        self._result.seconds = time.monotonic() - began
        return self._result

    def _is_enough(self, began: float) -> bool:
        found_enough = bool(self._stop_at) and len(self._kinds) >= self._stop_at
        return found_enough or self._is_late(began)

    def _is_late(self, began: float) -> bool:
        return self._seconds is not None and time.monotonic() - began > self._seconds

    def _arrive(self, before: int, depth: int, step: Step[S]) -> None:
        if step.broken is not None:
            self._tell(step.broken, (*self._way_to(before), step.words))
            return
        if not self._is_new(*self._world.key(step.state)):
            return
        self._ways.append((before, step.words))
        number = len(self._ways) - 1
        self._result.depth = max(self._result.depth, depth)
        self._visit(step.state)
        found = self._world.at_rest(step.state)
        if found is not None:
            more, violation = found
            self._tell(violation, (*self._way_to(number), *more))
            return
        self._waiting.append((number, depth, step.state))

    def _is_new(self, key: int, left: Left) -> bool:
        known = self._seen.get(key)
        if known is None:
            self._seen[key] = (left,)
            return True
        for other in known:
            if all(map(ge, other, left)):
                return False
        self._seen[key] = (*known, left)
        return True

    def _tell(self, violation: Violation, steps: tuple[str, ...]) -> None:
        if violation.kind not in self._kinds:
            self._kinds.add(violation.kind)
            self._result.stories.append(Story(violation, steps))

    def _way_to(self, number: int) -> Iterator[str]:
        words: list[str] = []
        while number >= 0:
            number, told = self._ways[number]
            words.append(told)
        return reversed(words)
