from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.domain.labels import guard_label
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.ownership import SETTLE
from bot.domain.plan import MAX_RULES, Blocked, Plan, Present
from bot.domain.rules import Rule
from bot.domain.sources import GUARD, TrustedSource
from tests.domain.examples import (
    CAFE,
    GUARD_RULE,
    HOME,
    HOUR,
    INSTANCE,
    NOW,
    OFFICE_RULE,
    SECOND,
    active_grant,
    new_grant,
    planned,
    rule_of,
    sources_of,
)

FULL = [Rule("ip_addr", f"198.51.100.{n}", f"u-f{n}", "theirs", NOW - HOUR) for n in range(8, 108)]


def revoked_grant(id_: int = 7, source: TrustedSource = HOME, **changes: Any) -> Grant:
    """Return an active grant that was told to end just now."""
    return active_grant(id_, source, **changes).leave(EndReason.REVOKED, NOW)


def bare(rule: Rule) -> Rule:
    """Return *rule* as `doctl databases firewalls append` leaves it: without its description."""
    return replace(rule, description=None)


def recreated(rule: Rule) -> Rule:
    """Return *rule* as it is after somebody wrote the whole list anew, knowing no uuids."""
    return replace(rule, uuid="u-anew", description=None, created_at=NOW - SECOND)


# A new grant


def test_an_approved_source_is_added_with_a_label_and_no_uuid() -> None:
    result = planned([OFFICE_RULE], [new_grant()])

    added = Rule("ip_addr", "203.0.113.4", None, "dbaccess/prod #7 until 2026-11-25T10:00:00Z")
    assert result.adds == (added,)
    assert result.rules == (OFFICE_RULE, added)
    assert result.must_write
    assert result.to_add == {7}
    assert not result.present


def test_a_rule_that_was_written_makes_its_grant_present_and_nothing_is_left_to_write() -> None:
    written = rule_of(new_grant())
    result = planned([OFFICE_RULE, written], [new_grant(sent_at=NOW)])

    assert result.present == {7: Present(owned=True, rule_uuid="u-7")}
    assert not result.must_write
    assert result.rules == (OFFICE_RULE, written)
    assert result.keeps == (OFFICE_RULE, written)


def test_two_grants_of_one_source_share_one_rule_labelled_with_the_later_end() -> None:
    result = planned(
        [OFFICE_RULE], [new_grant(1), new_grant(2, expires_at=NOW + 2 * HOUR), new_grant(3)]
    )

    assert [rule.description for rule in result.adds] == [
        "dbaccess/prod #2 until 2026-11-25T11:00:00Z"
    ]
    assert result.to_add == {1, 2, 3}


def test_of_two_grants_with_the_same_end_the_label_names_the_later_one() -> None:
    result = planned([OFFICE_RULE], [new_grant(1), new_grant(2)])

    assert [rule.description for rule in result.adds] == [
        "dbaccess/prod #2 until 2026-11-25T10:00:00Z"
    ]


def test_the_same_address_written_as_a_network_of_one_is_the_same_source() -> None:
    theirs = Rule("ip_addr", "203.0.113.4/32", "u-theirs", "Bob at home", NOW - HOUR)

    assert planned([theirs], [new_grant()]).present == {7: Present(False, "u-theirs")}


def test_an_extension_writes_the_new_end_into_the_label() -> None:
    grant = active_grant()
    extended = grant.extend(NOW + 3 * HOUR)
    result = planned([OFFICE_RULE, rule_of(grant)], [extended])

    assert result.must_write
    assert result.rules == (OFFICE_RULE, rule_of(extended))
    assert not result.adds
    assert not result.removes


# The end


def test_expiry_removes_the_rule_and_keeps_all_others() -> None:
    grant = active_grant()
    written = rule_of(grant)
    result = planned([OFFICE_RULE, written], [grant], now=grant.expires_at)

    assert result.removes == (written,)
    assert result.rules == (OFFICE_RULE,)
    assert result.must_write
    assert not result.gone


