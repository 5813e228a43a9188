"""Reminders and emergencies: what must not be overlooked."""

from bot.domain.notices import EmergencyOpened, RequestReminder, Reviewed, ReviewReminder
from bot.slack.messages.blocks import Message, context, header, message, quote, section
from bot.slack.messages.facts import (
    NO_REASON,
    expires,
    how_to_decide,
    lasting,
    source,
    terms,
    where_the_card_is,
    who_asked,
    who_may_decide,
    who_may_review,
)
from bot.slack.messages.mrkdwn import code, when, who


def request_reminder(notice: RequestReminder) -> Message:
    """Return that a request still waits, at half of its time."""
    request = notice.request
    left = request.approvals_needed - len(request.approvers)
    needed = "1 approval" if left == 1 else f"{left} approvals"
    return message(
        section(
            f":bell: *Request #{request.id} still needs {needed}*, {who_may_decide(request)}.\n"
            f"{who(who_asked(request))}: {terms(request)}. Expires {expires(request)}."
        ),
        context(how_to_decide()),
    )


def emergency_opened(notice: EmergencyOpened) -> Message:
    """Return, loudly, that somebody gave themselves emergency access."""
    request = notice.request
    return message(
        header(f":rotating_light: Emergency access to {request.cluster}"),
        section(
            f"{who(request.requester)} opened access #{request.id} to {code(request.cluster)} from "
            f"{source(request)} {lasting(request)}, without an approval."
        ),
        quote(request.reason, NO_REASON),
        section(f"Review it in <#{notice.channel}>: {who_may_review(request)}."),
    )


def review_reminder(notice: ReviewReminder) -> Message:
    """Return that nobody has looked into an emergency yet."""
    request = notice.request
    return message(
        section(
            f":bell: *Emergency access #{request.id} needs review*, {who_may_review(request)}.\n"
            f"{who(request.requester)}: {terms(request)}, {when(request.created_at)}."
        ),
        quote(request.reason, NO_REASON),
        context(f"Press *Mark reviewed* {where_the_card_is(notice.channel)}."),
    )


def reviewed(notice: Reviewed) -> Message:
    """Return that an emergency is closed."""
    request = notice.request
    by = who(request.reviewed_by or "")
    return message(
        section(
            f":white_check_mark: *Emergency access #{request.id}* of {who(request.requester)} was "
            f"reviewed by {by}."
        )
    )
