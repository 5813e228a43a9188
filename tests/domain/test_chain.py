"""A chain of rows shows where it was tampered with."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.chain import GENESIS, Link, Verdict, digest_of, verify

FACTS = st.dictionaries(
    st.sampled_from(["action", "actor", "detail"]),
    st.none() | st.integers() | st.text() | st.lists(st.text(), max_size=2),
    min_size=1,
)


def chain(*rows: dict[str, Any]) -> list[Link]:
    """Return the links of rows that say this, numbered from one."""
    links: list[Link] = []
    for number, facts in enumerate(rows, 1):
        before = links[-1].digest if links else GENESIS
        links.append(Link(number, facts, digest_of(before, facts)))
    return links


THREE = chain({"action": "made"}, {"action": "approved"}, {"action": "ended"})


def test_an_empty_chain_is_whole() -> None:
    assert verify([]) == Verdict(0, GENESIS)


def test_a_chain_as_it_was_written_is_whole_and_its_head_is_the_last_digest() -> None:
    assert verify(THREE) == Verdict(3, THREE[-1].digest)


def test_a_digest_is_what_anybody_can_compute() -> None:
    """Printed by `printf '%s\\n%s' 000…0 '{"action":"made"}' | sha256sum`."""
    assert THREE[0].digest == "b66d9c48aa4fd98c368ea269e027aabb78e44fe268d88a544ea9a467d971f505"


@pytest.mark.parametrize(
    ("tampered", "broken_at"),
    [
        ([replace(THREE[0], facts={"action": "denied"}), *THREE[1:]], 1),
        ([THREE[0], replace(THREE[1], digest="0" * 64), THREE[2]], 2),
        ([THREE[0], THREE[2]], 3),
        ([THREE[1], THREE[2]], 2),
        ([THREE[1], THREE[0], THREE[2]], 2),
        ([*THREE[:2], replace(THREE[2], digest="")], 3),
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
    other = data.draw(FACTS.filter(lambda facts: facts != rows[place]))
    assert verify(links).broken_at is None

    links[place] = replace(links[place], facts=other)

    assert verify(links) == Verdict(
        place, links[place - 1].digest if place else GENESIS, broken_at=place + 1
    )
