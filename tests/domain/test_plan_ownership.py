"""Whose a rule is that carries no description, when other tools have rewritten the list."""

from dataclasses import dataclass, replace

import pytest

from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.ownership import own_what_appeared, own_what_is_labelled
from bot.domain.plan import Present
from bot.domain.rules import Rule
from tests.domain.examples import (
    CAFE,
    HOME,
    HOUR,
    INSTANCE,
    MINUTE,
    NOW,
    OFFICE_RULE,
    SECOND,
    active_grant,
    new_grant,
    planned,
    rule_of,
)

ANEW = Rule("ip_addr", HOME.value, "u-anew", None, NOW - SECOND)  # bare, and newer than the grant
OFFICE_BARE = replace(OFFICE_RULE, description=None)
OFFICE = [str(OFFICE_RULE.source)]


@dataclass(frozen=True)
class Found:
    """What was recorded of descriptions, and what is read besides the rule in question."""

    described: list[str] | None
    others: Rule


DROPPED = Found(OFFICE, OFFICE_BARE)  # somebody dropped the descriptions
KEPT = Found(OFFICE, OFFICE_RULE)  # nobody did
UNTOLD = Found([], OFFICE_BARE)  # there was none to be dropped
NEVER_KEPT = Found(None, OFFICE_BARE)  # the API is known to keep none


def is_ours(grant: Grant, rule: Rule, found: Found) -> bool:
    read = [found.others, rule]
    result = planned(read, [grant], described=found.described)
    return grant.id in result.present and result.present[grant.id].owned


def owned(
    grants: list[Grant],
    written: set[int],
    before: list[Rule],
    appeared: Rule,
    *,
    others: Rule = OFFICE_RULE,
    certain: bool = True,
) -> list[Grant]:
    return own_what_appeared(
        grants,
        written,
        before,
        [others, appeared],
        instance=INSTANCE,
        certain=certain,
        described=OFFICE,
    )


@pytest.mark.parametrize("found", [DROPPED, KEPT, UNTOLD, NEVER_KEPT])
@pytest.mark.parametrize(
    "grant",
    [
        new_grant(),  # nothing was sent: a crash, or a refusal
        new_grant(approved_at=NOW - HOUR),
        active_grant(owned=False, sent_at=None),
        active_grant(owned=False, sent_at=NOW - MINUTE),
    ],
)
def test_p1_a_rule_is_never_ours_where_nothing_was_sent(grant: Grant, found: Found) -> None:
    assert not is_ours(grant, ANEW, found)


@pytest.mark.parametrize("found", [DROPPED, KEPT, UNTOLD, NEVER_KEPT])
def test_p5_a_rule_of_before_that_is_written_anew_while_nothing_was_sent_stays(
    found: Found,
) -> None:
    revoked = new_grant().leave(EndReason.REVOKED, NOW)
    result = planned([found.others, ANEW], [revoked], described=found.described)

    assert not result.removes
    assert result.gone == {7}


@pytest.mark.parametrize(
    ("found", "ours"), [(DROPPED, True), (NEVER_KEPT, True), (KEPT, False), (UNTOLD, False)]
)
def test_what_was_sent_and_never_seen_wants_the_evidence_of_dropped_descriptions(
    found: Found, ours: bool
) -> None:
    assert is_ours(new_grant(sent_at=NOW - SECOND), ANEW, found) is ours


def test_the_guess_about_what_was_never_seen_ends_a_minute_after_the_write() -> None:
    sent = new_grant(sent_at=NOW - MINUTE - 2 * SECOND)

    assert not is_ours(sent, ANEW, DROPPED)


@pytest.mark.parametrize(
    ("found", "ours"), [(DROPPED, True), (NEVER_KEPT, True), (KEPT, False), (UNTOLD, True)]
)
def test_what_was_seen_as_ours_and_is_written_anew_is_ours_unless_descriptions_are_kept(
    found: Found, ours: bool
) -> None:
    assert is_ours(active_grant(), ANEW, found) is ours


def test_p3_a_stale_list_without_labels_just_after_an_end_is_undone_and_told() -> None:
    ended = active_grant(state=GrantState.ENDED, ended_at=NOW - SECOND)
    result = planned([OFFICE_BARE, ANEW], [ended], described=OFFICE)

    assert result.removes == result.guessed == (ANEW,)
    assert not planned([OFFICE_RULE, ANEW], [ended], described=OFFICE).removes


def test_p1_a_rule_that_is_added_more_than_a_minute_after_the_end_is_not_ours() -> None:
    ended = active_grant(state=GrantState.ENDED, ended_at=NOW - MINUTE - 2 * SECOND)

    assert not planned([OFFICE_BARE, ANEW], [ended], described=OFFICE).removes


def test_an_older_rule_is_not_ours_but_for_a_servers_clock_that_is_a_little_behind() -> None:
    behind = replace(ANEW, created_at=NOW - SECOND)

    assert is_ours(new_grant(sent_at=NOW), behind, DROPPED)
    assert not is_ours(new_grant(sent_at=NOW), replace(ANEW, created_at=NOW - MINUTE), DROPPED)


