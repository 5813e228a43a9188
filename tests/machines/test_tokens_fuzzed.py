"""Whatever is done to a genuine token, it is refused; whatever is sent, nothing else is raised."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.machines.tokens import BadToken, TokenVerifier
from tests.machines.issuer import NOW, OidcIssuer, StoppedClock, encoded, policy_for

ISSUER = OidcIssuer()
POLICY = policy_for(ISSUER)
VERIFIER = TokenVerifier(lambda: POLICY, StoppedClock(), ISSUER.get)
TOKEN = ISSUER.token()
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
HEADERS = ("alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5u", "cty", "zip", "enc")
CLAIMS = ("iss", "aud", "exp", "iat", "nbf", "sub", "jti", "repository", "run_id", "project_path")


def refused(token: str) -> None:
    with pytest.raises(BadToken):
        VERIFIER.examine(token)


@given(st.integers(0, len(TOKEN)), st.integers(0, 3), st.text(LETTERS, max_size=3))
def test_p4_a_token_that_was_changed_anywhere_is_refused(at: int, cut: int, put_in: str) -> None:
    changed = TOKEN[:at] + put_in + TOKEN[at + cut :]
    assume(changed != TOKEN)
    refused(changed)


@given(st.text(max_size=200) | st.text(LETTERS, max_size=200))
def test_any_text_is_refused(text: str) -> None:
    refused(text)


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(HEADERS), JSON), st.dictionaries(st.sampled_from(CLAIMS), JSON)
)
def test_p4_whatever_an_unsigned_token_says_it_is_refused(
    header: dict[str, Any], claims: dict[str, Any]
) -> None:
    said = ISSUER.claims() | claims
    refused(
        f"{encoded({'alg': 'ES256', 'kid': 'key-1', **header})}.{encoded(said)}.{encoded(b'x')}"
    )


@given(st.sampled_from(CLAIMS), JSON)
def test_whatever_a_signed_token_says_it_is_understood_or_refused(name: str, value: Any) -> None:
    try:
        token = ISSUER.token(**{name: value})
        machine = VERIFIER.examine(token)
    except BadToken:
        return
    claims = ISSUER.claims(**{name: value})
    assert machine.subject == claims["sub"]
    assert claims["iss"] == ISSUER.url
    assert claims["aud"] in ("dbaccess", ["dbaccess"])
    assert claims["exp"] > NOW - 60
    assert json.dumps(claims["sub"]).isascii()
