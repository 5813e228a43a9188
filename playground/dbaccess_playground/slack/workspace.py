"""The state of a workspace, behind one lock."""

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
from dbaccess_playground.slack.rate_limits import RateLimits
from dbaccess_playground.slack.views import Triggers, Views

ALL_SCOPES = frozenset(
    {"commands", "chat:write", "channels:read", "groups:read", "im:read", "im:write"}
    | {"users:read", "users:read.email", "usergroups:read"}
)
POLL_SECONDS = 0.05

Outcome = TypeVar("Outcome")

Event = Literal[
    "message", "update", "delete", "ephemeral", "modal", "home", "person", "call", "problem"
]


@dataclass(frozen=True)
class Change:
    """A change of `thing`: a Message, a view, a Person, a Call, or the text of a problem.

    It is None for a modal that was closed, or changed by the answer to its submission.
    """

    event: Event
    thing: Any
    at: float


@dataclass(frozen=True)
class Call:
    """One call of the Web API, or of a response_url (`method` is then `response_url`).

    `status` is 0 where the caller got no complete answer; `at` is the workspace's time, in seconds.
    """

    method: str
    args: Mapping[str, Any]
    ok: bool
    error: str | None
    status: int
    seconds: float
    at: float


class Workspace:
    """People, messages and views; hold `lock` while you read or change them."""

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
        self.rate_limits = RateLimits(clock)
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
        """Return a timestamp later than all before, like `1764000000.000100`."""
        with self.lock:
            now = int(self.clock() * 10_000) * 100
            self._last_ts_micros = max(now, self._last_ts_micros + 100)
            return "{}.{:06d}".format(*divmod(self._last_ts_micros, 1_000_000))

    def new_id(self, prefix: str = "b") -> str:
        """Return a unique id."""
        with self.lock:
            return f"{prefix}{next(self._numbers):05d}"

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` for every change, under the lock; return how to unsubscribe."""
        with self.lock:
            self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def notify(self, event: Event, thing: Any) -> None:
        """Notify the listeners of a change, under the lock."""
        with self.lock:
            change = Change(event, thing, self.clock())
            for listener in list(self._listeners):
                listener(change)
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], Outcome], timeout_seconds: float) -> Outcome:
        """Wait until `condition` is true and return its value; TimeoutError after that time."""
        until = time.monotonic() + timeout_seconds
        while not (outcome := condition()):
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"did not happen within {timeout_seconds} s")
            with self._changed:
                self._changed.wait(min(left, POLL_SECONDS))
        return outcome

    def report_problems(self, where: str, found: Iterable[str]) -> None:
        """Record what is wrong with something that the bot sent."""
        with self.lock:
            for sentence in found:
                self.problems.append(f"{where}: {sentence}")
                self.notify("problem", self.problems[-1])

    def content(self, where: str, payload: Mapping[str, Any]) -> Content:
        """Return the text and blocks of a message, and record what is wrong with them.

        SlackError for what Slack refuses. What Slack accepts and advises against (blocks without a
        text, a very long text) is only recorded.
        """
        text = payload.get("text") or ""
        if not text and not payload.get("blocks"):
            self.report_problems(where, ["neither text nor blocks"])
            raise SlackError("no_text")
        found = checker.problems(payload, "message")
        self.report_problems(where, found)
        if len(text) > checker.LONGEST_TEXT:
            raise SlackError("msg_too_long")
        refused = [one for one in found if "[json-pointer:/text]" not in one]
        if refused:
            in_blocks = any("[json-pointer:/blocks" in one for one in refused)
            raise error_with_problems(
                "invalid_blocks" if in_blocks else "invalid_arguments", refused
            )
        blocks = checker.read_blocks(payload.get("blocks") or [])
        return Content(text, with_ids(blocks, self.new_id))

    def view(self, where: str, payload: object) -> dict[str, Any]:
        """Return a modal or Home tab with ids; SlackError `invalid_arguments` if it is invalid."""
        read = checker.read_blocks(payload)
        if not isinstance(read, dict) or read.get("type") not in {"modal", "home"}:
            found = ["must be an object of type modal or home [json-pointer:/view]"]
        else:
            found = checker.problems(read, read["type"])
        self.report_problems(where, found)
        if found or not isinstance(read, dict):
            raise error_with_problems("invalid_arguments", found)
        return {**read, "blocks": with_ids(checker.read_blocks(read["blocks"]), self.new_id)}

    def say(self, channel_id: str, content: Content, **more: Any) -> Message:
        """Post as the bot; `more` are other fields of the Message."""
        with self.lock:
            message = self.conversations.post(channel_id, content, **more)
            self.notify("ephemeral" if message.ephemeral_to else "message", message)
            return message

    def change(self, message: Message, content: Content) -> Message:
        """Change a message; SlackError `message_not_found` if it was deleted."""
        with self.lock:
            changed = self.conversations.update(message, content)
            self.notify("update", changed)
            return changed

    def delete(self, message: Message) -> None:
        """Delete a message."""
        with self.lock:
            self.conversations.delete(message)
            self.notify("delete", message)


def error_with_problems(code: str, found: Iterable[str]) -> SlackError:
    """Return an error with the list of problems, as Slack's has it."""
    messages = [f"[ERROR] {one}" for one in found]
    return SlackError(code, errors=messages, response_metadata={"messages": messages})
