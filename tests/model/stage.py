"""The whole model's stage: the real reconciler on a real database, and all who act around it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from bot.access import Access
from bot.access.ending import expire
from bot.access.move import Move
from bot.config import parse_policy
from bot.digitalocean import ApiError
from bot.domain.lifecycle import Grant
from bot.domain.people import Person, Standing
from bot.domain.refusal import Refused
from bot.domain.rules import Rule
from bot.domain.sources import parse_source
from bot.domain.wishes import Adopt, AskFor, Extend, Revoke, Wish
from bot.reconcile.reconciler import Reconciler
from bot.store.database import AWAY
from tests.model.attempt import FROZEN
from tests.model.double import Double, Hands, Killed, Lock, Point
from tests.model.faults import Fault
from tests.model.knowledge import Knowledge, Lease
from tests.model.memory import Memory, Snapshot
from tests.model.oracle import doubtful, judge_write
from tests.model.outside import BEGINNING, Outside, rivals, show, time_passes
from tests.model.scope import HERS, Left, Scope
from tests.model.search import Step, Violation
from tests.model.testimony import judge_audit
from tests.model.truth import INSTANCE, Entries, in_doubt, replaced

ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
BILLING = "3b3ac2a3-1c1b-4d3e-9d5a-8c2a5f2e2a11"
RITA = Person("U0RITA", Standing.MEMBER, asked=frozenset())
ALICE = Person("U0ALICE", Standing.MEMBER, asked=frozenset())
POLICY = parse_policy(
    {
        "instance": INSTANCE,
        "operators": "C0OPS",
        "defaults": {
            "channel": "C0APPROVALS",
            "approvers": [ALICE.id],
            "auto_approve": [
                {
                    "requesters": ["*"],
                    "sources": ["198.51.100.0/24", "203.0.113.0/24"],
                    "max_duration": "8h",
                }
            ],
        },
        "clusters": {"orders": {"id": ORDERS}, "billing": {"id": BILLING}},
    }
)


_PEOPLE = {None, Point.READ, Point.NOTED}
_RIVALS = {None, Point.READ, Point.WRITTEN}
_TIME = {None, Point.BEGUN, Point.READ, Point.WRITTEN}


class Broken(BaseException):
    """A promise did not hold: nothing else counts from here on."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation)
        self.violation = violation


class Event(NamedTuple):
    """Something that somebody else may do now."""

    words: str
    act: Callable[[], None]


class Choices:
    """What happens at each point of a look, decided beforehand; nothing, where that ends."""

    def __init__(self, chosen: Sequence[int] = ()) -> None:
        self._chosen = chosen
        self.options: list[int] = []
        self.made = 0  # how much has happened

    def choose(self, options: int) -> int:
        """Return which of so many happens; 0 for none."""
        number = len(self.options)
        self.options.append(options)
        chosen = self._chosen[number] if number < len(self._chosen) else 0
        self.made += chosen > 0
        return chosen


