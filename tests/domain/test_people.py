"""Who somebody is: what is known decides, and what is not known is asked for (P4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.people import (
    NeedsDirectory,
    People,
    Person,
    Standing,
    Unknowns,
    is_member,
    is_named,
    standing_of,
)
from bot.domain.policy import ClusterPolicy
from tests.domain.examples import orders

BOB = Person("U0BOB", Standing.MEMBER)
ADMIN = Person("U0DAVE", Standing.MEMBER, frozenset({"S0DBADMINS"}))
NOBODY_ASKED = Person("U0BOB")

GROUPS = ["S0DBADMINS", "S0ONCALL", "S0DEVELOPERS"]
NAMES = st.lists(st.sampled_from(["*", "U0ALICE", "U0BOB", *GROUPS]), max_size=4)
SOME_GROUPS = st.frozensets(st.sampled_from(GROUPS))


@contextmanager
def needing(**groups: set[str]) -> Iterator[None]:
    """What is done needs the directory for just that, group by user."""
    with pytest.raises(NeedsDirectory) as needs:
        yield
    assert needs.value.groups == groups


def test_p4_a_machine_is_known_by_its_name_and_nobody_is_asked_about_it() -> None:
    machine = People()["github:repo:acme/shop:ref:refs/heads/main"]

    assert standing_of(machine) is Standing.MACHINE
    assert not is_member(machine)
    assert not orders().admits(machine)
    assert not orders(guests=True).may_request(machine)
    assert not orders(approvers=["U0ALICE"]).may_approve(machine)


def test_names_are_users_groups_or_everybody() -> None:
    assert is_named(BOB, ["*"])
    assert is_named(BOB, ["U0ALICE", "U0BOB"])
    assert is_named(ADMIN, ["S0DBADMINS"])
    assert not is_named(BOB, ["U0ALICE"])
    assert not is_named(BOB, [])


def test_groups_that_nobody_asked_about_are_asked_for_all_at_once() -> None:
    with needing(U0BOB={"S0DBADMINS", "S0ONCALL"}):
        is_named(BOB, ["U0ALICE", "W0FRED", "S0DBADMINS", "S0ONCALL"])


def test_groups_are_asked_for_only_where_they_make_a_difference() -> None:
    assert is_named(BOB, ["U0BOB", "S0DBADMINS"])
    assert is_named(BOB, ["*", "S0DBADMINS"])
    assert is_named(ADMIN, ["S0DBADMINS", "S0ONCALL"])


def test_who_is_not_in_a_group_that_was_asked_about_is_not_named() -> None:
    asked = Person("U0BOB", Standing.MEMBER, asked=frozenset({"S0DBADMINS"}))

    assert not is_named(asked, ["S0DBADMINS"])
    with needing(U0BOB={"S0ONCALL"}):
        is_named(asked, ["S0DBADMINS", "S0ONCALL"])


def test_what_somebody_is_has_to_be_asked_once() -> None:
    with needing(U0BOB=set()):
        standing_of(NOBODY_ASKED)
    with needing(U0BOB=set()):
        is_member(NOBODY_ASKED)
    assert not is_member(Person("U0BOB", Standing.NOBODY))


def test_where_nobody_can_be_asked_what_is_not_known_is_not_so() -> None:
    people = People([ADMIN], is_final=True)

    assert is_named(people["U0DAVE"], ["S0DBADMINS"])
    assert not is_named(people["U0DAVE"], ["S0ONCALL"])
    assert not is_member(people["U0BOB"])
    assert not is_named(people["U0BOB"], ["S0ONCALL"])


def test_what_several_checks_need_is_asked_for_together() -> None:
    unknowns = Unknowns()
    for names in (["S0DBADMINS"], ["*"], ["S0ONCALL"]):
        with unknowns.gathered():
            is_named(BOB, names)
    with unknowns.gathered():
        is_member(Person("U0ALICE"))

    with needing(U0BOB={"S0DBADMINS", "S0ONCALL"}, U0ALICE=set()):
        unknowns.ask()


def test_nothing_is_asked_for_where_nothing_was_needed() -> None:
    unknowns = Unknowns()
    with unknowns.gathered():
        is_named(BOB, ["*"])

    unknowns.ask()


@given(names=NAMES, groups=SOME_GROUPS, asked=SOME_GROUPS)
def test_p4_what_is_decided_on_part_of_the_facts_is_what_all_of_them_decide(
    names: list[str], groups: frozenset[str], asked: frozenset[str]
) -> None:
    """A missing fact becomes neither a yes nor a no."""
    whole = Person("U0BOB", Standing.MEMBER, groups, asked=frozenset(GROUPS))
    part = Person("U0BOB", Standing.MEMBER, groups & asked, asked=asked)

    decided, missing = None, frozenset[str]()
    try:
        decided = is_named(part, names)
    except NeedsDirectory as needs:
        missing = needs.groups["U0BOB"]

    assert decided in (None, is_named(whole, names))
    assert bool(missing) == (decided is None)
    assert missing <= set(names) - asked


LIST = st.lists(st.sampled_from(["U0ALICE", "U0BOB", *GROUPS]), min_size=1, max_size=3)
RIGHTS = [
    ClusterPolicy.may_request,
    ClusterPolicy.may_approve,
    ClusterPolicy.may_use_emergency,
    ClusterPolicy.is_shown_to,
    ClusterPolicy.admits,
]


@given(
    written=st.fixed_dictionaries({"requesters": LIST, "approvers": LIST, "guests": st.booleans()}),
    glass=LIST,
    standing=st.sampled_from([one for one in Standing if one is not Standing.UNKNOWN]),
    groups=SOME_GROUPS,
    right=st.sampled_from(RIGHTS),
)
def test_p4_each_right_is_decided_by_asking_for_what_it_says_it_needs(
    written: dict[str, Any],
    glass: list[str],
    standing: Standing,
    groups: frozenset[str],
    right: Any,
) -> None:
    emergency = {"requesters": glass, "max_duration": "30m"}
    cluster = orders(**written, emergency=emergency)
    whole = Person("U0BOB", standing, groups, asked=frozenset(GROUPS))
    person = NOBODY_ASKED

    for _ in range(5):
        try:
            decided = right(cluster, person)
        except NeedsDirectory as needs:
            asked = person.asked | needs.groups["U0BOB"]
            person = Person("U0BOB", standing, groups & asked, asked=asked)
        else:
            break

    assert decided == right(cluster, whole)
    assert person.standing is standing, "nothing is decided of somebody of whom nothing is known"
