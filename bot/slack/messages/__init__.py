"""Messages: all words and blocks of the bot, pure functions from facts to Block Kit.

What other people wrote (reasons, descriptions, errors) appears only in a quote, which Slack does
not parse, or escaped and between back-ticks.
"""

from bot.domain import notices
from bot.domain.notices import Notice
from bot.slack.messages import cards, grants, operators, reminders, replies, requests
from bot.slack.messages.blocks import Message
from bot.slack.messages.buttons import Button
from bot.slack.messages.connect import connect_page
from bot.slack.messages.facts import summary_of
from bot.slack.messages.home import home
from bot.slack.messages.listing import listing
from bot.slack.messages.modals import deny_modal, emergency_modal, request_modal
from bot.slack.messages.pages import clusters_page, help_page
from bot.slack.messages.replies import apology, checking, refusal
from bot.slack.messages.sources import SourceLine, sources_page

__all__ = [
    "Button",
    "Message",
    "SourceLine",
    "apology",
    "checking",
    "clusters_page",
    "connect_page",
    "deny_modal",
    "emergency_modal",
    "help_page",
    "home",
    "listing",
    "refusal",
    "render",
    "request_modal",
    "sources_page",
    "summary_of",
]


def render(notice: Notice) -> Message:  # noqa: C901  # a list, one line for each kind
    """Return the message that tells of *notice*."""
    match notice:
        case notices.RequestCard():
            return cards.request_card(notice)
        case notices.RequestReminder():
            return reminders.request_reminder(notice)
        case notices.EmergencyOpened():
            return reminders.emergency_opened(notice)
        case notices.ReviewReminder():
            return reminders.review_reminder(notice)
        case notices.Reviewed():
            return reminders.reviewed(notice)
        case notices.Adopted():
            return requests.adopted(notice)
        case notices.RequestClosed():
            return requests.request_closed(notice)
        case notices.Asked():
            return requests.asked(notice)
        case notices.Cancelled():
            return requests.cancelled(notice)
        case notices.GrantStarted():
            return grants.grant_started(notice)
        case notices.GrantExtended():
            return grants.grant_extended(notice)
        case notices.GrantExpiring():
            return grants.grant_expiring(notice)
        case notices.GrantEnded():
            return grants.grant_ended(notice)
        case notices.GrantRewritten():
            return grants.grant_rewritten(notice)
        case notices.Revoking():
            return grants.revoking(notice)
        case notices.Alarm():
            return operators.alarm(notice)
        case notices.AllClear():
            return operators.all_clear(notice)
        case notices.GuardPlaced():
            return operators.guard_placed(notice)
        case notices.Recovered():
            return operators.recovered(notice)
        case notices.Undelivered():
            return operators.undelivered(notice)
        case notices.Reply():
            return replies.reply(notice)
