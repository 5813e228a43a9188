"""Limits of ours on what people write; Slack's are in `bot.slack.limits`."""

REASON_CHARACTERS = 500
"""The longest reason, of a request or a denial."""

REPEATED_CHARACTERS = 60
"""How much of what somebody typed is repeated to them where it is refused."""
