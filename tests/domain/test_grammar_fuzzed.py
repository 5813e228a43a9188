"""Whatever somebody types is read as something, or refused with a sentence that is safe to show."""

import re
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from bot.config import parse_policy
from bot.domain.commands import COMMAND, Adopt, Cancel, Extend, RequestAccess, Revoke
from bot.domain.filled_forms import FilledForm, read_emergency_form, read_form
from bot.domain.grammar import Intent, parse_command
from bot.domain.refusal import Refused
from bot.slack.messages.refusals import sentence
from tests.fuzzing import fuzzed
from tests.scenarios.strange_payloads import TYPED
from tests.scenarios.world import ANALYTICS, APPROVALS, ORDERS, policy

POLICY = parse_policy(policy({"orders": {"id": ORDERS}, "analytics": {"id": ANALYTICS}}))
COMMANDS = (RequestAccess, Adopt, Extend, Revoke, Cancel)
LONGEST_SENTENCE = 400


def read(text: str) -> Intent | str:
    """What a text is read as, or the sentence it is refused with."""
    try:
        return parse_command(text, POLICY, channel=APPROVALS)
    except Refused as refused:
        return sentence(refused.refusal)


def assert_harmless(sentence: str) -> None:
    """On one line, short, and what was typed stands in back-ticks that it cannot close."""
    assert sentence.isprintable()
    assert 0 < len(sentence) < LONGEST_SENTENCE
    assert sentence.count("`") % 2 == 0
    outside = re.sub(r"`[^`]*`", "", sentence)
    assert not re.search(r"<[!@#]|https?:|@(here|channel|everyone)", outside)


@fuzzed(600)
@given(TYPED)
@example("<!channel>")
@example("request <@U0ALICE> 2h")
@example("extend 1 " + "9" * 6 + "w")
@example("request 203.0.113.4 \u0661h")
@example("revoke `<!here>`")
def test_every_text_is_a_command_or_is_refused_with_a_sentence(text: str) -> None:
    found = read(text)

    assert read(text) == found
    if isinstance(found, str):
        assert_harmless(found)


@fuzzed(300)
@given(TYPED)
def test_every_wish_that_is_read_can_be_written_down_and_read_again(text: str) -> None:
    found = read(text)
    if isinstance(found, COMMANDS):
        assert COMMAND.validate_python(COMMAND.dump_python(found, mode="json")) == found
        if hasattr(found, "duration") and found.duration is not None:
            assert found.duration > timedelta(0)


FIELD = st.one_of(TYPED, st.sampled_from(["orders", "203.0.113.4", "2h", ""]))


@fuzzed(500)
@given(st.sampled_from([read_form, read_emergency_form]), FIELD, FIELD, FIELD, FIELD)
def test_every_form_is_a_wish_or_is_refused_with_a_sentence(
    reads: type, cluster: str, source: str, duration: str, reason: str
) -> None:
    refusals: list[Refused] = []
    try:
        reads(POLICY, FilledForm(cluster, source, duration, reason))
    except Refused as refused:
        refusals += [refused, *refused.others]
    for refusal in refusals:
        assert_harmless(sentence(refusal.refusal))
        assert refusal.field is not None
