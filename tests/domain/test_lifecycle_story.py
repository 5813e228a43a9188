"""One cluster's life as hypothesis tells it: everything that can happen, in any order.

The promises are checked at every write, and after every reconcile that nothing disturbed.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.domain.lifecycle import Grant, GrantState, Verdict
from bot.domain.people import Person, Standing
from bot.domain.plan import Plan
from bot.domain.rules import Rule
from bot.domain.sources import GUARD, SourceType, TrustedSource
from tests.domain.examples import HOUR, MINUTE, NOW, SECOND, orders
from tests.domain.simulated_cluster import Held, SimulatedCluster
from tests.domain.simulated_installation import Installation, Unavailable, Weather
from tests.fuzzing import examples

T = TypeVar("T")

APPROVALS = 2
ADMINS = frozenset({"S0DBADMINS"})
PEOPLE = [
    Person("U0ALICE", Standing.MEMBER),
    Person("U0BOB", Standing.MEMBER, asked=ADMINS),
    Person("U0DAVE", Standing.MEMBER, ADMINS),
    Person("U0GUEST", Standing.GUEST, ADMINS),
    Person("U0FAYE", Standing.MEMBER, ADMINS),
]
ENTITLED = {"U0ALICE", "U0DAVE", "U0FAYE"}

SOURCES = st.sampled_from(
    [TrustedSource(SourceType.IP_ADDR, f"203.0.113.{n}") for n in (1, 2, 3)]
    + [TrustedSource(SourceType.TAG, "backend")]
)
ANYBODY = st.sampled_from(PEOPLE)
ANY = st.integers(0, 5)  # the n-th, of however many there are
DURATIONS = st.sampled_from([MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR])
STEPS = st.sampled_from([SECOND, 5 * SECOND, 59 * SECOND, MINUTE, 10 * MINUTE, HOUR, 5 * HOUR])
NOTES = st.sampled_from([None, "", "office"])
FOREIGN_RULES = st.lists(
    st.builds(lambda source, note: Rule(source.type, source.value, None, note), SOURCES, NOTES),
    max_size=3,
    unique_by=lambda rule: rule.value,
)


class ClusterStory(RuleBasedStateMachine):
    """Requests, decisions, strangers, failures and time, around one cluster."""

    @initialize(
        foreign=FOREIGN_RULES,
        allow_open=st.booleans(),
        removal=st.sampled_from(["end", "restore"]),
        skew=st.sampled_from([-SECOND, timedelta(), SECOND]),
    )
    def begin(self, foreign: list[Rule], allow_open: bool, removal: str, skew: timedelta) -> None:
        policy = orders(
            approvals=APPROVALS,
            allow_open=allow_open,
            on_outside_removal=removal,
            source_types=["ip_addr", "tag"],
        )
        self.allow_open = allow_open
        self.cluster = SimulatedCluster(lambda: self.bot.now + skew)
        self.bot = Installation(self.cluster, policy, NOW)
        self.cluster.replace_all([Held(rule, ours=False) for rule in foreign])
        self.rivals_copy: list[Held] = []
        self.bot.pass_time(HOUR)

    # People

    @rule(source=SOURCES, duration=DURATIONS)
    def lend(self, source: TrustedSource, duration: timedelta) -> None:
        """Ask, and be heard: what the rules below do too, but seldom."""
        asked = self.bot.ask(source, duration, "U0BOB")
        for person in PEOPLE:
            self.bot.decide(asked.id, person, Verdict.APPROVE)
        assert asked.id in self.bot.grants

    @rule(source=SOURCES, duration=DURATIONS, person=ANYBODY)
    def ask(self, source: TrustedSource, duration: timedelta, person: Person) -> None:
        self.bot.ask(source, duration, person.id)

    @precondition(lambda self: self.bot.live)
    @rule(n=ANY, duration=DURATIONS, person=ANYBODY)
    def ask_for_more(self, n: int, duration: timedelta, person: Person) -> None:
        self.bot.ask_for_more(_nth(self.bot.live, n), duration, person.id)

    @precondition(lambda self: self.bot.pending)
    @rule(n=ANY, people=st.lists(ANYBODY, min_size=1, max_size=6))
    def approve(self, n: int, people: list[Person]) -> None:
        asked = _nth(self.bot.pending, n)
        for person in people:
            self.bot.decide(asked.id, person, Verdict.APPROVE)

    @precondition(lambda self: self.bot.pending)
    @rule(n=ANY, person=ANYBODY)
    def deny(self, n: int, person: Person) -> None:
        self.bot.decide(_nth(self.bot.pending, n).id, person, Verdict.DENY)

    @precondition(lambda self: self.bot.pending)
    @rule(n=ANY)
    def cancel(self, n: int) -> None:
        self.bot.cancel(_nth(self.bot.pending, n).id)

    @precondition(lambda self: self.bot.live)
    @rule(n=ANY)
    def revoke(self, n: int) -> None:
        self.bot.revoke(_nth(self.bot.live, n))

    @precondition(lambda self: self.cluster.held)
    @rule(n=ANY, duration=DURATIONS)
    def adopt(self, n: int, duration: timedelta) -> None:
        """An approver puts a rule on a timer: whose it is from then on is theirs to say."""
        source = _nth(self.cluster.held, n).rule.source
        if source is None or source == GUARD or self.bot.is_lent(source):
            return
        self.bot.adopt(source, duration)
        adopted = {h.rule.uuid for h in self.cluster.held if h.rule.source == source}
        self.cluster.doubt(lambda held: held.rule.uuid in adopted)
        self.rivals_copy = [
            replace(held, unsure=True) if held.rule.uuid in adopted else held
            for held in self.rivals_copy
        ]

    # Time and loss

    @rule(step=STEPS)
    def pass_time(self, step: timedelta) -> None:
        self.bot.pass_time(step)

    @rule()
    def lose_the_records(self) -> None:
        self.bot.lose_the_records()

    # Strangers

    @rule(source=SOURCES, note=NOTES)
    def add_by_hand(self, source: TrustedSource, note: str | None) -> None:
        if source not in [held.rule.source for held in self.cluster.held]:
            added = Rule(source.type, source.value, None, note)
            self._meddle([*self.cluster.held, Held(added, ours=False)])

    @precondition(lambda self: self.cluster.held)
    @rule(n=ANY)
    def remove_by_hand(self, n: int) -> None:
        gone = _nth(self.cluster.held, n)
        self._meddle([held for held in self.cluster.held if held is not gone])

    @rule()
    def doctl_drops_the_descriptions(self) -> None:
        self._meddle(
            [replace(e, rule=replace(e.rule, description=None)) for e in self.cluster.held]
        )

    @rule()
    def terraform_writes_only_what_it_knows(self) -> None:
        self._meddle([_anew(held) for held in self.cluster.held if not held.ours])

    @rule()
    def a_script_writes_everything_anew(self) -> None:
        self._meddle([_anew(held) for held in self.cluster.held])

    @rule()
    def a_rival_reads(self) -> None:
        self.rivals_copy = list(self.cluster.held)

    @rule()
    def a_rival_writes_back_what_it_read(self) -> None:
        self._meddle(self.rivals_copy)

    def _meddle(self, entries: Sequence[Held]) -> None:
        self.cluster.replace_all(entries)
        self._admit_what_nobody_can_tell()

    def _admit_what_nobody_can_tell(self) -> None:
        self.cluster.doubt(lambda held: _looks_otherwise(held, self.bot.known()))

    # The reconciler, and the promises

    @rule(weather=st.sampled_from(Weather))
    def reconcile(self, weather: Weather) -> None:
        self._admit_what_nobody_can_tell()
        try:
            self.bot.reconcile(weather, before_write=self._check_write)
        except Unavailable:
            return
        self._check_grants()

    @rule(data=st.data(), source=SOURCES)
    def reconcile_while_a_stranger_writes(self, data: st.DataObject, source: TrustedSource) -> None:
        edits: list[Callable[[], None]] = [
            lambda: self.add_by_hand(source, None),
            lambda: self._meddle(self.cluster.held[1:]),
            self.doctl_drops_the_descriptions,
            self.terraform_writes_only_what_it_knows,
            self.a_script_writes_everything_anew,
            self.a_rival_writes_back_what_it_read,
        ]
        edit = data.draw(st.sampled_from(edits))
        self._admit_what_nobody_can_tell()
        self.bot.reconcile(Weather.FINE, before_write=lambda _: edit())
        self._admit_what_nobody_can_tell()

    def _check_write(self, planned: Plan) -> None:
        assert planned.rules, "P2: an empty list opens the cluster to the world"
        assert self.cluster.held or self.allow_open, "P2: a first rule locks everybody else out"
        for held in self.cluster.held:
            if held.surely_foreign:
                assert held.rule in planned.rules, "P1, P5: a foreign rule is lost or changed"

    def _check_grants(self) -> None:
        wanted = [grant for grant in self.bot.live if grant.wants_rule(self.bot.now)]
        for held in self.cluster.held:
            if held.surely_ours:
                wanters = [grant for grant in wanted if grant.source == held.rule.source]
                assert wanters, "P3: a rule of ours that no grant wants"
                assert any(self._is_approved(grant) for grant in wanters), "P4: nobody approved"
        trusted = {held.rule.source for held in self.cluster.held}
        active = {grant.source for grant in wanted if grant.state is GrantState.ACTIVE}
        assert active <= trusted, "an active grant's source is not trusted"

    def _is_approved(self, grant: Grant) -> bool:
        if grant.id in self.bot.revived:
            return True
        asked = self.bot.requests[grant.id]
        said_yes = {d.approver for d in asked.decisions if d.verdict is Verdict.APPROVE}
        return len(said_yes & ENTITLED - {asked.requester}) >= APPROVALS

    def teardown(self) -> None:
        if not hasattr(self, "bot"):
            return
        self.bot.pass_time(48 * HOUR)
        for _ in range(3):
            self.reconcile(Weather.FINE)
        assert not self.bot.plan().must_write, "the plan never settles"
        assert all(grant.state is GrantState.ENDED for grant in self.bot.grants.values()), "P3"
        assert not any(held.surely_ours for held in self.cluster.held), "P3: a rule stayed"


def _nth(values: Sequence[T], n: int) -> T:
    return values[n % len(values)]


def _anew(held: Held) -> Held:
    """Return a rule as somebody writes it who knows but its type and value."""
    return replace(held, rule=Rule(held.rule.type, held.rule.value))


def _looks_otherwise(held: Held, known: Sequence[Grant]) -> bool:
    """Tell whether a bare rule's age, and what is on record, point to the wrong writer.

    A foreign rule may look like ours if it is younger than our write of its source, or while an
    approver has it adopted. A rule of ours looks foreign once no record speaks of its uuid.
    """
    grants = [grant for grant in known if grant.source == held.rule.source]
    if any(grant.adopted and grant.state is GrantState.APPLYING for grant in grants):
        return True
    if held.rule.description:
        return False
    if held.ours:
        return not any(g.owned and g.rule_uuid == held.rule.uuid for g in grants)
    created_at = held.rule.created_at
    return created_at is not None and any(
        grant.sent_at is not None
        and grant.owned is not False
        and created_at >= grant.sent_at - 2 * SECOND
        for grant in grants
    )


TestClusterStory = ClusterStory.TestCase
TestClusterStory.settings = examples(150, steps=40)
