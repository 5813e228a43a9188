"""The signature verifier: requests without a valid, fresh signature go no further (P8).

What it refuses is counted by reason and logged, at most once a minute, with the likely cause: a
wrong signing secret or a wrong clock turns away everything that Slack sends.
"""

import hmac
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog
from slack_sdk.signature import SignatureVerifier

from bot.slack.limits import SIGNATURE_SECONDS

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_LOG_EVERY_SECONDS = 60.0

log = structlog.get_logger()


class Outcome(StrEnum):
    """What became of a request's signature."""

    VERIFIED = "verified"
    MISSING_HEADERS = "missing_headers"
    BAD_SIGNATURE = "bad_signature"
    STALE_TIMESTAMP = "stale_timestamp"


@dataclass(frozen=True)
class Verification:
    """An outcome; `seconds_ahead` is how far this clock is ahead of the request's timestamp."""

    outcome: Outcome
    seconds_ahead: int = 0

    @property
    def likely_cause(self) -> str:
        """Say in a few words why such a request is refused, and what to look at."""
        match self.outcome:
            case Outcome.STALE_TIMESTAMP:
                way = "ahead" if self.seconds_ahead > 0 else "behind"
                return (
                    f"this machine's clock is {abs(self.seconds_ahead)} s {way}, or an old request "
                    "was sent again: set the clock (NTP)"
                )
            case Outcome.BAD_SIGNATURE:
                return "SLACK_SIGNING_SECRET is not this app's, or it did not come from Slack"
            case Outcome.MISSING_HEADERS:
                return "it did not come from Slack, or a proxy drops the X-Slack headers"
            case Outcome.VERIFIED:
                return ""


class RequestVerifier:
    """Checks Slack's signature over the raw body (v0, HMAC-SHA256, at most five minutes old).

    Args:
        signing_secret: the app's.
        on_outcome: called with each outcome, for the metrics.
        elapsed: seconds that only go forward, for the pace of the log.
    """

    def __init__(
        self,
        signing_secret: str,
        *,
        on_outcome: Callable[[str], None] = lambda _outcome: None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signer = SignatureVerifier(signing_secret)
        self._on_outcome = on_outcome
        self._refusals = _RefusalLog(elapsed)

    def admits(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether Slack signed this very body just now; what it did not is noted."""
        verification = self.verify(body, headers)
        self._on_outcome(verification.outcome)
        if verification.outcome is not Outcome.VERIFIED:
            self._refusals.note(verification)
        return verification.outcome is Outcome.VERIFIED

    def verify(self, body: bytes, headers: Mapping[str, str]) -> Verification:
        """Return what there is to say of a request's signature.

        A wrong signature is told before a stale timestamp: only Slack could have signed the time.
        """
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not _TIMESTAMP.fullmatch(timestamp) or not signature:
            return Verification(Outcome.MISSING_HEADERS)
        if not self._is_signed(body, timestamp, signature):
            return Verification(Outcome.BAD_SIGNATURE)
        seconds_ahead = round(time.time() - int(timestamp))
        if abs(seconds_ahead) > SIGNATURE_SECONDS:
            return Verification(Outcome.STALE_TIMESTAMP, seconds_ahead)
        return Verification(Outcome.VERIFIED, seconds_ahead)

    def _is_signed(self, body: bytes, timestamp: str, signature: str) -> bool:
        try:
            right = self._signer.generate_signature(timestamp=timestamp, body=body)
        except UnicodeDecodeError:  # Slack sends text
            return False
        return right is not None and hmac.compare_digest(right.encode(), signature.encode())


class _RefusalLog:
    """Logs refusals, at most once a minute, with how many there were of each since the last."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._logged_at: float | None = None
        self._since: Counter[str] = Counter()

    def note(self, verification: Verification) -> None:
        with self._lock:
            self._since[verification.outcome.value] += 1
            now = self._elapsed()
            if self._logged_at is not None and now - self._logged_at < _LOG_EVERY_SECONDS:
                return
            self._logged_at, counted, self._since = now, dict(self._since), Counter()
        log.warning(
            "request not signed by Slack",
            reason=verification.outcome.value,
            likely_cause=verification.likely_cause,
            refused=counted,
        )