def test_a_grant_is_gone_once_its_rule_is() -> None:
    result = planned([OFFICE_RULE], [revoked_grant()])

    assert result.gone == {7}
    assert not result.must_write


def test_a_grant_that_has_ended_is_not_told_to_end_again() -> None:
    assert not planned([OFFICE_RULE], [active_grant(state=GrantState.ENDED)]).gone


def test_p3_expiry_keeps_a_rule_another_grant_still_needs() -> None:
    first = active_grant(1)
    second = active_grant(2, expires_at=first.expires_at + HOUR)
    result = planned([OFFICE_RULE, rule_of(second)], [first, second], now=first.expires_at)

    assert result.gone == {1}
    assert result.present == {2: Present(owned=True, rule_uuid="u-2")}
    assert not result.must_write


def test_when_the_longer_of_two_grants_is_revoked_the_label_tells_the_shorter_end() -> None:
    first = active_grant(1)
    second = revoked_grant(2, expires_at=first.expires_at + HOUR)
    result = planned([OFFICE_RULE, rule_of(second)], [first, second])

    assert result.must_write
    assert "#1 until" in (result.rules[-1].description or "")


def test_p3_a_second_rule_for_the_same_source_goes_at_once() -> None:
    grant = active_grant()
    twin = replace(rule_of(grant), uuid="u-twin")
    result = planned([OFFICE_RULE, rule_of(grant), twin], [grant])

    assert result.removes == (twin,)


def test_p3_a_stale_list_that_brings_a_removed_rule_back_is_undone() -> None:
    ended = active_grant(state=GrantState.ENDED, ended_at=NOW - SECOND)

    assert planned([OFFICE_RULE, rule_of(ended)], [ended]).removes == (rule_of(ended),)
    assert planned([OFFICE_RULE, bare(rule_of(ended))], [ended]).removes == (bare(rule_of(ended)),)


# P5: what was there stays there


def test_p5_a_source_that_was_trusted_before_is_present_but_not_ours() -> None:
    theirs = Rule("ip_addr", "203.0.113.4", "u-theirs", None, NOW - HOUR)
    result = planned([theirs], [new_grant()])

    assert result.present == {7: Present(owned=False, rule_uuid="u-theirs")}
    assert not result.must_write


def test_p5_a_source_that_was_trusted_before_stays_at_the_end() -> None:
    theirs = Rule("ip_addr", "203.0.113.4", "u-theirs", None, NOW - HOUR)
    result = planned([theirs], [revoked_grant(owned=False, rule_uuid="u-theirs")])

    assert result.gone == {7}
    assert not result.must_write
    assert result.rules == (theirs,)


def test_p5_a_source_that_was_trusted_before_stays_even_if_somebody_writes_it_anew() -> None:
    theirs = recreated(Rule("ip_addr", "203.0.113.4", "u-theirs"))
    grant = active_grant(owned=False, rule_uuid="u-theirs")

    assert planned([theirs], [grant]).present == {7: Present(owned=False, rule_uuid="u-anew")}


# Labels that others dropped


def test_a_rule_is_known_by_its_uuid_when_another_tool_dropped_its_label() -> None:
    grant = active_grant()
    result = planned([OFFICE_RULE, bare(rule_of(grant))], [grant])

    assert result.present == {7: Present(owned=True, rule_uuid="u-7")}
    assert result.must_write
    assert result.rules == (OFFICE_RULE, rule_of(grant))  # its label is put back


def test_labels_that_the_api_does_not_keep_are_not_written_for_ever() -> None:
    grant = active_grant()
    result = planned([OFFICE_RULE, bare(rule_of(grant))], [grant], relabel=False)

    assert result.present == {7: Present(owned=True, rule_uuid="u-7")}
    assert not result.must_write
    assert result.unlabelled == (bare(rule_of(grant)),)


