"""Limits of ours on what people write; Slack's are in `bot.slack.limits`."""

REASON_CHARACTERS = 500
"""The longest reason, of a request or a denial."""

SOURCE_CHARACTERS = 300
"""The longest source in a form, some spaces and all."""

DURATION_CHARACTERS = 50
"""The longest duration in a form."""

REPEATED_CHARACTERS = 60
"""How much of what somebody typed is repeated to them where it is refused."""
