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
        "from 203.0.113.4",
        "for 2h",
        "“fix invoice 88 &amp; close #12”",
    ):
        assert fact in text


def test_a_card_says_how_wide_a_network_is() -> None:
    assert "256 addresses" in text_of(request(source=OFFICE))
    assert "addresses" not in text_of(request())


@pytest.mark.parametrize(
    ("source", "behind"),
    [
        (OFFICE, "lets in all 256 addresses"),
        (TrustedSource(SourceType.TAG, "backend"), "lets in every Droplet that ever gets it"),
        (TrustedSource(SourceType.K8S, "1b2f7a90"), "lets in all that ever runs on it"),
        (TrustedSource(SourceType.APP, "1b2f7a90"), "lets in all that ever runs in it"),
        (TrustedSource(SourceType.DROPLET, "42"), "lets in everyone on it"),
    ],
    ids=lambda value: value.type if isinstance(value, TrustedSource) else "",
)
def test_a_card_says_whom_else_the_source_lets_in(source: TrustedSource, behind: str) -> None:
    assert behind in text_of(request(source=source))
    assert "lets in" not in text_of(request())


def test_a_card_says_that_an_address_is_new_for_the_person_and_nothing_where_it_is_not() -> None:
    assert "*New address* for <@U0BOB>" in text_of(request())
    assert "warning" not in text_of(request(seen_before=True))


def test_a_card_says_who_else_has_access_from_the_same_address() -> None:
    shared = request(seen_before=True, same_source=("U0DAVE",))

    assert "<@U0DAVE> has access from it" in text_of(shared)


def test_a_card_says_which_wider_rule_lets_the_address_in_already() -> None:
    wider = TrustedSource(SourceType.IP_ADDR, "203.0.113.0/24")

    assert "*Covered already* by `203.0.113.0/24`" in text_of(request(covered_by=wider))


def test_what_is_usual_fits_in_three_lines_and_the_buttons() -> None:
    usual = render(RequestCard(request=request(seen_before=True)))

    assert [block["type"] for block in usual.blocks] == [
        "section",
        "rich_text",
        "context",
        "actions",
    ]


def test_what_an_approver_wrote_is_on_the_card_below_their_name() -> None:
    alone = request(RequestState.APPROVED, approvers=(ALICE,), comment="only the <replica>")
    first = request(approvals_needed=2, approvers=(ALICE,), comment="only the <replica>")

    assert "approved* by <@U0ALICE>, " in text_of(alone).splitlines()[0]
    assert text_of(alone).splitlines()[1] == "“only the &lt;replica&gt;”"
    assert "<@U0ALICE> wrote:\n“only the &lt;replica&gt;”" in text_of(first)


def test_a_card_counts_the_approvals() -> None:
    half = request(approvals_needed=2, approvers=(ALICE,))

    assert "Approvals 1/2 (<@U0ALICE>)" in text_of(half)


def test_a_card_does_not_ask_a_requester_who_may_not_approve() -> None:
    mine = request(may_decide=(ALICE, BOB))

    assert "Approvers: <@U0ALICE>\n" in text_of(mine)
    assert "Approvers: <@U0ALICE> or <@U0BOB>\n" in text_of(replace(mine, self_approval=True))


def test_an_extension_says_the_end_it_would_move_and_the_end_it_would_make() -> None:
    text = text_of(extension())

    assert f"Ends <!date^{int((NOW + 2 * HOUR).timestamp())}^" in text
    assert f"If approved, <!date^{int((NOW + 3 * HOUR).timestamp())}^" in text


def test_an_approved_extension_says_the_end_that_the_grant_has_now() -> None:
    longer = grant(expires_at=NOW + 3 * HOUR)
    text = text_of(extension(RequestState.APPROVED, approvers=(ALICE,), extended=longer))

    assert f"access #17 to `orders`, until <!date^{int((NOW + 3 * HOUR).timestamp())}^" in text


def test_a_written_policy_is_named_as_the_approver() -> None:
    text = text_of(request(RequestState.APPROVED, approvers=("policy",)))

    assert "approved* by written policy" in text


@pytest.mark.parametrize("state", [GrantState.REMOVING, GrantState.ENDED])
def test_a_grant_that_was_told_to_end_has_no_buttons(state: GrantState) -> None:
    assert button_texts(render(GrantStarted(grant=grant(state))).blocks) == []
