"""The keys of an issuer: read when they are needed, kept, and read again, but not too often."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.deadlines import BoundedCall, NoAnswer
from bot.domain.machines import Issuer, is_issuer_url
from bot.domain.typed_text import shortened
from bot.machines.issuer_http import ReadFailed, get_json

FRESH_SECONDS = 3600.0
"""After that they are read again, for those that the issuer took back."""

USABLE_SECONDS = 24 * 3600.0
"""As long the keys are good where the issuer is away."""

PAUSE_SECONDS = 30.0
"""Between two reads, whatever happens: unknown key IDs cost the issuer no more than that."""

CHECK_SECONDS = 300.0
"""So often it is checked whether they can be read, where nobody needs them."""

_LATE = "no answer in time"
_WAIT_SECONDS = 2.5  # whoever asks by HTTP waits so long; Slack's requests need the threads, too
_READ_AGAIN_SECONDS = 30.0
_MOST_KEYS = 100
_USED_TO_SIGN = (None, "sig")

Jwk = Mapping[str, Any]
GetJson = Callable[[str], Mapping[str, Any]]


class IssuerUnavailable(Exception):
    """An issuer's keys cannot be read, so nobody can tell whether a token is one of its own."""

    def __init__(self, issuer: str, why: str) -> None:
        super().__init__(f"{issuer}: {why}")
        self.issuer = issuer


class UnknownKey(Exception):
    """The issuer has no such key."""


@dataclass(frozen=True)
class _Known:
    """What is known of an issuer; times in elapsed seconds."""

    keys: tuple[Jwk, ...] = ()
    read_at: float = -math.inf
    tried_at: float = -math.inf
    failure: str = _LATE
    is_failing: bool = True


class IssuerKeys:
    """The keys of one issuer. Safe to call from several threads; one of them reads.

    Args:
        name: its key under `[machines]`.
        issuer: what the policy says of it.
        elapsed: seconds that only grow.
        get: returns the JSON object at an address, or raises `ReadFailed`.
        on_read: called after each read, with whether it succeeded.
    """

    def __init__(
        self,
        name: str,
        issuer: Issuer,
        elapsed: Callable[[], float],
        get: GetJson = get_json,
        on_read: Callable[[str, bool], None] = lambda _name, _succeeded: None,
    ) -> None:
        self._name = name
        self._issuer = issuer
        self._elapsed = elapsed
        self._get = get
        self._on_read = on_read
        self._known = _Known()
        self._is_late = False  # whoever waited last for a read did so in vain
        self._reading = BoundedCall(
            self._read,
            name=f"keys-of-{name}",
            seconds=_WAIT_SECONDS,
            again_seconds=_READ_AGAIN_SECONDS,
        )

    def find(self, kid: str, kty: str) -> Jwk:
        """Return the key of that ID and type.

        Raises:
            UnknownKey: the issuer has none, or several.
            IssuerUnavailable: its keys cannot be read.
        """
        is_late = False
        if not self._matching(kid, kty) or self._is_due(FRESH_SECONDS):
            is_late = not self._read_now()
        found, known = self._matching(kid, kty), self._known
        if len(found) == 1:
            return found[0]
        if known.is_failing or is_late:
            raise IssuerUnavailable(self._name, known.failure)
        how_many = "several keys" if found else "no key"
        raise UnknownKey(f"{self._name} has {how_many} of this ID and type: {shortened(kid)}")

    def check(self) -> str:
        """Return why the keys cannot be read; empty if they can. Read them if that is due."""
        is_late = False
        if self._known.is_failing or self._is_due(CHECK_SECONDS):
            is_late = not self._read_now()
        known = self._known
        return known.failure if known.is_failing else _LATE if is_late else ""

    def _matching(self, kid: str, kty: str) -> list[Jwk]:
        known = self._known
        if self._elapsed() - known.read_at > USABLE_SECONDS:
            return []
        return [key for key in known.keys if (key["kid"], key["kty"]) == (kid, kty)]

    def _is_due(self, age_seconds: float) -> bool:
        known, now = self._known, self._elapsed()
        return now - known.read_at >= age_seconds and now - known.tried_at >= PAUSE_SECONDS

    def _read_now(self) -> bool:
        """Read the keys, unless that was just tried; return False if it takes too long to wait.

        Other threads wait for the same read, and once it takes too long, nobody does.
        """
        if not self._is_due(0):
            return True
        if self._is_late:
            self._reading.begin()
            return False
        try:
            self._reading.result()
        except NoAnswer:
            self._is_late = True
        return not self._is_late

    def _read(self) -> None:
        if not self._is_due(0):
            return  # another thread has just read them
        try:
            keys = read_keys(self._issuer, self._get)
        except ReadFailed as error:
            tried_at = self._elapsed()
            known = replace(self._known, tried_at=tried_at, failure=str(error), is_failing=True)
        else:
            now = self._elapsed()
            known = _Known(keys, read_at=now, tried_at=now, is_failing=False)
        self._known, self._is_late = known, False
        self._on_read(self._name, not known.is_failing)


def read_keys(issuer: Issuer, get: GetJson = get_json) -> tuple[Jwk, ...]:
    """Return the public keys by which an issuer signs.

    Raises:
        ReadFailed: that cannot be told.
    """
    url = issuer.jwks_url or _discovered(issuer.issuer, get)
    listed = get(url).get("keys")
    if not isinstance(listed, list):
        raise ReadFailed(f"{url}: has no keys")
    keys = tuple(key for key in listed[:_MOST_KEYS] if _signs(key))
    if not keys:
        raise ReadFailed(f"{url}: has no keys that can be used")
    return keys


def _discovered(issuer: str, get: GetJson) -> str:
    """Return where an issuer says that its keys are (OpenID Connect Discovery 1.0, section 4)."""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    document = get(url)
    if document.get("issuer") != issuer:
        said = shortened(str(document.get("issuer")))
        raise ReadFailed(f"{url}: is about the issuer {said}")
    keys_at = document.get("jwks_uri")
    if not isinstance(keys_at, str) or not is_issuer_url(keys_at):
        raise ReadFailed(f"{url}: has no jwks_uri with https://")
    if issuer.startswith("https:") and not keys_at.startswith("https:"):
        raise ReadFailed(f"{url}: its jwks_uri is not https")
    return keys_at


def _signs(key: Any) -> bool:
    return (
        isinstance(key, dict)
        and isinstance(key.get("kid"), str)
        and isinstance(key.get("kty"), str)
        and key.get("use") in _USED_TO_SIGN
    )
