"""From Slack to the bot: signed requests or Socket Mode, and the bot's acknowledgements."""

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


class EnvelopeType(Enum):
    """What is sent, by the envelope types of Socket Mode."""

    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True)
class Answer:
    """The bot's acknowledgement.

    `status` is 0 if there was none. `error` is what Slack then shows the person:
    `operation_timeout` (no answer within three seconds) or `dispatch_failed`.
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
        """The errors of a submitted modal, by block_id."""
        errors: dict[str, str] = self.body.get("errors") or {}
        return errors


class EnvelopeConnection(Protocol):
    """Socket Mode: sends an envelope and returns the payload of its answer."""

    @property
    def connected(self) -> bool:
        """Whether a bot is connected."""

    def ask(self, kind: str, payload: Mapping[str, Any], timeout_seconds: float) -> Any:
        """Send an envelope and wait; TimeoutError, or ConnectionError without a connection."""


class Dispatcher:
    """Sends commands, interactions and events to the bot.

    Over HTTP if `bot_url` is set, else over Socket Mode. `signing_secret` may change, as an app's
    can be regenerated.
    """

    def __init__(self, signing_secret: str, connection: EnvelopeConnection) -> None:
        self.bot_url: str | None = None
        self.ack_seconds = ACK_SECONDS
        self.signing_secret = signing_secret
        self._connection = connection
        self._pool = urllib3.PoolManager(maxsize=256, retries=False)
        self._last: tuple[bytes, dict[str, str]] | None = None

    def close(self) -> None:
        """Close the connections to the bot."""
        self._pool.clear()

    def deliver(self, kind: EnvelopeType, payload: Mapping[str, Any]) -> Answer:
        """Send a command, an interaction or an event to the bot."""
        if self.bot_url is None:
            return self._over_socket_mode(kind, payload)
        if kind is EnvelopeType.EVENT:
            body, content_type = json.dumps(payload).encode(), "application/json"
        else:
            form = payload if kind is EnvelopeType.COMMAND else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form).encode(), _FORM
        headers = {"Content-Type": content_type, **self.signed(body)}
        self._last = (body, headers)
        return self.send_raw(body, headers)

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """Return the two headers that sign `body`; `at` is in Unix seconds (default: now)."""
        stamp = str(int(time.time() if at is None else at))
        signed = f"v0:{stamp}:".encode() + body
        signature = hmac.new(self.signing_secret.encode(), signed, hashlib.sha256)
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
        """POST these bytes with these headers to the bot."""

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

    def _over_socket_mode(self, kind: EnvelopeType, payload: Mapping[str, Any]) -> Answer:
        if not self._connection.connected:
            # Slack shows: /dbaccess failed with the error "dispatch_failed" (bolt-js #1621).
            return Answer(0, 0.0, error="dispatch_failed")

        def ask() -> tuple[int, str]:
            answer = self._connection.ask(kind.value, payload, self.ack_seconds)
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
    body, text = _parsed(raw)
    return Answer(status, seconds, body, text, None if status == 200 else "dispatch_failed")


def _parsed(raw: str) -> tuple[dict[str, Any], str]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}, raw
    return (body, str(body.get("text") or "")) if isinstance(body, dict) else ({}, raw)
