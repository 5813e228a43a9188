"""The Web API's `chat.*`: the bot's messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dbaccess_playground.slack.block_kit import checker
from dbaccess_playground.slack.conversations import Channel, Message
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.people import BOT_USER_ID, TEAM_NAME
from dbaccess_playground.slack.workspace import Workspace

Args = Mapping[str, Any]
Json = dict[str, Any]


def post_message(workspace: Workspace, args: Args) -> Json:
    """Post to a channel; a user id stands for the direct messages with that person.

    A channel may be named (`#general` or `general`) instead; the answer has its id.
    """
    named = workspace.conversations.named(str(args.get("channel", "")))
    channel = _writable(workspace, {**args, "channel": named.id} if named else args)
    content = workspace.content("chat.postMessage", args)
    thread_ts = args.get("thread_ts") or None
    if thread_ts and workspace.conversations.message(channel.id, thread_ts).is_reply:
        workspace.report_problems("chat.postMessage", [f"thread_ts {thread_ts} is that of a reply"])
    message = workspace.say(channel.id, content, thread_ts=thread_ts)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_slack()}


def post_ephemeral(workspace: Workspace, args: Args) -> Json:
    """Post to a channel for one person only."""
    channel = _writable(workspace, args)
    user_id = str(args.get("user", ""))
    known = workspace.people.knows(user_id) and not workspace.people.person(user_id).deleted
    if not known or not channel.has(user_id):
        raise SlackError("user_not_in_channel")
    content = workspace.content("chat.postEphemeral", args)
    thread_ts = args.get("thread_ts") or None
    message = workspace.say(channel.id, content, ephemeral_to=user_id, thread_ts=thread_ts)
    return {"message_ts": message.ts}


def update(workspace: Workspace, args: Args) -> Json:
    """Change a message; without `blocks` it keeps those it has.

    SlackError `is_inactive` if its channel is archived.
    """
    message = _own(workspace, args, "cant_update_message")
    if workspace.conversations.channel(message.channel).is_archived:
        raise SlackError("is_inactive")  # not `is_archived`, as where one posts
    if checker.read_blocks(args.get("blocks")) is None:
        args = {**args, "blocks": message.blocks}
    changed = workspace.change(message, workspace.content("chat.update", args))
    return {
        "channel": changed.channel,
        "ts": changed.ts,
        "text": changed.text,
        "message": changed.as_slack(),
    }


def delete(workspace: Workspace, args: Args) -> Json:
    """Delete a message."""
    message = _own(workspace, args, "cant_delete_message")
    workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(workspace: Workspace, args: Args) -> Json:
    """Return the address of a message in a browser."""
    channel = workspace.conversations.channel_for_bot(str(args.get("channel", "")))
    message = workspace.conversations.message(channel.id, str(args.get("message_ts", "")))
    place = f"{channel.id}/p{message.ts.replace('.', '')}"
    return {
        "channel": channel.id,
        "permalink": f"https://{TEAM_NAME}.slack.com/archives/{place}",
    }


def _writable(workspace: Workspace, args: Args) -> Channel:
    target = str(args.get("channel", ""))
    if workspace.people.knows(target):
        person = workspace.people.person(target)
        if person.is_bot:
            raise SlackError("cannot_dm_bot")
        if person.deleted:
            raise SlackError("user_disabled")
        return workspace.conversations.dm(target)
    channel = workspace.conversations.channel_for_bot(target)
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.bot_is_member:
        raise SlackError("not_in_channel")
    return channel


def _own(workspace: Workspace, args: Args, otherwise: str) -> Message:
    channel = workspace.conversations.channel(str(args.get("channel", "")))
    message = workspace.conversations.message(channel.id, str(args.get("ts", "")))
    if message.ephemeral_to is not None:
        raise SlackError("message_not_found")
    if message.user != BOT_USER_ID:
        raise SlackError(otherwise)
    return message


METHODS: Mapping[str, tuple[str | None, Callable[[Workspace, Args], Json]]] = {
    "chat.postMessage": ("chat:write", post_message),
    "chat.postEphemeral": ("chat:write", post_ephemeral),
    "chat.update": ("chat:write", update),
    "chat.delete": ("chat:write", delete),
    "chat.getPermalink": (None, get_permalink),
}