@pytest.mark.parametrize("description", [None, "dbaccess/prod #7 unt"])
def test_a_uuid_that_appeared_with_our_write_is_ours_whatever_became_of_its_label(
    description: str | None,
) -> None:
    appeared = Rule("ip_addr", HOME.value, "u-new", description, NOW)
    (seen,) = owned([new_grant(sent_at=NOW)], {7}, [OFFICE_RULE], appeared)

    assert (seen.owned, seen.rule_uuid) == (True, "u-new")


@pytest.mark.parametrize(
    ("before", "added", "description"),
    [
        ([OFFICE_RULE], {7}, "Bob at home"),  # somebody else's, written in between
        ([OFFICE_RULE, replace(ANEW, uuid="u-new")], {7}, None),  # it was there
        ([OFFICE_RULE], {8}, None),  # it was not this grant that the write was for
    ],
)
def test_what_did_not_appear_with_our_write_is_not_ours(
    before: list[Rule], added: set[int], description: str | None
) -> None:
    appeared = Rule("ip_addr", HOME.value, "u-new", description, NOW)
    grant = new_grant(sent_at=NOW)

    assert owned([grant], added, before, appeared) == [grant]


def test_p5_what_appears_after_a_write_that_may_not_have_been_done_wants_evidence() -> None:
    appeared = Rule("ip_addr", HOME.value, "u-new", None, NOW)
    grant = new_grant(sent_at=NOW)

    assert owned([grant], {7}, [OFFICE_RULE], appeared, certain=False) == [grant]
    cut = replace(appeared, description="dbaccess/prod #7 unt")
    assert owned([grant], {7}, [OFFICE_RULE], cut, certain=False)[0].owned
    (seen,) = owned([grant], {7}, [OFFICE_RULE], appeared, others=OFFICE_BARE, certain=False)
    assert seen.owned, "somebody drops descriptions"


# The label of a lost database


def test_p7_a_label_of_before_keeps_its_own_end_where_the_same_source_is_asked_for_again() -> None:
    lost = active_grant(1, expires_at=NOW + 3 * HOUR)
    anew = new_grant(1)
    first = planned([OFFICE_RULE, rule_of(lost)], [anew])

    assert [orphan.label.until for orphan in first.orphans] == [NOW + 3 * HOUR]
    assert first.present == {1: Present(owned=True, rule_uuid="u-1")}
    assert not first.must_write  # its label stays until the other grant is recovered


def test_a_label_that_was_written_for_a_grant_beside_another_is_its_own() -> None:
    first = active_grant(1)
    joining = new_grant(2, expires_at=NOW + 2 * HOUR)
    relabelled = rule_of(joining, uuid="u-1")

    assert not planned([OFFICE_RULE, relabelled], [first, joining]).orphans
    revoked = joining.send(NOW).leave(EndReason.REVOKED, NOW)
    assert not planned([OFFICE_RULE, relabelled], [first, revoked]).orphans


def test_p5_a_bare_rule_added_by_hand_just_before_is_not_ours_while_another_grant_is_placed() -> (
    None
):
    theirs = Rule("ip_addr", HOME.value, "u-theirs", None, NOW - SECOND)
    waiting, placed = new_grant(1, HOME), new_grant(2, CAFE)
    first = planned([theirs], [waiting, placed])
    assert first.to_add == {2}
    written = [
        replace(rule, uuid=rule.uuid or "u-new", created_at=rule.created_at or NOW)
        for rule in first.rules
    ]

    after = planned(written, [waiting, placed.send(NOW)])
    assert after.present[1].owned is False
    assert after.present[2].owned is True


def test_a_rule_lost_in_a_race_is_written_again_however_long_the_api_is_down() -> None:
    grant = active_grant(written_at=NOW)
    for minute in range(5):
        now = NOW + minute * (MINUTE - SECOND)
        assert planned([OFFICE_RULE], [grant], now=now).to_add == {7}
        grant = grant.write_again(now)


def test_p3_a_label_that_was_seen_proves_the_rule_after_it_was_dropped() -> None:
    revoked = new_grant(sent_at=NOW).leave(EndReason.REVOKED, NOW)
    (seen,) = own_what_is_labelled([revoked], [OFFICE_RULE, rule_of(revoked)], INSTANCE)
    stripped = rule_of(revoked, description=None, created_at=NOW - HOUR)

    assert planned([OFFICE_BARE, stripped], [seen]).removes == (stripped,)
    assert own_what_is_labelled([new_grant(8)], [rule_of(revoked)], INSTANCE) == [new_grant(8)]


def test_another_installations_label_is_no_sign_that_descriptions_are_kept() -> None:
    relabelled = replace(OFFICE_RULE, description="dbaccess/staging #4 until 2026-11-25T10:00:00Z")

    assert planned([relabelled, ANEW], [active_grant()], described=OFFICE).present == {
        7: Present(owned=True, rule_uuid="u-anew")
    }


def test_access_beside_another_is_ours_also_where_its_own_rule_was_never_sent() -> None:
    beside = new_grant().activate(NOW - MINUTE, owned=True, rule_uuid="u-7")

    assert is_ours(beside, ANEW, DROPPED)
