"""The tokens of machines: which one is genuine, and who holds it.

Nothing is asked of anybody before a token names an issuer of the policy. What a token says about
where keys are (`jku`, `x5u`, `jwk`) is never looked at.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

import structlog

from bot.clock import Clock
from bot.domain.machines import Issuer, Machine, is_subject
from bot.domain.policy import Policy
from bot.domain.typed_text import shortened
from bot.machines.issuer_http import get_json
from bot.machines.issuer_keys import GetJson, IssuerKeys, IssuerUnavailable, Jwk, UnknownKey
from bot.machines.job_details import details_of
from bot.machines.token_text import BadToken, TokenText, read_token
from bot.rate_limit import RateLimit

__all__ = ["BadToken", "IssuerUnavailable", "TokenVerifier"]

LEEWAY_SECONDS = 30
LONGEST_LIFE_SECONDS = 24 * 3600

_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
_KINDS = frozenset({"jwt", "at+jwt"})  # others mean something else: that somebody logs out, say
_ENTRIES_A_MINUTE = 30  # of the log: anybody can send wrong tokens
_LAST_SECOND = 10**11

log = structlog.get_logger()


class TokenVerifier:
    """Verifies tokens by the current policy. Safe to call from several threads.

    Args:
        policy: returns the current one.
        clock: by which tokens begin and end.
        get: returns the JSON object at an address.
        on_token: called with what came of each token: `verified`, `refused` or `unavailable`.
        on_read: called after each read of an issuer's keys, with whether it succeeded.
    """

    def __init__(
        self,
        policy: Callable[[], Policy],
        clock: Clock,
        get: GetJson = get_json,
        *,
        on_token: Callable[[str], None] = lambda _outcome: None,
        on_read: Callable[[str, bool], None] = lambda _issuer, _succeeded: None,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._get = get
        self._on_token = on_token
        self._on_read = on_read
        self._lock = Lock()
        self._entries = RateLimit(_ENTRIES_A_MINUTE, 60.0, clock.elapsed)
        self._unlogged = 0
        self._keys: dict[tuple[str, Issuer], IssuerKeys] = {}

    def verify(self, token: str) -> Machine:
        """Return the machine that holds a token.

        Raises:
            BadToken: it opens nothing. Why is in the log, and not for whoever sent it.
            IssuerUnavailable: its issuer's keys cannot be read.
        """
        try:
            machine = self.examine(token)
        except BadToken as bad:
            self._on_token("refused")
            if (left_out := self._left_out()) is not None:
                log.info("token refused", reason=str(bad), left_out=left_out)
            raise
        except IssuerUnavailable as away:
            self._on_token("unavailable")
            if (left_out := self._left_out()) is not None:
                log.warning("token not verified", reason=str(away), left_out=left_out)
            raise
        self._on_token("verified")
        return machine

    def examine(self, token: str) -> Machine:
        """Do as `verify`, but leave counting and logging to the caller."""
        said, policy = read_token(token), self._policy()
        name, issuer = _issuer_of(said, policy)
        algorithm, key = _key_of(said, self._keys_of(name, issuer, policy))
        from bot.machines.signatures import check_signature  # loads much

        check_signature(token, key, algorithm)
        _check_audience(said.claims, issuer)
        _check_times(said.claims, self._clock.now())
        return Machine(name, _subject(said.claims), details_of(issuer.issuer, said.claims))

    def _left_out(self) -> int | None:
        """Return how many entries of the log were left out before this one; None: leave it out."""
        with self._lock:
            if self._entries.seconds_to_wait(""):
                self._unlogged += 1
                return None
            left_out, self._unlogged = self._unlogged, 0
            return left_out

    def check_issuers(self) -> dict[str, str]:
        """Return why an issuer's keys cannot be read, empty if they can, of each that is used."""
        policy = self._policy()
        used = {name: policy.machines[name] for name in sorted(policy.issuers_in_use)}
        return {name: self._keys_of(name, one, policy).check() for name, one in used.items()}

    def _keys_of(self, name: str, issuer: Issuer, policy: Policy) -> IssuerKeys:
        """Return the keys of an issuer; those of issuers that left the policy are forgotten."""
        with self._lock:
            for gone in self._keys.keys() - set(policy.machines.items()):
                del self._keys[gone]
            one = (name, issuer)
            if one not in self._keys:
                elapsed = self._clock.elapsed
                self._keys[one] = IssuerKeys(name, issuer, elapsed, self._get, self._on_read)
            return self._keys[one]


def _issuer_of(said: TokenText, policy: Policy) -> tuple[str, Issuer]:
    url = said.claims.get("iss")
    for name, issuer in policy.machines.items():
        if issuer.issuer == url:
            return name, issuer
    raise BadToken(f"its issuer is not in the policy: {shortened(str(url))}")


def _key_of(said: TokenText, keys: IssuerKeys) -> tuple[str, Jwk]:
    """Return by which algorithm a token says that it is signed, and the key that it names."""
    kind = str(said.header.get("typ", "JWT")).lower().removeprefix("application/")
    if kind not in _KINDS:
        raise BadToken(f"it is another kind of token: {shortened(kind)}")
    algorithm, kid = said.header.get("alg"), said.header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KEY_TYPES:
        raise BadToken(f"its algorithm is not taken: {shortened(str(algorithm))}")
    if not isinstance(kid, str) or not kid:
        raise BadToken("it names no key (kid)")
    try:
        return algorithm, keys.find(kid, _KEY_TYPES[algorithm])
    except UnknownKey as unknown:
        raise BadToken(str(unknown)) from unknown


def _check_audience(claims: Mapping[str, Any], issuer: Issuer) -> None:
    """Refuse a token that is for others, too: they could use it here."""
    if claims.get("aud") not in (issuer.audience, [issuer.audience]):
        raise BadToken(f"its audience is not {issuer.audience} alone")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    present = now.timestamp()
    issued, ends = _time(claims, "iat"), _time(claims, "exp")
    begins = _time(claims, "nbf") if "nbf" in claims else issued
    if ends <= present - LEEWAY_SECONDS:
        raise BadToken("it has expired")
    if max(issued, begins) > present + LEEWAY_SECONDS:
        raise BadToken("it is not valid yet")
    if not 0 < ends - issued <= LONGEST_LIFE_SECONDS:
        raise BadToken(
            f"it is valid for {ends - issued:.0f} s, which is too long or no time at all"
        )


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"it has no time in {name}")
    if not 0 <= value < _LAST_SECOND:
        raise BadToken(f"its {name} is no time")
    return value


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_subject(subject):
        raise BadToken("its sub is missing, too long, or has other than plain characters in it")
    return subject
