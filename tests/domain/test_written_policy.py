"""Emergencies and adoptions: what the policy says to them."""

from datetime import timedelta

import pytest

from bot.domain.people import Person, Standing
from bot.domain.policy import LONGEST_ADOPTION
from bot.domain.refusal import Field, NotYours, Refused
from bot.domain.refusals.rights import MayNotReview
from tests.domain.examples import HOUR, MINUTE, ORDERS, SECOND, orders, refused

ALICE = Person("U0ALICE", Standing.MEMBER)
BOB = Person("U0BOB", Standing.MEMBER, asked=frozenset({"S0DBADMINS", "S0ONCALL"}))
ERIN = Person("U0ERIN", Standing.MEMBER, frozenset({"S0ONCALL"}))
WITH_GLASS = orders(emergency={"requesters": ["S0ONCALL"], "max_duration": "30m"})


def test_who_is_named_may_break_the_glass_with_a_reason() -> None:
    WITH_GLASS.check_emergency(ERIN, 30 * MINUTE, "all locked")


def test_p4_nobody_breaks_a_glass_that_is_not_there() -> None:
    with refused("no emergency access"):
        ORDERS.check_emergency(ERIN, MINUTE, "all locked")


@pytest.mark.parametrize("standing", sorted(set(Standing) - {Standing.MEMBER, Standing.UNKNOWN}))
def test_p4_only_full_members_break_the_glass(standing: Standing) -> None:
    with pytest.raises(NotYours):
        WITH_GLASS.check_emergency(
            Person("U0ERIN", standing, frozenset({"S0ONCALL"})), MINUTE, "all locked"
        )


def test_p4_who_is_not_named_does_not_break_the_glass() -> None:
    with refused("You have no emergency access", NotYours):
        WITH_GLASS.check_emergency(BOB, MINUTE, "all locked")


@pytest.mark.parametrize(
    ("duration", "reason", "field"),
    [
        (31 * MINUTE, "all locked", Field.DURATION),
        (SECOND, "all locked", Field.DURATION),
        (9 * HOUR, "all locked", Field.DURATION),
        (MINUTE, "", Field.REASON),
    ],
)
def test_an_emergency_is_short_and_has_a_reason(
    duration: timedelta, reason: str, field: Field
) -> None:
    with pytest.raises(Refused) as caught:
        WITH_GLASS.check_emergency(ERIN, duration, reason)
    assert caught.value.field is field


def test_the_usual_time_of_an_emergency_is_never_longer_than_its_longest() -> None:
    assert WITH_GLASS.usual_emergency == 30 * MINUTE
    assert ORDERS.usual_emergency == ORDERS.usual_duration


def test_an_emergency_is_reviewed_by_another_approver() -> None:
    WITH_GLASS.check_may_review(ALICE, requester="U0ERIN")
    with pytest.raises(NotYours) as not_an_approver:
        WITH_GLASS.check_may_review(BOB, requester="U0ERIN")
    refusal = not_an_approver.value.refusal
    assert refusal == MayNotReview(ask=("U0ALICE", "S0DBADMINS"))


def test_nobody_reviews_their_own_emergency_even_where_they_may_approve_themselves() -> None:
    lax = orders(self_approval=True)
    with refused("your own emergency access", NotYours):
        lax.check_may_review(ALICE, requester="U0ALICE")


def test_only_an_approver_adopts() -> None:
    ORDERS.check_may_adopt(ALICE)
    with pytest.raises(NotYours):
        ORDERS.check_may_adopt(BOB)


@pytest.mark.parametrize("duration", [10 * MINUTE, HOUR, LONGEST_ADOPTION])
def test_a_timer_leaves_time_for_a_warning_and_is_not_for_ever(duration: timedelta) -> None:
    ORDERS.check_adoption(duration)


@pytest.mark.parametrize("duration", [10 * MINUTE - SECOND, LONGEST_ADOPTION + SECOND])
def test_a_timer_that_nobody_would_notice_or_remember_is_refused(duration: timedelta) -> None:
    with refused("`10m` to `52w`"):
        ORDERS.check_adoption(duration)
