"""Every refusal has its sentence: in Slack with back-ticks, elsewhere without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from bot.domain.refusals.any_refusal import AnyRefusal
from bot.slack.messages import refusal
from bot.slack.messages.quoting import in_back_ticks, in_plain_text
from bot.slack.messages.refusals import sentence
from dbaccess_playground.slack.block_kit.checker import problems
from tests.plain_words import faults
from tests.refusals import EVERY_REFUSAL

LONGEST = 90  # characters: two lines on a phone

each_refusal = pytest.mark.parametrize("one", EVERY_REFUSAL, ids=lambda one: one.code)


def test_each_refusal_reads_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert "\n".join(f"{one.code}: {sentence(one)}" for one in EVERY_REFUSAL) == snapshot


@each_refusal
def test_a_refusal_fits_a_phone(one: AnyRefusal) -> None:
    assert len(sentence(one)) <= LONGEST


@each_refusal
def test_a_refusal_is_in_plain_words(one: AnyRefusal) -> None:
    assert faults(sentence(one)) == []


@each_refusal
def test_no_sentence_for_a_terminal_or_a_form_has_back_ticks(one: AnyRefusal) -> None:
    assert sentence(one, in_plain_text) == sentence(one).replace("`", "")


@each_refusal
def test_slack_takes_a_refusal(one: AnyRefusal) -> None:
    message = refusal(one)

    assert problems({"text": message.text, "blocks": message.blocks}, "message") == []


def test_what_was_typed_is_repeated_in_backticks_on_one_line() -> None:
    assert in_back_ticks("  two\n`words`\t") == "`two words`"


def test_what_was_typed_is_cut_when_it_is_long() -> None:
    assert in_back_ticks("x" * 61) == "`" + "x" * 59 + "…`"
    assert in_back_ticks("x" * 60) == "`" + "x" * 60 + "`"


@given(st.text())
def test_nothing_that_is_typed_gets_out_of_the_backticks(text: str) -> None:
    shown = in_back_ticks(text)

    assert shown[0] == shown[-1] == "`"
    assert "`" not in shown[1:-1]
    assert shown.isprintable()
    assert len(shown) <= 62
