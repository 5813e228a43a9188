"""Secrets as people paste them: what is around them taken off, and what they are instead."""

import re

from bot.domain.placeholders import WHAT_TO_PUT, is_placeholder
from bot.domain.typed_text import unwrapped

_ASSIGNED = re.compile(r"(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*")  # a line of somebody's .env
_SIGNING_SECRET = re.compile(r"[0-9a-f]{32}(,\s*[0-9a-f]{32})*")  # several while one is rotated
_LOOKS = (
    (re.compile(r"xoxe"), "an expiring token: switch token rotation off in the app's settings"),
    (re.compile(r"xoxb-"), "the bot token"),
    (re.compile(r"xoxp-"), "a user token"),
    (re.compile(r"xapp-"), "an app-level token"),
    (re.compile(r"xox"), "another kind of Slack token"),
    (re.compile(r"do[opr]_v1_"), "a DigitalOcean token"),
    (re.compile(r"AVNS_"), "a database password"),
    (_SIGNING_SECRET, "a signing secret or a client secret"),
)
_PASTE = {
    "slack_bot_token": (
        re.compile(r"xoxb-\S+"),
        "Paste the Bot User OAuth Token. It begins with xoxb-",
    ),
    "slack_signing_secret": (
        _SIGNING_SECRET,
        "Paste the Signing Secret: 32 characters, 0 to 9 and a to f",
    ),
    "slack_app_token": (
        re.compile(r"xapp-\S+"),
        "Paste the App-Level Token. It begins with xapp-",
    ),
    "digitalocean_token": (
        re.compile(r"(?!xox|xapp|AVNS_)[!-~]{8,}"),
        "Paste the token from API, Tokens. It begins with dop_v1_",
    ),
}
SECRETS = tuple(_PASTE)


class WrongShape(ValueError):
    """A text that is no secret of its kind; says what it is instead, and never repeats it (P8)."""


def secret_of(key: str, typed: str) -> str:
    """Return the secret that was pasted for *key*, a field of `Settings`.

    Raises:
        WrongShape: it is none of that kind.
    """
    secret = _ASSIGNED.sub("", unwrapped(typed), count=1)
    secret = unwrapped(secret).removeprefix("Bearer ")
    shape, what_to_paste = _PASTE[key]
    if not secret:
        raise WrongShape(f"Nothing was pasted. {what_to_paste}.")
    if is_placeholder(secret):
        raise WrongShape(f"That is the example's placeholder. Put in {WHAT_TO_PUT[key]}.")
    if not shape.fullmatch(secret) or not secret.isascii():
        raise WrongShape(f"That is {_what_it_is(secret)}. {what_to_paste}.")
    if re.search(r"""["'#$\\`]""", secret):
        raise WrongShape(f"That has characters that no token has. {what_to_paste}.")
    return secret


def masked(secret: str) -> str:
    """Return a secret as it may be shown: its kind alone."""
    kind = re.match(r"(xoxb-|xapp-|do[opr]_v1_)", secret)
    return f"{kind[0] if kind else ''}********"


def _what_it_is(secret: str) -> str:
    if re.search(r"\s", secret):
        return "more than one word"
    return next((what for look, what in _LOOKS if look.match(secret)), "something else")
