"""The real access, reconciler and store around one cluster of the sandbox, as hypothesis tells it.

People ask and decide, others write the same list, calls fail, processes die, the database is lost.
P1 and P2 are checked at every write, the other promises whenever the weather was calm for a while.
Whose a rule is, no API tells: the story keeps the truth by the uuids, and marks as `unsure` what
nobody could tell, such as a rule of ours that a stale list brought back without its label.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Protocol, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import select

from bot.access import AccessService
from bot.config import parse_policy
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.commands import Cancel, Command, Container, Decide, Extend, RequestAccess, Revoke
from bot.domain.labels import label, read_label
from bot.domain.lifecycle import EndReason, Grant, GrantState, Request, RequestState, Verdict
from bot.domain.marks import request_mark
from bot.domain.notices import Asked, Notice
from bot.domain.people import Person, Standing
from bot.domain.refusal import Refused
from bot.domain.sources import GUARD, parse_source
from bot.providers.base import ApiCall
from bot.providers.call_budget import CallBudget
from bot.providers.digitalocean import DigitalOcean
from bot.reconcile.reconciler import Reconciler
from bot.store import audit, grants, requests
from bot.store.database import Database
from bot.store.tables import JobRow
from bot.stream.delivery import Stream
from bot.worker import Worker
from dbaccess_playground.calls import Call as HttpCall
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault
from tests.storage import migrated
from tests.timetable import Timetable, inline

T = TypeVar("T")
Rules = Sequence[dict[str, str]]


class Draw(Protocol):
    """Lets hypothesis choose."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
RITA, OSCAR, ALICE, BOB = (
    Person(id_, Standing.MEMBER, asked=frozenset())
    for id_ in ("U0RITA", "U0OSCAR", "U0ALICE", "U0BOB")
)
MEMBERS = [RITA, OSCAR, ALICE, BOB]
APPROVERS = {ALICE.id, BOB.id}
NO_MEMBERS = [
    Person(ALICE.id, Standing.NOBODY, asked=frozenset()),
    Person(ALICE.id, Standing.GUEST, asked=frozenset()),
    Person(BOB.id, Standing.OUTSIDER, asked=frozenset()),
    Person(BOB.id, Standing.DEACTIVATED, asked=frozenset()),
]
LENT = ["203.0.113.1", "203.0.113.2", "203.0.113.3"]
THEIRS = ["198.51.100.7", "198.51.100.8"]
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
OTHERS_LABEL = str(label("staging", 1, NEW_YEAR))

LOAN = st.sampled_from(LENT)
ANYWHERE = st.sampled_from(LENT + THEIRS)
SOMEBODY = st.sampled_from(MEMBERS + NO_MEMBERS)
MEMBER = st.sampled_from(MEMBERS)
DURATION = st.sampled_from([MINUTE, 10 * MINUTE, HOUR])
STEP = st.sampled_from([SECOND, 20 * SECOND, MINUTE, 6 * MINUTE, HOUR, 5 * HOUR])
NOTE = st.sampled_from([None, "home", OTHERS_LABEL])


class Weather(Enum):
    """What goes wrong while the worker looks."""

    FINE = ()
    UNREADABLE = (Fault.status(500, method="GET", times=3),)
    UNWRITABLE = (Fault.status(503, method="PUT", times=5),)
    ONE_WRITE_FAILS = (Fault.status(500, method="PUT"),)
    REJECTED = (Fault.status(422, method="PUT"),)
    NOT_AUTHORISED = (Fault.status(401),)
    NO_SUCH_CLUSTER = (Fault.status(404),)
    LIMITED_READ = (Fault.status(429, retry_after=7, method="GET"),)
    LIMITED_WRITE = (Fault.status(429, retry_after=7, method="PUT"),)
    LOST_ANSWER = (Fault.lost_answer(method="PUT"),)
    HALF_BODY = (Fault.half_body(method="GET"), Fault.half_body(method="PUT"))
    CUT_OFF_AFTER_A_WRITE = (
        Fault.lost_answer(method="PUT"),
        Fault.reset(method="GET", times=3),
    )


WEATHER = st.just(Weather.FINE) | st.sampled_from(Weather)


class Killed(BaseException):
    """The process dies here and now."""


