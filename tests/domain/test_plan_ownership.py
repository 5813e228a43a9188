"""Whose a rule is that carries no description, when other tools have rewritten the list."""

from dataclasses import replace

from bot.domain.plan import Rule
from tests.domain.examples import (
    CAFE,
    HOME,
    MINUTE,
    NOW,
    OFFICE_RULE,
    SECOND,
    active_grant,
    new_grant,
    planned,
)


def test_p3_a_rule_that_is_ours_since_it_was_written_again_goes_at_the_end() -> None:
    grant = active_grant(owned=False, rule_uuid="u-theirs", placing_since=None, written_at=NOW)
    grant = grant.see_rule(owned=True, rule_uuid="u-ours").write_again(NOW)
    anew = Rule("ip_addr", HOME.value, "u-anew", None, NOW + MINUTE)

    assert planned([OFFICE_RULE, anew], [grant], now=grant.expires_at).removes == (anew,)


def test_p3_a_crash_while_a_rule_is_written_again_leaves_nothing_behind() -> None:
    grant = active_grant(owned=False, rule_uuid="u-theirs", placing_since=None, written_at=NOW)
    assert planned([OFFICE_RULE], [grant]).to_add == {7}
    noted = grant.write_again(NOW)
    bare = Rule("ip_addr", HOME.value, "u-ours", None, NOW)

    assert planned([OFFICE_RULE, bare], [noted], now=grant.expires_at).removes == (bare,)


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

    after = planned(written, [waiting, placed.start_placing(NOW)])
    assert after.present[1].owned is False
    assert after.present[2].owned is True


def test_a_rule_lost_in_a_race_is_written_again_however_long_the_api_is_down() -> None:
    grant = active_grant(written_at=NOW)
    for minute in range(5):
        now = NOW + minute * (MINUTE - SECOND)
        assert planned([OFFICE_RULE], [grant], now=now).to_add == {7}
        grant = grant.write_again(now)