class Stage:
    """One process, or two, around one cluster; it is set up anew for each step."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.memory = Memory()
        self.outside = Outside(BEGINNING, (), Knowledge(), Left())
        self.backup: Snapshot | None = None
        self.words: list[str] = []
        self._choices = Choices()
        self._access = Access(self.memory.database, lambda: POLICY, self)
        self._doubles = [Double(self), Double(self)]
        self._reconcilers = [
            Reconciler(
                self.memory.database,
                double,
                lambda: POLICY,
                self,
                locks=Lock(double),
            )
            for double in self._doubles
        ]
        self._reconcilers[0].watch_all()
        self.memory.begin_from_here()

    # The clock

    def now(self) -> datetime:
        return self.outside.now

    def seconds_until(self, at: datetime) -> float:
        return (at - self.now()).total_seconds()

    def in_seconds(self, seconds: float) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    def elapsed(self) -> float:
        return (self.now() - BEGINNING).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let time pass while a worker waits for its write to be seen."""
        now = self.now() + timedelta(seconds=seconds)
        self.outside = self.outside._replace(now=now, earlier=None)

    # A look

    def look(self, choices: Choices) -> bool:
        """Let the worker look once, with what is decided to happen meanwhile; return if it wrote.

        Raises:
            Broken: a promise did not hold.
        """
        self._choices = choices
        hands = Hands("worker A" if self._scope.workers > 1 else "the worker")
        self._look(0, hands)
        return bool(hands.puts)

    def _look(self, number: int, hands: Hands) -> None:
        self._doubles[number].hands = hands
        told = self.memory.audit_length()
        self._tell(f"{hands.name} begins to look")
        with self.memory.database.transaction() as session:
            expire(Move(session, POLICY, self.now()))
        try:
            is_recorded = self._reconcilers[number].reconcile_or_raise(ORDERS)
        except ApiError as error:
            self._tell(f"{hands.name} has failed: {error}")
            is_recorded = False
        except Killed:
            self._tell(f"{hands.name} dies")
            is_recorded = False
        except AWAY:
            self._tell(f"{hands.name} finds its lock lost")
            is_recorded = False
        if is_recorded:
            self._tell(f"{hands.name} has recorded")
            unclear = doubtful(self.outside.known, hands.read)
            self.outside, read = self.outside.doubt(unclear), in_doubt(hands.read, unclear)
            rows = self.memory.grants()
            known = self.outside.known.record(read, hands.told_by, rows, self.now())
            self.outside = self.outside._replace(known=known)
        rows = self.memory.audit_rows(told)
        own = [row for row in rows if row["id"] not in hands.told_by_another]
        wrong = judge_audit(own, hands.puts)
        if wrong is not None:
            raise Broken(wrong)

    # What a worker's double asks

    def happens(self, point: Point, faults: Sequence[Fault], hands: Hands) -> Fault | None:
        if hands.name.endswith("B"):
            return None
        while self._choices.made < self._scope.per_look:
            events = list(self.events(point, hands))
            may_fail = [fault for fault in faults if self._may_fail(fault)]
            number = self._choices.choose(1 + len(events) + len(may_fail))
            if number == 0:
                return None
            if number > len(events):
                self.outside = self.outside.spend("faults")
                fault = may_fail[number - len(events) - 1]
                self._tell(f"{hands.name}: {fault}")
                return fault
            event = events[number - 1]
            self._tell(f"when {point}: {event.words}")
            event.act()
        return None

    def _may_fail(self, fault: Fault) -> bool:
        if not self.outside.left.faults or fault not in self._scope.faults:
            return False
        if fault is Fault.BEHIND:
            return self.outside.earlier is not None
        return fault is not Fault.LOST_LATE or self.outside.late is None

    def entries(self, hands: Hands, *, behind: bool) -> Entries:
        entries = self.outside.earlier if behind else self.outside.entries
        assert entries is not None
        if hands.just_done:
            before = {entry.rule.uuid for entry in hands.read}
            unclear = replaced(entries, hands.just_done, before)
            self.outside, entries = self.outside.doubt(unclear), in_doubt(entries, unclear)
        self._tell(f"{hands.name} reads {show(entries)}")
        hands.read_at = self.now()
        if not hands.puts:
            hands.before = frozenset(entry.rule.uuid for entry in entries)
        self.outside = self.outside.see(entries)
        return entries

    def judge(self, rules: Sequence[Rule], hands: Hands) -> None:
        known = self.outside.known
        shown = ", ".join(f"{rule.value} ({rule.description or 'bare'})" for rule in rules)
        self._tell(f"{hands.name} writes [{shown}]")
        wrong = judge_write(known, hands.read, rules, self.memory.grants(), self.now())
        if wrong is not None:
            raise Broken(wrong)

    def put(self, rules: Sequence[Rule], hands: Hands, fault: Fault | None) -> None:
        added = frozenset(rule.source for rule in rules if rule.uuid is None)
        hands.puts.append((added, fault))
        hands.just_done = rules if fault is None else ()
        known = self.outside.known.send(added, hands.read, hands.read_at)
        self.outside = self.outside._replace(known=known)
        if fault is Fault.LOST_LATE:
            self.outside = self.outside.put_by_us_later(rules, hands.read)
        elif fault is not Fault.LOST_UNDONE:
            self.outside = self.outside.put_by_us(self._scope, rules, hands.read)

    # Others

    def events(self, point: Point | None, hands: Hands | None = None) -> Iterator[Event]:
        """Yield what others may do while the worker rests, or at a point of its work.

        As in the pure model, only where it matters when: see `tests.model.others`.
        """
        rows = self.memory.grants()
        if self.outside.left.people and point in _PEOPLE:
            yield from self._people(rows)
        if point in _RIVALS:
            for step in rivals(self._scope, self.outside):
                yield self._outside_event(step)
        if point in _TIME:
            ends = [row.expires_at for row in rows if row.is_live]
            for step in time_passes(self.outside, ends):
                yield self._outside_event(step)
        if self.outside.left.losses:
            yield from self._losses(hands, has_rows=bool(rows))
        if self.outside.left.freezes and hands is not None and not hands.is_ousted:
            words = "it stands still for 61 s; its lock is lost, and worker B looks"
            yield Event(words, self._oust)

    def _outside_event(self, step: Step[Outside]) -> Event:
        return Event(step.words, lambda: self._go_on(step.state))

    def grant_hers(self, minutes: int) -> str:
        """Have access granted before the story begins; return it in words."""
        wish = AskFor(
            cluster="orders", source=parse_source(HERS), duration=timedelta(minutes=minutes)
        )
        event = self._wish(f"{HERS} was granted for {minutes} min", wish, RITA)
        left = self.outside.left
        event.act()
        self.outside = self.outside._replace(left=left)
        return event.words

    def _people(self, rows: Sequence[Grant]) -> Iterator[Event]:
        may, lent = (
            self._scope.may,
            {row.source.value for row in rows if row.is_live and row.owned is not False},
        )
        for value in self._scope.lent:
            source = parse_source(value)
            if "ask elsewhere" in may and self.memory.elsewhere() == 0:
                wish = AskFor(cluster="billing", source=source, duration=timedelta(minutes=10))
                words = f"somebody is granted {value} for 10 min, on another cluster"
                yield self._wish(words, wish, RITA)
            if value in lent:
                continue
            for minutes in self._scope.minutes if "ask" in may else ():
                wish = AskFor(cluster="orders", source=source, duration=timedelta(minutes=minutes))
                words = f"somebody is granted {value} for {minutes} min"
                yield self._wish(words, wish, RITA)
            if "adopt" in may:
                adopt = Adopt(cluster="orders", source=source, duration=timedelta(minutes=10))
                yield self._wish(f"an expiry is approved for {value}, for 10 min", adopt, ALICE)
        for row in rows:
            if row.is_live and "revoke" in may:
                yield self._wish(f"#{row.id} is revoked", Revoke(grant_id=row.id), ALICE)
            if row.wants_rule(self.now()) and "extend" in may:
                extend = Extend(grant_id=row.id, duration=timedelta(minutes=10))
                who = ALICE if row.adopted else RITA
                yield self._wish(f"#{row.id} is extended by 10 min", extend, who)

    def _wish(self, words: str, wish: Wish, person: Person) -> Event:
        def act() -> None:
            self.outside = self.outside.spend("people")
            before = {row.id: row for row in self.memory.grants()}
            try:
                origin = f"interaction {self.memory.audit_length()}"  # each is one of its own
                self._access.carry_out(wish, person, origin=origin, others=[RITA, ALICE])
            except Refused as refused:
                self._tell(f"which is refused: {refused.sentence}")
            for row in self.memory.grants():
                self._note(before.get(row.id), row)

        return Event(words, act)

    def _note(self, before: Grant | None, after: Grant) -> None:
        known = self.outside.known
        if before is None:
            lease = Lease(
                after.id, after.approved_at, after.source, after.expires_at, adopted=after.adopted
            )
            known = known.lend(lease)
        elif before.is_live and not after.is_live:
            known = known.give_back(before, self.now())
        elif before.expires_at != after.expires_at:
            known = known.extend(before, after.expires_at)
        self.outside = self.outside._replace(known=known)

    def _losses(self, hands: Hands | None, *, has_rows: bool) -> Iterator[Event]:
        may = self._scope.may
        if hands is not None:
            if "crash" in may:
                yield Event("the process dies", lambda: self._kill(hands))
            return
        if "lose" in may and has_rows:
            yield Event("the database is lost", self._lose)
        if "restore" in may and self.backup is None:
            yield Event("the database is copied", self._copy)
        elif "restore" in may:
            yield Event("the database is that old copy again", self._restore)

    def _kill(self, hands: Hands) -> None:
        """Die; whether what was about to be written was sent, nobody knows then."""
        known = self.outside.known.send(hands.about_to_add, hands.read, hands.read_at)
        self.outside = self.outside.spend("losses")._replace(known=known)
        raise Killed

    def _lose(self) -> None:
        self.memory.restore(None)
        known = self.outside.known.lose()
        self.outside = self.outside.spend("losses")._replace(known=known)

    def _copy(self) -> None:
        self.outside = self.outside.spend("losses")
        self.backup = self.memory.snapshot()

    def _restore(self) -> None:
        self.memory.restore(self.backup)
        known = self.outside.known.restore()
        self.outside = self.outside.spend("losses")._replace(known=known)

    def _oust(self) -> None:
        self.outside = self.outside.spend("freezes")
        self.outside = self.outside._replace(now=self.outside.now + FROZEN)
        self._doubles[0].hands.is_ousted = True
        hands = self._doubles[0].hands
        known = self.outside.known.send(hands.about_to_add, hands.read, hands.read_at)
        self.outside = self.outside._replace(known=known)
        told = self.memory.audit_length() + 1
        self._look(1, Hands("worker B"))
        self._doubles[0].hands.told_by_another = range(told, self.memory.audit_length() + 1)
        self._tell("worker A goes on")

    def _go_on(self, outside: Outside) -> None:
        self.outside = outside

    def _tell(self, words: str) -> None:
        self.words.append(words)


@contextmanager
def silence() -> Iterator[None]:
    """Log nothing: the search repeats the same few lines a million times."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
