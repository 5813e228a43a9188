"""Socket Mode: the connection that the bot opens to Slack, kept open, and whether it is.

Slack's SDK exchanges envelopes and finds out that a connection is dead. That it is opened again is
done here: the SDK would do so as often as it looks, and log each attempt.
"""

import logging
import re
import threading
from collections.abc import Callable
from time import monotonic

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.retry import Backoff
from bot.slack.client import NO_ANSWER, code_of

_PING_SECONDS = 2.0  # after more than four without an answer, the SDK takes a connection for dead
_CALL_SECONDS = 10
_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 15.0  # Slack has every connection opened anew now and then
_STATUS = re.compile(r"\b[45]\d\d\b")
_RECONNECT = Backoff(1.0, 30.0, longest_asked_seconds=30.0)

log = structlog.get_logger()


class SocketMode:
    """Keeps one connection to Slack open, from `start` to `close`.

    Args:
        bolt: answers what comes in.
        app_token: an app-level token.
        base_url: of Slack's API.
        on_change: told whether the connection is open, each time that this changes.
    """

    def __init__(
        self, bolt: App, app_token: str, base_url: str, on_change: Callable[[bool], None]
    ) -> None:
        handler = SocketModeHandler(
            bolt,
            app_token,
            logger=_sdk_logger(),
            web_client=WebClient(base_url=base_url, timeout=_CALL_SECONDS),
            auto_reconnect_enabled=False,
            ping_interval=_PING_SECONDS,
        )
        self._client = handler.client
        self._client.on_error_listeners.append(self._note_error)
        self._on_change = on_change
        self._error = ""
        self._failures = 0  # in a row
        self._down_since: float | None = monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="socket-mode", daemon=True)

    def start(self) -> None:
        """Open the connection, in the background: Slack may be away for now."""
        self._on_change(False)
        self._thread.start()

    def close(self) -> None:
        """Close the connection for good."""
        self._closing.set()
        self._client.close()

    def problem(self) -> str | None:
        """Return why nothing comes from Slack, if that has been so for longer than a moment."""
        down_since = self._down_since
        if down_since is None or monotonic() - down_since < _GRACE_SECONDS:
            return None
        seconds = round(monotonic() - down_since)
        return f"Socket Mode is not connected for {seconds} s: {self._error or 'no answer'}"

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._client.is_connected():
                self._note_open()
                self._closing.wait(_LOOK_SECONDS)
                continue
            self._note_down()
            self._connect()
            if not self._client.is_connected():
                self._note_failure()
                self._closing.wait(_RECONNECT.seconds(self._failures))
        self._client.disconnect()

    def _connect(self) -> None:
        self._error = ""
        try:
            self._client.connect_to_new_endpoint()
        except Exception as error:  # whatever it is, the connection is tried again
            self._note_error(error)

    def _note_error(self, error: Exception) -> None:
        self._error = _in_words(error)

    def _note_open(self) -> None:
        if self._down_since is None:
            return
        self._down_since = None
        self._on_change(True)
        if self._failures:
            log.info("socket mode connected")
        self._failures = 0

    def _note_down(self) -> None:
        if self._down_since is None:
            self._down_since = monotonic()
            self._on_change(False)

    def _note_failure(self) -> None:
        self._failures += 1
        if self._failures == 1:  # it is the same state until it is connected again
            log.warning("socket mode not connected", error=self._error or "no answer")


def _in_words(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return code_of(error)
    status = _STATUS.search(str(error))  # a proxy's; its address, and a password in it, stay out
    return f"{type(error).__name__} ({status[0]})" if status else type(error).__name__


def _sdk_logger() -> logging.Logger:
    logger = logging.getLogger(f"{__name__}.sdk")
    logger.addFilter(_is_a_bug)
    return logger


def _is_a_bug(record: logging.LogRecord) -> bool:
    """Leave out what the SDK logs of each attempt to connect; the state is logged here."""
    error = record.exc_info[1] if record.exc_info else None
    return error is not None and not isinstance(error, NO_ANSWER)
