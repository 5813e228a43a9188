"""The promises, for any rules and any grants that hypothesis can think of."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import TypedDict

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.actors import Actor
from bot.domain.labels import guard_label, label, read_label
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.plan import MAX_RULES, Plan
from bot.domain.rules import Rule
from bot.domain.sources import GUARD, SourceType, TrustedSource
from tests.domain.examples import (
    HOUR,
    INSTANCE,
    NOW,
    SECOND,
    new_grant,
    planned,
    sources_of,
)


class Options(TypedDict):
    """What a cluster's policy says to a plan."""

    allow_open: bool
    restore: bool
    takes: Callable[[TrustedSource], bool]


SOURCES = [
    *[TrustedSource(SourceType.IP_ADDR, f"203.0.113.{n}") for n in (1, 2)],
    TrustedSource(SourceType.DROPLET, "163973392"),
]
UUIDS = [f"u-{n}" for n in range(12)]
BEFORE = [NOW - 2 * HOUR, NOW - HOUR, NOW - 30 * SECOND, NOW - SECOND]
TIMES = st.sampled_from(BEFORE)
ENDS = st.sampled_from([NOW - HOUR, NOW - SECOND, NOW, NOW + SECOND, NOW + HOUR])
OPTIONS = st.builds(
    Options,
    allow_open=st.booleans(),
    restore=st.booleans(),
    takes=st.sets(st.sampled_from(SOURCES)).map(lambda taken: taken.__contains__),
)

OUR_LABELS = st.builds(lambda id_, until: str(label(INSTANCE, id_, until)), st.integers(1, 9), ENDS)
FOREIGN_NOTES = st.sampled_from(
    ["office", "dbaccess/staging #1 until 2026-11-25T08:00:00Z", guard_label("staging")]
)
BARE = st.sampled_from([None, ""])


def rules_with(descriptions: st.SearchStrategy[str | None]) -> st.SearchStrategy[Rule]:
    sources = st.sampled_from([*SOURCES, GUARD]).map(
        lambda source: (str(source.type), source.value)
    )
    odd = st.sampled_from([("vpc", "f00"), ("ip_addr", "203.0.113.77/28")])
    return st.builds(
        lambda kind, uuid, description, created_at: Rule(
            kind[0], kind[1], uuid, description, created_at
        ),
        sources | odd,
        st.sampled_from(UUIDS),
        descriptions,
        st.none() | TIMES,
    )


def lists_of(rules: st.SearchStrategy[Rule]) -> st.SearchStrategy[list[Rule]]:
    return st.lists(rules, max_size=6, unique_by=lambda rule: rule.uuid)


GUARD_RULES = st.just(Rule(GUARD.type, GUARD.value, "u-guard", guard_label(INSTANCE), NOW - HOUR))
CLUSTERS = lists_of(rules_with(OUR_LABELS | FOREIGN_NOTES | BARE) | GUARD_RULES)
FOREIGN_CLUSTERS = lists_of(rules_with(FOREIGN_NOTES | BARE))
GRANTS = st.lists(
    st.builds(
        new_grant,
        st.integers(1, 9),
        st.sampled_from(SOURCES),
        state=st.sampled_from(GrantState),
        expires_at=ENDS,
        owned=st.sampled_from([None, True, False]),
        rule_uuid=st.none() | st.sampled_from(UUIDS),
        sent_at=st.none() | TIMES,
        written_at=st.none() | TIMES,
        adopted=st.booleans(),
        end_reason=st.sampled_from([None, *EndReason]),
        earlier_description=st.sampled_from([None, "", "office"]),
        requester=st.sampled_from(["U0BOB", Actor.UNKNOWN]),
    ).map(lambda grant: replace(grant, end_reason=None) if grant.is_live else grant),
    max_size=4,
    unique_by=lambda grant: grant.id,
)


def may_be_ours(rule: Rule, grants: Sequence[Grant]) -> bool:
    """Tell whether anything at all speaks for *rule* being ours."""
    its_label = read_label(rule.description)
    if its_label is not None:
        return its_label.instance == INSTANCE and rule.source is not None
    if rule.description == guard_label(INSTANCE):
        return True
    return any(
        grant.source == rule.source
        and (
            (grant.adopted and grant.state is GrantState.APPLYING and grant.wants_rule(NOW))
            or (
                grant.owned is not False
                and (
                    (grant.owned and rule.uuid == grant.rule_uuid)
                    or (grant.sent_at and not rule.description)
                )
            )
        )
        for grant in grants
    )


def written(rules: Sequence[Rule]) -> list[Rule]:
    """Return what the API holds after *rules* were written: each has a uuid and a time."""
    return [
        rule if rule.uuid else replace(rule, uuid=f"new-{n}", created_at=NOW)
        for n, rule in enumerate(rules)
    ]


