"""What others may do in the whole model, while the worker rests or at a point of its work."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from bot.access import AccessService
from bot.domain.commands import Adopt, Command, Extend, RequestAccess, Revoke
from bot.domain.lifecycle import Grant
from bot.domain.people import Person, Standing
from bot.domain.refusal import Refused
from bot.domain.sources import parse_source
from bot.slack.messages.refusals import sentence
from tests.model.double import Point
from tests.model.knowledge import Lease
from tests.model.outside import Outside, rivals, time_passes
from tests.model.scene import Scene
from tests.model.scope import HERS
from tests.model.search import Step

RITA = Person("U0RITA", Standing.MEMBER, asked=frozenset())
ALICE = Person("U0ALICE", Standing.MEMBER, asked=frozenset())
_PEOPLE = {None, Point.READ, Point.NOTED}
_RIVALS = {None, Point.READ, Point.WRITTEN, Point.LOOKED}
_CONNECTING = {None, Point.NOTED}  # at the last moment, too
_TIME = {None, Point.BEGUN, Point.READ, Point.WRITTEN}


class Event(NamedTuple):
    """Something that somebody else may do now."""

    words: str
    act: Callable[[], None]


class Events:
    """All who act beside the worker; people do so by the bot's own use cases."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._access = AccessService(scene.memory.database, lambda: scene.policy, scene)

    def at(self, point: Point | None) -> Iterator[Event]:
        """Yield what others may do; *point* is None while the worker rests.

        As in the pure model, only where it matters when: see `tests.model.others`.
        """
        rows = self._scene.memory.grants()
        left = self._scene.outside.left
        if left.people and point in _PEOPLE:
            yield from self._people(rows)
        if point in _RIVALS:
            for step in rivals(self._scene.scope, self._scene.outside):
                yield self._outside_event(step)
        if point in _TIME:
            ends = [row.expires_at for row in rows if row.is_live]
            for step in time_passes(self._scene.outside, ends):
                yield self._outside_event(step)
        if self._scene.scope.has_sessions and point in _CONNECTING:
            yield from self._connecting()
        if left.losses and point is None:
            yield from self._losses(has_rows=bool(rows))

    def _outside_event(self, step: Step[Outside]) -> Event:
        return Event(step.words, lambda: self._go_on(step.state))

    def grant_hers(self, minutes: int) -> str:
        """Have access granted before the story begins; return it in words."""
        command = RequestAccess(
            cluster="orders", source=parse_source(HERS), duration=timedelta(minutes=minutes)
        )
        event = self._wish(f"{HERS} was granted for {minutes} min", command, RITA)
        left = self._scene.outside.left
        event.act()
        self._scene.outside = self._scene.outside._replace(left=left)
        return event.words

    def _people(self, rows: Sequence[Grant]) -> Iterator[Event]:
        may, lent = (
            self._scene.scope.may,
            {row.source.value for row in rows if row.is_live and row.owned is not False},
        )
        for value in self._scene.scope.lent:
            source = parse_source(value)
            if "ask elsewhere" in may and self._scene.memory.elsewhere() == 0:
                command = RequestAccess(
                    cluster="billing", source=source, duration=timedelta(minutes=10)
                )
                words = f"somebody is granted {value} for 10 min, on another cluster"
                yield self._wish(words, command, RITA)
            if value in lent:
                continue
            for minutes in self._scene.scope.minutes if "ask" in may else ():
                command = RequestAccess(
                    cluster="orders", source=source, duration=timedelta(minutes=minutes)
                )
                words = f"somebody is granted {value} for {minutes} min"
                yield self._wish(words, command, RITA)
            if "adopt" in may:
                adopt = Adopt(cluster="orders", source=source, duration=timedelta(minutes=10))
                yield self._wish(f"an expiry is approved for {value}, for 10 min", adopt, ALICE)
        for row in rows:
            if row.is_live and "revoke" in may:
                yield self._wish(f"#{row.id} is revoked", Revoke(grant_id=row.id), ALICE)
            if row.wants_rule(self._scene.now()) and "extend" in may:
                extend = Extend(grant_id=row.id, duration=timedelta(minutes=10))
                who = ALICE if row.adopted else RITA
                yield self._wish(f"#{row.id} is extended by 10 min", extend, who)

    def _wish(self, words: str, command: Command, person: Person) -> Event:
        def act() -> None:
            self._scene.outside = self._scene.outside.spend("people")
            before = {row.id: row for row in self._scene.memory.grants()}
            try:
                origin = (
                    f"interaction {self._scene.memory.audit_length()}"  # each is one of its own
                )
                self._access.carry_out(command, person, origin=origin, others=[RITA, ALICE])
            except Refused as refused:
                self._scene.tell(f"which is refused: {sentence(refused.refusal)}")
            for row in self._scene.memory.grants():
                self._note(before.get(row.id), row)

        return Event(words, act)

    def _note(self, before: Grant | None, after: Grant) -> None:
        known = self._scene.outside.known
        if before is None:
            lease = Lease(
                after.id, after.approved_at, after.source, after.expires_at, adopted=after.adopted
            )
            known = known.lend(lease)
        elif before.is_live and not after.is_live:
            known = known.give_back(before, self._scene.now())
        elif before.expires_at != after.expires_at:
            known = known.extend(before, after.expires_at)
        self._scene.know(known)

    def _connecting(self) -> Iterator[Event]:
        """Yield that somebody connects, where the list lets them in."""
        outside = self._scene.outside
        if outside.connected is None and outside.lets_in(HERS):
            yield Event(
                f"somebody connects from {HERS}", lambda: self._go_on(outside.connect(HERS))
            )

    def _losses(self, *, has_rows: bool) -> Iterator[Event]:
        may = self._scene.scope.may
        if "lose" in may and has_rows:
            yield Event("the database is lost", self._lose)
        if "restore" in may and self._scene.backup is None:
            yield Event("the database is copied", self._copy)
        elif "restore" in may:
            yield Event("the database is that old copy again", self._restore)

    def _lose(self) -> None:
        self._scene.memory.restore(None)
        known = self._scene.outside.known.lose()
        self._scene.outside = self._scene.outside.spend("losses")._replace(known=known)

    def _copy(self) -> None:
        self._scene.outside = self._scene.outside.spend("losses")
        self._scene.backup = self._scene.memory.snapshot()

    def _restore(self) -> None:
        self._scene.memory.restore(self._scene.backup)
        known = self._scene.outside.known.restore()
        self._scene.outside = self._scene.outside.spend("losses")._replace(known=known)

    def _go_on(self, outside: Outside) -> None:
        self._scene.outside = outside
