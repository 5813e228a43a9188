"""Replies: answers at an interaction's own address, which lies on another host than Slack's API.

So it may be out of reach where the API is not. An answer must not wait for that: what cannot be
delivered there within seconds goes as a direct message.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import URLError
from urllib.parse import urlsplit

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from bot.slack.client import REPLY_SECONDS, SlackClient
from bot.slack.messages import Message

_TRIES = 2
_PAUSE_SECONDS = 0.5
_LONGEST_SECONDS = REPLY_SECONDS + 1.0  # of a try: looking up a name, for one, has no time-out
_LEFT_ALONE_SECONDS = 30.0

log = structlog.get_logger()


class Replies:
    """Answers people where they acted; remembers which hosts do not answer. Thread-safe.

    Args:
        client: is told of each call.
        elapsed: seconds that only grow.
    """

    def __init__(self, client: SlackClient, elapsed: Callable[[], float]) -> None:
        self._client = client
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._left_alone_until: dict[str, float] = {}

    def respond(self, reply_address: str, message: Message, *, in_place: bool = False) -> bool:
        """Answer one person; False if the answer has to go as a direct message.

        *in_place*: it takes the place of the message in which they pressed something. It takes a
        few seconds at most, and no time if the host did not answer lately.
        """
        host = urlsplit(reply_address).netloc
        if self._is_left_alone(host):
            return False
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE_SECONDS)
            try:
                status = _in_time(lambda: self._send(reply_address, message, in_place))
            except (SlackClientError, OSError, HTTPException) as error:
                if attempt == _TRIES - 1 or _is_timeout(error):
                    self._leave_alone(host, error)
                    return False
            else:
                self._answered(host)
                if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return status == HTTPStatus.OK
        return False

    def _send(self, reply_address: str, message: Message, in_place: bool) -> int:
        webhook = WebhookClient(reply_address, timeout=REPLY_SECONDS, retry_handlers=[])
        with self._client.telling("response_url") as exchange:
            answer = webhook.send(
                text=message.text,
                blocks=message.blocks,
                response_type=None if in_place else "ephemeral",  # it stays what it was
                replace_original=in_place,
            )
            status: int = answer.status_code
            exchange.outcome = "ok" if status == HTTPStatus.OK else f"status {status}"
        return status

    def _is_left_alone(self, host: str) -> bool:
        with self._lock:
            return self._elapsed() < self._left_alone_until.get(host, 0.0)

    def _leave_alone(self, host: str, error: Exception) -> None:
        with self._lock:
            is_news = host not in self._left_alone_until
            self._left_alone_until[host] = self._elapsed() + _LEFT_ALONE_SECONDS
        if is_news:
            log.warning("reply address unreachable", host=host, error=type(error).__name__)

    def _answered(self, host: str) -> None:
        with self._lock:
            self._left_alone_until.pop(host, None)


def _in_time(call: Callable[[], int]) -> int:
    """Return what *call* returns; TimeoutError if it takes too long, and then it is left behind."""
    result: Future[int] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except Exception as error:
            result.set_exception(error)

    threading.Thread(target=run, name="reply", daemon=True).start()
    return result.result(_LONGEST_SECONDS)


def _is_timeout(error: Exception) -> bool:
    return isinstance(error.reason if isinstance(error, URLError) else error, TimeoutError)