@pytest.mark.parametrize(
    "became",
    [
        "dbaccess/prod #7 until 2026-11",
        "dbaccess/prod",
        "dbac",
        "dbaccess&#x2F;prod &#35;7 until 2026-11-25T10:00:00Z",
        "dbaccess%2Fprod%20%237",
        "DBACCESS/PROD #7 UNTIL 2026-11-25T10:00:00Z",
    ],
)
def test_a_rule_that_we_sent_is_ours_by_what_became_of_its_label(became: str) -> None:
    sent = new_grant(sent_at=NOW)
    written = replace(rule_of(sent), description=became)

    assert planned([OFFICE_RULE, written], [sent]).present == {7: Present(True, "u-7")}
    assert planned([OFFICE_RULE, written], [new_grant()]).present == {7: Present(False, "u-7")}


@pytest.mark.parametrize(
    "note",
    [
        "dbaccess/production #7",
        "dbaccess/prod-eu #3 until 2026",
        "dbaccess prod jumphost",
        "db access",
        "dba",
        "dbaccess/staging",
    ],
)
def test_what_only_resembles_our_label_says_nothing(note: str) -> None:
    theirs = replace(rule_of(new_grant()), description=note)

    assert planned([theirs], [new_grant(sent_at=NOW)]).present == {7: Present(False, "u-7")}


@pytest.mark.parametrize("created_at", [None, NOW - HOUR])
def test_a_bare_rule_that_was_there_before_we_began_is_foreign(created_at: datetime | None) -> None:
    theirs = Rule("ip_addr", "203.0.113.4", "u-theirs", None, created_at)

    assert planned([theirs], [new_grant(sent_at=NOW)]).present == {
        7: Present(owned=False, rule_uuid="u-theirs")
    }


def test_a_rule_that_somebody_described_is_foreign_however_new_it_is() -> None:
    theirs = Rule("ip_addr", "203.0.113.4", "u-theirs", "keep this", NOW)

    assert planned([theirs], [active_grant()]).present == {7: Present(False, "u-theirs")}


def test_a_rule_that_somebody_described_is_still_ours_by_its_uuid() -> None:
    grant = active_grant()
    described = replace(rule_of(grant), description="Bob")

    assert planned([OFFICE_RULE, described], [grant], now=grant.expires_at).removes == (described,)


# P7: it survives losing its own database


def test_p7_a_rule_with_our_label_and_no_grant_is_an_orphan_until_its_time_is_up() -> None:
    lost = active_grant()
    result = planned([OFFICE_RULE, rule_of(lost)], [])

    (orphan,) = result.orphans
    assert orphan.source == HOME
    assert orphan.rule == rule_of(lost)
    assert (orphan.label.grant_id, orphan.label.until) == (7, lost.expires_at)
    assert not result.must_write
    assert result.rules == (OFFICE_RULE, rule_of(lost))


def test_p7_a_rule_with_our_label_and_no_grant_goes_when_its_time_is_up() -> None:
    lost = rule_of(active_grant())
    result = planned([OFFICE_RULE, lost], [], now=active_grant().expires_at)

    assert result.removes == (lost,)
    assert not result.orphans


def test_p7_a_rule_labelled_by_another_instance_is_foreign() -> None:
    theirs = replace(
        rule_of(active_grant()), description="dbaccess/staging #7 until 2026-11-25T08:00:00Z"
    )
    result = planned([theirs], [active_grant(rule_uuid="u-7")])

    assert result.present == {7: Present(owned=False, rule_uuid="u-7")}
    assert not planned([theirs], []).must_write


def test_p7_an_ended_grant_does_not_come_back_by_its_label() -> None:
    ended = active_grant(state=GrantState.ENDED)
    result = planned([OFFICE_RULE, rule_of(ended)], [ended])

    assert not result.orphans
    assert result.removes == (rule_of(ended),)


# Somebody took the rule away


