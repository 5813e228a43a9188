"""The states of requests and grants, and the transitions between them.

Each transition is one method that returns the new value; an impossible one raises
`ImpossibleTransition`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.actors import Actor
from bot.domain.people import Person, Standing
from bot.domain.refusals.any_refusal import AnyRefusal, KeptRefusal
from bot.domain.sources import TrustedSource


class RequestState(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


class RequestKind(StrEnum):
    """What a request asks for.

    ACCESS: decided by people, or by a written policy. EMERGENCY: granted at once, reviewed
    afterwards. ADOPTION: an expiry for a rule that somebody once added by hand, for approvers.
    PUT_BACK: the rest of a grant whose rule somebody removed.
    """

    ACCESS = "access"
    EMERGENCY = "emergency"
    ADOPTION = "adoption"
    PUT_BACK = "put_back"


class GrantState(StrEnum):
    """Where a grant stands."""

    APPLYING = "applying"
    ACTIVE = "active"
    REMOVING = "removing"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a grant ended, or is about to."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    REMOVED_OUTSIDE = "removed_outside"
    FAILED = "failed"


def leaves_rule(*, adopted: bool, end_reason: EndReason | None) -> bool:
    """Tell whether the rule of a grant that is over stays, as one that is not ours.

    Approvers agreed that an adopted rule goes at a certain time, and then it goes. If the grant
    ends in any other way, the rule stays, for nobody agreed that it goes sooner (P4).
    """
    return adopted and end_reason not in (None, EndReason.EXPIRED)


class Verdict(StrEnum):
    """What one approver says."""

    APPROVE = "approve"
    DENY = "deny"


class ImpossibleTransition(Exception):
    """A transition that the current state does not allow: a bug, not a user's mistake."""


@dataclass(frozen=True)
class Decision:
    """One approver's decision; `at_most`: for how long they approve, if less than was asked for.

    `approver` is a user id, or `policy` or `emergency` if a written policy decided. `reason` is
    what they wrote, also with an approval, or for a denial by dbaccess itself, the refusal.
    """

    approver: str
    verdict: Verdict
    at: datetime
    reason: str | KeptRefusal = ""
    at_most: timedelta | None = None


