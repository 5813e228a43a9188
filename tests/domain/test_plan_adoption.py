"""A rule that somebody once added by hand, put on a timer by an approver."""

from dataclasses import replace

import pytest

from bot.domain.labels import label
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.plan import Blocked
from bot.domain.rules import Rule
from tests.domain.examples import (
    HOME,
    HOUR,
    INSTANCE,
    MINUTE,
    NOW,
    OFFICE_RULE,
    active_grant,
    new_grant,
    planned,
)

CLUTTER = Rule("ip_addr", HOME.value, "u-old", "intern, summer", NOW - 9000 * HOUR)
ADOPTED = new_grant(adopted=True)
FOUND = ADOPTED.find_rule(description="intern, summer", rule_uuid="u-old")


def labelled(grant: Grant = ADOPTED) -> Rule:
    """Return the old rule as the adoption has written it."""
    return replace(
        CLUTTER, description=str(label(INSTANCE, grant.id, grant.expires_at, adopted=True))
    )


def on_its_timer() -> Grant:
    return active_grant(
        adopted=True,
        rule_uuid="u-old",
        sent_at=NOW,
        written_at=NOW,
        earlier_description="intern, summer",
    )


def stopped(grant: Grant | None = None) -> Grant:
    """Return the adoption once somebody has stopped its clock."""
    return (grant or on_its_timer()).revoke("U0ALICE", NOW)


def test_an_adopted_rule_is_ours_from_then_on_and_bears_its_label() -> None:
    first = planned([OFFICE_RULE, CLUTTER], [ADOPTED])

    assert first.must_write
    assert first.rules == (OFFICE_RULE, labelled())
    assert not first.adds
    assert not first.removes

    assert first.adopts == {7: CLUTTER}

    after = planned(first.rules, [FOUND])
    assert not after.must_write
    assert after.present[7].owned
    assert after.present[7].rule_uuid == "u-old"


def test_p1_no_other_rule_is_touched_by_an_adoption() -> None:
    bare = Rule("ip_addr", "203.0.113.9", "u-bare", None, NOW - HOUR)
    assert planned([bare, OFFICE_RULE, CLUTTER], [ADOPTED]).rules[:2] == (bare, OFFICE_RULE)


def test_p3_an_adopted_rule_goes_when_its_time_is_up() -> None:
    grant = on_its_timer()
    ends = planned([OFFICE_RULE, labelled(grant)], [grant], now=grant.expires_at)

    assert ends.rules == (OFFICE_RULE,)
    assert planned(ends.rules, [grant], now=grant.expires_at).gone == {7}


def test_p2_the_guard_takes_the_place_of_an_adopted_rule_that_was_the_last() -> None:
    grant = on_its_timer()
    assert planned([labelled(grant)], [grant], now=grant.expires_at).guard_added


@pytest.mark.parametrize("description", [None, "", "intern, summer"])
def test_p3_an_adopted_rule_stays_ours_whatever_others_write_into_its_description(
    description: str | None,
) -> None:
    grant = on_its_timer()
    rule = replace(CLUTTER, description=description)
    assert planned([OFFICE_RULE, rule], [grant], now=grant.expires_at).removes == (rule,)


@pytest.mark.parametrize("restore", [True, False])
def test_a_rule_that_is_not_there_is_not_added_by_adopting_it(restore: bool) -> None:
    nothing = planned([OFFICE_RULE], [ADOPTED], restore=restore)

    assert not nothing.must_write
    assert nothing.blocked == {7: Blocked.NOT_THERE}


@pytest.mark.parametrize("restore", [True, False])
def test_an_adopted_rule_that_somebody_removes_is_not_put_back(restore: bool) -> None:
    gone = planned([OFFICE_RULE], [on_its_timer()], now=NOW + MINUTE / 2, restore=restore)

    assert not gone.must_write
    assert gone.vanished == {7}


def test_p1_a_rule_added_by_hand_after_an_adoption_ended_is_foreign() -> None:
    ended = on_its_timer().leave(EndReason.EXPIRED, NOW).end(NOW)
    again = Rule("ip_addr", HOME.value, "u-new", "intern, winter", NOW)

    assert ended.state is GrantState.ENDED
    assert not planned([OFFICE_RULE, again], [ended]).must_write


def test_p1_an_adoption_whose_time_was_over_before_anybody_saw_the_rule_removes_nothing() -> None:
    late = planned([OFFICE_RULE, CLUTTER], [ADOPTED], now=ADOPTED.expires_at)

    assert not late.must_write
    assert late.gone == {7}


def test_p1_an_adoption_that_was_revoked_before_anybody_saw_the_rule_removes_nothing() -> None:
    revoked = ADOPTED.revoke("U0ALICE", NOW)
    assert not planned([OFFICE_RULE, CLUTTER], [revoked]).must_write


def test_p7_another_installations_rule_cannot_be_adopted() -> None:
    theirs = replace(CLUTTER, description=str(label("staging", 3, NOW + HOUR)))
    refused = planned([OFFICE_RULE, theirs], [ADOPTED])

    assert not refused.must_write
    assert refused.blocked == {7: Blocked.NOT_THERE}


