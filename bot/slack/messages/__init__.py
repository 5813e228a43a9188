"""Messages: all words and blocks of the bot, pure functions from facts to Block Kit.

What other people wrote (reasons, descriptions, errors) appears only in a quote, which Slack does
not parse, or escaped and between back-ticks.
"""

from bot.domain import notices
from bot.domain.notices import Notice
from bot.slack.messages import (
    cards,
    endings,
    grants,
    machines,
    myip,
    operators,
    reminders,
    replies,
    requests,
    sessions,
    stream,
    undelivered,
)
from bot.slack.messages.blocks import Message
from bot.slack.messages.buttons import Button
from bot.slack.messages.connect import (
    connect_form,
    connect_form_not_opened,
    connect_loading,
    connect_page,
)
from bot.slack.messages.database import (
    database_away,
    database_back,
    database_slow,
    database_unavailable,
    send_again,
)
from bot.slack.messages.history import Happened, history_page
from bot.slack.messages.home import HomeTab, home
from bot.slack.messages.listing import listing
from bot.slack.messages.modals import SAY_WHY, approve_form, deny_modal, form_error
from bot.slack.messages.myip import myip_form, myip_link, myip_not_set_up
from bot.slack.messages.pages import clusters_page, help_page
from bot.slack.messages.pickers import not_listed, not_yet_known, picks, refuse_not_listed
from bot.slack.messages.replies import (
    apology,
    approval_form_not_opened,
    denial_form_not_opened,
    emergency_form_not_opened,
    extension_form_not_opened,
    refusal,
    request_form_not_opened,
)
from bot.slack.messages.request_forms import (
    Filled,
    Part,
    emergency_form,
    extension_form,
    request_form,
)
from bot.slack.messages.sources import SourceLine, sources_page

__all__ = [
    "SAY_WHY",
    "Button",
    "Filled",
    "Happened",
    "HomeTab",
    "Message",
    "Part",
    "SourceLine",
    "apology",
    "approval_form_not_opened",
    "approve_form",
    "clusters_page",
    "connect_form",
    "connect_form_not_opened",
    "connect_loading",
    "connect_page",
    "database_away",
    "database_back",
    "database_slow",
    "database_unavailable",
    "denial_form_not_opened",
    "deny_modal",
    "emergency_form",
    "emergency_form_not_opened",
    "extension_form",
    "extension_form_not_opened",
    "form_error",
    "help_page",
    "history_page",
    "home",
    "listing",
    "myip_form",
    "myip_link",
    "myip_not_set_up",
    "not_listed",
    "not_yet_known",
    "picks",
    "refusal",
    "refuse_not_listed",
    "render",
    "request_form",
    "request_form_not_opened",
    "send_again",
    "sources_page",
]


def render(notice: Notice) -> Message:  # noqa: C901  # a list, one line for each kind
    """Return the message that tells of *notice*."""
    match notice:
        case notices.RequestCard():
            return cards.request_card(notice)
        case notices.RequestReminder():
            return reminders.request_reminder(notice)
        case notices.EmergencyAsked():
            return requests.emergency_asked(notice)
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
        case notices.ApprovalsDropped():
            return requests.approvals_dropped(notice)
        case notices.NotGranted():
            return requests.not_granted(notice)
        case notices.Asked():
            return requests.asked(notice)
        case notices.RequestOver():
            return requests.request_over(notice)
        case notices.Cancelled():
            return requests.cancelled(notice)
        case notices.GrantStarted():
            return grants.grant_started(notice)
        case notices.GrantDelayed():
            return grants.grant_delayed(notice)
        case notices.GrantExtended():
            return grants.grant_extended(notice)
        case notices.GrantExpiring():
            return grants.grant_expiring(notice)
        case notices.GrantIdle():
            return grants.grant_idle(notice)
        case notices.GrantKept():
            return grants.grant_kept(notice)
        case notices.GrantEnding():
            return endings.grant_ending(notice)
        case notices.GrantEnded():
            return endings.grant_ended(notice)
        case notices.Outdated():
            return grants.outdated(notice)
        case notices.GrantPutBack():
            return grants.grant_put_back(notice)
        case notices.GrantRewritten():
            return grants.grant_rewritten(notice)
        case notices.Revoking():
            return grants.revoking(notice)
        case notices.Alarm():
            return operators.alarm(notice)
        case notices.AllClear():
            return operators.all_clear(notice)
        case notices.SessionsStay():
            return sessions.sessions_stay(notice)
        case notices.SessionsClosed():
            return sessions.sessions_closed(notice)
        case notices.SessionsRefused():
            return sessions.sessions_refused(notice)
        case notices.IssuerAway():
            return machines.issuer_away(notice)
        case notices.IssuerBack():
            return machines.issuer_back(notice)
        case notices.StreamStopped():
            return stream.stream_stopped(notice)
        case notices.StreamResumed():
            return stream.stream_resumed(notice)
        case notices.GuardPlaced():
            return operators.guard_placed(notice)
        case notices.ClusterOpen():
            return operators.cluster_open(notice)
        case notices.ClusterClosed():
            return operators.cluster_closed(notice)
        case notices.LabelsDropped():
            return operators.labels_dropped(notice)
        case notices.RemovedOnAGuess():
            return operators.removed_on_a_guess(notice)
        case notices.Recovered():
            return operators.recovered(notice)
        case notices.Undelivered():
            told = undelivered.card_undelivered if notice.request else undelivered.undelivered
            return told(notice)
        case notices.AuditAnchor():
            return operators.audit_anchor(notice)
        case notices.AddressSeen():
            return myip.address_seen(notice)
        case notices.CommandWaits():
            return replies.command_waits(notice.seconds)
        case notices.Reply():
            return replies.refusal(notice.refusal)
