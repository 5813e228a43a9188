"""Slack's Web API client, as the bot uses it, and the outcome of its calls."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

__all__ = [
    "DELIVERY_SECONDS",
    "DIRECTORY_SECONDS",
    "FORM_SECONDS",
    "NO_ANSWER",
    "REPLY_SECONDS",
    "OnCall",
    "SlackClient",
    "code_of",
    "web_client",
]

DELIVERY_SECONDS = 10
DIRECTORY_SECONDS = 5
FORM_SECONDS = 3
REPLY_SECONDS = 2
NO_ANSWER = (SlackClientError, OSError, HTTPException, ValueError)  # or one that is malformed

_OFFICIAL = "slack.com"
_CODE = re.compile(r"[a-z0-9_]{1,64}")

OnCall = Callable[[str, str, float], None]  # method, outcome, seconds


@dataclass
class Exchange:
    """The outcome of one call: `ok`, Slack's error code, or `none` for no answer."""

    outcome: str = "none"


class SlackClient(WebClient):
    """A client that tells of each call."""

    def __init__(self, on_call: OnCall, **how: Any) -> None:
        super().__init__(**how)
        self._on_call = on_call

    @contextmanager
    def telling(self, method: str) -> Iterator[Exchange]:
        """Tell of the call that is made inside."""
        began, exchange = monotonic(), Exchange()
        try:
            yield exchange
        finally:
            self._on_call(method, exchange.outcome, monotonic() - began)

    def api_call(self, api_method: str, **how: Any) -> SlackResponse:
        """Call a method; see `WebClient`."""
        with self.telling(api_method) as exchange:
            try:
                answer = super().api_call(api_method, **how)
            except SlackApiError as error:
                exchange.outcome = code_of(error)
                raise
            exchange.outcome = "ok"
            return answer


def web_client(
    token: str,
    base_url: str,
    *,
    timeout_seconds: int = DELIVERY_SECONDS,
    on_call: OnCall = lambda _method, _outcome, _seconds: None,
) -> SlackClient:
    """Return a client that does not retry: for messages, the outbox does."""
    return SlackClient(
        on_call, token=token, base_url=base_url, timeout=timeout_seconds, retry_handlers=[]
    )


def variable_of(base_url: str) -> str:
    """Return the variable that sets this address; empty where it is Slack's own."""
    return "" if urlsplit(base_url).hostname == _OFFICIAL else "SLACK_API_URL"


def code_of(error: SlackApiError) -> str:
    """Return Slack's error code, or else the status of the answer.

    Where a proxy or a load balancer answered, slack_sdk has its page in the place of the code.
    """
    code = str(error.response.get("error") or "")
    return code if _CODE.fullmatch(code) else f"status {error.response.status_code}"
