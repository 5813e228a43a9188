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
    who_may_decide,
    who_may_review,
)
from bot.slack.messages.mrkdwn import when, who


def request_reminder(notice: RequestReminder) -> Message:
    """Return that a request still waits, at half of its time."""
    request = notice.request
    left = request.approvals_needed - len(request.approvers)
    needed = "1 approval" if left == 1 else f"{left} approvals"
    return message(
        section(f":bell: *Request #{request.id} still needs {needed}*, {who_may_decide(request)}."),
        context(f"{how_to_decide()} Expires {expires(request)}."),
    )


def emergency_opened(notice: EmergencyOpened) -> Message:
    """Return, loudly, that somebody gave themselves emergency access."""
    request = notice.request
    return message(
        header(f":rotating_light: Emergency access to {request.cluster}"),
        section(
            f"{who(request.requester)} opened access #{request.id} from {source(request)} "
            f"{lasting(request)}."
        ),
        quote(request.reason, NO_REASON),
        context(f"*Needs review* in <#{notice.channel}> by {who_may_review(request)}"),
    )


def review_reminder(notice: ReviewReminder) -> Message:
    """Return that nobody has looked into an emergency yet."""
    request = notice.request
    lead = f":bell: *Emergency access #{request.id} needs review*, {who_may_review(request)}."
    press = context(f"Press *Mark reviewed* {where_the_card_is(notice.channel)}.")
    if not notice.channel:  # the card is right above
        return message(section(lead), press)
    opened = f"{who(request.requester)}: {terms(request)}, {when(request.created_at)}."
    return message(section(f"{lead}\n{opened}"), press)


def reviewed(notice: Reviewed) -> Message:
    """Return that an emergency is closed."""
    request = notice.request
    by = who(request.reviewed_by or "")
    return message(
        section(f":white_check_mark: *Emergency access #{request.id} reviewed* by {by}.")
    )
