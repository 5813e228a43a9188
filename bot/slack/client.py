"""Slack's Web API client, as the bot uses it, and what its calls come to when they fail."""

from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

__all__ = ["DELIVERY_SECONDS", "DIRECTORY_SECONDS", "NO_ANSWER", "WebClient", "web_client"]

DELIVERY_SECONDS = 10
DIRECTORY_SECONDS = 5
NO_ANSWER = (SlackClientError, OSError, HTTPException, ValueError)  # or one that makes no sense


def web_client(token: str, base_url: str, *, timeout_seconds: int = DELIVERY_SECONDS) -> WebClient:
    """Return a client that tries once: what is owed is tried again by the outbox."""
    return WebClient(token=token, base_url=base_url, timeout=timeout_seconds, retry_handlers=[])


def code_of(error: SlackApiError) -> str:
    """Return Slack's own word for what it did not take, else the status of its answer."""
    return str(error.response.get("error") or f"status {error.response.status_code}")
