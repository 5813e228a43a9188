"""Standard Webhooks: the secrets, and the headers by which a receiver knows who sends.

It is version 1.0.0 of standardwebhooks.com, with symmetric signatures (`v1`). Its Python package
signs with one secret alone, and is longer than this.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ValueError: it is none of these.
    """
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"is {PREFIX} and the Base64 of {_SHORTEST} to {_LONGEST} bytes")
    return key


def signed(keys: Iterable[bytes], identity: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """Return the headers for a message.

    Args:
        keys: each signs, so that a receiver may have either while a secret is rotated.
        identity: names the message, and is the same whenever it is sent again; it has no full stop.
        body: as it is sent, to the byte.
        at: when it is sent.
    """
    seconds = str(int(at.timestamp()))
    content = b".".join((identity.encode(), seconds.encode(), body))
    signatures = (b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {
        "webhook-id": identity,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
