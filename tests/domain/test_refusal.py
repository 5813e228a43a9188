from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.refusal import Field, NotYours, Refused, about
from bot.domain.refusals.any_refusal import REFUSAL, as_detail, of_detail
from bot.domain.refusals.commands import NotANumber
from bot.domain.refusals.durations import TooLong, ZeroDuration
from bot.domain.refusals.rights import NotAnApprover
from tests.domain.examples import HOUR
from tests.refusals import EVERY_REFUSAL, KINDS


def test_a_refusal_carries_a_code_and_plain_values() -> None:
    refused = NotYours(NotAnApprover(ask=("U0ALICE",)))

    assert isinstance(refused, Refused)
    assert str(refused) == refused.refusal.code == "not_an_approver"
    assert refused.refusal == NotAnApprover(ask=("U0ALICE",))


def test_a_refusal_may_be_about_a_part_of_a_request() -> None:
    with pytest.raises(Refused) as caught, about(Field.DURATION):
        raise Refused(ZeroDuration())

    assert caught.value.field is Field.DURATION


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [kind.model_fields["code"].default for kind in KINDS]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("refusal", EVERY_REFUSAL, ids=lambda refusal: refusal.code)
def test_a_refusal_that_was_written_down_is_read_as_the_same(refusal: Any) -> None:
    assert REFUSAL.validate_json(REFUSAL.dump_json(refusal)) == refusal
    assert of_detail(as_detail(refusal)) == refusal


def test_the_audit_has_the_code_and_the_values() -> None:
    assert as_detail(TooLong(asked=2 * HOUR, longest=HOUR)) == {
        "why": "too_long",
        "values": {"asked": "PT2H", "longest": "PT1H"},
    }
    assert as_detail(ZeroDuration()) == {"why": "zero_duration"}


@pytest.mark.parametrize(
    "detail", [{}, {"why": "because"}, {"why": "too_long"}, {"why": "too_long", "values": "none"}]
)
def test_what_is_no_refusal_is_not_read_as_one(detail: dict[str, Any]) -> None:
    assert of_detail(detail) is None


@given(st.text(st.characters()))
def test_what_was_typed_is_kept_short_and_on_one_line(text: str) -> None:
    kept = NotANumber(typed=text).typed

    assert kept.isprintable()
    assert len(kept) <= 60