def test_a_source_that_is_lent_meanwhile_outlives_its_adoption() -> None:
    adopted = on_its_timer()
    lent = new_grant(8, expires_at=NOW + 9 * HOUR)
    after = planned([OFFICE_RULE, labelled(adopted)], [adopted, lent], now=adopted.expires_at)

    assert not after.removes
    assert after.present[8].owned


def test_p4_revoking_an_adopted_rule_leaves_it_as_it_was_found() -> None:
    grant = stopped()
    first = planned([OFFICE_RULE, labelled(on_its_timer())], [grant])

    assert first.must_write
    assert first.rules == (OFFICE_RULE, CLUTTER)
    assert first.releases == (CLUTTER,)
    assert not first.removes
    assert not first.gone

    after = planned(first.rules, [grant])
    assert not after.must_write
    assert after.gone == {7}


def test_p4_the_last_rule_stays_when_its_clock_is_stopped() -> None:
    result = planned([labelled(on_its_timer())], [stopped()])

    assert result.rules == (CLUTTER,)
    assert not result.guard_added


@pytest.mark.parametrize("reason", [EndReason.REVOKED, EndReason.FAILED, EndReason.REMOVED_OUTSIDE])
def test_p4_only_its_time_takes_an_adopted_rule_away(reason: EndReason) -> None:
    over = on_its_timer().leave(reason, NOW)
    for grant in (over, over.end(NOW)):
        result = planned([OFFICE_RULE, labelled(on_its_timer())], [grant])
        assert result.rules == (OFFICE_RULE, CLUTTER)


def test_p4_a_list_that_brings_the_label_back_later_does_not_remove_the_rule() -> None:
    long_over = stopped().end(NOW)
    again = planned([OFFICE_RULE, labelled(on_its_timer())], [long_over], now=NOW + 90 * HOUR)
    assert again.rules == (OFFICE_RULE, CLUTTER)


def test_a_rule_that_said_nothing_says_nothing_again() -> None:
    grant = replace(stopped(), earlier_description="")
    result = planned([OFFICE_RULE, labelled(on_its_timer())], [grant])
    assert result.rules[1].description is None


def test_p1_what_others_wrote_over_our_label_stays_when_the_clock_is_stopped() -> None:
    edited = replace(labelled(on_its_timer()), description="kept for the auditors")
    result = planned([OFFICE_RULE, edited], [stopped()])

    assert not result.must_write
    assert result.gone == {7}


def test_p5_a_rule_whose_clock_is_stopped_is_foreign_for_those_who_use_it_too() -> None:
    borrower = active_grant(8, rule_uuid="u-old", expires_at=NOW + 9 * HOUR)
    named = replace(CLUTTER, description=str(label(INSTANCE, 8, borrower.expires_at)))
    first = planned([OFFICE_RULE, named], [stopped(), borrower])
    assert first.rules == (OFFICE_RULE, CLUTTER)

    after = planned(first.rules, [stopped(), borrower])
    assert not after.must_write
    assert after.present[8].owned is False

    over = replace(borrower, owned=False)
    assert not planned(first.rules, [over], now=over.expires_at).must_write


def test_p1_a_user_who_left_just_before_does_not_take_the_rule_along() -> None:
    gone = active_grant(8, rule_uuid="u-old").leave(EndReason.EXPIRED, NOW).end(NOW)
    result = planned([OFFICE_RULE, labelled(on_its_timer())], [stopped(), gone])
    assert result.rules == (OFFICE_RULE, CLUTTER)


def test_a_rule_is_adopted_again_while_its_clock_is_being_stopped() -> None:
    again = new_grant(8, adopted=True, expires_at=NOW + 9 * HOUR)
    first = planned([OFFICE_RULE, labelled(on_its_timer())], [stopped(), again])
    assert first.adopts == {8: CLUTTER}
    assert first.rules[1].description == str(label(INSTANCE, 8, again.expires_at, adopted=True))

    found = again.find_rule(description=CLUTTER.description, rule_uuid="u-old")
    after = planned(first.rules, [stopped(), found])
    assert not after.must_write
    assert after.present[8].owned
    assert after.gone == {7}


def test_p3_a_rule_of_ours_is_not_adopted_and_still_goes_with_its_grant() -> None:
    lent = active_grant(5)
    ours = replace(CLUTTER, uuid="u-5", description=str(label(INSTANCE, 5, lent.expires_at)))
    refused = planned([OFFICE_RULE, ours], [lent, ADOPTED])

    assert not refused.must_write
    assert refused.blocked == {7: Blocked.NOT_THERE}

    failed = ADOPTED.leave(EndReason.FAILED, NOW).end(NOW)
    over = planned([OFFICE_RULE, ours], [lent, failed], now=lent.expires_at)
    assert over.removes == (ours,)


def test_p7_an_orphan_is_recovered_and_not_adopted() -> None:
    orphan = replace(CLUTTER, description=str(label(INSTANCE, 99, NOW + HOUR)))
    result = planned([OFFICE_RULE, orphan], [ADOPTED])

    assert [one.rule for one in result.orphans] == [orphan]
    assert result.blocked == {7: Blocked.NOT_THERE}
