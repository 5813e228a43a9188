"""The door: requests without a valid, fresh signature go no further (P8)."""

import re
from collections.abc import Mapping

from slack_sdk.signature import SignatureVerifier

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class Door:
    """Checks Slack's signature over the raw body (v0, HMAC-SHA256, at most five minutes old)."""

    def __init__(self, signing_secret: str) -> None:
        self._verifier = SignatureVerifier(signing_secret)

    def admits(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether Slack signed this very body just now."""
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not _TIMESTAMP.fullmatch(timestamp) or not signature.isascii():
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:  # Slack sends text
            return False