class Clocks:
    """The true time, and the bot's idea of it, which may lag by a second or two."""

    def __init__(self) -> None:
        self.true = NEW_YEAR
        self.lag = timedelta()

    def now(self) -> datetime:
        return self.true - self.lag

    def seconds_until(self, at: datetime) -> float:
        return (at - self.now()).total_seconds()

    def in_seconds(self, seconds: float) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.true += timedelta(seconds=seconds)

    def elapsed(self) -> float:
        return (self.true - NEW_YEAR).total_seconds()


class Truth:
    """Whose each rule is, by what the sandbox was told and by whom; P1 and P2 at each write.

    It hears of the bot's writes in a thread of the sandbox, where nothing can be asserted: what is
    wrong with them is collected in `broken`.
    """

    def __init__(self, rules: Rules, wanted: Callable[[], set[str]]) -> None:
        self.rules = list(rules)
        self.ours: set[str] = set()
        self.unsure: set[str] = set()
        self.taken_away: set[str] = set()
        self.broken: list[str] = []
        self._wanted = wanted

    def surely_foreign(self, one: dict[str, str]) -> bool:
        return one["uuid"] not in self.ours | self.unsure

    def surely_ours(self, one: dict[str, str]) -> bool:
        return one["uuid"] in self.ours - self.unsure

    def hear(self, event: HttpCall | Change) -> None:
        if not isinstance(event, Change):
            return
        before, after = self.rules, list(event.rules)
        new = {one["uuid"] for one in after} - {one["uuid"] for one in before}
        gone = {one["value"] for one in before} - {one["value"] for one in after}
        if event.by == "api":
            self._judge(before, after, gone)
            self.ours |= new
        else:
            self.taken_away |= gone
            bare = {one["uuid"] for one in after if not one.get("description")}
            for_loan = {one["uuid"] for one in after if one["value"] in LENT}
            self.unsure |= {
                uuid for uuid in bare & for_loan if uuid not in self.ours or uuid in new
            }
        self.rules = after

    def _judge(self, before: Rules, after: Rules, gone: set[str]) -> None:
        if not before:
            self.broken.append("P2: a first rule was added to a cluster that is open to all")
        if not after:
            self.broken.append("P2: an empty list was written")
        for one in filter(self.surely_foreign, before):
            if one not in after:
                self.broken.append(f"P1: {one} was lost or changed")
        for value in gone & self._wanted():
            self.broken.append(f"P3: {value} went although a grant needs it")

    def forget(self) -> None:
        """The database is lost: without its label, nobody knows a rule of ours any more."""
        self.unsure |= {
            one["uuid"] for one in self.rules if read_label(one.get("description")) is None
        }


