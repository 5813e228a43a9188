from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    ImpossibleTransition,
    Request,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.store import requests
from tests.domain.examples import HOUR, MINUTE, NOW, active_grant, new_grant, request
from tests.fuzzing import fuzzed

ALICE = Decision("U0ALICE", Verdict.APPROVE, NOW + MINUTE)
CAROL = Decision("U0CAROL", Verdict.APPROVE, NOW + 2 * MINUTE)
NO = Decision("U0CAROL", Verdict.DENY, NOW + 2 * MINUTE, "not today")

REQUEST_MOVES: list[Callable[[Request], Request]] = [
    lambda asked: asked.decide(ALICE, approvals_needed=1),
    lambda asked: asked.decide(NO, approvals_needed=1),
    lambda asked: asked.approve_at_once("policy", NOW),
    lambda asked: asked.approve_as(asked, NOW),
    lambda asked: asked.cancel(NOW),
    lambda asked: asked.lapse(NOW),
]
GRANT_MOVES: dict[str, tuple[Callable[[Grant], Grant], set[GrantState]]] = {
    "send the rule of": (
        lambda g: g.send(NOW),
        {GrantState.APPLYING, GrantState.ACTIVE, GrantState.REMOVING},
    ),
    "delay": (lambda g: g.delay(NOW), {GrantState.APPLYING}),
    "activate": (
        lambda g: g.activate(NOW, owned=True, rule_uuid="u-7"),
        {GrantState.APPLYING},
    ),
    "see the rule of": (
        lambda g: g.see_rule(owned=True, rule_uuid="u-7"),
        {GrantState.ACTIVE, GrantState.REMOVING},
    ),
    "write again": (lambda g: g.write_again(NOW), {GrantState.ACTIVE}),
    "extend": (lambda g: g.extend(NOW + HOUR), {GrantState.APPLYING, GrantState.ACTIVE}),
    "warn of": (lambda g: g.warn(NOW), {GrantState.ACTIVE}),
    "remove": (
        lambda g: g.leave(EndReason.REVOKED, NOW),
        {GrantState.APPLYING, GrantState.ACTIVE},
    ),
    "end": (lambda g: g.end(NOW), {GrantState.REMOVING}),
}


def test_the_last_approval_needed_approves() -> None:
    once = request().decide(ALICE, approvals_needed=2)
    twice = once.decide(CAROL, approvals_needed=2)

    assert once.state is RequestState.PENDING
    assert once.decided_at is None
    assert twice.state is RequestState.APPROVED
    assert twice.decided_at == CAROL.at
    assert twice.approvers == ("U0ALICE", "U0CAROL")


def test_the_same_approvers_second_approval_changes_nothing() -> None:
    once = request().decide(ALICE, approvals_needed=2)

    assert once.decide(ALICE, approvals_needed=2) is once


def test_one_denial_decides_whatever_others_said() -> None:
    denied = request().decide(ALICE, approvals_needed=2).decide(NO, approvals_needed=2)

    assert denied.state is RequestState.DENIED
    assert denied.decided_at == NO.at
    assert denied.approvers == ("U0ALICE",)
    assert denied.decisions[-1].reason == "not today"


def test_an_approver_who_changes_their_mind_in_time_denies() -> None:
    asked = request().decide(CAROL, approvals_needed=2).decide(NO, approvals_needed=2)

    assert asked.state is RequestState.DENIED


def test_a_written_policy_approves_in_its_own_name() -> None:
    approved = request().approve_at_once("policy", NOW)

    assert approved.state is RequestState.APPROVED
    assert approved.decided_at == NOW
    assert approved.approvers == ("policy",)


def test_a_request_can_be_withdrawn_or_lapse() -> None:
    assert request().cancel(NOW).state is RequestState.CANCELLED
    lapsed = request().lapse(NOW + 4 * HOUR)
    assert lapsed.state is RequestState.LAPSED
    assert lapsed.decided_at == NOW + 4 * HOUR


@pytest.mark.parametrize("state", sorted(set(RequestState) - {RequestState.PENDING}))
def test_a_request_that_was_closed_stays_closed(state: RequestState) -> None:
    closed = request(state=state)

    for move in REQUEST_MOVES:
        with pytest.raises(ImpossibleTransition, match=f"request 7: it is {state}"):
            move(closed)


