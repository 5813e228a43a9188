"""Undelivered: a message that Slack does not take, and what to do about it."""

import re

from bot.domain.notices import Undelivered
from bot.slack.messages.blocks import Message, context, message, section
from bot.slack.messages.mrkdwn import code, who

_INVITE = "Write `/invite @dbaccess` in the channel."
_NO_CHANNEL = "Invite the app to the channel, or correct its ID in `dbaccess.toml`."
_ARCHIVED = "Unarchive the channel, or name another in `dbaccess.toml`."
_RIGHTS = "Let apps post in the channel (its settings), or name another."
_ADMIN = "Ask a workspace admin to allow dbaccess there."
_FAULT = "This is a bug in dbaccess. Please report it."
_GONE = "Deleted, or no longer editable."
_PERSON = "Slack doesn't know this person, or hides them. Did they leave?"
_FIXES = {
    "app_access_restricted": _ADMIN,
    "block_mismatch": _FAULT,
    "cannot_dm_bot": "That is a bot. Name people in `dbaccess.toml`.",
    "cannot_reply_to_message": _RIGHTS,
    "cant_broadcast_message": _RIGHTS,
    "cant_update_message": _GONE,
    "channel_is_limited_access": _ADMIN,
    "channel_not_found": _NO_CHANNEL,
    "edit_window_closed": _GONE,
    "ekm_access_denied": _ADMIN,
    "invalid_arguments": _FAULT,
    "invalid_blocks": _FAULT,
    "invalid_blocks_format": _FAULT,
    "is_archived": _ARCHIVED,
    "is_inactive": _ARCHIVED,
    "message_not_found": _GONE,
    "messages_tab_disabled": "Turn on *App Home* → *Messages Tab* in the app's settings.",
    "msg_blocks_too_long": _FAULT,
    "msg_too_long": _FAULT,
    "no_permission": _ADMIN,
    "no_text": _FAULT,
    "not_enabled": "Turn on *App Home* → *Home Tab* in the app's settings.",
    "not_found": _GONE,
    "not_in_channel": _INVITE,
    "plan_upgrade_required": "The workspace's plan does not include that. Ask an admin.",
    "posting_to_channel_denied": _RIGHTS,
    "restricted_action": _RIGHTS,
    "restricted_action_non_threadable_channel": _RIGHTS,
    "restricted_action_read_only_channel": _RIGHTS,
    "restricted_action_thread_locked": _RIGHTS,
    "restricted_action_thread_only_channel": _RIGHTS,
    "team_access_not_granted": _ADMIN,
    "team_not_found": _ADMIN,
    "user_disabled": _PERSON,
    "user_not_found": _PERSON,
    "user_not_visible": _PERSON,
    "view_too_large": _FAULT,
}
_NOT_AGAIN = (_FAULT, _GONE, _PERSON)


def undelivered(notice: Undelivered) -> Message:
    """Return that Slack does not take a message, and what to do: for operators or approvers."""
    what = "approval cards" if notice.what == "request_card" else "messages"
    afterwards = _afterwards(notice)
    error = "" if notice.error in afterwards else f" ({code(notice.error)})"
    return message(
        section(f":warning: *Slack refuses {what} {_place(notice.conversation)}{error}.*"),
        context(f"{fix_of(notice)}{afterwards}"),
    )


def card_undelivered(notice: Undelivered) -> Message:
    """Return to the requester that the approvers do not see their request."""
    where = f"{_place(notice.conversation)} ({code(notice.error)})"
    return message(
        section(
            f":warning: *The approvers can't see request #{notice.request}*: "
            f"Slack refuses cards {where}."
        ),
        context("The operators know. Approvers can decide in their Home tab."),
    )


def fix_of(notice: Undelivered) -> str:
    """Return what to do about Slack's code."""
    if notice.error == "channel_not_found" and not _is_channel(notice.conversation):
        return _PERSON
    return _FIXES.get(notice.error, "Look up this code in Slack's API documentation.")


def _afterwards(notice: Undelivered) -> str:
    if fix_of(notice) == _GONE and notice.what == "request_card":
        return " Approvers can decide in their Home tab."
    if fix_of(notice) in _NOT_AGAIN:
        return ""
    return f" Then: {code(f'dbaccess jobs retry --error {notice.error}')}"


def _place(conversation: str) -> str:
    return f"in <#{conversation}>" if _is_channel(conversation) else f"to {who(conversation)}"


def _is_channel(conversation: str) -> bool:
    return re.fullmatch(r"[CG][A-Z0-9]+", conversation) is not None