def noted(grants: Sequence[Grant], plan: Plan) -> list[Grant]:
    """Return the grants with what is noted before *plan* is written."""
    found, sent = plan.adopts, plan.to_add | plan.named
    adopting = [
        g.find_rule(description=found[g.id].description, rule_uuid=found[g.id].uuid)
        if g.id in found
        else g
        for g in grants
    ]
    return [g.send(NOW) if g.id in sent and g.is_live else g for g in adopting]


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p1_every_foreign_rule_is_in_the_write_unchanged_and_in_order(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    foreign = [rule for rule in rules if not may_be_ours(rule, grants)]
    result = planned(rules, grants, **options)

    assert [rule for rule in result.rules if rule in foreign] == foreign
    assert not set(result.removes) & set(foreign)


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p4_a_rule_whose_adoption_ended_before_its_time_stays(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)
    for rule in result.removes:
        its_label = read_label(rule.description)
        named = its_label.grant_id if its_label else None
        adoptions = [
            g
            for g in grants
            if g.adopted and g.source == rule.source and (g.rule_uuid == rule.uuid or g.id == named)
        ]
        assert not adoptions or not max(adoptions, key=lambda g: g.id).leaves_rule


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p1_every_rule_that_was_read_is_kept_or_removed_but_for_the_guard(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)

    accounted = {rule.uuid for rule in (*result.keeps, *result.removes)}
    unaccounted = [rule for rule in rules if rule.uuid not in accounted]
    assert all(rule.description == guard_label(INSTANCE) for rule in unaccounted)
    assert not set(result.keeps) & set(result.removes)
    kept = {rule.uuid for rule in result.keeps}
    assert kept <= {rule.uuid for rule in result.rules}


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p2_a_cluster_with_rules_is_never_left_without_one(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)

    assert bool(result.rules) or not rules
    assert bool(result.rules) or not result.must_write
    if result.guard_added:
        assert sources_of(result.rules) == [GUARD]
        assert not result.keeps


@given(GRANTS, st.booleans())
def test_p2_a_cluster_that_is_open_to_all_gets_no_first_rule(
    grants: list[Grant], restore: bool
) -> None:
    result = planned([], grants, restore=restore)

    assert not result.must_write
    assert not result.rules
    assert not result.to_add


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p3_no_rule_of_ours_stays_that_no_grant_and_no_running_label_wants(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)
    wanted = {grant.source for grant in grants if grant.wants_rule(NOW)}
    orphaned = {orphan.rule for orphan in (*result.orphans, *result.unfit)}
    recorded = {
        (grant.source, grant.rule_uuid)
        for grant in grants
        if grant.owned and not (grant.adopted and grant.state is GrantState.APPLYING)
    }

    for rule in result.rules:
        its_label = read_label(rule.description)
        on_record = its_label is None and (rule.source, rule.uuid) in recorded
        if on_record or (its_label and may_be_ours(rule, grants)):
            assert rule.source in wanted or rule in orphaned


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p3_a_grant_is_gone_only_when_it_is_told_to_end_and_no_rule_of_ours_is_left_for_it(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)

    for grant in grants:
        if grant.id in result.gone:
            assert not grant.wants_rule(NOW)
            assert grant.state is not GrantState.ENDED
            assert grant.source not in sources_of(result.removes)


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p4_a_rule_is_added_only_for_a_grant_that_wants_it(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)
    asked_for = {grant.source for grant in grants if grant.id in result.to_add}

    assert set(sources_of(result.adds)) == asked_for
    assert all(grant.wants_rule(NOW) for grant in grants if grant.id in result.to_add)
    assert len(result.rules) <= max(MAX_RULES, len(rules))


@given(FOREIGN_CLUSTERS, GRANTS, OPTIONS)
def test_p5_what_was_there_before_stays_there_after_the_end(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    assume(rules)
    told_to_end = [
        replace(grant, owned=False, state=GrantState.REMOVING, end_reason=EndReason.REVOKED)
        for grant in grants
    ]
    result = planned(rules, told_to_end, **options)

    assert result.rules == tuple(rules)
    assert not result.must_write
    assert result.gone == {grant.id for grant in told_to_end}


@given(FOREIGN_CLUSTERS, st.sampled_from(SOURCES), OPTIONS)
def test_p5_a_source_that_was_trusted_before_is_never_ours(
    rules: list[Rule], source: TrustedSource, options: Options
) -> None:
    theirs = Rule(source.type, source.value, "u-theirs", None, NOW - SECOND)
    result = planned([*rules, theirs], [new_grant(1, source)], **options)

    assert result.present[1].owned is False
    assert not result.must_write


@given(st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(1, 9), ENDS), max_size=4), OPTIONS)
def test_p7_rules_with_our_label_and_no_grant_become_orphans_or_go(
    lost: list[tuple[TrustedSource, int, datetime]], options: Options
) -> None:
    rules = [
        Rule(s.type, s.value, f"u-{n}", str(label(INSTANCE, id_, until)), NOW - HOUR)
        for n, (s, id_, until) in enumerate(lost)
    ]
    result = planned(rules, [], **options)
    in_time = [rule for rule, (_, _, until) in zip(rules, lost, strict=True) if until > NOW]

    takes = options["takes"]
    fit = [rule for rule in in_time if rule.source and takes(rule.source)]
    assert [orphan.rule for orphan in result.orphans] == fit
    assert [orphan.rule for orphan in result.unfit] == [r for r in in_time if r not in fit]
    assert result.removes == tuple(rule for rule in rules if rule not in in_time)
    assert all(rule in result.rules for rule in in_time)


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p7_what_only_a_label_speaks_for_is_never_added(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)
    approved = {grant.source for grant in grants if not grant.is_recovered}

    assert not result.to_add & {grant.id for grant in grants if grant.is_recovered}
    assert {rule.source for rule in result.adds} <= approved


