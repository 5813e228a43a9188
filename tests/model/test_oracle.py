"""The model sees what it is there to see: faults of ours that are planted here are found."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.personal_fields import seal
from bot.domain.plan import Plan, plan
from bot.domain.rules import Rule
from tests.model.faults import Fault
from tests.model.installation import Installation
from tests.model.scope import HERS, OFFICE, Left, Planted, Scope
from tests.model.scopes import PLANTED
from tests.model.search import Result, search
from tests.model.testimony import judge_audit
from tests.model.truth import source_of

A_GRANT = Scope("a grant", Left(people=1), frozenset({"ask"}))
OFFICE_LEAVES = Scope(
    "the others leave", Left(people=1, rivals=1), frozenset({"ask", "remove"}), touched=(OFFICE,)
)


def first_story(scope: Scope, broken: Planted) -> str:
    """Search with a fault that is planted, and return what is found first."""
    result = search(Installation(replace(scope, planted=broken)))
    assert result.stories, "the model is blind"
    return str(result.stories[0])


def changed(planned: Plan, rules: Sequence[Rule]) -> Plan:
    return replace(planned, rules=tuple(rules))


def test_nothing_is_found_where_nothing_is_planted() -> None:
    for scope in (A_GRANT, OFFICE_LEAVES):
        result = search(Installation(scope))
        assert result.complete
        assert result.stories == []


@pytest.mark.parametrize("scope", PLANTED.values(), ids=PLANTED.keys())
def test_p5_a_rule_that_may_be_ours_before_it_was_sent_is_found(scope: Scope) -> None:
    (story,) = search(Installation(scope)).stories
    assert story.violation.kind in ("P1 described", "P5 nothing was ever sent")
    assert HERS in story.violation.words


def test_p3_a_worker_that_lost_its_lock_and_takes_back_what_another_noted_is_found() -> None:
    two = Scope("two", Left(people=1, rivals=1, freezes=1), frozenset({"ask", "doctl"}), workers=2)
    assert search(Installation(two)).stories == []
    assert first_story(two, Planted(takes_back_late=True)).startswith("P3 left behind, its label")


def test_p1_a_lost_rule_is_found() -> None:
    def forgets(rules: Sequence[Rule], *more: Any, **options: Any) -> Plan:
        planned = plan(rules, *more, **options)
        return changed(planned, [rule for rule in planned.rules if rule.value != OFFICE])

    story = first_story(A_GRANT, Planted(plan=forgets))
    assert story.startswith("P5 nothing was ever sent: the rule 198.51.100.7 that a person added")


def test_p1_a_lost_description_is_found() -> None:
    def strips(rules: Sequence[Rule], *more: Any, **options: Any) -> Plan:
        planned = plan(rules, *more, **options)
        return changed(planned, [replace(rule, description=None) for rule in planned.rules])

    assert first_story(A_GRANT, Planted(plan=strips)).startswith("P1 described: ")


def test_p2_an_empty_list_is_found() -> None:
    def unguarded(rules: Sequence[Rule], *more: Any, **options: Any) -> Plan:
        planned = plan(rules, *more, **options)
        return changed(planned, []) if planned.guard_added else planned

    assert first_story(OFFICE_LEAVES, Planted(plan=unguarded)).startswith("P2 empty list: ")


def test_p3_a_rule_that_stays_is_found_and_told_step_by_step() -> None:
    def keeps(rules: Sequence[Rule], *more: Any, **options: Any) -> Plan:
        planned = plan(rules, *more, **options)
        gone = frozenset(planned.gone)
        return replace(planned, must_write=bool(planned.adds), gone=gone, removes=())

    story = first_story(A_GRANT, Planted(plan=keeps))
    first, *steps = story.splitlines()
    assert first.startswith(("P3 ", "never rests"))
    assert steps[1] == f"  2. somebody is granted {HERS} for 10 min"
    assert steps[-1].startswith("  ")
    assert "the worker begins" in steps[-1]


def test_a_plan_that_never_rests_is_found() -> None:
    def restless(rules: Sequence[Rule], *more: Any, **options: Any) -> Plan:
        return replace(plan(rules, *more, **options), must_write=True)

    assert first_story(A_GRANT, Planted(plan=restless)).startswith("never rests: ")


@pytest.mark.parametrize(
    ("added", "detail", "fault", "is_wrong"),
    [
        ("203.0.113.1", "{}", None, False),
        ("203.0.113.1", "{}", Fault.LOST_DONE, False),
        ("203.0.113.1", "{}", Fault.LOST_UNDONE, True),
        ("203.0.113.1", '{"certain": false}', Fault.LOST_UNDONE, False),
        ("203.0.113.2", "{}", None, True),
    ],
)
def test_p6_an_audit_that_tells_of_a_write_that_never_was_is_found(
    added: str, detail: str, fault: Fault | None, is_wrong: bool
) -> None:
    sealed = seal({"added": [added]})
    row = {
        "action": "cluster.rules_written",
        "detail": detail,
        "commitments": json.dumps(sealed.commitments),
        "personal": json.dumps(sealed.fields),
    }
    puts = [(frozenset({source_of("ip_addr", HERS)}), fault)]
    assert (judge_audit([row], puts) is not None) == is_wrong
    assert judge_audit([row], []) is not None


def test_a_search_that_was_cut_off_says_so() -> None:
    cut = search(Installation(A_GRANT), max_depth=3)
    assert cut == Result(cut.states, cut.transitions, 3, complete=False, seconds=cut.seconds)
    assert "CUT OFF" in str(cut)
