"""The whole model's stage: the real reconciler on a real database, and who acts around it when."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from bot.access.expiry import expire
from bot.access.unit_of_work import UnitOfWork
from bot.domain.rules import Rule
from bot.domain.sessions import DatabaseSession
from bot.providers.base import ApiError
from bot.reconcile.reconciler import Reconciler
from bot.store.failures import DATABASE_UNAVAILABLE
from tests.model.attempt import FROZEN
from tests.model.double import Double, Hands, Killed, Lock, Point
from tests.model.events import Event, Events
from tests.model.faults import Fault
from tests.model.oracle import doubtful, judge_write
from tests.model.outside import show
from tests.model.scene import ORDERS, Scene
from tests.model.scope import Scope
from tests.model.search import Violation
from tests.model.session_worker import SessionWorker
from tests.model.testimony import judge_audit
from tests.model.truth import Entries, in_doubt, replaced


class Broken(BaseException):
    """A promise did not hold: nothing else counts from here on."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation)
        self.violation = violation


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
    """One process, or two, around one cluster."""

    def __init__(self, scope: Scope) -> None:
        self.scene = Scene(scope)
        self.events = Events(self.scene)
        self._choices = Choices()
        self._doubles = [Double(self), Double(self)]
        self._reconcilers = [
            Reconciler(
                self.scene.memory.database,
                double,
                lambda: self.scene.policy,
                self.scene,
                locks=Lock(double),
            )
            for double in self._doubles
        ]
        self._sessions = SessionWorker(self)
        self._reconcilers[0].watch_all()
        self.scene.memory.begin_from_here()

    # A look

    def look(self, choices: Choices) -> bool:
        """Let the worker look once, with what is decided to happen meanwhile; return if it wrote.

        Raises:
            Broken: a promise did not hold.
        """
        self._choices = choices
        hands = Hands("worker A" if self.scene.scope.workers > 1 else "the worker")
        self._look(0, hands)
        return bool(hands.puts)

    def _look(self, number: int, hands: Hands) -> None:
        self._doubles[number].hands = hands
        told = self.scene.memory.audit_length()
        self.scene.tell(f"{hands.name} begins to look")
        with self.scene.memory.database.transaction() as session:
            expire(UnitOfWork(session, self.scene.policy, self.scene.now()))
        if self._reconcile(number, hands.name):
            self.scene.tell(f"{hands.name} has recorded")
            unclear = doubtful(self.scene.outside.known, hands.read)
            self.scene.outside, read = (
                self.scene.outside.doubt(unclear),
                in_doubt(hands.read, unclear),
            )
            rows = self.scene.memory.grants()
            known = self.scene.outside.known.record(read, hands.told_by, rows, self.scene.now())
            self.scene.know(known)
        audited = self.scene.memory.audit_rows(told)
        own = [row for row in audited if row["id"] not in hands.told_by_another]
        wrong = judge_audit(own, hands.puts)
        if wrong is not None:
            raise Broken(wrong)
        if self.scene.scope.has_sessions:
            self._end_sessions(number)

    def _end_sessions(self, number: int) -> None:
        try:
            self._sessions.run(Hands(self._doubles[number].hands.name))
        except Killed:
            self.scene.tell("the worker dies")

    def _reconcile(self, number: int, name: str) -> bool:
        try:
            return self._reconcilers[number].reconcile_or_raise(ORDERS)
        except ApiError as error:
            self.scene.tell(f"{name} has failed: {error}")
        except Killed:
            self.scene.tell(f"{name} dies")
        except DATABASE_UNAVAILABLE:
            self.scene.tell(f"{name} finds its lock lost")
        return False

    # What a worker's double asks

    def happens(self, point: Point, faults: Sequence[Fault], hands: Hands) -> Fault | None:
        if hands.name.endswith("B"):
            return None
        while self._choices.made < self.scene.scope.per_look:
            events = list(self._events_at(point, hands))
            may_fail = [fault for fault in faults if self._may_fail(fault)]
            number = self._choices.choose(1 + len(events) + len(may_fail))
            if number == 0:
                return None
            if number > len(events):
                self.scene.outside = self.scene.outside.spend("faults")
                fault = may_fail[number - len(events) - 1]
                self.scene.tell(f"{hands.name}: {fault}")
                return fault
            event = events[number - 1]
            self.scene.tell(f"when {point}: {event.words}")
            event.act()
        return None

    def _may_fail(self, fault: Fault) -> bool:
        if not self.scene.outside.left.faults or fault not in self.scene.scope.faults:
            return False
        if fault is Fault.BEHIND:
            return self.scene.outside.earlier is not None
        return fault is not Fault.LOST_LATE or self.scene.outside.late is None

    def entries(self, hands: Hands, *, behind: bool) -> Entries:
        entries = self.scene.outside.earlier if behind else self.scene.outside.entries
        assert entries is not None
        if hands.just_done:
            before = {entry.rule.uuid for entry in hands.read}
            unclear = replaced(entries, hands.just_done, before)
            self.scene.outside, entries = (
                self.scene.outside.doubt(unclear),
                in_doubt(entries, unclear),
            )
        self.scene.tell(f"{hands.name} reads {show(entries)}")
        hands.read_at = self.scene.now()
        if not hands.puts:
            hands.before = frozenset(entry.rule.uuid for entry in entries)
        self.scene.outside = self.scene.outside.see(entries)
        return entries

    def judge(self, rules: Sequence[Rule], hands: Hands) -> None:
        known = self.scene.outside.known
        shown = ", ".join(f"{rule.value} ({rule.description or 'bare'})" for rule in rules)
        self.scene.tell(f"{hands.name} writes [{shown}]")
        wrong = judge_write(known, hands.read, rules, self.scene.memory.grants(), self.scene.now())
        if wrong is not None:
            raise Broken(wrong)

    def judge_cut(self, session: DatabaseSession, rules: Sequence[Rule]) -> None:
        if session.address in {rule.value for rule in rules}:
            words = f"the session from {session.address} is ended, though a rule lets it in"
            raise Broken(Violation("P9 cut off", words))

    def put(self, rules: Sequence[Rule], hands: Hands, fault: Fault | None) -> None:
        added = frozenset(rule.source for rule in rules if rule.uuid is None)
        hands.puts.append((added, fault))
        hands.just_done = rules if fault is None else ()
        known = self.scene.outside.known.send(added, hands.read, hands.read_at)
        self.scene.know(known)
        if fault is Fault.LOST_LATE:
            self.scene.outside = self.scene.outside.put_by_us_later(rules, hands.read)
        elif fault is not Fault.LOST_UNDONE:
            self.scene.outside = self.scene.outside.put_by_us(self.scene.scope, rules, hands.read)

    # What else may happen during a look

    def _events_at(self, point: Point, hands: Hands) -> Iterator[Event]:
        yield from self.events.at(point)
        left = self.scene.outside.left
        if left.losses and "crash" in self.scene.scope.may:
            yield Event("the process dies", lambda: self._kill(hands))
        if left.freezes and not hands.is_ousted:
            words = "it stands still for 61 s; its lock is lost, and worker B looks"
            yield Event(words, lambda: self._oust(hands))

    def _kill(self, hands: Hands) -> None:
        self._cut_off(hands)
        self.scene.outside = self.scene.outside.spend("losses")
        raise Killed

    def _oust(self, hands: Hands) -> None:
        self._cut_off(hands)
        later = self.scene.outside.spend("freezes")
        self.scene.outside = later._replace(now=later.now + FROZEN)
        hands.is_ousted = True
        told = self.scene.memory.audit_length() + 1
        self._look(1, Hands("worker B"))
        hands.told_by_another = range(told, self.scene.memory.audit_length() + 1)
        self.scene.tell(f"{hands.name} goes on")

    def _cut_off(self, hands: Hands) -> None:
        """Note that nobody else can know whether what was about to be written was sent."""
        known = self.scene.outside.known
        self.scene.know(known.send(hands.about_to_add, hands.read, hands.read_at))


@contextmanager
def silence() -> Iterator[None]:
    """Log nothing: the search repeats the same few lines a million times."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
