"""The state of the sandbox's workspace, behind one lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TypeVar

from dbaccess_playground.slack.block_kit import checker
from dbaccess_playground.slack.controls import with_ids
from dbaccess_playground.slack.conversations import Content, Conversations, Message
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.people import People
from dbaccess_playground.slack.views import Triggers, Views

ALL_SCOPES = frozenset(
    {"commands", "chat:write", "channels:read", "groups:read", "im:read", "im:write"}
    | {"users:read", "usergroups:read"}
)
POLL_SECONDS = 0.05

Outcome = TypeVar("Outcome")

Event = Literal[
    "message", "update", "delete", "ephemeral", "modal", "home", "person", "call", "problem"
]


@dataclass(frozen=True)
class Change:
    """Something that happened to `thing`: a Message, a view, a Person, a Call or a sentence.

    It is None for a modal that closed, or that its own answer changed.
    """

    event: Event
    thing: Any
    at: float


@dataclass(frozen=True)
class Call:
    """One call of the Web API, or of a response_url (`method` is then `response_url`).

    `status` is 0 where the caller got no whole answer; `at` is the workspace's time, in seconds.
    """

    method: str
    args: Mapping[str, Any]
    ok: bool
    error: str | None
    status: int
    seconds: float
    at: float


class Workspace:
    """Who there is, what was said, what is open; hold `lock` while you read or change any of it."""

    def __init__(
        self,
        team_id: str,
        clock: Callable[[], float],
        expiry_clock: Callable[[], float] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.team_id = team_id
        self.clock = clock
        self.expiry_clock = expiry_clock or clock
        self.scopes = set(ALL_SCOPES)
        self.people = People(team_id)
        self.conversations = Conversations(self.next_ts)
        self.triggers = Triggers(self.expiry_clock)
        self.views = Views(team_id, self.new_id)
        self.problems: list[str] = []
        self.calls: list[Call] = []
        self._changed = threading.Condition(self.lock)
        self._listeners: list[Callable[[Change], None]] = []
        self._numbers = count(1)
        self._last_ts_micros = 0

    def next_ts(self) -> str:
        """A timestamp later than every one before it, like `1764000000.000100`."""
        with self.lock:
            now = int(self.clock() * 10_000) * 100
            self._last_ts_micros = max(now, self._last_ts_micros + 100)
            return "{}.{:06d}".format(*divmod(self._last_ts_micros, 1_000_000))

    def new_id(self, prefix: str = "b") -> str:
        """An id nothing else has."""
        with self.lock:
            return f"{prefix}{next(self._numbers):05d}"

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Hear every change from now on, under the lock; returns how to stop hearing."""
        with self.lock:
            self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, event: Event, thing: Any) -> None:
        """Let everybody hear of a change; the lock is held while they do."""
        with self.lock:
            change = Change(event, thing, self.clock())
            for listener in list(self._listeners):
                listener(change)
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], Outcome], timeout_seconds: float) -> Outcome:
        """What `condition` returns once that is true; TimeoutError if it never is in that time."""
        until = time.monotonic() + timeout_seconds
        while not (outcome := condition()):
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"did not happen within {timeout_seconds} s")
            with self._changed:
                self._changed.wait(min(left, POLL_SECONDS))
        return outcome

    def complain(self, where: str, found: Iterable[str]) -> None:
        """Write down what was wrong with something the bot sent."""
        with self.lock:
            for sentence in found:
                self.problems.append(f"{where}: {sentence}")
                self.tell("problem", self.problems[-1])

    def content(self, where: str, payload: Mapping[str, Any]) -> Content:
        """Read the text and blocks of a message, write down what is wrong with them.

        SlackError for whatever Slack refuses too; what it takes although it should not be sent
        (blocks without a text, a very long text) is only written down.
        """
        text = payload.get("text") or ""
        if not text and not payload.get("blocks"):
            self.complain(where, ["neither text nor blocks"])
            raise SlackError("no_text")
        found = checker.problems(payload, "message")
        self.complain(where, found)
        if len(text) > checker.LONGEST_TEXT:
            raise SlackError("msg_too_long")
        refused = [one for one in found if "[json-pointer:/text]" not in one]
        if refused:
            in_blocks = any("[json-pointer:/blocks" in one for one in refused)
            raise refusal("invalid_blocks" if in_blocks else "invalid_arguments", refused)
        blocks = checker.read_blocks(payload.get("blocks") or [])
        return Content(text, with_ids(blocks, self.new_id))

    def view(self, where: str, payload: object) -> dict[str, Any]:
        """Read a modal or Home tab; SlackError `invalid_arguments` for a faulty one."""
        read = checker.read_blocks(payload)
        if not isinstance(read, dict) or read.get("type") not in {"modal", "home"}:
            found = ["must be an object of type modal or home [json-pointer:/view]"]
        else:
            found = checker.problems(read, read["type"])
        self.complain(where, found)
        if found or not isinstance(read, dict):
            raise refusal("invalid_arguments", found)
        return {**read, "blocks": with_ids(checker.read_blocks(read["blocks"]), self.new_id)}

    def say(self, channel_id: str, content: Content, **more: Any) -> Message:
        """Post as the bot; `more` is what else a Message has."""
        with self.lock:
            message = self.conversations.post(channel_id, content, **more)
            self.tell("ephemeral" if message.ephemeral_to else "message", message)
            return message

    def change(self, message: Message, content: Content) -> Message:
        """Let a message say something else; SlackError `message_not_found` if it is gone."""
        with self.lock:
            changed = self.conversations.update(message, content)
            self.tell("update", changed)
            return changed

    def take_back(self, message: Message) -> None:
        """Delete a message."""
        with self.lock:
            self.conversations.delete(message)
            self.tell("delete", message)


def refusal(code: str, found: Iterable[str]) -> SlackError:
    """An error that carries what was found wrong, as Slack's does."""
    messages = [f"[ERROR] {one}" for one in found]
    return SlackError(code, errors=messages, response_metadata={"messages": messages})
