"""Slack's Web API client, as the bot uses it."""

from slack_sdk import WebClient

__all__ = ["DELIVERY_SECONDS", "DIRECTORY_SECONDS", "WebClient", "web_client"]

DELIVERY_SECONDS = 10
DIRECTORY_SECONDS = 5


def web_client(token: str, base_url: str, *, timeout_seconds: int = DELIVERY_SECONDS) -> WebClient:
    """Return a client that tries once: what is owed is tried again by the outbox."""
    return WebClient(token=token, base_url=base_url, timeout=timeout_seconds, retry_handlers=[])
