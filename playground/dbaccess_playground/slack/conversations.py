"""Channels, direct messages, and the messages in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from dbaccess_playground.slack.controls import button_texts, readable
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.people import BOT_USER_ID

Blocks = list[dict[str, Any]]


@dataclass(frozen=True)
class Channel:
    """A channel, or the direct messages between the bot and `dm_with`.

    `members` is None where everybody in the workspace is a member. The bot sees a private channel
    only as a member.
    """

    id: str
    name: str
    bot_is_member: bool = True
    is_archived: bool = False
    members: frozenset[str] | None = None
    dm_with: str | None = None
    is_private: bool = False

    @property
    def bot_sees(self) -> bool:
        """Whether the bot sees that it exists."""
        return self.bot_is_member or not self.is_private

    @property
    def has_composer(self) -> bool:
        """Whether people can write here, commands too.

        In the app's own messages they can: `messages_tab_read_only_enabled` is off in the manifest.
        """
        return not self.is_archived

    def has(self, user_id: str) -> bool:
        """Return whether that person is a member."""
        return self.members is None or user_id in self.members

    def as_slack(self) -> dict[str, Any]:
        """Return the `channel` object of conversations.info."""
        if self.dm_with is not None:
            return {"id": self.id, "created": 1764000000, "is_im": True, "user": self.dm_with}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "created": 1764000000,
            "creator": "U0CREATOR",
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_general": False,
            "is_member": self.bot_is_member,
            "is_shared": False,
            "is_ext_shared": False,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass(frozen=True)
class Content:
    """Text and blocks of a message, as one version of it has them."""

    text: str
    blocks: Blocks = field(default_factory=list)


@dataclass(frozen=True)
class Message:
    """A message as it is now; `versions` has its earlier contents, oldest first.

    `ephemeral_to` is the only person who sees it; None if everybody in the channel does.
    """

    ts: str
    channel: str
    user: str
    text: str
    blocks: Blocks = field(default_factory=list)
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    versions: tuple[Content, ...] = ()

    @property
    def edited(self) -> bool:
        """Whether it was changed after it was posted."""
        return bool(self.versions)

    @property
    def is_reply(self) -> bool:
        """Whether it is a reply in a thread."""
        return self.thread_ts not in {None, self.ts}

    @property
    def buttons(self) -> list[str]:
        """The texts of its buttons, in order."""
        return button_texts(self.blocks)

    @property
    def all_text(self) -> str:
        """All that a person reads: the text, then those of the blocks, a line each."""
        return "\n".join([self.text, *readable(self.blocks)])

    @property
    def all_versions(self) -> list[str]:
        """All that a person read in it, one text for each version, oldest first."""
        earlier = ["\n".join([was.text, *readable(was.blocks)]) for was in self.versions]
        return [*earlier, self.all_text]

    def as_slack(self) -> dict[str, Any]:
        """Return the `message` object of the Web API and of interactive payloads."""
        shown: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "blocks": deepcopy(self.blocks),
        }
        if self.thread_ts is not None:
            shown["thread_ts"] = self.thread_ts
        if self.edited:
            shown["edited"] = {"user": self.user, "ts": self.ts}
        return shown


class Conversations:
    """All channels and messages. `next_ts` returns a unique timestamp for each message."""

    def __init__(self, next_ts: Callable[[], str]) -> None:
        self._next_ts = next_ts
        self._channels: dict[str, Channel] = {}
        self._said: dict[str, dict[str, Message]] = {}

    def add(self, channel: Channel) -> Channel:
        """Add a channel, or replace the one with that id; its messages stay."""
        self._channels[channel.id] = channel
        self._said.setdefault(channel.id, {})
        return channel

    def channel(self, channel_id: str) -> Channel:
        """Return the channel with that id; SlackError `channel_not_found` if there is none."""
        if channel_id not in self._channels:
            raise SlackError("channel_not_found")
        return self._channels[channel_id]

    def channel_for_bot(self, channel_id: str) -> Channel:
        """Return the channel with that id if the bot sees it, else raise the same SlackError."""
        channel = self.channel(channel_id)
        if not channel.bot_sees:
            raise SlackError("channel_not_found")
        return channel

    def named(self, name: str) -> Channel | None:
        """Return the channel of that name, with or without `#`, if the bot sees it."""
        name = name.removeprefix("#").lower()
        found = (one for one in self.channels() if one.name == name and not one.dm_with)
        return next((one for one in found if one.bot_sees), None)

    def channels(self) -> list[Channel]:
        """Return all channels in the order of their creation, with the direct messages."""
        return list(self._channels.values())

    def dm(self, user_id: str) -> Channel:
        """Return the direct messages between the bot and that person; open them if necessary."""
        channel_id = "D" + user_id[1:]
        if channel_id not in self._channels:
            members = frozenset({user_id, BOT_USER_ID})
            self.add(Channel(channel_id, "directmessage", members=members, dm_with=user_id))
        return self._channels[channel_id]

    def post(self, channel_id: str, content: Content, **more: Any) -> Message:
        """Post as the bot; `more` are other fields of the Message."""
        message = Message(
            **{"user": BOT_USER_ID, **more},
            ts=self._next_ts(),
            channel=channel_id,
            text=content.text,
            blocks=content.blocks,
        )
        self._said.setdefault(channel_id, {})[message.ts] = message
        return message

    def update(self, message: Message, content: Content) -> Message:
        """Change a message; SlackError `message_not_found` if it was deleted."""
        now = self.message(message.channel, message.ts)
        former = (*now.versions, Content(now.text, now.blocks))
        changed = replace(now, text=content.text, blocks=content.blocks, versions=former)
        self._said[now.channel][now.ts] = changed
        return changed

    def delete(self, message: Message) -> None:
        """Delete a message; no error if it was deleted before."""
        self._said.get(message.channel, {}).pop(message.ts, None)

    def message(self, channel_id: str, ts: str) -> Message:
        """Return the message as it is now; SlackError `message_not_found` if there is none."""
        message = self._said.get(channel_id, {}).get(ts)
        if message is None:
            raise SlackError("message_not_found")
        return message

    def seen_by_all(self, channel_id: str) -> list[Message]:
        """Return the messages of a channel, oldest first, without the ephemeral ones."""
        return [one for one in self._in(channel_id) if one.ephemeral_to is None]

    def ephemerals(self, user_id: str) -> list[Message]:
        """Return that person's ephemeral messages in all channels, oldest first."""
        found = (one for said in self._said.values() for one in said.values())
        return sorted((m for m in found if m.ephemeral_to == user_id), key=lambda m: float(m.ts))

    def _in(self, channel_id: str) -> Iterable[Message]:
        return self._said.get(channel_id, {}).values()
