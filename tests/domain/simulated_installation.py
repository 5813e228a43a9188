"""dbaccess around one cluster, without its database and its threads: the shell in a few lines.

It decides nothing: requests and grants move as `bot.domain.lifecycle` lets them, and a reconcile
reads, plans, writes, reads back, plans again and records what that second plan sees.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from bot.domain.actors import Actor
from bot.domain.labels import read_label
from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    Request,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.domain.ownership import SETTLE, own_what_appeared
from bot.domain.people import Person
from bot.domain.plan import Orphan, Plan, plan
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.sources import TrustedSource
from tests.domain.examples import INSTANCE, new_grant, request
from tests.domain.simulated_cluster import SimulatedCluster


class Weather(Enum):
    """What goes wrong in a reconcile."""

    FINE = "nothing"
    UNREADABLE = "the read fails"
    UNWRITTEN = "the write fails before it takes effect"
    UNANSWERED = "the write takes effect, but nobody lives to record it"


class Unavailable(Exception):
    """The API, or the process, is not there."""


class Installation:
    """The records of dbaccess and what it does with them."""

    def __init__(self, cluster: SimulatedCluster, policy: ClusterPolicy, now: datetime) -> None:
        self.now = now
        self._cluster = cluster
        self._policy = policy
        self.lose_the_records()

    def lose_the_records(self) -> None:
        self._last_id = 0
        self.requests: dict[int, Request] = {}
        self.grants: dict[int, Grant] = {}
        self.revived: set[int] = set()
        self._described: list[str] = []

    @property
    def live(self) -> list[Grant]:
        return [grant for grant in self.grants.values() if grant.is_live]

    @property
    def pending(self) -> list[Request]:
        return [r for r in self.requests.values() if r.state is RequestState.PENDING]

    def known(self) -> list[Grant]:
        """The grants that a plan is made from."""
        labels = [read_label(rule.description) for rule in self._cluster.read()]
        named = {label.grant_id for label in labels if label and label.instance == INSTANCE}
        return [
            grant
            for grant in self.grants.values()
            if grant.ended_at is None or self.now - grant.ended_at < SETTLE or grant.id in named
        ]

    def plan(self) -> Plan:
        return plan(
            self._cluster.read(),
            self.known(),
            instance=INSTANCE,
            now=self.now,
            allow_open=self._policy.allow_open,
            restore=self._policy.on_outside_removal == "restore",
            takes=self._policy.takes,
            described=self._described,
        )

    # What people do

    def ask(
        self, source: TrustedSource, duration: timedelta, requester: str, extends: int | None = None
    ) -> Request:
        self._last_id += 1
        asked = request(
            id=self._last_id,
            source=source,
            duration=duration,
            requester=requester,
            created_at=self.now,
            lapses_at=self.now + self._policy.request_ttl,
            extends=extends,
        )
        self.requests[asked.id] = asked
        return asked

    def ask_for_more(self, grant: Grant, duration: timedelta, requester: str) -> None:
        try:
            self._policy.check_duration(duration, already=grant.expires_at - grant.approved_at)
        except Refused:
            return
        self.ask(grant.source, duration, requester, extends=grant.id)

    def decide(self, id_: int, person: Person, verdict: Verdict) -> None:
        asked = self.requests[id_]
        if asked.state is not RequestState.PENDING:
            return
        try:
            self._policy.check_may_approve(person, requester=asked.requester)
        except Refused:
            return
        decision = Decision(person.id, verdict, self.now)
        decided = asked.decide(decision, approvals_needed=self._policy.approvals)
        self.requests[id_] = decided
        if decided.state is RequestState.APPROVED:
            self._grant(decided)

    def _grant(self, approved: Request) -> None:
        if approved.extends is None:
            until = self.now + approved.duration
            made = new_grant(approved.id, approved.source, approved_at=self.now, expires_at=until)
            self._save(made)
            return
        grant = self.grants[approved.extends]
        if grant.is_live:
            self._save(grant.extend(grant.expires_at + approved.duration))

    def is_lent(self, source: TrustedSource) -> bool:
        return any(g.source == source and g.owned is not False for g in self.live)

    def adopt(self, source: TrustedSource, duration: timedelta) -> None:
        asked = self.ask(source, duration, "U0ALICE")
        command = replace(asked, kind=RequestKind.ADOPTION)
        self.requests[asked.id] = command.approve_at_once("U0ALICE", self.now)
        until = self.now + duration
        made = new_grant(asked.id, source, approved_at=self.now, expires_at=until, adopted=True)
        self._save(made)

    def cancel(self, id_: int) -> None:
        self.requests[id_] = self.requests[id_].cancel(self.now)

    def revoke(self, grant: Grant) -> None:
        self._save(grant.leave(EndReason.REVOKED, self.now))

    def pass_time(self, step: timedelta) -> None:
        self.now += step
        for asked in self.pending:
            if asked.lapses_at <= self.now:
                self.requests[asked.id] = asked.lapse(self.now)

    # What the reconciler does

    def reconcile(self, weather: Weather, before_write: Callable[[Plan], None]) -> None:
        """Bring the cluster in line; `before_write` runs between the read and the write.

        Raises:
            Unavailable: the weather was bad and this attempt recorded nothing.
        """
        for grant in self.live:
            if not grant.wants_rule(self.now):
                self._save(grant.expire(self.now))
        if weather is Weather.UNREADABLE:
            raise Unavailable
        seen = first = self.plan()
        if first.must_write:
            before = self._cluster.read()
            unsent = self._begin_to_write(first)
            before_write(first)
            if weather is Weather.UNWRITTEN:
                self._take_back(unsent)
                raise Unavailable
            self._cluster.put(first.rules)
            if weather is Weather.UNANSWERED:
                raise Unavailable
            after = self._cluster.read()
            for grant in own_what_appeared(
                list(self.grants.values()),
                {*first.to_add, *(i for i, seen in first.present.items() if seen.owned)},
                before,
                after,
                instance=INSTANCE,
                certain=True,
                described=self._described,
            ):
                self._save(grant)
            seen = self.plan()
        self._record(first, seen)
        self._described = [str(rule.source) for rule in self._cluster.read() if rule.description]

    def _begin_to_write(self, planned: Plan) -> list[Grant]:
        """Note what this write adds or labels; return the grants as they were before."""
        before = [
            grant
            for grant in self.live
            if grant.id in planned.to_add or (grant.id in planned.named and grant.sent_at is None)
        ]
        for grant in before:
            self._save(grant.send(self.now))
        for id_, rule in planned.adopts.items():
            found = self.grants[id_].find_rule(description=rule.description, rule_uuid=rule.uuid)
            self._save(found)
        return before

    def _take_back(self, unsent: list[Grant]) -> None:
        for before in unsent:
            self._save(self.grants[before.id].take_back(before))

    def _record(self, first: Plan, seen: Plan) -> None:
        for id_, present in seen.present.items():
            grant = self.grants[id_]
            owned, uuid = present.owned, present.rule_uuid
            if grant.state is GrantState.APPLYING:
                self._save(grant.activate(self.now, owned=owned, rule_uuid=uuid))
            else:
                again = grant.see_rule(owned=owned, rule_uuid=uuid)
                self._save(again.write_again(self.now) if id_ in first.to_add else again)
        for id_ in seen.vanished:
            self._save(self.grants[id_].leave(EndReason.REMOVED_OUTSIDE, self.now))
        for id_ in seen.blocked:
            self._save(self.grants[id_].leave(EndReason.FAILED, self.now))
        for id_ in seen.gone:
            self._save(self.grants[id_].end(self.now))
        for orphan in seen.orphans:
            self._revive(orphan)

    def _revive(self, orphan: Orphan) -> None:
        """Make a grant of a rule that only its label speaks of, under its old number if free."""
        id_ = orphan.label.grant_id
        if id_ in self.requests or id_ in self.grants:
            id_ = self._last_id + 1
        self._last_id = max(self._last_id, id_)
        self.revived.add(id_)
        until = min(orphan.label.until, self.now + self._policy.max_duration)
        revived = new_grant(
            id_,
            orphan.source,
            approved_at=self.now,
            sent_at=self.now,
            requester=Actor.UNKNOWN,
        )
        active = revived.activate(self.now, owned=True, rule_uuid=orphan.rule.uuid)
        self._save(replace(active, expires_at=until))

    def _save(self, grant: Grant) -> None:
        self.grants[grant.id] = grant
