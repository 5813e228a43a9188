"""A message says what is true for the one who reads it, and how to go on."""

from typing import Any

import pytest

from bot.domain.actors import Actor
from bot.domain.lifecycle import EndReason, GrantState, RequestState
from bot.domain.notices import (
    Asked,
    EmergencyAsked,
    GrantEnded,
    GrantNotice,
    Notice,
    Outdated,
    RequestCard,
    RequestClosed,
    RequestReminder,
    ReviewReminder,
)
from bot.domain.people import Standing
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages import HomeTab, Message, home, listing, render
from dbaccess_playground.slack.controls import controls
from tests.slack.messages.every_message import NOTICES
from tests.slack.messages.examples import (
    ALICE,
    BOB,
    DAVE,
    HOUR,
    NOW,
    OFFICE,
    adopted,
    emergency,
    ended,
    extension,
    grant,
    request,
)
from tests.slack.messages.reading import message_as_read

REVOKED = ended(EndReason.REVOKED, id=15, revoked_by=ALICE, removing_since=NOW - 2 * HOUR)
HALF_APPROVED: dict[str, Any] = {"approvals_needed": 2, "approvers": (ALICE,), "at_most": HOUR}


def read(notice: Notice) -> str:
    return message_as_read(render(notice))


def offered(message: Message) -> list[str]:
    return [control.action_id for control in controls(message.blocks)]


def test_nobody_is_said_to_have_approved_an_emergency() -> None:
    said = read(RequestClosed(request=emergency()))

    assert "Emergency access #17 is opening" in said
    assert "approved" not in said


def test_the_first_line_of_a_card_says_what_was_asked_for_also_once_one_gave_less() -> None:
    said = read(RequestCard(request=request(**HALF_APPROVED)))

    assert "for 2h." in said
    assert "1h instead of" not in said
    assert f"Approvals 1/2 (@{ALICE} for 1h)" in said


def test_an_extension_half_approved_for_less_ends_as_early_as_that_says() -> None:
    card = RequestCard(request=extension(**{**HALF_APPROVED, "at_most": HOUR / 2}))

    assert "If approved, 16:30." in read(card)


def test_a_reminder_says_what_was_asked_for() -> None:
    said = read(RequestReminder(request=request(**HALF_APPROVED)))

    assert "instead of" not in said


@pytest.mark.parametrize("state", [RequestState.DENIED, RequestState.CANCELLED])
def test_what_came_to_nothing_was_for_what_was_asked(state: RequestState) -> None:
    said = read(RequestClosed(request=request(state, **HALF_APPROVED)))

    assert "instead of" not in said


@pytest.mark.parametrize(
    ("notice", "button"),
    [
        (RequestReminder(request=request()), "Decide"),
        (EmergencyAsked(request=request(), unreviewed=16), "Decide"),
        (ReviewReminder(request=emergency()), "Press *Mark reviewed*"),
    ],
)
def test_a_message_in_a_thread_says_where_the_buttons_are(notice: Notice, button: str) -> None:
    assert f"{button} above." in read(notice)


def test_access_is_listed_once_and_in_one_state() -> None:
    said = message_as_read(listing([], [grant(), grant(GrantState.REMOVING, id=18)]))

    assert "*Access #17*: `orders` from 203.0.113.4, ends" in said
    assert "*Access #18*: `orders` from 203.0.113.4, ending" in said.splitlines()


def test_nobody_is_offered_to_connect_by_the_access_of_others() -> None:
    mine, everyones = listing([], [grant()]), listing([], [grant()], everybody=True)

    assert "connect" in offered(mine)
    assert "connect" not in offered(everyones)


def test_connect_is_offered_once_access_is_open() -> None:
    opening = grant(GrantState.APPLYING)

    assert "connect" not in offered(listing([], [opening]))
    assert "connect" not in str(home(HomeTab(NOW, grants=[opening]))["blocks"])


def test_who_asks_after_an_end_hears_that_it_was_theirs_and_what_it_means() -> None:
    said = read(Asked(request=request(revoked=REVOKED)))

    assert f"@{ALICE} ended your access #15." in said
    assert "Your requests need an approver until 20:00." in said


def test_who_asks_for_another_after_an_end_reads_whose_access_was_ended() -> None:
    said = read(Asked(request=extension(revoked=REVOKED, asked_by=DAVE)))

    assert f"access #15 of @{BOB}, by @{ALICE}." in said


def test_an_approver_reads_how_long_an_end_matters() -> None:
    said = read(RequestCard(request=request(revoked=REVOKED)))

    assert f"*Ended lately:* access #15 of @{BOB}, by @{ALICE}." in said
    assert "No written policy applies until 20:00." in said


def test_an_end_says_why() -> None:
    assert "*Access #17 to `orders` has ended*, 16:00: firewall rule removed." in read(
        NOTICES["ended: expired"]
    )


@pytest.mark.parametrize("reason", [*EndReason])
def test_the_end_of_an_adopted_rule_speaks_of_the_rule(reason: EndReason) -> None:
    over = adopted(GrantState.ENDED, end_reason=reason)
    first = read(GrantEnded(grant=over)).splitlines()[0]

    assert "198.51.100.0/24" in first
    assert "ccess #17" not in first


def test_an_adopted_rule_that_is_gone_leaves_a_next_step() -> None:
    said = read(NOTICES["gone"])

    assert "*198.51.100.0/24 was removed from `orders`* at its expiry." in said
    assert "Still needed? Request access." in said


def test_an_adopted_rule_that_stays_for_others_is_not_said_to_be_removed() -> None:
    over = adopted(GrantState.ENDED, end_reason=EndReason.EXPIRED)
    said = read(GrantEnded(grant=over, still_wanted=True))

    assert "was removed" not in said
    assert "stays trusted" in said


def test_an_older_message_of_an_adopted_rule_names_the_rule() -> None:
    assert "198.51.100.0/24" in read(Outdated(grant=adopted()))


def test_access_of_nobody_known_is_told_to_others_alone() -> None:
    of_unknown = [
        notice
        for notice in NOTICES.values()
        if isinstance(notice, GrantNotice) and notice.grant.requester == Actor.UNKNOWN
    ]

    assert of_unknown
    assert all(not {"connect", "ask_again"} & {*offered(render(one))} for one in of_unknown)


def test_home_shows_what_is_unusual_beside_the_button_that_approves() -> None:
    unusual = request(
        requester=DAVE,
        source=OFFICE,
        standing=Standing.GUEST,
        revoked=REVOKED,
        same_source=(BOB,),
        covered_by=TrustedSource(SourceType.IP_ADDR, "198.51.0.0/16"),
    )
    said = str(home(HomeTab(NOW, to_decide=[unusual]))["blocks"])

    for what in ("Guest", "Ended lately", "New address", "Network", "Shared", "Covered already"):
        assert f":warning: *{what}" in said
