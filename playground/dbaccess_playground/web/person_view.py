"""What one person sees in the playground, as JSON for the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Faults
from dbaccess_playground.slack.conversations import Channel, Message
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.people import Person
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.recent_calls import Deliveries, last_calls
from dbaccess_playground.web.setting import Bot, Clock, Setting
from dbaccess_playground.web.unread import ReadMarks

MOST_MESSAGES = 300

Json = dict[str, Any]


class PersonView:
    """Both sandboxes as one person at a time sees them."""

    def __init__(
        self,
        slack: SandboxSlack,
        digitalocean: SandboxDigitalOcean,
        clock: Clock,
        setting: Setting,
        *,
        bot: Bot | None = None,
        steps_done: Callable[[], Sequence[bool]] = tuple,
    ) -> None:
        self.read_marks = ReadMarks()
        self.deliveries = Deliveries(clock.now)
        self._slack = slack
        self._digitalocean = digitalocean
        self._clock = clock
        self._setting = setting
        self._bot = bot
        self._steps_done = steps_done

    def setting(self) -> Json:
        """Return what does not change: roles, the command, the tour."""
        return asdict(self._setting)

    def state(self, user_id: str) -> Json:
        """Return everything that person sees; LookupError if they are not a role."""
        if user_id not in {role.user_id for role in self._setting.roles}:
            raise LookupError(f"{user_id} is not a role")
        return {
            "now": self._clock.now().timestamp(),
            "rate": self._clock.rate,
            "bot": None if self._bot is None else self._bot.running,
            "people": self._people(),
            "groups": [{"id": one.id, "handle": one.handle} for one in self._slack.groups()],
            "channels": [self._channel(user_id, one) for one in self._seen_by(user_id)],
            "modal": self._slack.modal(user_id),
            "home": self._slack.home(user_id),
            "clusters": self._clusters(),
            "faults": {
                "digitalocean": _faults(self._digitalocean.faults),
                "slack": _faults(self._slack.faults),
            },
            "calls": last_calls(self._slack, self._digitalocean, self.deliveries),
            "steps_done": list(self._steps_done()),
            "problems": self._slack.problems[-5:],
        }

    def sees(self, user_id: str, message: Message) -> bool:
        """Return whether that person sees this message."""
        if message.ephemeral_to is not None:
            return message.ephemeral_to == user_id
        return any(one.id == message.channel for one in self._seen_by(user_id))

    def check_has_composer(self, user_id: str, channel_id: str) -> None:
        """Raise the SlackError of whoever writes where Slack shows them no composer."""
        channel = next((one for one in self._seen_by(user_id) if one.id == channel_id), None)
        if channel is None:
            raise SlackError("not_in_channel")
        if not channel.has_composer:
            raise SlackError("restricted_action_read_only_channel")

    def _people(self) -> list[Json]:
        played = [role.user_id for role in self._setting.roles]
        return [
            {
                "id": one.id,
                "name": one.name.replace(".", " ").title() if not one.is_bot else one.name,
                "kind": self._kind(one),
                "unread": self._unread(one.id) if one.id in played else 0,
            }
            for one in self._slack.people()
        ]

    def _kind(self, person: Person) -> str:
        if person.is_bot:
            return "app"
        if person.team_id != self._slack.team_id:
            return "stranger"
        return "guest" if person.is_restricted or person.is_ultra_restricted else "member"

    def _seen_by(self, user_id: str) -> list[Channel]:
        return [one for one in self._slack.channels() if one.has(user_id)]

    def _unread(self, user_id: str) -> int:
        return sum(
            self.read_marks.unread(user_id, self._slack.messages(one.id))
            for one in self._seen_by(user_id)
        )

    def _channel(self, user_id: str, channel: Channel) -> Json:
        said = self._slack.messages(channel.id)
        whispered = [one for one in self._slack.ephemerals(user_id) if one.channel == channel.id]
        visible = sorted([*said, *whispered], key=lambda one: float(one.ts))[-MOST_MESSAGES:]
        replies = _replies(said)
        return {
            "id": channel.id,
            "name": channel.name,
            "dm": channel.dm_with is not None,
            "writable": channel.has_composer,
            "members": sum(channel.has(one.id) for one in self._slack.people() if not one.deleted),
            "unread": self.read_marks.unread(user_id, said),
            "messages": [_message(one, replies[one.ts]) for one in visible],
        }

    def _clusters(self) -> list[Json]:
        return [
            {
                "id": one["id"],
                "name": one["name"],
                "engine": one["engine"],
                "version": one["version"],
                "region": one["region"],
                "rules": [self._rule(rule) for rule in self._digitalocean.rules(one["id"])],
            }
            for one in self._digitalocean.resources("databases")
        ]

    def _rule(self, rule: Json) -> Json:
        description = rule.get("description")
        ours = description is not None and description.startswith(self._setting.label)
        return {
            **{key: rule[key] for key in ("uuid", "type", "value", "created_at")},
            "description": description,
            "ours": ours,
        }


def _message(message: Message, replies: list[Message]) -> Json:
    return {
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts if message.is_reply else None,
        "ephemeral": message.ephemeral_to is not None,
        "edits": len(message.versions),
        "replies": len(replies),
        "last_reply": replies[-1].ts if replies else None,
    }


def _replies(said: Iterable[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for one in said:
        if one.is_reply and one.thread_ts is not None:
            found[one.thread_ts].append(one)
    return found


def _faults(faults: Faults) -> Json:
    pending = [
        {
            "kind": fault.kind.name.lower(),
            "code": fault.code,
            "seconds": fault.seconds,
            "method": fault.method,
            "times": fault.times,
        }
        for fault in faults.pending()
    ]
    return {"pending": pending, "hanging": faults.hanging}
