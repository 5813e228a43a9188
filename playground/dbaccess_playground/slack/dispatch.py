"""The way from Slack to the bot: signed requests, and how the bot's answers are understood."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3

EVENTS_PATH = "/slack/events"
ACK_SECONDS = 3.0
_FORM = "application/x-www-form-urlencoded"


class Kind(Enum):
    """What is sent; the values are the envelope types of Socket Mode."""

    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True)
class Answer:
    """The bot's acknowledgement.

    `status` is 0 where there was none. `error` is what Slack tells the person when that went
    wrong: `operation_timeout` (no answer within three seconds) or `dispatch_failed`.
    """

    status: int
    seconds: float
    body: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    error: str | None = None

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The blocks beside the text."""
        blocks: list[dict[str, Any]] = self.body.get("blocks") or []
        return blocks

    @property
    def errors(self) -> dict[str, str]:
        """What a submitted modal was refused for, by block_id."""
        errors: dict[str, str] = self.body.get("errors") or {}
        return errors


class Line(Protocol):
    """A Socket Mode connection: takes an envelope, brings the answer's payload."""

    @property
    def connected(self) -> bool:
        """Whether a bot listens."""

    def ask(self, kind: str, payload: Mapping[str, Any], timeout_seconds: float) -> Any:
        """Send one envelope and wait; TimeoutError, or ConnectionError without a connection."""


class Door:
    """Brings things to the bot: over HTTP when `bot_url` is set, else over the socket."""

    def __init__(self, signing_secret: str, line: Line) -> None:
        self.bot_url: str | None = None
        self.ack_seconds = ACK_SECONDS
        self._secret = signing_secret.encode()
        self._line = line
        self._pool = urllib3.PoolManager(maxsize=256, retries=False)
        self._last: tuple[bytes, dict[str, str]] | None = None

    def close(self) -> None:
        """Close the connections to the bot."""
        self._pool.clear()

    def deliver(self, kind: Kind, payload: Mapping[str, Any]) -> Answer:
        """Bring a command, an interaction or an event to the bot."""
        if self.bot_url is None:
            return self._over_the_socket(kind, payload)
        if kind is Kind.EVENT:
            body, content_type = json.dumps(payload).encode(), "application/json"
        else:
            form = payload if kind is Kind.COMMAND else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form).encode(), _FORM
        headers = {"Content-Type": content_type, **self.signed(body)}
        self._last = (body, headers)
        return self.send_raw(body, headers)

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """The two headers that prove who sent `body`, at a time in Unix seconds or now."""
        stamp = str(int(time.time() if at is None else at))
        signature = hmac.new(self._secret, f"v0:{stamp}:".encode() + body, hashlib.sha256)
        return {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signature.hexdigest()}",
        }

    def replay(self, times: int, *, at_once: bool) -> list[Answer]:
        """Send the last signed request again, byte for byte; RuntimeError if there is none."""
        if self._last is None:
            raise RuntimeError("nothing was sent over HTTP yet")
        body, headers = self._last
        with ThreadPoolExecutor(times if at_once else 1) as pool:
            return list(pool.map(lambda _: self.send_raw(body, headers), range(times)))

    def send_raw(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST these bytes with these headers to the bot's door."""

        def post() -> tuple[int, str]:
            answer = self._pool.request(
                "POST",
                f"{self.bot_url}{EVENTS_PATH}",
                body=body,
                headers=dict(headers),
                timeout=urllib3.Timeout(total=self.ack_seconds),
                redirect=False,
            )
            return answer.status, answer.data.decode(errors="replace")

        return _timed(post)

    def _over_the_socket(self, kind: Kind, payload: Mapping[str, Any]) -> Answer:
        if not self._line.connected:
            raise RuntimeError("there is no bot: set bot_url, or let one connect by Socket Mode")

        def ask() -> tuple[int, str]:
            answer = self._line.ask(kind.value, payload, self.ack_seconds)
            return 200, answer if isinstance(answer, str) else json.dumps(answer or {})

        return _timed(ask)


def _timed(send: Callable[[], tuple[int, str]]) -> Answer:
    began = time.perf_counter()
    try:
        status, raw = send()
    except urllib3.exceptions.NewConnectionError:
        return Answer(0, time.perf_counter() - began, error="dispatch_failed")
    except (TimeoutError, urllib3.exceptions.TimeoutError):
        return Answer(0, time.perf_counter() - began, error="operation_timeout")
    except (OSError, urllib3.exceptions.HTTPError):
        return Answer(0, time.perf_counter() - began, error="dispatch_failed")
    seconds = time.perf_counter() - began
    body, text = _understood(raw)
    return Answer(status, seconds, body, text, None if status == 200 else "dispatch_failed")


def _understood(raw: str) -> tuple[dict[str, Any], str]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}, raw
    return (body, str(body.get("text") or "")) if isinstance(body, dict) else ({}, raw)