class ReconcilerStory(RuleBasedStateMachine):
    """Requests, decisions, strangers, failures and time, around one cluster."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clocks = Clocks()
        self.cloud = SandboxDigitalOcean(clock=lambda: self.clocks.true)
        self.cloud.start()
        self.origins = 0
        self.last_wish: tuple[Command, Person, str] | None = None
        self.copy: list[dict[str, str]] = []
        self.lent_until: dict[str, datetime] = {}
        self.approved_by: dict[int, set[str]] = {}
        self.killed_after: str | None = None
        self.database: Database | None = None

    @initialize(
        approvals=st.sampled_from([1, 2]),
        removal=st.sampled_from(["end", "restore"]),
        note=st.sampled_from(["home", OTHERS_LABEL]),
    )
    def begin(self, approvals: int, removal: str, note: str) -> None:
        self.approvals = approvals
        cluster = {"id": ORDERS, "approvals": approvals, "on_outside_removal": removal}
        written = {"channel": "C0APPROVALS", "approvers": sorted(APPROVERS)}
        self.policy = parse_policy(
            {
                "instance": "test",
                "operators": "C0OPS",
                "defaults": written,
                "clusters": {"orders": cluster},
            }
        )
        rules = [
            {"type": "ip_addr", "value": THEIRS[0], "description": "office"},
            {"type": "ip_addr", "value": LENT[0], "description": note},
            {"type": "tag", "value": "backend"},
        ]
        self.cloud.add_cluster("orders", cluster_id=ORDERS, rules=rules)
        self.truth = Truth(self.cloud.rules(ORDERS), self.wanted)
        self.cloud.subscribe(self.truth.hear)
        self.clocks.true += HOUR
        self.start()

    def teardown(self) -> None:
        try:
            if self.database is not None:
                self.let_everything_end()
        finally:
            self.stop()
            self.cloud.stop()
            self.folder.cleanup()

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One rule, not one for each happening: hypothesis would leave most out of each story."""
        happening = data.draw(st.sampled_from(HAPPENINGS), label="what happens")
        happening(self, data.draw)

    # People

    def somebody_is_lent_access(self, draw: Draw) -> None:
        """Ask, be heard, and let the worker look: what the other happenings do too, but seldom."""
        asked = self.ask_for(draw(LOAN), draw(DURATION), draw(st.sampled_from([RITA, OSCAR])))
        if asked is not None:
            for approver in (ALICE, BOB)[: self.approvals]:
                self.decide_on(asked, approver, Verdict.APPROVE)
            assert self.request(asked).state is RequestState.APPROVED
        self.look(draw(WEATHER))

    def somebody_asks(self, draw: Draw) -> None:
        self.ask_for(draw(LOAN), draw(DURATION), draw(MEMBER))

    def somebody_decides(self, draw: Draw) -> None:
        if pending := self.pending():
            verdict = draw(st.sampled_from(Verdict))
            self.decide_on(draw(st.sampled_from(pending)).id, draw(SOMEBODY), verdict)

    def somebody_cancels(self, draw: Draw) -> None:
        if pending := self.pending():
            self.carry_out(Cancel(request_id=draw(st.sampled_from(pending)).id), draw(MEMBER))

    def somebody_hands_back(self, draw: Draw) -> None:
        if live := self.live():
            self.carry_out(Revoke(grant_id=draw(st.sampled_from(live)).id), draw(MEMBER))

    def somebody_wants_it_longer(self, draw: Draw) -> None:
        if live := self.live():
            command = Extend(grant_id=draw(st.sampled_from(live)).id, duration=draw(DURATION))
            answer = self.carry_out(command, draw(MEMBER))
            for approver in (ALICE, BOB):
                if isinstance(answer, Asked) and draw(st.booleans()):
                    self.decide_on(answer.request.id, approver, Verdict.APPROVE)

    def the_last_interaction_is_repeated(self, _draw: Draw) -> None:
        """P6: the same interaction, delivered once more, changes nothing."""
        if self.last_wish is None:
            return
        command, person, origin = self.last_wish
        before = self.states()
        with suppress(Refused):
            self.access.carry_out(command, person, origin=origin, others=MEMBERS)
        assert self.states() == before

    # Others who write the same list

    def somebody_adds(self, draw: Draw) -> None:
        value = draw(ANYWHERE)
        if f"ip_addr:{value}" not in self.cloud.sources(ORDERS):
            self.cloud.add_rule(ORDERS, "ip_addr", value, draw(NOTE))

    def somebody_removes(self, draw: Draw) -> None:
        if self.truth.rules:
            one = draw(st.sampled_from(self.truth.rules))
            self.cloud.remove_rule(ORDERS, one["type"], one["value"])

    def doctl_appends_or_removes(self, draw: Draw) -> None:
        value = draw(ANYWHERE)
        if f"ip_addr:{value}" in self.cloud.sources(ORDERS):
            self.cloud.doctl_remove(ORDERS, "ip_addr", value)
        else:
            self.cloud.doctl_append(ORDERS, "ip_addr", value)

    def terraform_applies(self, draw: Draw) -> None:
        values = draw(st.sets(st.sampled_from(THEIRS)))
        self.cloud.terraform_apply(ORDERS, [("ip_addr", value) for value in sorted(values)])

    def a_rival_reads_now_or_writes_what_it_read(self, _draw: Draw) -> None:
        if self.copy:
            self.cloud.replace_rules(ORDERS, self.copy, by="doctl")
            self.copy = []
        else:
            names = ("uuid", "type", "value")
            self.copy = [{name: one[name] for name in names} for one in self.truth.rules]

    # Time, weather and bad luck

    def time_passes(self, draw: Draw) -> None:
        self.clocks.true += draw(STEP)
        self.look(draw(WEATHER))

    def the_clock_is_corrected(self, draw: Draw) -> None:
        self.clocks.lag = draw(st.sampled_from([timedelta(), SECOND, 2 * SECOND]))
        self.look(Weather.FINE)

    def the_process_is_stopped_or_killed(self, draw: Draw) -> None:
        self.killed_after = draw(st.sampled_from([None, "read_rules", "write_rules"]))
        if self.killed_after is not None:
            with suppress(Killed):
                self.timetable.settle()
        self.killed_after = None
        self.stop()
        self.start()

    def the_database_is_lost(self, _draw: Draw) -> None:
        self.stop()
        for file in Path(self.folder.name).glob("dbaccess.db*"):
            file.unlink()
        self.truth.forget()
        self.approved_by.clear()
        self.last_wish = None
        self.start()

    def all_is_calm_for_a_while(self, _draw: Draw) -> None:
        self.let_all_become_calm()
        self.check_what_is_trusted()
        self.check_what_was_told()

    # The promises

    @invariant()
    def every_write_was_right(self) -> None:
        assert self.database is None or self.truth.broken == []

    def check_what_is_trusted(self) -> None:
        now = self.clocks.now()
        wanted = self.wanted()
        for one in filter(self.truth.surely_ours, self.truth.rules):
            if one["value"] == GUARD.value:
                continue
            assert one["value"] in wanted, f"P3: {one} is trusted for nobody"
            assert now < self.lent_until[one["value"]], f"P4: {one} outlives its approval"
        for grant in self.grants():
            assert grant.state in (GrantState.ACTIVE, GrantState.ENDED), f"{grant} hangs"
            if grant.state is GrantState.ACTIVE:
                assert grant.source.value in {one["value"] for one in self.truth.rules}
            if grant.end_reason is EndReason.REMOVED_OUTSIDE:
                assert grant.source.value in self.truth.taken_away

    def check_what_was_told(self) -> None:
        """P6: of each change of state one audit row, and a message to each who must hear of it."""
        with self.the_database.reading() as session:
            done = Counter((row.action, row.request_id) for row in audit.rows(session))
            told = Counter(
                (notice["kind"], notice["grant"]["id"])
                for row in session.exec(select(JobRow))
                if "grant" in (notice := row.payload.get("notice", {}))
            )
        for grant in self.grants():
            hearers = 1 if grant.requester == Actor.UNKNOWN else 2
            recovered = done[Action.RECOVERED, grant.id]
            applied = done[Action.APPLIED, grant.id]
            ended = int(grant.state is GrantState.ENDED)
            assert recovered == int(grant.requester == Actor.UNKNOWN)
            assert done[Action.GRANTED, grant.id] + recovered == 1
            assert applied + recovered <= 1
            assert applied + recovered == 1 or ended
            assert done[Action.ENDED, grant.id] == ended
            assert told["grant_started", grant.id] == applied * hearers
            assert told["grant_ended", grant.id] == ended * hearers

    def let_everything_end(self) -> None:
        """P3: in the end nothing of ours is left, but for a guard.

        A guard that another tool took the label off is nobody's since then, and stays (P1).
        """
        self.clocks.lag = timedelta()
        for wait in (timedelta(), 24 * HOUR):
            self.clocks.true += wait
            self.let_all_become_calm()
            self.check_what_is_trusted()
            self.check_what_was_told()
        assert self.live() == []
        assert self.pending() == []
        left = [one for one in self.truth.rules if self.truth.surely_ours(one)]
        assert [one["value"] for one in left] in ([], [GUARD.value])

    # The installation

    @property
    def the_database(self) -> Database:
        assert self.database is not None
        return self.database

    def start(self) -> None:
        self.database = migrated(Path(self.folder.name))
        self.digitalocean = DigitalOcean(
            self.cloud.token,
            endpoint=self.cloud.url,
            sleep=lambda _: None,
            monotonic=self.clocks.elapsed,
            on_call=self.note_call,
        )
        reconciler = Reconciler(self.database, self.digitalocean, lambda: self.policy, self.clocks)
        self.access = AccessService(self.database, lambda: self.policy, self.clocks)
        self.worker = Worker(
            self.database,
            self.access,
            reconciler,
            {},
            Stream(self.database, lambda: self.policy, self.clocks, ()),
            self.clocks,
            tick=self.policy.scheduler.tick,
            budget=CallBudget(self.clocks, lambda: (250, 5_000)),
            executors=inline,
        )
        self.worker.take_over()
        self.timetable = Timetable(self.worker, self.clocks)
        self.timetable.settle()

    def stop(self) -> None:
        if self.database is not None:
            self.worker.stop()
            self.digitalocean.close()
            self.database.close()

    def look(self, weather: Weather) -> None:
        for fault in weather.value:
            self.cloud.faults.add(fault)
        self.timetable.settle()
        self.cloud.faults.clear()

    def let_all_become_calm(self) -> None:
        for step in (45 * SECOND, 45 * SECOND, self.policy.scheduler.drift):
            self.clocks.true += step
            self.look(Weather.FINE)

    def note_call(self, call: ApiCall) -> None:
        if call.operation == self.killed_after:
            raise Killed

    def carry_out(self, command: Command, person: Person) -> Notice | None:
        """Do what somebody wants; None where it was refused, and then nothing has changed."""
        self.origins += 1
        origin = f"press:{self.origins}"
        before = self.states()
        try:
            answer = self.access.carry_out(command, person, origin=origin, others=MEMBERS)
        except Refused:
            assert self.states() == before
            return None
        self.last_wish = (command, person, origin)
        return answer

    def ask_for(self, value: str, duration: timedelta, person: Person) -> int | None:
        command = RequestAccess(cluster="orders", source=parse_source(value), duration=duration)
        answer = self.carry_out(command, person)
        return answer.request.id if isinstance(answer, Asked) else None

    def decide_on(self, request_id: int, person: Person, verdict: Verdict) -> None:
        request = self.request(request_id)
        mark, container = request_mark(request.created_at), Container(is_home=True)
        command = Decide(request_id=request_id, verdict=verdict, mark=mark, container=container)
        self.carry_out(command, person)
        decided = self.request(request_id)
        entitled = person.standing is Standing.MEMBER and person.id in APPROVERS - {
            request.requester
        }
        if decided != request:
            assert entitled, f"P4: {person} decided on {request}"
        if person.id in decided.approvers:
            self.approved_by.setdefault(request_id, set()).add(person.id)
        if decided.state is not RequestState.APPROVED or request.state is RequestState.APPROVED:
            return
        assert len(self.approved_by[request_id]) >= self.approvals, f"P4: {decided}"
        with self.the_database.reading() as session:
            grant = grants.get(session, request.extends or request_id)
        assert grant is not None
        until = self.lent_until.get(grant.source.value, grant.expires_at)
        self.lent_until[grant.source.value] = max(until, grant.expires_at)

    def request(self, request_id: int) -> Request:
        with self.the_database.reading() as session:
            found = requests.get(session, request_id)
        assert found is not None
        return found

    def pending(self) -> list[Request]:
        with self.the_database.reading() as session:
            return requests.pending(session)

    def grants(self) -> list[Grant]:
        with self.the_database.reading() as session:
            return grants.listing(session, ended_too=True)

    def live(self) -> list[Grant]:
        return [grant for grant in self.grants() if grant.is_live]

    def wanted(self) -> set[str]:
        now = self.clocks.now()
        return {grant.source.value for grant in self.live() if grant.expires_at > now}

    def states(self) -> object:
        return (self.pending(), self.grants())


HAPPENINGS = [
    *4 * [ReconcilerStory.somebody_is_lent_access],
    *4 * [ReconcilerStory.time_passes],
    *2 * [ReconcilerStory.all_is_calm_for_a_while],
    ReconcilerStory.somebody_asks,
    *2 * [ReconcilerStory.somebody_decides],
    ReconcilerStory.somebody_cancels,
    ReconcilerStory.somebody_hands_back,
    ReconcilerStory.somebody_wants_it_longer,
    ReconcilerStory.the_last_interaction_is_repeated,
    ReconcilerStory.somebody_adds,
    *2 * [ReconcilerStory.somebody_removes],
    *2 * [ReconcilerStory.doctl_appends_or_removes],
    ReconcilerStory.terraform_applies,
    *2 * [ReconcilerStory.a_rival_reads_now_or_writes_what_it_read],
    ReconcilerStory.the_clock_is_corrected,
    *2 * [ReconcilerStory.the_process_is_stopped_or_killed],
    ReconcilerStory.the_database_is_lost,
]

ReconcilerStory.TestCase.settings = settings(
    max_examples=16,
    stateful_step_count=30,
    deadline=None,
    derandomize="CI" in os.environ,
)
TestReconcilerStory = ReconcilerStory.TestCase