def test_a_rule_that_vanished_after_a_while_was_taken_away_by_somebody() -> None:
    result = planned([OFFICE_RULE], [active_grant()])

    assert result.vanished == {7}
    assert not result.must_write


def test_a_rule_that_vanished_within_a_minute_was_lost_in_a_race_and_is_written_again() -> None:
    fresh = active_grant(written_at=NOW - SETTLE + SECOND)
    result = planned([OFFICE_RULE], [fresh])

    assert result.to_add == {7}
    assert not result.vanished
    assert planned([OFFICE_RULE], [replace(fresh, written_at=NOW - SETTLE)]).vanished == {7}
    assert planned([OFFICE_RULE], [replace(fresh, written_at=None)]).vanished == {7}


def test_a_rule_that_vanished_is_put_back_where_the_policy_wants_it_restored() -> None:
    result = planned([OFFICE_RULE], [active_grant()], restore=True)

    assert result.to_add == {7}
    assert not result.vanished


def test_a_new_grant_of_a_source_whose_rule_vanished_brings_the_rule_back() -> None:
    result = planned([OFFICE_RULE], [active_grant(1), new_grant(2)])

    assert result.to_add == {2}
    assert result.vanished == {1}
    assert sources_of(result.adds) == [HOME]


# P2: never open to the world


def test_p2_the_last_rule_is_replaced_by_the_guard() -> None:
    grant = active_grant()
    result = planned([rule_of(grant)], [grant], now=grant.expires_at)

    assert result.rules == (Rule(GUARD.type, GUARD.value, description=guard_label(INSTANCE)),)
    assert result.guard_added
    assert result.must_write


def test_p2_the_guard_stays_while_no_foreign_rule_keeps_the_cluster_closed() -> None:
    grant = active_grant()

    alone = planned([GUARD_RULE], [])
    assert alone.rules == (GUARD_RULE,)
    assert not alone.must_write
    assert not alone.guard_added
    assert GUARD_RULE in planned([GUARD_RULE], [new_grant()]).rules
    ending = planned([GUARD_RULE, rule_of(grant)], [grant], now=grant.expires_at)
    assert ending.rules == (GUARD_RULE,)
    assert not ending.guard_added


def test_p2_the_guard_leaves_with_the_next_write_once_a_foreign_rule_is_there() -> None:
    assert not planned([GUARD_RULE, OFFICE_RULE], []).must_write
    assert sources_of(planned([GUARD_RULE, OFFICE_RULE], [new_grant()]).rules) == [
        OFFICE_RULE.source,
        HOME,
    ]


def test_p2_the_guard_of_another_instance_is_foreign() -> None:
    theirs = replace(GUARD_RULE, description=guard_label("staging"))
    grant = active_grant()

    assert planned([theirs, rule_of(grant)], [grant], now=grant.expires_at).rules == (theirs,)


def test_p2_a_first_rule_is_not_added_to_a_cluster_that_is_open_to_all() -> None:
    result = planned([], [new_grant()])

    assert result.blocked == {7: Blocked.OPEN_CLUSTER}
    assert not result.must_write
    assert not result.rules


def test_p2_a_first_rule_is_added_to_an_open_cluster_that_is_set_to_allow_it() -> None:
    result = planned([], [new_grant()], allow_open=True)

    assert result.to_add == {7}
    assert sources_of(result.rules) == [HOME]


@pytest.mark.parametrize("restore", [False, True])
def test_p2_a_cluster_that_somebody_opened_to_all_ends_its_grants(restore: bool) -> None:
    fresh = active_grant(written_at=NOW)

    assert planned([], [fresh], restore=restore).vanished == {7}


def test_p2_an_open_cluster_without_grants_stays_as_it_is() -> None:
    result = planned([], [], allow_open=True)

    assert not result.must_write
    assert not result.guard_added


# A full cluster