@given(CLUSTERS, GRANTS, OPTIONS)
def test_p7_a_rule_that_the_policy_could_not_have_allowed_is_kept_unchanged(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)

    assert all(orphan.rule in result.rules for orphan in result.unfit)
    assert not any(options["takes"](orphan.source) for orphan in result.unfit)


def labelled_once(rules: list[Rule]) -> list[Rule]:
    """Leave out what no API is known to keep: a second rule for a source that bears our label."""
    kept: dict[object, Rule] = {}
    for rule in rules:
        is_labelled = rule.label_of(INSTANCE) is not None
        kept.setdefault(rule.source if is_labelled else rule.uuid, rule)
    return list(kept.values())


def adopts_amiss(rules: list[Rule], grants: list[Grant]) -> bool:
    """Whether a rule is to be adopted that is not there, is there twice, or is ours by now.

    Such an adoption fails, and what it would have changed takes one more write.
    """
    return any(
        [read_label(rule.description) is not None for rule in rules if rule.source == grant.source]
        != [False]
        for grant in grants
        if grant.adopted and grant.state is GrantState.APPLYING and grant.wants_rule(NOW)
    )


@given(CLUSTERS.map(labelled_once), GRANTS, OPTIONS)
def test_applying_a_plan_and_planning_again_yields_nothing_more_to_write(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    first = planned(rules, grants, **options)
    assume(first.must_write and not adopts_amiss(rules, grants))
    again = planned(written(first.rules), noted(grants, first), **options)

    assert not again.must_write
    assert Counter(again.rules) == Counter(written(first.rules))
    assert not again.to_add
    assert not again.removes


@given(CLUSTERS.map(labelled_once), GRANTS, OPTIONS)
def test_a_write_brings_in_what_it_adds_and_lets_go_what_is_to_go(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    first = planned(rules, grants, **options)
    assume(first.must_write and not adopts_amiss(rules, grants))
    again = planned(written(first.rules), noted(grants, first), **options)
    added = sources_of(first.adds)
    served = {grant.id for grant in grants if grant.wants_rule(NOW) and grant.source in added}
    leaving = [g for g in grants if not g.wants_rule(NOW) and g.state is not GrantState.ENDED]

    assert served >= first.to_add
    assert again.present.keys() == first.present.keys() | served
    assert all(again.present[id_].owned for id_ in served)
    assert again.gone == {grant.id for grant in leaving}
    assert again.vanished == first.vanished - served
    assert again.blocked == {id_: why for id_, why in first.blocked.items() if id_ not in served}
    assert set(again.orphans) == set(first.orphans)


@given(CLUSTERS, GRANTS, OPTIONS)
def test_every_grant_that_wants_a_rule_is_told_exactly_one_thing(
    rules: list[Rule], grants: list[Grant], options: Options
) -> None:
    result = planned(rules, grants, **options)
    told = [*result.present, *result.to_add, *result.blocked, *result.vanished]

    assert sorted(told) == sorted(grant.id for grant in grants if grant.wants_rule(NOW))
    assert result.gone.isdisjoint(told)


@given(CLUSTERS, GRANTS, OPTIONS, st.randoms())
def test_the_order_of_the_grants_changes_nothing(
    rules: list[Rule], grants: list[Grant], options: Options, random: Random
) -> None:
    shuffled = list(grants)
    random.shuffle(shuffled)

    assert planned(rules, shuffled, **options) == planned(rules, grants, **options)


@given(st.integers(0, 4), st.lists(st.sampled_from(SOURCES), min_size=1, max_size=6))
def test_a_nearly_full_cluster_takes_as_many_as_it_has_room_for(
    room: int, asked: list[TrustedSource]
) -> None:
    others = [
        Rule("tag", f"t{n}", f"u-t{n}", "theirs", NOW - HOUR) for n in range(MAX_RULES - room)
    ]
    grants = [new_grant(id_, source) for id_, source in enumerate(asked, 1)]
    result = planned(others, grants)

    assert len(result.adds) == min(room, len(set(asked)))
    assert len(result.rules) <= MAX_RULES
    assert result.to_add | result.blocked.keys() == {grant.id for grant in grants}
