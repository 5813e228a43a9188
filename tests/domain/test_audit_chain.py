"""A chain of rows shows where it was tampered with."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit_chain import (
    GENESIS,
    Anchor,
    Keyring,
    Stretch,
    digest_of,
    name_of_key,
    parse_anchor,
)
from bot.domain.audit_link import Link
from bot.domain.chain_verification import verify
from tests.domain.links import digest_after, facts_of, link

SAID = st.none() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
FACTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "action": st.text(),
        "actor": st.text(),
        "detail": st.dictionaries(st.text(max_size=2) | st.just("detail"), SAID, min_size=1),
    },
)


OLD, NEW = b"o" * 32, b"n" * 32
OLD_NAME, NEW_NAME = name_of_key(OLD), name_of_key(NEW)


def chain(*rows: dict[str, Any], after: list[Link] | None = None, key: bytes = b"") -> list[Link]:
    """Return the links of rows that say this, numbered from one, behind those *after* which."""
    links = list(after or [])
    for facts in rows:
        before = links[-1].digest if links else GENESIS
        links.append(link(len(links) + 1, before, key=key or None, **facts))
    return links


THREE = chain({"action": "made"}, {"action": "approved"}, {"action": "ended"})


def test_an_empty_chain_is_whole() -> None:
    verdict = verify([])
    assert (verdict.count, verdict.head) == (0, GENESIS)
    assert verdict.is_whole


def test_a_chain_as_it_was_written_is_whole_and_its_head_is_the_last_digest() -> None:
    verdict = verify(THREE)
    assert (verdict.count, verdict.head) == (3, THREE[-1].digest)
    assert verdict.is_whole


def test_a_digest_is_what_anybody_can_compute() -> None:
    """Printed by `printf '%s\\n%s' 000…0 '{"action":"made"}' | sha256sum`."""
    digest = digest_of(GENESIS, {"action": "made"})
    assert digest == "b66d9c48aa4fd98c368ea269e027aabb78e44fe268d88a544ea9a467d971f505"


@pytest.mark.parametrize(
    ("tampered", "broken_at"),
    [
        ([THREE[0]._replace(action="denied"), *THREE[1:]], 1),
        ([THREE[0], THREE[1]._replace(digest="0" * 64), THREE[2]], 2),
        ([THREE[0], THREE[2]], 3),
        ([THREE[1], THREE[2]], 2),
        ([THREE[1], THREE[0], THREE[2]], 2),
        ([*THREE[:2], THREE[2]._replace(digest="")], 3),
        ([THREE[0], THREE[0], *THREE[1:]], 1),
    ],
    ids=["changed", "digest changed", "cut out", "first gone", "swapped", "unsealed", "twice"],
)
def test_the_first_broken_row_is_found(tampered: list[Link], broken_at: int) -> None:
    verdict = verify(tampered)
    assert verdict.broken_at == broken_at
    assert verdict.head == (GENESIS if tampered[0] != THREE[0] else verdict.head)


@given(st.lists(FACTS, min_size=1, max_size=6), st.data())
def test_whatever_one_row_says_instead_is_found_at_that_row(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    links = chain(*rows)
    place = data.draw(st.integers(0, len(rows) - 1))
    said = facts_of(links[place])
    instead = FACTS.map(lambda facts: link(place + 1, GENESIS, **facts))
    other = data.draw(instead.filter(lambda one: facts_of(one) != said))
    assert verify(links).broken_at is None

    links[place] = other._replace(digest=links[place].digest)

    verdict = verify(links)
    assert (verdict.count, verdict.broken_at) == (place, place + 1)
    assert verdict.head == (links[place - 1].digest if place else GENESIS)


def anew(links: list[Link], *, first: int = 1) -> list[Link]:
    """Return rows as somebody writes them who may do everything, but has no key."""
    written: list[Link] = []
    for number, one in enumerate(links, first):
        before = written[-1].digest if written else GENESIS
        written.append(one._replace(number=number, key="", digest=digest_after(before, one)))
    return written


def test_rows_are_numbered_from_one_without_a_gap_even_where_all_digests_fit() -> None:
    assert verify(anew(THREE, first=9)).broken_at == 9
    gap = [*THREE[:2], THREE[2]._replace(number=4)]
    assert verify(gap).broken_at == 4


def test_without_the_key_nobody_can_compute_a_keyed_row() -> None:
    keyed = chain({"action": "made"}, {"action": "approved"}, key=NEW)
    assert verify(keyed, Keyring((NEW,))).is_whole
    forged = [keyed[0], keyed[1]._replace(action="denied")]
    for digest in (
        digest_after(keyed[0].digest, forged[1]),
        digest_after(keyed[0].digest, forged[1], b"guessed"),
    ):
        forged[1] = forged[1]._replace(digest=digest)
        assert verify(forged, Keyring((NEW,))).broken_at == 2


def test_a_key_vouches_from_where_it_begins_for_all_rows_before() -> None:
    grown = chain({"action": "ended"}, after=chain({"action": "made"}), key=NEW)
    verdict = verify(grown, Keyring((NEW,)))
    assert verdict.is_whole
    assert verdict.stretches == (Stretch(1, 1, ""), Stretch(2, 2, NEW_NAME))

    forged = [*chain({"action": "denied"}), grown[1]]
    assert verify(forged, Keyring((NEW,))).broken_at == 2


@pytest.mark.parametrize("goes_on", [False, True], ids=["to the end", "the bot has gone on since"])
def test_who_strips_the_key_from_rows_is_found_by_who_has_it(goes_on: bool) -> None:
    """P6: what is on record stays on record, whoever owns the database."""
    keyed = chain({"action": "made"}, key=NEW)
    forged = chain({"action": "never mind"}, after=keyed)
    if goes_on:
        forged = chain({"action": "ended"}, after=forged, key=NEW)

    verdict = verify(forged, Keyring((NEW,)))

    assert verdict.broken_at is None
    assert verdict.weakened == (Stretch(2, 2, ""),)
    assert not verdict.is_whole
    assert verify(forged, Keyring((NEW,)), accepted=[range(2, 3)]).is_whole


def test_an_audit_written_anew_without_the_key_is_found_by_who_has_it() -> None:
    verdict = verify(anew(chain({"action": "made"}, key=NEW)), Keyring((NEW,)))
    assert verdict.ends_unsigned
    assert not verdict.is_whole


def test_after_a_rotation_the_old_key_signs_nothing_new() -> None:
    rotated = chain({"action": "ended"}, after=chain({"action": "made"}, key=OLD), key=NEW)
    both = Keyring((NEW, OLD))
    assert verify(rotated, both).is_whole
    leaked = chain({"action": "forged"}, after=rotated, key=OLD)
    assert verify(leaked, both).weakened == (Stretch(3, 3, OLD_NAME),)


def test_rows_of_a_lost_key_are_followed_and_not_called_whole() -> None:
    lost = chain({"action": "ended"}, after=chain({"action": "made"}, key=OLD), key=NEW)
    verdict = verify(lost, Keyring((NEW,)))
    assert verdict.broken_at is None
    assert verdict.unchecked == (Stretch(1, 1, OLD_NAME),)
    assert not verdict.is_whole
    assert verify(lost, Keyring((NEW,)), accepted=[range(1, 2)]).is_whole


@pytest.mark.parametrize(
    "now",
    [THREE[:2], anew([*THREE[:2], THREE[2]._replace(action="denied")])],
    ids=["cut off", "written anew"],
)
def test_an_anchor_that_was_noted_shows_what_a_whole_chain_does_not(now: list[Link]) -> None:
    noted = Anchor(3, THREE[2].digest)
    assert verify(THREE, expected=[noted]).is_whole
    assert verify(now).is_whole
    verdict = verify(now, expected=[noted, Anchor(1, THREE[0].digest)])
    assert verdict.missing == (noted,)
    assert not verdict.is_whole


def test_an_anchor_is_typed_as_it_is_posted() -> None:
    anchor = Anchor(1500, "5f" * 32)
    assert parse_anchor(f" {str(anchor).upper()}\n") == anchor


@pytest.mark.parametrize("typed", ["", "3", "0:" + "5f" * 32, "3:5f", "3:" + "xy" * 32, "5f" * 32])
def test_what_is_no_anchor_is_not_taken_for_one(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its words are the command's
        parse_anchor(typed)


def test_a_keyring_does_not_show_its_keys() -> None:
    """P8: not even in a traceback."""
    assert "nnnn" not in repr(Keyring((NEW,)))
