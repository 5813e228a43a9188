"""Channels: is each of the policy's there, and may the bot write in it.

Membership can be read with `channels:read` (`groups:read` for private channels), which the bot
needs for nothing else. Without them `chat.getPermalink`, which takes no scope, still tells whether
there is such a channel for us: it looks for the channel before it looks for the message.
"""

from collections.abc import Iterator
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.domain.findings import Finding, fault, hint, ok
from bot.domain.policy import Policy
from bot.slack.client import NO_ANSWER, SlackClient, code_of

_NO_MESSAGE = "1.000000"
_THERE = frozenset({"message_not_found"})


def examine_channels(client: SlackClient, policy: Policy) -> Iterator[Finding]:
    """Yield a line for each channel, and one for what could not be tested."""
    untested = []
    for channel in sorted(_channels(policy)):
        try:
            shown = _shown(client, channel)
            yield _judged(channel, shown) if shown else _without_scope(client, channel)
        except NO_ANSWER as error:
            why = code_of(error) if isinstance(error, SlackApiError) else type(error).__name__
            yield fault(f"channel {channel}", f"cannot be looked up: {why}")
            continue
        if not shown:
            untested.append(channel)
    if untested:
        yield hint(
            "not tested",
            "whether dbaccess is in its channels, since that takes channels:read (groups:read for "
            "private ones), which it needs for nothing else; the first message tells",
        )


def _channels(policy: Policy) -> set[str]:
    return {policy.operators, *(cluster.channel for cluster in policy.clusters.values())}


def _shown(client: SlackClient, channel: str) -> dict[str, Any] | None:
    """Return the channel as Slack shows it; None where it does not show it to this token."""
    try:
        shown = client.conversations_info(channel=channel).get("channel")
    except SlackApiError as error:
        if code_of(error) in ("missing_scope", "channel_not_found"):
            return None
        raise
    return shown if isinstance(shown, dict) else None


def _judged(channel: str, shown: dict[str, Any]) -> Finding:
    what, name = f"channel {channel}", f"#{shown.get('name', '?')}"
    if shown.get("is_archived"):
        return fault(what, f"{name} is archived: bring it back, or name another")
    if not shown.get("is_member"):
        return fault(what, f"dbaccess is not in {name}: write `/invite @dbaccess` there")
    return ok(what, f"{name}, dbaccess is in it")


def _without_scope(client: SlackClient, channel: str) -> Finding:
    what = f"channel {channel}"
    try:
        client.chat_getPermalink(channel=channel, message_ts=_NO_MESSAGE)
    except SlackApiError as error:
        code = code_of(error)
        if code == "channel_not_found":
            return fault(
                what,
                "Slack shows no such channel: correct its ID, or invite dbaccess if it is private",
            )
        if code not in _THERE:
            raise
    return ok(what, "is there")