def test_a_full_cluster_takes_no_more() -> None:
    assert len(FULL) == MAX_RULES
    result = planned(FULL, [new_grant()])

    assert result.blocked == {7: Blocked.FULL_CLUSTER}
    assert not result.must_write
    assert result.rules == tuple(FULL)


def test_a_full_cluster_still_serves_a_source_that_is_in_it() -> None:
    grant = active_grant()

    assert planned([*FULL[1:], rule_of(grant)], [grant]).present == {7: Present(True, "u-7")}


def test_a_cluster_with_more_rules_than_it_takes_loses_none() -> None:
    extra = [*FULL, OFFICE_RULE]

    result = planned(extra, [new_grant()])
    assert result.rules[: len(extra)] == tuple(extra)
    assert result.to_add == {7}, "its limit is another one than we know: the API alone says no"


def test_the_last_place_goes_to_the_longest_standing_grant() -> None:
    lost_race = active_grant(9, CAFE, written_at=NOW)
    result = planned(FULL[1:], [new_grant(1), new_grant(2), lost_race])

    assert result.to_add == {9}
    assert result.blocked == {1: Blocked.FULL_CLUSTER, 2: Blocked.FULL_CLUSTER}


def test_the_last_places_are_kept_for_emergencies() -> None:
    glass = replace(new_grant(2, CAFE), emergency=True)

    assert planned(FULL[2:], [new_grant(1), glass], reserved=2).to_add == {2}
    assert planned(FULL[3:], [new_grant(1), glass], reserved=2).to_add == {2}
    assert planned(FULL[4:], [new_grant(1), glass], reserved=2).to_add == {1, 2}


def test_an_emergency_comes_first_where_there_is_one_place_left() -> None:
    glass = replace(new_grant(2, CAFE), emergency=True)

    assert planned(FULL[1:], [new_grant(1), glass]).to_add == {2}


def test_a_rule_that_was_lost_may_take_a_kept_place_again() -> None:
    lost_race = active_grant(9, CAFE, written_at=NOW)

    assert planned(FULL[1:], [lost_race], reserved=2).to_add == {9}


def test_a_limit_of_ones_own_holds() -> None:
    assert planned([OFFICE_RULE], [new_grant()], max_rules=1).blocked
    assert planned([OFFICE_RULE], [new_grant()], max_rules=2).to_add == {7}


def test_a_place_that_is_freed_by_the_same_write_is_used() -> None:
    leaving = revoked_grant(1, CAFE)
    result = planned([*FULL[1:], rule_of(leaving)], [leaving, new_grant(2)])

    assert result.to_add == {2}
    assert len(result.rules) == MAX_RULES


# P1: nothing foreign is lost


def test_p1_a_rule_of_a_type_nobody_knows_yet_is_foreign_and_kept() -> None:
    strange = Rule("vpc", "f00", "u-vpc", "dbaccess/prod #1 until 2026-11-25T08:00:00Z", NOW)

    assert planned([strange], [new_grant()]).rules[0] is strange


def test_p1_a_rule_that_only_borrows_the_guards_description_is_foreign_and_kept() -> None:
    borrowed = Rule("ip_addr", "203.0.113.9", "u-b", guard_label(INSTANCE), NOW)

    assert planned([borrowed, OFFICE_RULE], [new_grant()]).rules[0] is borrowed


def test_p1_a_rule_that_only_has_the_guards_address_is_foreign_and_kept() -> None:
    borrowed = Rule(GUARD.type, GUARD.value, "u-b", "closed for the night", NOW)

    assert planned([borrowed, OFFICE_RULE], [new_grant()]).rules[0] is borrowed


def test_p1_foreign_rules_come_first_unchanged_and_in_their_order() -> None:
    odd = Rule("ip_addr", "203.0.113.77/28", "u-odd", "", NOW)
    result: Plan = planned([rule_of(active_grant()), odd, OFFICE_RULE], [active_grant()])

    assert result.rules == (odd, OFFICE_RULE, rule_of(active_grant()))
