"""Reminders and emergencies: what must not be overlooked."""

from bot.domain.notices import EmergencyOpened, RequestReminder, Reviewed, ReviewReminder
from bot.slack.messages.blocks import Message, header, message, quote, section
from bot.slack.messages.facts import NO_REASON, terms, who_asked, who_may_decide, who_may_review
from bot.slack.messages.mrkdwn import when, who


def request_reminder(notice: RequestReminder) -> Message:
    """Return that a request still waits, at half of its time."""
    request = notice.request
    left = request.approvals_needed - len(request.approvers)
    needed = "an approval" if left == 1 else f"{left} approvals"
    return message(
        section(
            f":bell: {who_may_decide(request)}: *request #{request.id}* of "
            f"{who(who_asked(request))} still needs {needed}. If nobody decides, it lapses "
            f"{when(request.lapses_at)}. The buttons are at the top of this thread."
        )
    )


def emergency_opened(notice: EmergencyOpened) -> Message:
    """Return, loudly, that somebody broke the glass."""
    request = notice.request
    return message(
        header(f":rotating_light: Emergency access to {request.cluster}"),
        section(
            f"*#{request.id}*: {who(request.requester)} broke the glass and was given "
            f"{terms(request)}, at once and without anybody's approval."
        ),
        quote(request.reason, NO_REASON),
        section(
            f"{who_may_review(request)} can review it in <#{notice.channel}>, or end it there with "
            "*Revoke now*."
        ),
    )


def review_reminder(notice: ReviewReminder) -> Message:
    """Return that nobody has looked into an emergency yet."""
    request = notice.request
    return message(
        section(
            f":bell: {who_may_review(request)}: *emergency #{request.id}* of "
            f"{who(request.requester)} on {when(request.created_at)} waits for a review: "
            f"{terms(request)}. Press *Reviewed* on its message once one of you has looked into it."
        ),
        quote(request.reason, NO_REASON),
    )


def reviewed(notice: Reviewed) -> Message:
    """Return that an emergency is closed."""
    request = notice.request
    return message(
        section(
            f":white_check_mark: *Emergency #{request.id}* of {who(request.requester)} was "
            f"reviewed by {who(request.reviewed_by or '')}. There is nothing left to do."
        )
    )
