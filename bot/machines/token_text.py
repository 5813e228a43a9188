"""What a token says of itself, before anything of it is believed."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_TOKEN = 16 * 1024  # characters; GitHub's and GitLab's have about 2,000

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")  # RFC 7515, section 3.1


class BadToken(Exception):
    """A token that opens nothing. The text says why: for logs, never for whoever sent it."""


@dataclass(frozen=True)
class TokenText:
    """The header and the claims of a token, as it says them."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read_token(token: str) -> TokenText:
    """Return what a token says of itself; its signature is not looked at.

    Raises:
        BadToken: it is no signed JSON Web Token in its compact form.
    """
    if len(token) > LONGEST_TOKEN:
        raise BadToken(f"it is longer than {LONGEST_TOKEN} characters")
    if not _COMPACT.fullmatch(token):
        raise BadToken("it is not three parts of Base64url with dots between them")
    header, claims, _signature = token.split(".")
    return TokenText(_object(header, "header"), _object(claims, "payload"))


def _object(part: str, which: str) -> dict[str, Any]:
    try:
        text = urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        found = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadToken(f"its {which} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadToken(f"its {which} is no JSON object")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
