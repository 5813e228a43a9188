"""Personal fields of the audit can be erased; whatever else is done to them shows."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.actors import Actor
from bot.domain.audit_actions import ACTOR, Action, personal_fields
from bot.domain.audit_chain import GENESIS
from bot.domain.audit_link import Link
from bot.domain.chain_verification import verify
from bot.domain.erasure import ERASED, is_erased, stand_ins
from bot.domain.personal_fields import SALT_BYTES, commitment, seal
from tests.domain.links import NOON, fields_of, link, with_fields

VALUES = st.dictionaries(
    st.sampled_from(["actor", "reason", "source", "approvers"]),
    st.none() | st.text() | st.lists(st.text(), max_size=2),
    min_size=1,
)


def chain(*rows: dict[str, Any]) -> list[Link]:
    links: list[Link] = []
    for number, personal in enumerate(rows, 1):
        before, at = links[-1].digest if links else GENESIS, NOON + timedelta(hours=number)
        links.append(link(number, before, at=at, personal=personal))
    return links


def without(one: Link, *names: str) -> Link:
    """Return a row without these fields; without all of them, if none is named."""
    sealed = fields_of(one)
    kept = {name: field for name, field in (sealed.fields or {}).items() if name not in names}
    return with_fields(one, sealed.commitments, kept if names else None)


@given(st.lists(VALUES, min_size=1, max_size=4), st.data())
def test_a_chain_holds_whichever_fields_are_erased(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    links = chain(*rows)
    erased = [
        without(one, *data.draw(st.sets(st.sampled_from(sorted(rows[place])))))
        for place, one in enumerate(links)
    ]

    verdict = verify(erased, erased_before=NOON + timedelta(days=1))

    assert verdict.is_whole
    assert verdict.head == links[-1].digest
    assert verdict.erased == sum(bool(fields_of(one).erased) for one in erased)


@given(VALUES, st.data())
def test_a_field_that_says_something_else_is_found(
    values: dict[str, Any], data: st.DataObject
) -> None:
    [one] = chain(values)
    sealed = fields_of(one)
    assert sealed.fields is not None
    name = data.draw(st.sampled_from(sorted(values)))
    other = data.draw(st.text().filter(lambda text: text != values[name]))
    salt, _ = sealed.fields[name]
    for forged in ((salt, other), ("0" * 32, values[name]), (salt,), None, "x"):
        fields = {**sealed.fields, name: forged}
        changed = with_fields(one, sealed.commitments, fields)
        assert verify([changed]).broken_at == 1


def test_a_field_that_says_something_else_is_found_though_the_key_is_lost() -> None:
    [one] = chain({"reason": "a night job"})
    lost = one._replace(key="5f3a5f3a")
    assert verify([lost]).broken_at is None
    forged = with_fields(lost, fields_of(lost).commitments, {"reason": ("0" * 32, "none")})
    assert verify([forged]).broken_at == 1


def test_a_field_that_was_not_there_before_is_found() -> None:
    [one] = chain({"reason": "a night job"})
    sealed = fields_of(one)
    fields = {**(sealed.fields or {}), "source": ("0" * 32, "203.0.113.4")}
    added = with_fields(one, sealed.commitments, fields)
    assert verify([added]).broken_at == 1


def test_a_commitment_that_was_changed_to_fit_another_value_is_found() -> None:
    [one] = chain({"reason": "a night job"})
    commitments = {"reason": commitment("0" * 32, "none")}
    forged = with_fields(one, commitments, {"reason": ("0" * 32, "none")})
    assert verify([forged]).broken_at == 1


def test_what_is_erased_without_a_record_is_named() -> None:
    links = [
        one if one.number == 4 else without(one)
        for one in chain(*({"actor": "U0RITA"} for _ in range(6)))
    ]

    verdict = verify(links, erased_before=NOON + timedelta(hours=2))

    assert verdict.broken_at is None
    assert verdict.erased == 5
    assert verdict.unrecorded == (range(2, 4), range(5, 7))
    assert not verdict.is_whole
    assert verify(links).unrecorded == (range(1, 4), range(5, 7))


def test_an_erased_field_cannot_be_guessed() -> None:
    """Equal values have different digests, and the salts are long."""
    sealed = [seal({"source": "203.0.113.4"}) for _ in range(100)]
    salts = [fields["source"][0] for one in sealed if (fields := one.fields)]
    assert len({one.commitments["source"] for one in sealed}) == 100
    assert len(set(salts)) == 100
    assert {len(bytes.fromhex(salt)) for salt in salts} == {SALT_BYTES}
    assert SALT_BYTES * 8 >= 128
    one = seal({"actor": "U0RITA", "reason": "a night job"})
    assert one.fields is not None
    assert one.fields["actor"][0] != one.fields["reason"][0], "each can be erased by itself"


def test_a_commitment_is_what_anybody_can_compute() -> None:
    """Printed by `printf '%s\\n%s' 00 '"U0RITA"' | sha256sum`."""
    assert (
        commitment("00", "U0RITA")
        == "0a1635e7c222405de160625f3a5d1a256ed3e0915f817c43e5cc4de87e39bf6e"
    )


def test_what_nobody_has_sorted_is_personal() -> None:
    for action in Action:
        assert personal_fields(action, Actor.DBACCESS, {"new": 1}) == {"new": 1}


@pytest.mark.parametrize(
    ("action", "actor", "detail", "personal"),
    [
        (
            Action.REQUESTED,
            "U0RITA",
            {"source": "203.0.113.4", "duration": "2h", "reason": "why"},
            {ACTOR: "U0RITA", "source": "203.0.113.4", "reason": "why"},
        ),
        (Action.ENDED, Actor.DBACCESS, {"reason": "expired"}, {}),
        (Action.DENIED, "U0BOB", {"reason": "no"}, {ACTOR: "U0BOB", "reason": "no"}),
        (Action.REFUSED, Actor.DBACCESS, {"why": "x", "values": {"a": 1}}, {"values": {"a": 1}}),
        (Action.ENDING, Actor.OPERATOR, {"operator": {"account": "a"}},
         {"operator": {"account": "a"}}),
        (Action.GRANTED, "github:repo:acme/shop", {}, {ACTOR: "github:repo:acme/shop"}),
    ],
)  # fmt: skip
def test_who_where_and_why_are_personal(
    action: Action, actor: str, detail: dict[str, Any], personal: dict[str, Any]
) -> None:
    assert personal_fields(action, actor, detail) == personal


def test_stand_ins_tell_the_people_of_one_request_apart_and_keep_who_is_nobody() -> None:
    names = ["U0RITA", None, "U0ALICE", "policy", "U0RITA", "U0BOB", "unknown"]
    stand_in = stand_ins(names)
    assert [stand_in[name] for name in names] == [
        *(ERASED, None, "erased 2", "policy", ERASED, "erased 3", "unknown")
    ]
    assert stand_ins([ERASED, "erased 2"]) == {None: None, ERASED: ERASED, "erased 2": "erased 2"}
    assert is_erased("erased 3")
    assert not is_erased("U0RITA")
    assert not any(map(is_erased, Actor))