@dataclass(frozen=True)
class Request:
    """What somebody asked for. With `extends`: that this grant ends `duration` later.

    `until`: the end that was typed, beyond which it never lasts, however late it is approved.
    With `puts_back`: that this grant, whose rule somebody removed, goes on. `standing` is what the
    requester was to the workspace at that time. `source_name` is what people call the source, if it
    has a name. `remind_at` is when to remind somebody to decide on it, or to review an emergency.
    `asked_by` is who asked, if not the one who benefits. `concerned` are its requester and
    approvers as Slack's directory knew them at the last approval. `details` are what the token of a
    machine says about its job, by the names in `Machine.details`.
    """

    id: int
    cluster: str
    source: TrustedSource
    duration: timedelta
    requester: str
    state: RequestState
    created_at: datetime
    lapses_at: datetime
    reason: str = ""
    extends: int | None = None
    puts_back: int | None = None
    decided_at: datetime | None = None
    decisions: tuple[Decision, ...] = ()
    kind: RequestKind = RequestKind.ACCESS
    source_name: str = ""
    remind_at: datetime | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    asked_by: str | None = None
    concerned: tuple[Person, ...] = ()
    standing: Standing = Standing.UNKNOWN
    until: datetime | None = None
    details: tuple[tuple[str, str], ...] = ()

    @property
    def for_themselves(self) -> tuple[str, ...]:
        """Whose approval would be a self-approval: who benefits, and who asked."""
        return (self.requester, *([self.asked_by] if self.asked_by else []))

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved so far, in order, each once."""
        return tuple(d.approver for d in self.decisions if d.verdict is Verdict.APPROVE)

    @property
    def granted_duration(self) -> timedelta:
        """For how long it is approved: the shortest time that any approver chose."""
        named = [d.at_most for d in self.decisions if d.at_most is not None]
        return min([self.duration, *named])

    def end_from(self, start: datetime) -> datetime:
        """Return when what is approved ends if it counts from *start*."""
        end = start + self.granted_duration
        return end if self.until is None else min(end, self.until)

    @property
    def is_shortened(self) -> bool:
        """Whether it is approved for less time than was asked for."""
        return self.granted_duration != self.duration

    @property
    def denied_by(self) -> str | None:
        """Who denied it, if somebody did."""
        return next((d.approver for d in self.decisions if d.verdict is Verdict.DENY), None)

    @property
    def denial_reason(self) -> str | AnyRefusal:
        """Why it was denied; empty where nobody did, or nobody said."""
        return next((d.reason for d in self.decisions if d.verdict is Verdict.DENY), "")

    @property
    def wants_review(self) -> bool:
        """Whether it was an emergency that no approver has reviewed yet."""
        is_emergency = self.kind is RequestKind.EMERGENCY
        return is_emergency and self.state is RequestState.APPROVED and self.reviewed_at is None

    def decide(self, decision: Decision, *, approvals_needed: int) -> "Request":
        """Add a decision; a denial, or the last approval needed, closes the request.

        An approver's second approval does not count again, but closes the request if fewer are
        needed by now.
        """
        self._must_be_pending("decide")
        if decision.verdict is Verdict.DENY:
            decided = replace(self, decisions=(*self.decisions, decision))
            return decided._close(RequestState.DENIED, decision.at)
        decided = self
        if decision.approver not in self.approvers:
            decided = replace(self, decisions=(*self.decisions, decision))
        if len(decided.approvers) < approvals_needed:
            return decided
        return decided._close(RequestState.APPROVED, decision.at)

    def drop_approvals(self, approvers: Collection[str]) -> "Request":
        """Remove the approvals of those whose approval no longer counts."""
        if not approvers:
            return self
        self._must_be_pending("drop approvals of")
        left = (
            d
            for d in self.decisions
            if d.verdict is not Verdict.APPROVE or d.approver not in approvers
        )
        return replace(self, decisions=tuple(left))

    def depart(self, user_id: str) -> "Request":
        """Note that one of those concerned was deactivated since the last approval."""
        return replace(
            self,
            concerned=tuple(
                replace(person, standing=Standing.DEACTIVATED) if person.id == user_id else person
                for person in self.concerned
            ),
        )

    def approve_at_once(self, by: str, at: datetime) -> "Request":
        """Approve by one decision: of `policy`, `emergency`, or the approver who adopts a rule."""
        self._must_be_pending("approve")
        decision = Decision(by, Verdict.APPROVE, at)
        decided = replace(self, decisions=(*self.decisions, decision))
        return decided._close(RequestState.APPROVED, at)

    def approve_as(self, earlier: "Request", at: datetime) -> "Request":
        """Approve by the approvals that an earlier request for the same got."""
        self._must_be_pending("approve")
        said = tuple(d for d in earlier.decisions if d.verdict is Verdict.APPROVE)
        return replace(self, decisions=said)._close(RequestState.APPROVED, at)

    def cancel(self, at: datetime) -> "Request":
        """Withdraw an undecided request."""
        self._must_be_pending("cancel")
        return self._close(RequestState.CANCELLED, at)

    @property
    def access_ended_first(self) -> bool:
        """Whether an extension lapsed since the grant that it extends ended before it."""
        lapsed_early = self.decided_at is not None and self.decided_at < self.lapses_at
        return self.state is RequestState.LAPSED and self.extends is not None and lapsed_early

    def lapse(self, at: datetime) -> "Request":
        """Close a request that nobody decided in time."""
        self._must_be_pending("lapse")
        return self._close(RequestState.LAPSED, at)

    def remind(self, again_at: datetime | None) -> "Request":
        """Note that somebody was reminded, and when to remind them again."""
        if self.state is not RequestState.PENDING and not self.wants_review:
            raise ImpossibleTransition(
                f"cannot remind of request {self.id}: nobody has to act on it"
            )
        return replace(self, remind_at=again_at)

    def review(self, by: str, at: datetime) -> "Request":
        """Close an emergency: an approver has looked into it."""
        if not self.wants_review:
            raise ImpossibleTransition(
                f"cannot review request {self.id}: there is nothing to review"
            )
        return replace(self, reviewed_by=by, reviewed_at=at, remind_at=None)

    def _must_be_pending(self, transition: str) -> None:
        if self.state is not RequestState.PENDING:
            raise ImpossibleTransition(f"cannot {transition} request {self.id}: it is {self.state}")

    def _close(self, state: RequestState, at: datetime) -> "Request":
        return replace(self, state=state, decided_at=at, remind_at=None)


@dataclass(frozen=True)
class Grant:
    """The lease: a request that was approved, under the same number.

    `owned` says whose rule it is: True ours, False somebody else's that was there before (P5), None
    not known yet. `sent_at` is when a write that adds its rule was last sent and not definitely
    refused; None means that no rule can be ours. `written_at` is when its rule was last written, or
    a write to put it back was last sent. `delayed_at`: when its holder was told of a delay.
    `adopted`: its rule was added by hand, and approvers set an expiry on it; we never add such a
    rule, nor that of a grant that only a label speaks for. `earlier_description` is the description
    that our label replaced on an adopted rule; None until it was read, empty if there was none.
    `emergency`: it was granted at once, and has priority where there is little room. `unused`: it
    is known that no connection was seen in all of its time.
    """

    id: int
    cluster: str
    cluster_id: str
    source: TrustedSource
    requester: str
    state: GrantState
    approved_at: datetime
    expires_at: datetime
    owned: bool | None = None
    rule_uuid: str | None = None
    sent_at: datetime | None = None
    written_at: datetime | None = None
    warned_at: datetime | None = None
    removing_since: datetime | None = None
    revoked_by: str | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    adopted: bool = False
    earlier_description: str | None = None
    emergency: bool = False
    source_name: str = ""
    delayed_at: datetime | None = None
    unused: bool = False

    @property
    def leaves_rule(self) -> bool:
        """Whether its rule stays although it is over."""
        return leaves_rule(adopted=self.adopted, end_reason=self.end_reason)

    @property
    def is_recovered(self) -> bool:
        """Whether only the label of its rule speaks for it: who approved it is not known."""
        return self.requester == Actor.UNKNOWN

    @property
    def may_be_added(self) -> bool:
        """Whether its rule may be added if it is not there (P4, P7)."""
        return not (self.adopted or self.is_recovered)

    @property
    def was_removed_outside(self) -> bool:
        """Whether it ended because somebody removed the rule that was added for it."""
        return self.end_reason is EndReason.REMOVED_OUTSIDE and self.may_be_added

    @property
    def ended_early(self) -> bool:
        """Whether it has ended before its time, once it was open."""
        early = (EndReason.REVOKED, EndReason.REMOVED_OUTSIDE)
        return self.state is GrantState.ENDED and self.end_reason in early

    @property
    def failed_early(self) -> bool:
        """Whether it ends before its time because it could not be put in place."""
        since = self.removing_since
        return self.end_reason is EndReason.FAILED and bool(since and since < self.expires_at)

    @property
    def is_live(self) -> bool:
        """Whether the grant was not told to end yet."""
        return self.state in (GrantState.APPLYING, GrantState.ACTIVE)

    def wants_rule(self, now: datetime) -> bool:
        """Tell whether the source should be trusted for this grant at *now*."""
        return self.is_live and now < self.expires_at

    def waits_to_open(self, now: datetime) -> bool:
        """Tell whether the source is not trusted yet, and should be."""
        return self.state is GrantState.APPLYING and self.wants_rule(now)

    def is_leaving(self, now: datetime) -> bool:
        """Tell whether the grant is to end, and has not yet."""
        return self.state is not GrantState.ENDED and not self.wants_rule(now)

    def send(self, at: datetime) -> "Grant":
        """Note that a write that adds its rule is about to be sent.

        The rule may be ours from now on, even if an earlier one was somebody else's (P5).
        """
        self._must_be(
            GrantState.APPLYING,
            GrantState.ACTIVE,
            GrantState.REMOVING,
            transition="send the rule of",
        )
        written_at = at if self.state is GrantState.ACTIVE else self.written_at
        return replace(self, sent_at=at, owned=self.owned or None, written_at=written_at)

    def take_back(self, before: "Grant") -> "Grant":
        """Note that the write was refused: what is known of the rule is as in *before* again."""
        return replace(
            self,
            sent_at=before.sent_at,
            owned=before.owned,
            rule_uuid=before.rule_uuid,
            earlier_description=before.earlier_description,
        )

    def delay(self, at: datetime) -> "Grant":
        """Note that its holder was told that access opens later."""
        self._must_be(GrantState.APPLYING, transition="delay")
        return replace(self, delayed_at=at)

    def activate(self, at: datetime, *, owned: bool, rule_uuid: str | None) -> "Grant":
        """Note that the source is trusted now."""
        self._must_be(GrantState.APPLYING, transition="activate")
        return replace(
            self,
            state=GrantState.ACTIVE,
            owned=owned,
            rule_uuid=rule_uuid,
            sent_at=(self.sent_at or at) if owned else None,
            written_at=at,
        )

    def find_rule(self, *, description: str | None, rule_uuid: str | None) -> "Grant":
        """Note what a rule to be adopted was like before the first write that labels it."""
        self._must_be(GrantState.APPLYING, transition="adopt the rule of")
        return replace(self, earlier_description=description or "", rule_uuid=rule_uuid)

    def see_rule(self, *, owned: bool, rule_uuid: str | None) -> "Grant":
        """Note whose rule makes the source trusted."""
        self._must_be(GrantState.ACTIVE, GrantState.REMOVING, transition="see the rule of")
        return replace(self, owned=owned, rule_uuid=rule_uuid)

    def write_again(self, at: datetime) -> "Grant":
        """Note that its rule, which had vanished, is there again, or is about to be put back."""
        self._must_be(GrantState.ACTIVE, transition="write again")
        return replace(self, written_at=at)

    def extend(self, until: datetime) -> "Grant":
        """Move the end; a warning that was given counts for the old end only."""
        self._must_be(GrantState.APPLYING, GrantState.ACTIVE, transition="extend")
        return replace(self, expires_at=until, warned_at=None)

    def warn(self, at: datetime) -> "Grant":
        """Note that the end was announced."""
        self._must_be(GrantState.ACTIVE, transition="warn of")
        return replace(self, warned_at=at)

    def leave(self, reason: EndReason, at: datetime) -> "Grant":
        """Begin to end: the rule must go."""
        self._must_be(GrantState.APPLYING, GrantState.ACTIVE, transition="remove")
        return replace(self, state=GrantState.REMOVING, end_reason=reason, removing_since=at)

    def revoke(self, by: str, at: datetime) -> "Grant":
        """Begin to end on behalf of a user, or of `operator` at the command line."""
        return replace(self.leave(EndReason.REVOKED, at), revoked_by=by)

    def expire(self, at: datetime) -> "Grant":
        """Begin to end because the time is up; a grant that was never applied failed."""
        applied = self.state is GrantState.ACTIVE
        return self.leave(EndReason.EXPIRED if applied else EndReason.FAILED, at)

    def end(self, at: datetime) -> "Grant":
        """Note that the rule is gone, or was never ours to take away."""
        self._must_be(GrantState.REMOVING, transition="end")
        return replace(self, state=GrantState.ENDED, ended_at=at)

    def find_unused(self) -> "Grant":
        """Note that no connection was seen while it was open."""
        self._must_be(GrantState.ENDED, transition="note as unused")
        return replace(self, unused=True)

    def put_back(self, number: int) -> "Grant":
        """Return the rest of this grant as a new one: another number, the same times.

        Not for an adopted rule, which we did not add and so do not add again.
        """
        self._must_be(GrantState.ENDED, transition="put back")
        if not self.was_removed_outside:
            raise ImpossibleTransition(
                f"cannot put back grant {self.id}: nobody took its rule away"
            )
        return Grant(
            id=number,
            cluster=self.cluster,
            cluster_id=self.cluster_id,
            source=self.source,
            requester=self.requester,
            state=GrantState.APPLYING,
            approved_at=self.approved_at,
            expires_at=self.expires_at,
            source_name=self.source_name,
        )

    def _must_be(self, *states: GrantState, transition: str) -> None:
        if self.state not in states:
            raise ImpossibleTransition(f"cannot {transition} grant {self.id}: it is {self.state}")
