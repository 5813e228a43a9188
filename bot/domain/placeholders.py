"""Placeholders: what the examples have in place of a secret; nothing starts with one (P8)."""

import re

_PLACEHOLDER = re.compile(
    r"your[-_ ]|\.\.\.|…|[<>{}]|change[-_ ]?me|example|placeholder|^xxx|^todo", re.IGNORECASE
)
WHAT_TO_PUT = {
    "slack_bot_token": "the app's Bot User OAuth Token (api.slack.com/apps, OAuth & Permissions)",
    "slack_signing_secret": "the app's Signing Secret (api.slack.com/apps, Basic Information)",
    "slack_app_token": (
        "an app-level token with connections:write (api.slack.com/apps, Basic Information), or "
        "take the line out"
    ),
    "digitalocean_token": "a token with database:read, database:update and what these require",
    "dbaccess_audit_key": "what `openssl rand -hex 32` prints",
    "dbaccess_stream_secret": "whsec_ and what `openssl rand -base64 32` prints",
}


def is_placeholder(value: str) -> bool:
    """Tell whether a secret is one that stands in an example; none that is issued looks so."""
    return _PLACEHOLDER.search(value) is not None
