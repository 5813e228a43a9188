"""A row is judged by what its texts say, though mostly nobody needs to parse them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit_chain import GENESIS
from bot.domain.audit_link import Link
from bot.domain.canonical_json import decode, encode
from tests.domain.links import NOON, digest_after, link

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.just("detail"), inner, max_size=3)
    ),
    max_leaves=6,
)
DETAILS = st.dictionaries(st.text(max_size=3) | st.just("detail"), VALUES, max_size=3)


def is_whole(one: Link) -> bool:
    return one.follows(GENESIS, None) and (one.is_complete or bool(one.sealed and one.sealed.holds))


def in_another_form(text: str) -> str:
    """Return the same JSON as somebody else would write it."""
    return json.dumps(dict(reversed(json.loads(text).items())), indent=1, ensure_ascii=False)


@given(VALUES)
def test_the_one_form_is_what_the_library_writes_and_reads(value: Any) -> None:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    assert encode(value) == text
    assert decode(text) == value
    assert decode(f" {text}\n") == value


@pytest.mark.parametrize("text", ["", "{", "{}}", "{} {}", "nothing"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|Extra|column"):
        decode(text)


@given(DETAILS, DETAILS.filter(bool))
def test_json_in_another_form_is_judged_by_what_it_says(
    detail: dict[str, Any], personal: dict[str, Any]
) -> None:
    one = link(1, GENESIS, detail=detail, personal=personal)
    assert one.commitments
    assert one.personal
    rewritten = one._replace(
        detail=in_another_form(one.detail),
        commitments=in_another_form(one.commitments),
        personal=in_another_form(one.personal),
    )
    assert is_whole(one)
    assert is_whole(rewritten)
    assert not is_whole(rewritten._replace(detail=encode({**detail, "more": 1})))


@given(st.datetimes(NOON.replace(tzinfo=None)), st.sampled_from([" ", "T"]))
def test_a_time_may_be_stored_in_several_forms(at: Any, between: str) -> None:
    one = link(1, GENESIS, at=at.replace(tzinfo=NOON.tzinfo))
    assert is_whole(one)
    assert is_whole(one._replace(at=at.isoformat(between)))


def test_parts_that_move_from_one_column_to_another_are_found() -> None:
    """Put together they are the same text, but each column says something else."""
    one = link(1, GENESIS, detail={"a": {"b": {}, "detail": {"c": 1}}}, personal={"actor": "U1"})
    moved, _, rest = one.detail.partition(',"detail":')
    forged = one._replace(commitments=f'{one.commitments},"detail":{moved}', detail=rest)
    assert not forged.follows(GENESIS, None)

    committed = link(1, GENESIS, personal={"actor": "U1", "detail": "x"})
    first, _, last = (committed.commitments or "").partition(',"detail":')
    forged = committed._replace(commitments=first, detail=f'{last},"detail":{committed.detail}')
    assert not forged.follows(GENESIS, None)


@pytest.mark.parametrize("key", [None, b"k" * 32], ids=["unsigned", "signed"])
@pytest.mark.parametrize(
    ("column", "forged"),
    [
        ("at", "2026-11-25 12:00:00.000001"),
        ("at", "soon"),
        ("at", '2026-11-25 12:00:00","x":"'),
        ("action", "denied"),
        ("action", b"made"),
        ("actor", "U0EVE"),
        ("cluster", "billing"),
        ("request_id", None),
        ("request_id", 8),
        ("request_id", "7"),
        ("request_id", '7,"x":1'),
        ("detail", '{"reason":"none"}'),
        ("detail", "{"),
        ("detail", "null"),
        ("digest", ""),
        ("format", 1),
        ("format", 3),
        ("commitments", "{}"),
        ("commitments", None),
        ("commitments", "5"),
        ("personal", "{"),
        ("personal", "5"),
        ("personal", '{"actor":["00","U0EVE"]}'),
    ],
)
def test_another_value_in_any_column_is_found(key: bytes | None, column: str, forged: Any) -> None:
    one = link(1, GENESIS, key=key, detail={"reason": "expired"}, personal={"actor": "U0RITA"})
    assert one.follows(GENESIS, key)
    changed = one._replace(**{column: forged})
    assert not (
        changed.follows(GENESIS, key)
        and (changed.is_complete or bool(changed.sealed and changed.sealed.holds))
    )


def test_a_digest_is_of_what_is_said_and_key_and_place_are_no_part_of_it() -> None:
    one = link(1, GENESIS, detail={"reason": "ü"})
    assert digest_after(GENESIS, one) == one.digest
    assert not one.follows("1" * 64, None)
    assert not one.follows(GENESIS, b"k")
