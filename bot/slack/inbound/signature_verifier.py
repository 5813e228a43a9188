"""The signature verifier: requests without a valid, fresh signature go no further (P8).

What it refuses is counted by reason and logged, at most once a minute, with the likely cause: a
wrong signing secret or a wrong clock turns away everything that Slack sends.
"""

import hmac
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
    VERIFIED_BY_OLD_SECRET = "verified_by_old_secret"  # noqa: S105  # an outcome
    MISSING_HEADERS = "missing_headers"
    BAD_SIGNATURE = "bad_signature"
    STALE_TIMESTAMP = "stale_timestamp"


@dataclass(frozen=True)
class Verification:
    """An outcome; `seconds_ahead` is how far this clock is ahead of the request's timestamp."""

    outcome: Outcome
    seconds_ahead: int = 0

    @property
    def is_valid(self) -> bool:
        """Whether Slack signed the request just now."""
        return self.outcome in (Outcome.VERIFIED, Outcome.VERIFIED_BY_OLD_SECRET)

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
            case Outcome.VERIFIED | Outcome.VERIFIED_BY_OLD_SECRET:
                return ""


class RequestVerifier:
    """Checks Slack's signature over the raw body (v0, HMAC-SHA256, at most five minutes old).

    Args:
        signing_secrets: the app's, the current one first; while it is rotated, the one before it.
        on_outcome: called with each outcome, for the metrics.
        elapsed: seconds that only go forward, for the pace of the log.
    """

    def __init__(
        self,
        signing_secrets: Sequence[str],
        *,
        on_outcome: Callable[[str], None] = lambda _outcome: None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signers = [SignatureVerifier(secret) for secret in signing_secrets]
        self._on_outcome = on_outcome
        self._refusals = _RefusalLog(elapsed)
        self._old_secret = _OldSecretLog(elapsed)

    def admits(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether Slack signed this very body just now; what it did not is noted."""
        verification = self.verify(body, headers)
        self._on_outcome(verification.outcome)
        if not verification.is_valid:
            self._refusals.note(verification)
        elif verification.outcome is Outcome.VERIFIED_BY_OLD_SECRET:
            self._old_secret.note()
        return verification.is_valid

    def verify(self, body: bytes, headers: Mapping[str, str]) -> Verification:
        """Return what there is to say of a request's signature.

        A wrong signature is told before a stale timestamp: only Slack could have signed the time.
        """
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not _TIMESTAMP.fullmatch(timestamp) or not signature:
            return Verification(Outcome.MISSING_HEADERS)
        outcome = self._outcome(body, timestamp, signature)
        if outcome is Outcome.BAD_SIGNATURE:
            return Verification(outcome)
        seconds_ahead = round(time.time() - int(timestamp))
        if abs(seconds_ahead) > SIGNATURE_SECONDS:
            return Verification(Outcome.STALE_TIMESTAMP, seconds_ahead)
        return Verification(outcome, seconds_ahead)

    def _outcome(self, body: bytes, timestamp: str, signature: str) -> Outcome:
        """Compare with the signature by each secret, in the same time whichever it is by."""
        try:
            right = [
                signer.generate_signature(timestamp=timestamp, body=body) or ""
                for signer in self._signers
            ]
        except UnicodeDecodeError:  # Slack sends text
            return Outcome.BAD_SIGNATURE
        current, *old = [hmac.compare_digest(one.encode(), signature.encode()) for one in right]
        if current:
            return Outcome.VERIFIED
        return Outcome.VERIFIED_BY_OLD_SECRET if any(old) else Outcome.BAD_SIGNATURE


class _OldSecretLog:
    """Logs that the old secret is in use, at most once a minute."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._logged_at: float | None = None

    def note(self) -> None:
        now = self._elapsed()
        if self._logged_at is None or now - self._logged_at >= _LOG_EVERY_SECONDS:
            self._logged_at = now
            log.info("request signed with the old secret")


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
