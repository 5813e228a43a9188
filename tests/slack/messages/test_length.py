"""A message is short: it says nothing that stands right above it."""

from statistics import median

import pytest

from bot.domain.actors import Actor
from bot.domain.notices import (
    ApprovalsDropped,
    Audience,
    EmergencyAsked,
    GrantNotice,
    GrantPutBack,
    Notice,
    RequestReminder,
    Reviewed,
    ReviewReminder,
)
from bot.slack.messages import render
from tests.slack.messages.every_message import NOTICES, PAGES
from tests.slack.messages.reading import said_by

MOST_CHARACTERS_AT_THE_MEDIAN = 120  # it was 215 at first
TO_HOLDERS = {"grant_expiring", "grant_idle", "grant_kept"}


def in_its_thread(notice: Notice) -> Notice | None:
    """Return a notice as it stands below the card of its request; None if it never does."""
    if isinstance(notice, GrantNotice):
        goes_elsewhere = notice.grant.requester == Actor.UNKNOWN or notice.kind in TO_HOLDERS
        if notice.grant.adopted or goes_elsewhere:
            return None
        return notice.model_copy(update={"audience": Audience.OTHERS})
    match notice:
        case EmergencyAsked() | ReviewReminder():
            to_requester = isinstance(notice, EmergencyAsked) and notice.to_requester
            return None if notice.channel or to_requester else notice
        case ApprovalsDropped() | GrantPutBack() | RequestReminder() | Reviewed():
            return notice
        case _:
            return None


IN_A_THREAD = {
    name: below for name, notice in NOTICES.items() if (below := in_its_thread(notice)) is not None
}


@pytest.mark.parametrize("notice", IN_A_THREAD.values(), ids=IN_A_THREAD.keys())
def test_a_reply_in_a_thread_repeats_nothing_of_the_card(notice: Notice) -> None:
    text = render(notice).text

    for on_the_card in ("`orders`", "203.0.113.4", "fix invoice 88"):
        assert on_the_card not in text


@pytest.mark.parametrize("notice", IN_A_THREAD.values(), ids=IN_A_THREAD.keys())
def test_a_reply_in_a_thread_can_be_understood_from_its_notification(notice: Notice) -> None:
    """A notification shows the reply without its card: it says of what it is."""
    first = render(notice).text.splitlines()[0]

    assert "#1" in first or "#2" in first or "Opening access" in first


def test_the_median_message_is_short() -> None:
    messages = [*map(render, NOTICES.values()), *PAGES.values()]

    assert median(len(said_by(message)) for message in messages) <= MOST_CHARACTERS_AT_THE_MEDIAN
