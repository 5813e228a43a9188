from hypothesis import given
from hypothesis import strategies as st

from bot.domain.refusal import NotYours, Refused, quoted


def test_a_refusal_carries_its_sentence_and_whom_to_ask() -> None:
    refused = NotYours("You are not an approver.", ask=("U0ALICE",))

    assert isinstance(refused, Refused)
    assert str(refused) == refused.sentence == "You are not an approver."
    assert refused.ask == ("U0ALICE",)
    assert Refused("No.").ask == ()


def test_what_was_typed_is_repeated_in_backticks_on_one_line() -> None:
    assert quoted("  two\n`words`\t") == "`two words`"


def test_what_was_typed_is_cut_when_it_is_long() -> None:
    assert quoted("x" * 61) == "`" + "x" * 59 + "…`"
    assert quoted("x" * 60) == "`" + "x" * 60 + "`"


@given(st.text())
def test_nothing_that_is_typed_gets_out_of_the_backticks(text: str) -> None:
    shown = quoted(text)

    assert shown[0] == shown[-1] == "`"
    assert "`" not in shown[1:-1]
    assert shown.isprintable()
    assert len(shown) <= 62