@pytest.mark.parametrize("state", GrantState)
@pytest.mark.parametrize("move", GRANT_MOVES)
def test_a_grant_makes_only_the_moves_of_its_state(move: str, state: GrantState) -> None:
    make, allowed = GRANT_MOVES[move]
    grant = new_grant(state=state)

    if state in allowed:
        make(grant)
    else:
        with pytest.raises(ImpossibleTransition, match=f"cannot {move} grant 7: it is {state}"):
            make(grant)


def test_a_grant_goes_from_applying_to_active_to_removing_to_ended() -> None:
    sent = new_grant().send(NOW)
    active = sent.activate(NOW + MINUTE, owned=True, rule_uuid="u-7")
    leaving = active.leave(EndReason.REVOKED, NOW + 2 * MINUTE)
    ended = leaving.end(NOW + 3 * MINUTE)

    assert sent.state is GrantState.APPLYING
    assert active.state is GrantState.ACTIVE
    assert (active.owned, active.rule_uuid, active.written_at) == (True, "u-7", NOW + MINUTE)
    assert leaving.state is GrantState.REMOVING
    assert leaving.removing_since == NOW + 2 * MINUTE
    assert ended.state is GrantState.ENDED
    assert (ended.end_reason, ended.ended_at) == (EndReason.REVOKED, NOW + 3 * MINUTE)


@pytest.mark.parametrize("before", [new_grant(), new_grant(sent_at=NOW), active_grant(owned=False)])
def test_a_write_that_was_refused_leaves_what_was_known_before(before: Grant) -> None:
    refused = before.send(NOW + HOUR).take_back(before)

    assert (refused.sent_at, refused.owned) == (before.sent_at, before.owned)


def test_p5_a_rule_that_was_sent_may_be_ours_also_where_somebody_elses_was_there_before() -> None:
    sent = active_grant(owned=False, sent_at=None).send(NOW)

    assert sent.owned is None
    assert (sent.sent_at, sent.written_at) == (NOW, NOW)


def test_a_grant_wants_its_rule_until_the_end_and_not_at_the_end() -> None:
    grant = active_grant(expires_at=NOW + HOUR)

    assert grant.wants_rule(NOW)
    assert not grant.wants_rule(NOW + HOUR)
    assert new_grant().wants_rule(NOW)


@pytest.mark.parametrize("state", [GrantState.REMOVING, GrantState.ENDED])
def test_a_grant_that_was_told_to_end_wants_no_rule(state: GrantState) -> None:
    grant = active_grant(state=state)

    assert not grant.is_live
    assert not grant.wants_rule(NOW)


def test_an_extension_moves_the_end_and_takes_back_the_warning() -> None:
    extended = active_grant().warn(NOW).extend(NOW + 3 * HOUR)

    assert extended.expires_at == NOW + 3 * HOUR
    assert extended.warned_at is None


@fuzzed(300)
@given(
    typed_ahead=st.timedeltas(timedelta(minutes=1), timedelta(hours=12)),
    waited=st.timedeltas(timedelta(0), timedelta(hours=12)),
    at_most=st.none() | st.timedeltas(timedelta(minutes=1), timedelta(hours=12)),
)
def test_p4_what_is_typed_until_a_time_never_lasts_beyond_it(
    typed_ahead: timedelta, waited: timedelta, at_most: timedelta | None
) -> None:
    """However late it is approved, and however long that would be from then."""
    until, approved_at = NOW + typed_ahead, NOW + waited
    pending = request(duration=typed_ahead + MINUTE, until=until)
    approved = pending.decide(
        Decision("U0ALICE", Verdict.APPROVE, approved_at, at_most=at_most), approvals_needed=1
    )
    grant = requests.new_grant(approved, cluster_id="c", at=approved_at)

    assert grant.expires_at <= until
    assert grant.expires_at in (until, approved_at + (at_most or timedelta()))


def test_a_warning_is_noted() -> None:
    assert active_grant().warn(NOW).warned_at == NOW


