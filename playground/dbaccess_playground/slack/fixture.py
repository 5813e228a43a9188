"""The workspace as a test or the demo sets it up and reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from dbaccess_playground.slack.conversations import Channel, Content, Message
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.people import Group, Person
from dbaccess_playground.slack.workspace import Call, Change, Workspace

Json = dict[str, Any]
Outcome = TypeVar("Outcome")


class WorkspaceFixture:
    """Sets up the people and channels of a workspace, and returns what each person sees."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.team_id = workspace.team_id

    @property
    def scopes(self) -> set[str]:
        """The scopes of the bot's token; remove some to provoke `missing_scope`."""
        return self._workspace.scopes

    @property
    def rate_limits(self) -> dict[str, int]:
        """How many calls of a method Slack takes within a minute; change or remove some."""
        return self._workspace.rate_limits.per_minute

    @property
    def problems(self) -> list[str]:
        """What was wrong with what the bot sent, oldest first."""
        return self._workspace.problems

    @property
    def calls(self) -> list[Call]:
        """The calls of the Web API so far, oldest first."""
        with self._workspace.lock:
            return list(self._workspace.calls)

    def add_user(
        self,
        user_id: str,
        name: str,
        *,
        is_bot: bool = False,
        is_restricted: bool = False,
        is_ultra_restricted: bool = False,
        is_stranger: bool = False,
        deleted: bool = False,
        team_id: str | None = None,
        tz: str = "Europe/Berlin",
        display_name: str | None = None,
    ) -> Person:
        """Add a member or, with another `team_id`, a person of another organisation."""
        person = Person(
            user_id,
            name,
            team_id or self.team_id,
            is_bot=is_bot,
            is_restricted=is_restricted,
            is_ultra_restricted=is_ultra_restricted,
            is_stranger=is_stranger,
            deleted=deleted,
            tz=tz,
            display_name=display_name,
        )
        with self._workspace.lock:
            self._workspace.notify("person", self._workspace.people.add(person))
        return person

    def people(self) -> list[Person]:
        """Return everybody, including the bot."""
        with self._workspace.lock:
            return self._workspace.people.everybody()

    def add_group(self, group_id: str, handle: str, members: Iterable[str] = ()) -> Group:
        """Add a user group."""
        with self._workspace.lock:
            return self._workspace.people.add_group(Group(group_id, handle, tuple(members)))

    def groups(self) -> list[Group]:
        """Return all user groups."""
        with self._workspace.lock:
            return self._workspace.people.groups()

    def set_group_members(self, group_id: str, members: Iterable[str]) -> None:
        """Replace the members of a group."""
        with self._workspace.lock:
            group = self._workspace.people.group(group_id)
            self._workspace.people.add_group(replace(group, members=tuple(members)))

    def disable_group(self, group_id: str) -> None:
        """Disable a group, as an admin can; its members stay."""
        with self._workspace.lock:
            group = self._workspace.people.group(group_id)
            self._workspace.people.add_group(replace(group, is_disabled=True))

    def downgrade(self) -> None:
        """Let the workspace have a plan without user groups."""
        with self._workspace.lock:
            self._workspace.people.may_have_groups = False

    def add_channel(
        self,
        channel_id: str,
        name: str,
        *,
        bot_is_member: bool = True,
        is_archived: bool = False,
        members: Iterable[str] | None = None,
        is_private: bool = False,
    ) -> Channel:
        """Add or change a channel; its messages stay. Without `members`, everybody is a member."""
        there = None if members is None else frozenset(members)
        with self._workspace.lock:
            return self._workspace.conversations.add(
                Channel(channel_id, name, bot_is_member, is_archived, there, is_private=is_private)
            )

    def channels(self) -> list[Channel]:
        """Return all channels, including direct messages."""
        with self._workspace.lock:
            return self._workspace.conversations.channels()

    def say(
        self, user_id: str, channel_id: str, text: str, *, thread_ts: str | None = None
    ) -> Message:
        """Post as a person; the bot gets no event.

        SlackError for an unknown person or channel, a person who is no member, and an empty text.
        """
        with self._workspace.lock:
            person = self._workspace.people.person(user_id)
            channel = self._workspace.conversations.channel(channel_id)
            if not channel.has(person.id):
                raise SlackError("not_in_channel")
            if not text.strip():
                raise SlackError("no_text")
            typed = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return self._workspace.say(
                channel.id, Content(typed), user=person.id, thread_ts=thread_ts
            )

    def messages(self, channel_id: str, *, replies: bool = True) -> list[Message]:
        """Return the messages of a channel, oldest first; `replies=False` omits threads."""
        with self._workspace.lock:
            said = self._workspace.conversations.seen_by_all(channel_id)
        return [one for one in said if replies or not one.is_reply]

    def message(self, channel_id: str, ts: str) -> Message:
        """Return a message as it is now; SlackError `message_not_found` if there is none."""
        with self._workspace.lock:
            return self._workspace.conversations.message(channel_id, ts)

    def thread(self, channel_id: str, ts: str) -> list[Message]:
        """Return the replies to a message, oldest first."""
        return [one for one in self.messages(channel_id) if one.is_reply and one.thread_ts == ts]

    def dms(self, user_id: str) -> list[Message]:
        """Return the bot's direct messages to that person."""
        with self._workspace.lock:
            channel_id = self._workspace.conversations.dm(user_id).id
        return self.messages(channel_id)

    def ephemerals(self, user_id: str) -> list[Message]:
        """Return that person's ephemeral messages and acknowledgements, oldest first."""
        with self._workspace.lock:
            return self._workspace.conversations.ephemerals(user_id)

    def modal(self, user_id: str) -> Json | None:
        """Return the modal that person sees, as Slack's API shows it."""
        with self._workspace.lock:
            view = self._workspace.views.modal(user_id)
            return view.as_slack(self.team_id) if view else None

    def home(self, user_id: str) -> Json | None:
        """Return that person's Home tab; None if the bot has not published one."""
        with self._workspace.lock:
            view = self._workspace.views.home(user_id)
            return view.as_slack(self.team_id) if view else None

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` for every change, under the lock; return how to unsubscribe."""
        return self._workspace.subscribe(listener)

    def wait_until(self, condition: Callable[[], Outcome], timeout_seconds: float = 10) -> Outcome:
        """Wait until `condition` is true and return its value; TimeoutError after that time."""
        return self._workspace.wait_until(condition, timeout_seconds)
