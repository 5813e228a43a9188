"""An issuer's keys: found, kept, read again when they must be, and never too often."""

import threading
import time
from typing import Any

import pytest

from bot.machines import issuer_keys
from bot.machines.issuer_http import ReadFailed
from bot.machines.issuer_keys import (
    FRESH_SECONDS,
    PAUSE_SECONDS,
    USABLE_SECONDS,
    IssuerUnavailable,
    read_keys,
)
from bot.machines.tokens import BadToken, TokenVerifier
from tests.machines.issuer import OidcIssuer, StoppedClock, policy_for
from tests.waiting import eventually

CONFIGURATION = "/.well-known/openid-configuration"
BOTH = [CONFIGURATION, "/keys"]


def passes(clock: StoppedClock, issuer: OidcIssuer, seconds: float) -> None:
    clock.seconds += seconds
    issuer.now = int(clock.seconds)


def test_keys_are_read_once_for_many_tokens(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    for _ in range(3):
        verifier.verify(issuer.token())
    assert issuer.reads == BOTH


def test_where_the_policy_says_where_keys_are_nothing_is_discovered(
    issuer: OidcIssuer, clock: StoppedClock
) -> None:
    policy = policy_for(issuer, jwks_url=f"{issuer.url}/keys")
    TokenVerifier(lambda: policy, clock, issuer.get).verify(issuer.token())
    assert issuer.reads == ["/keys"]


def test_a_rotated_key_is_found(
    issuer: OidcIssuer, verifier: TokenVerifier, clock: StoppedClock
) -> None:
    old = issuer.token(exp=issuer.now + 3000)
    verifier.verify(old)
    passes(clock, issuer, PAUSE_SECONDS)
    issuer.rotate()

    verifier.verify(issuer.token())
    assert issuer.reads == BOTH * 2
    with pytest.raises(BadToken):  # the issuer took it back
        verifier.verify(old)


def test_unknown_keys_cost_the_issuer_one_read_in_a_while(
    issuer: OidcIssuer, verifier: TokenVerifier, clock: StoppedClock
) -> None:
    verifier.verify(issuer.token())
    for number in range(50):
        passes(clock, issuer, PAUSE_SECONDS / 10)
        with pytest.raises(BadToken):
            verifier.verify(issuer.token(header={"kid": f"guess-{number}"}))
    assert len(issuer.reads) == len(BOTH) * 6

    verifier.verify(issuer.token())


def test_an_issuer_that_is_away_is_not_asked_at_each_token(
    issuer: OidcIssuer, verifier: TokenVerifier, clock: StoppedClock
) -> None:
    issuer.is_away = True
    for _ in range(5):
        with pytest.raises(IssuerUnavailable, match=r"ci: .*no connection"):
            verifier.verify(issuer.token())
    assert issuer.reads == [CONFIGURATION]

    issuer.is_away = False
    passes(clock, issuer, PAUSE_SECONDS)
    verifier.verify(issuer.token())


def test_keys_that_are_known_serve_while_the_issuer_is_away_but_not_for_ever(
    issuer: OidcIssuer, verifier: TokenVerifier, clock: StoppedClock
) -> None:
    verifier.verify(issuer.token())
    issuer.is_away = True
    passes(clock, issuer, USABLE_SECONDS)
    verifier.verify(issuer.token())
    with pytest.raises(IssuerUnavailable):  # this key may be a new one
        verifier.verify(issuer.token(header={"kid": "key-2"}))

    passes(clock, issuer, 1)
    with pytest.raises(IssuerUnavailable):
        verifier.verify(issuer.token())


def test_a_key_that_was_taken_back_serves_no_longer_than_keys_are_fresh(
    issuer: OidcIssuer, verifier: TokenVerifier, clock: StoppedClock
) -> None:
    verifier.verify(issuer.token())
    stolen, kid = issuer.key, issuer.kid
    issuer.rotate()
    issuer.key, issuer.kid = stolen, kid
    passes(clock, issuer, FRESH_SECONDS)

    with pytest.raises(BadToken):
        verifier.verify(issuer.token())


def test_threads_share_one_read(issuer: OidcIssuer, clock: StoppedClock) -> None:
    go = threading.Event()
    policy = policy_for(issuer)

    def get(url: str) -> dict[str, Any]:
        assert go.wait(20)
        return issuer.get(url)

    verifier = TokenVerifier(lambda: policy, clock, get)
    verified: list[str] = []
    token = issuer.token()

    def verify() -> None:
        verified.append(verifier.verify(token).issuer)

    threads = [threading.Thread(target=verify) for _ in range(4)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()

    assert verified == ["ci"] * 4
    assert issuer.reads == BOTH


def test_what_came_of_tokens_and_reads_is_counted(issuer: OidcIssuer, clock: StoppedClock) -> None:
    tokens: list[str] = []
    reads: list[tuple[str, bool]] = []
    policy = policy_for(issuer)
    verifier = TokenVerifier(
        lambda: policy,
        clock,
        issuer.get,
        on_token=tokens.append,
        on_read=lambda *read: reads.append(read),
    )
    issuer.is_away = True
    with pytest.raises(IssuerUnavailable):
        verifier.verify(issuer.token())
    issuer.is_away = False
    passes(clock, issuer, PAUSE_SECONDS)
    verifier.verify(issuer.token())
    with pytest.raises(BadToken):
        verifier.verify("x")

    assert tokens == ["unavailable", "verified", "refused"]
    assert reads == [("ci", False), ("ci", True)]


@pytest.mark.parametrize(
    ("path", "document", "problem"),
    [
        (CONFIGURATION, {"issuer": "https://other.example"}, "is about the issuer https://other"),
        (CONFIGURATION, {"issuer": "https://issuer.example/"}, "is about the issuer"),
        (CONFIGURATION, {}, "is about the issuer None"),
        (CONFIGURATION, {"jwks_uri": ...}, "no jwks_uri"),
        (CONFIGURATION, {"jwks_uri": "file:///etc/passwd"}, "no jwks_uri"),
        (CONFIGURATION, {"jwks_uri": "http://issuer.example/keys"}, "no jwks_uri"),
        (CONFIGURATION, {"jwks_uri": "http://127.0.0.1:9/keys"}, "is not https"),
        ("/keys", {"keys": []}, "no keys that can be used"),
        ("/keys", {"keys": ["key-1", {"kid": 1, "kty": "EC"}]}, "no keys that can be used"),
        ("/keys", {"keys": {"key-1": {}}}, "has no keys"),
        ("/keys", {}, "has no keys"),
    ],
)
def test_p4_documents_that_are_not_as_they_should_be_are_not_believed(
    path: str, document: dict[str, Any], problem: str, issuer: OidcIssuer
) -> None:
    known = issuer.documents[CONFIGURATION] if "jwks_uri" in document else {}
    issuer.documents[path] = {k: v for k, v in (known | document).items() if v is not ...}
    with pytest.raises(ReadFailed, match=problem):
        read_keys(policy_for(issuer).machines["ci"], issuer.get)


def test_nobody_waits_long_for_a_slow_issuer(
    issuer: OidcIssuer, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "_WAIT_SECONDS", 0.05)
    answers = threading.Event()
    policy = policy_for(issuer)

    def get(url: str) -> dict[str, Any]:
        assert answers.wait(20)
        return issuer.get(url)

    verifier = TokenVerifier(lambda: policy, clock, get)
    with pytest.raises(IssuerUnavailable, match="no answer in time"):
        verifier.verify(issuer.token())
    answers.set()
    eventually(lambda: issuer.reads == BOTH)  # nobody asks again for what is on its way

    assert verifier.verify(issuer.token()).issuer == "ci"
    assert issuer.reads == BOTH


def test_a_slow_issuer_is_waited_for_once_and_known_keys_serve_meanwhile(
    issuer: OidcIssuer, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "_WAIT_SECONDS", 1.0)
    answers = threading.Event()
    answers.set()
    policy = policy_for(issuer)

    def get(url: str) -> dict[str, Any]:
        assert answers.wait(20)
        return issuer.get(url)

    verifier = TokenVerifier(lambda: policy, clock, get)
    verifier.verify(issuer.token())
    answers.clear()
    passes(clock, issuer, FRESH_SECONDS)

    began = time.monotonic()
    for number in range(5):
        verifier.verify(issuer.token())
        with pytest.raises(IssuerUnavailable):
            verifier.verify(issuer.token(header={"kid": f"guess-{number}"}))
    assert time.monotonic() - began < 5.0  # ten waits would take ten seconds

    answers.set()
    eventually(lambda: issuer.reads == BOTH * 2)
    issuer.rotate()
    passes(clock, issuer, PAUSE_SECONDS)
    verifier.verify(issuer.token())