def test_a_grant_whose_time_is_up_expires() -> None:
    assert active_grant().expire(NOW).end_reason is EndReason.EXPIRED


def test_a_grant_whose_time_is_up_before_it_was_applied_failed() -> None:
    assert new_grant().expire(NOW).end_reason is EndReason.FAILED


def test_a_rule_that_is_written_again_counts_as_written_just_now() -> None:
    assert active_grant().write_again(NOW).written_at == NOW


def test_a_rule_that_is_seen_is_noted_without_touching_when_it_was_written() -> None:
    grant = active_grant()
    seen = grant.see_rule(owned=False, rule_uuid="u-new")

    assert (seen.owned, seen.rule_uuid) == (False, "u-new")
    assert seen.written_at == grant.written_at


def test_a_revoked_grant_remembers_who_revoked_it() -> None:
    revoked = active_grant().revoke("U0ALICE", NOW)
    assert revoked.state is GrantState.REMOVING
    assert revoked.end_reason is EndReason.REVOKED
    assert revoked.revoked_by == "U0ALICE"


def test_what_was_removed_outside_goes_on_under_a_new_number_with_its_times() -> None:
    first = active_grant().leave(EndReason.REMOVED_OUTSIDE, NOW).end(NOW)

    second = first.put_back(9)

    assert (second.id, second.state) == (9, GrantState.APPLYING)
    assert (second.approved_at, second.expires_at) == (first.approved_at, first.expires_at)
    assert second.source == first.source
    assert second.owned is None
    assert second.sent_at is None
    assert second.rule_uuid is None


@pytest.mark.parametrize(
    "grant",
    [
        active_grant(),
        active_grant().leave(EndReason.REMOVED_OUTSIDE, NOW),
        active_grant().revoke("U0ALICE", NOW).end(NOW),
        replace(active_grant(), adopted=True).leave(EndReason.REMOVED_OUTSIDE, NOW).end(NOW),
    ],
    ids=["live", "not yet over", "revoked", "adopted"],
)
def test_nothing_else_is_put_back(grant: Grant) -> None:
    with pytest.raises(ImpossibleTransition):
        grant.put_back(9)


def test_who_approved_the_first_time_approved_what_is_put_back() -> None:
    first = request().decide(CAROL, approvals_needed=2).decide(ALICE, approvals_needed=2)

    again = request().approve_as(first, NOW + HOUR)

    assert again.state is RequestState.APPROVED
    assert again.decided_at == NOW + HOUR
    assert again.decisions == (CAROL, ALICE)


def test_the_shortest_time_that_any_approver_named_is_granted() -> None:
    half = Decision("U0ALICE", Verdict.APPROVE, NOW, at_most=HOUR / 2)
    once = request().decide(half, approvals_needed=2)
    twice = once.decide(CAROL, approvals_needed=2)

    assert request().granted_duration == HOUR
    assert twice.granted_duration == HOUR / 2


def test_an_emergency_waits_for_its_review_once_it_was_granted() -> None:
    emergency = request(kind=RequestKind.EMERGENCY)
    granted = emergency.approve_at_once("emergency", NOW)

    assert not emergency.wants_review
    assert granted.wants_review
    assert granted.remind(NOW + HOUR).remind_at == NOW + HOUR
    reviewed = granted.remind(NOW + HOUR).review("U0ALICE", NOW + MINUTE)
    assert (reviewed.reviewed_by, reviewed.reviewed_at) == ("U0ALICE", NOW + MINUTE)
    assert not reviewed.wants_review
    assert reviewed.remind_at is None
    with pytest.raises(ImpossibleTransition):
        reviewed.review("U0CAROL", NOW)


def test_what_is_decided_is_reminded_of_no_more() -> None:
    waiting = request(remind_at=NOW + HOUR)
    decided = waiting.decide(ALICE, approvals_needed=1)

    assert waiting.remind(None).remind_at is None
    assert decided.remind_at is None
    with pytest.raises(ImpossibleTransition):
        decided.remind(NOW)


def test_a_request_that_was_no_emergency_is_not_reviewed() -> None:
    with pytest.raises(ImpossibleTransition):
        request().approve_at_once("policy", NOW).review("U0ALICE", NOW)
