"""Undelivered: a message that Slack does not take, and what to do about it."""

import re

from bot.domain.notices import Undelivered
from bot.slack.messages.blocks import Message, context, message, section
from bot.slack.messages.mrkdwn import code, who

_KINDS = {"request_card": "an approval message"}
_INVITE = "Invite dbaccess to the channel, or correct the channel in `dbaccess.toml`."
_ARCHIVED = "The channel is archived. Unarchive it, or name another one in `dbaccess.toml`."
_RIGHTS = "Let apps post there (in the channel's settings), or name another channel."
_ADMIN = "Ask an admin of the workspace to allow dbaccess there."
_FAULT = "That is a fault in dbaccess. Please report it."
_GONE = "Somebody deleted the message, or Slack no longer lets it be changed. Nothing to do."
_MENDS = {
    "app_access_restricted": _ADMIN,
    "block_mismatch": _FAULT,
    "cannot_reply_to_message": _RIGHTS,
    "cant_broadcast_message": _RIGHTS,
    "cant_update_message": _GONE,
    "channel_is_limited_access": _ADMIN,
    "channel_not_found": _INVITE,
    "edit_window_closed": _GONE,
    "ekm_access_denied": _ADMIN,
    "invalid_arguments": _FAULT,
    "invalid_blocks": _FAULT,
    "invalid_blocks_format": _FAULT,
    "is_archived": _ARCHIVED,
    "is_inactive": _ARCHIVED,
    "message_not_found": _GONE,
    "messages_tab_disabled": "In the app's settings, turn on *App Home* → *Messages Tab*.",
    "msg_blocks_too_long": _FAULT,
    "msg_too_long": _FAULT,
    "no_permission": _ADMIN,
    "no_text": _FAULT,
    "not_in_channel": _INVITE,
    "posting_to_channel_denied": _RIGHTS,
    "team_access_not_granted": _ADMIN,
    "unreadable": "Another version of dbaccess saved it. Nothing to do.",
}


def undelivered(notice: Undelivered) -> Message:
    """Return that Slack does not take a message, and what to do."""
    what = _KINDS.get(notice.what) or f"a message ({code(notice.what)})"
    return message(
        section(
            f":warning: *Can't deliver {what} {_place(notice.conversation)}.*"
            f" Slack's answer: {code(notice.error)}. Nobody has seen it there."
        ),
        context(f"{_mend(notice.error)}{_again(notice)}"),
    )


def _mend(error: str) -> str:
    if error.startswith("restricted_action"):
        return _RIGHTS
    return _MENDS.get(error, "Look the code up in Slack's documentation, or ask an admin.")


def _again(notice: Undelivered) -> str:
    if notice.job is None or _mend(notice.error) in (_GONE, _FAULT):
        return ""
    return f" Then send it with {code(f'dbaccess jobs retry {notice.job}')}."


def _place(conversation: str) -> str:
    channel = re.fullmatch(r"[CG][A-Z0-9]+", conversation)
    return f"in <#{conversation}>" if channel else f"to {who(conversation)}"
