"""An approver decides from the message alone."""

from dataclasses import replace

import pytest

from bot.domain.lifecycle import GrantState, RequestState
from bot.domain.notices import GrantStarted, RequestCard, RequestFacts
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages import render
from dbaccess_playground.slack.controls import button_texts
from tests.slack.messages.examples import ALICE, BOB, HOUR, NOW, OFFICE, extension, grant, request


def text_of(facts: RequestFacts) -> str:
    return render(RequestCard(request=facts)).text


def buttons_of(facts: RequestFacts) -> list[str]:
    return button_texts(render(RequestCard(request=facts)).blocks)


def test_an_open_request_can_be_approved_or_denied() -> None:
    assert buttons_of(request()) == ["Approve", "Deny"]


@pytest.mark.parametrize("state", [s for s in RequestState if s is not RequestState.PENDING])
def test_a_closed_request_has_no_buttons(state: RequestState) -> None:
    assert buttons_of(request(state)) == []


def test_a_card_says_who_what_where_how_long_and_why() -> None:
    text = text_of(request())

    for fact in (
        "<@U0BOB>",
        "`orders`",
        "`203.0.113.4`",
        "*2h*",
        "“fix invoice 88 &amp; close #12”",
    ):
        assert fact in text


def test_a_card_says_how_wide_a_network_is() -> None:
    assert "256 addresses" in text_of(request(source=OFFICE))
    assert "addresses" not in text_of(request())


@pytest.mark.parametrize(
    ("source", "behind"),
    [
        (OFFICE, "everyone at any of its addresses gets access"),
        (TrustedSource(SourceType.TAG, "backend"), "every Droplet that has it gets access"),
        (TrustedSource(SourceType.K8S, "1b2f7a90"), "everything that runs on it gets access"),
        (TrustedSource(SourceType.APP, "1b2f7a90"), "everything that runs in it gets access"),
        (TrustedSource(SourceType.DROPLET, "42"), "everyone who works on it gets access"),
    ],
    ids=lambda value: value.type if isinstance(value, TrustedSource) else "",
)
def test_a_card_says_whom_else_the_source_lets_in(source: TrustedSource, behind: str) -> None:
    assert behind in text_of(request(source=source))
    assert "gets access" not in text_of(request())


def test_a_card_says_whether_the_source_is_new_for_the_person() -> None:
    assert "new source for this person" in text_of(request())
    assert "seen before" in text_of(request(seen_before=True))


def test_a_card_counts_the_approvals() -> None:
    half = request(approvals_needed=2, approvers=(ALICE,))

    assert "1 of 2 approvals: <@U0ALICE>" in text_of(half)


def test_a_card_does_not_ask_a_requester_who_may_not_approve() -> None:
    mine = request(may_decide=(ALICE, BOB))

    assert "*May decide:* <@U0ALICE>." in text_of(mine)
    assert "*May decide:* <@U0ALICE>, <@U0BOB>." in text_of(replace(mine, self_approval=True))


def test_an_extension_says_the_end_it_would_move_and_the_end_it_would_make() -> None:
    text = text_of(extension())

    assert f"ends <!date^{int((NOW + 2 * HOUR).timestamp())}^" in text
    assert f"would end <!date^{int((NOW + 3 * HOUR).timestamp())}^" in text


def test_an_approved_extension_says_the_end_that_the_grant_has_now() -> None:
    longer = grant(expires_at=NOW + 3 * HOUR)
    text = text_of(extension(RequestState.APPROVED, approvers=(ALICE,), extended=longer))

    assert f"#17 now ends <!date^{int((NOW + 3 * HOUR).timestamp())}^" in text


def test_a_written_policy_is_named_as_the_approver() -> None:
    text = text_of(request(RequestState.APPROVED, approvers=("policy",)))

    assert "Approved by written policy" in text


@pytest.mark.parametrize("state", [GrantState.REMOVING, GrantState.ENDED])
def test_a_grant_that_was_told_to_end_has_no_buttons(state: GrantState) -> None:
    assert button_texts(render(GrantStarted(grant=grant(state))).blocks) == []
