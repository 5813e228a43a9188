"""What people write is shown, never obeyed, and never too long for Slack."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.lifecycle import EndReason, RequestState
from bot.domain.notices import (
    Alarm,
    Asked,
    GrantEnded,
    IssuerAway,
    Reply,
    RequestCard,
    RequestClosed,
    SessionsRefused,
    SessionsStay,
    StreamResumed,
    StreamStopped,
    Undelivered,
)
from bot.domain.refusals.commands import NotANumber, UnknownCommand
from bot.domain.refusals.grants import RuleNotTaken
from bot.domain.refusals.rights import NotAnApprover
from bot.domain.sessions import DatabaseSession
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages import (
    HomeTab,
    Message,
    deny_modal,
    home,
    listing,
    refusal,
    render,
    sources_page,
)
from bot.slack.messages.mrkdwn import code, cut, escape
from dbaccess_playground.slack.block_kit.checker import problems
from tests.slack.messages.examples import (
    ADMINS,
    ALICE,
    BOB,
    MACHINE,
    NOW,
    emergency,
    ended,
    extension,
    grant,
    machines,
    of_machine,
    request,
    source_line,
)

OURS = re.compile(
    r"<(https://github\.com/acme/shop/runs/812\|[\w .,:;()/#+-]+|"
    rf"@({BOB}|{ALICE})|!subteam\^{ADMINS}|#C0APPROVALS|!date\^\d+\^[^^|<>]+\|[-: \d]+UTC)>"
)
WORST = [
    "<!channel> @here <@U0EVIL> <#C0EVIL> <http://evil.example|click> http://evil.example",
    "&" * 40_000,
    "<!channel>" * 4_000,
    "`*_~" * 1_000,
    "``` ` ``",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil\N{RIGHT-TO-LEFT MARK}\x00\x1b[31m\r\n\t\x7f\u2028",
    "&lt;!channel&gt; &amp;",
    "👩‍💻🔥" * 300,
    "> quote\n> more\n# title",
    "\ud800",
    " \n ",
]
PIECES = ["<!channel>", "<@U0EVIL>", "@here", "&", "<", ">", "`", "*", "\n", "|", "^", "e"]
hostile = st.one_of(
    st.text(max_size=400),
    st.lists(st.sampled_from(PIECES)).map("".join),
    st.sampled_from(WORST),
)


def messages_with(text: str) -> Iterator[Message]:
    tag = TrustedSource(SourceType.TAG, text)
    for facts in (
        request(reason=text),
        request(cluster=text, source=tag, may_decide=(text,)),
        extension(reason=text, requester=text),
        request(RequestState.DENIED, reason=text, denied_by=ALICE, denial_reason=text),
        request(RequestState.CANCELLED, closed_by=text),
    ):
        yield render(RequestCard(request=facts))
        yield render(RequestClosed(request=facts))
        yield render(Asked(request=facts))
        yield listing([facts], [])
    run = ("run_url", "https://github.com/acme/shop/runs/812")
    for principal, link in ((f"github:{text}", ("run_url", text)), (MACHINE, run)):
        details = (("workflow", text), link)
        job = of_machine(machines(), requester=principal, details=details, reason=text)
        yield render(RequestCard(request=job))
        yield listing([], [machines(requester=principal)], everybody=True)
    failed = ended(EndReason.FAILED, source=tag, cluster=text)
    yield render(GrantEnded(grant=failed, why=RuleNotTaken(said=text)))
    yield render(Alarm(cluster=text, failing_since=NOW, error=text, overdue=(failed,) * 25))
    boss = DatabaseSession(1, NOW, text, text, text, "203.0.113.4", is_superuser=True)
    yield render(SessionsRefused(cluster=text, source=tag, sessions=(boss,) * 25))
    yield render(SessionsStay(cluster=text, source=tag, since=NOW, error=text))
    yield render(IssuerAway(issuer=text, since=NOW, error=text))
    yield render(StreamStopped(place=text, since=NOW, error=text, rows=7))
    yield render(StreamResumed(place=text, since=NOW, rows=7))
    yield render(Undelivered(conversation=text, error=text, what=text))
    yield render(Reply(refusal=NotAnApprover(ask=(text,))))
    yield refusal(UnknownCommand(typed=text, nearest=None))
    yield refusal(RuleNotTaken(said=text))
    yield sources_page(text, [source_line(source=text, description=text)] * 100)
    yield sources_page(text, [source_line(source=text, connected=1)], others=[boss] * 9)
    yield listing([request(source=tag)], [grant(source=tag, cluster=text)], everybody=True)


def texts(part: Any) -> Iterator[dict[str, Any]]:
    """Every text object in these blocks."""
    if isinstance(part, list):
        for one in part:
            yield from texts(one)
    elif isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part
        for value in part.values():
            yield from texts(value)


def live_parts(message: Message) -> list[str]:
    """Whatever Slack would read as a mention, a link or an entity, but for our own."""
    parsed = [message.text, *(t["text"] for t in texts(message.blocks) if t["type"] == "mrkdwn")]
    left = " ".join(re.sub(r"&(amp|lt|gt);", "", OURS.sub("", text)) for text in parsed)
    return re.findall(r"[<>&].{0,20}", left) + re.findall(r"@\w+", OURS.sub("", message.text))


def whatever_users_write(test: Any) -> Any:
    """Run a test with the worst texts and with many random ones."""
    for text in WORST:
        test = example(text)(test)
    return settings(deadline=None, max_examples=40)(given(hostile)(test))


@whatever_users_write
def test_no_text_of_a_user_becomes_a_mention_or_a_link(text: str) -> None:
    for message in messages_with(text):
        assert live_parts(message) == []


@whatever_users_write
def test_slack_takes_every_message_whatever_users_write(text: str) -> None:
    for message in messages_with(text):
        assert problems({"text": message.text, "blocks": message.blocks}, "message") == []


@whatever_users_write
def test_nothing_that_users_write_moves_the_cursor_or_turns_the_line(text: str) -> None:
    for message in messages_with(text):
        for shown in [message.text, *(t["text"] for t in texts(message.blocks))]:
            assert all(c.isprintable() or c in "\n\N{WORD JOINER}" for c in shown)
            json.dumps(shown).encode()
            shown.encode()


@whatever_users_write
def test_slack_takes_every_view_whatever_users_write(text: str) -> None:
    hostile_request = request(reason=text, cluster=text)
    form = deny_modal(17, hostile_request, private_metadata="")

    assert problems(form, "modal") == []
    tab = HomeTab(
        NOW,
        to_decide=[hostile_request],
        to_review=[emergency(reason=text, cluster=text)],
        grants=[grant(cluster=text, source_name=text)],
        requests=[hostile_request],
    )
    assert problems(home(tab), "home") == []


def test_slack_itself_makes_no_links_of_what_looks_like_one() -> None:
    message = render(RequestCard(request=request(RequestState.DENIED, denied_by=ALICE)))

    assert all(t["verbatim"] for t in texts(message.blocks) if t["type"] == "mrkdwn")


def test_a_reason_is_quoted_letter_by_letter() -> None:
    message = render(RequestCard(request=request(reason="*if* x < 3 & `y`: <!here>")))

    shown = [t["text"] for t in texts(message.blocks) if t["type"] == "text"]
    assert shown == ["*if* x < 3 & `y`: <!here>"]


def test_the_back_ticks_of_a_refusal_stay() -> None:
    message = refusal(NotANumber(typed="a<b"))

    assert message.text == "`a&lt;b` isn't a number like `17`. `/dbaccess list` shows yours."


def test_a_back_tick_cannot_end_what_is_shown_as_code() -> None:
    assert code("a`*b*`") == "`a'*b*'`"


@given(st.text(), st.integers(1, 60))
def test_cutting_leaves_no_half_of_an_entity(text: str, longest: int) -> None:
    assert re.sub(r"&(amp|lt|gt);", "", cut(escape(text), longest)).count("&") == 0


@pytest.mark.parametrize("longest", range(1, 40))
def test_cutting_leaves_no_half_of_a_mention(longest: int) -> None:
    short = cut("so says <@U0ALICE>, and others who know", longest)

    assert len(short) <= longest
    assert short.count("<") == short.count(">")
