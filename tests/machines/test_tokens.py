"""Tokens: one genuine kind, and every other kind refused (P4)."""

import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from structlog.testing import capture_logs

from bot.machines.tokens import (
    LEEWAY_SECONDS,
    LONGEST_LIFE_SECONDS,
    BadToken,
    TokenVerifier,
)
from tests.machines.issuer import (
    AUDIENCE,
    MAIN,
    NOW,
    OidcIssuer,
    StoppedClock,
    encoded,
    made_key,
    policy_for,
    public_jwk,
)

DAY = LONGEST_LIFE_SECONDS


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
def test_a_genuine_token_says_which_machine_it_is(algorithm: str, clock: StoppedClock) -> None:
    issuer = OidcIssuer(algorithm=algorithm)
    policy = policy_for(issuer)

    machine = TokenVerifier(lambda: policy, clock, issuer.get).verify(issuer.token())

    assert machine.principal == f"ci:{MAIN}"
    assert machine.details["workflow"] == "nightly report"
    assert issuer.reads == ["/.well-known/openid-configuration", "/keys"]


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+JWT", ""])
def test_a_token_may_say_of_which_kind_it_is(
    kind: str, issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    assert verifier.verify(issuer.token(header={"typ": kind})).issuer == "ci"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [AUDIENCE]},
        {"nbf": ...},
        {"exp": NOW - LEEWAY_SECONDS + 1, "iat": NOW - 600},
        {"iat": NOW + LEEWAY_SECONDS, "nbf": NOW + LEEWAY_SECONDS},
        {"iat": NOW - DAY + 60, "exp": NOW + 60},
        {"iat": NOW + 0.5, "exp": NOW + 60.5},
        {"sub": "environment:Load test", "run_id": ..., "extra": {"a": [1]}},
    ],
    ids=str,
)
def test_what_else_is_genuine(
    changes: dict[str, Any], issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    assert verifier.verify(issuer.token(**changes)).subject


FOREIGN_CLAIMS: list[tuple[dict[str, Any], str]] = [
    # who issued it
    ({"iss": "https://issuer.example/"}, "issuer is not in the policy"),
    ({"iss": "HTTPS://ISSUER.EXAMPLE"}, "issuer is not in the policy"),
    ({"iss": "https://issuer.example@evil.example"}, "issuer is not in the policy"),
    ({"iss": "https://issuer.example:443"}, "issuer is not in the policy"),
    ({"iss": "https://issuer.ex\u0430mple"}, "issuer is not in the policy"),
    ({"iss": "https://evil.example"}, "issuer is not in the policy"),
    ({"iss": "ci"}, "issuer is not in the policy"),
    ({"iss": ["https://issuer.example"]}, "issuer is not in the policy"),
    ({"iss": ...}, "issuer is not in the policy"),
    ({"iss": None}, "issuer is not in the policy"),
    # for whom
    ({"aud": "vault"}, "audience"),
    ({"aud": "DBACCESS"}, "audience"),
    ({"aud": ["dbaccess", "vault"]}, "audience"),
    ({"aud": []}, "audience"),
    ({"aud": {"dbaccess": 1}}, "audience"),
    ({"aud": ...}, "audience"),
    # until when
    ({"exp": NOW - LEEWAY_SECONDS, "iat": NOW - 600}, "has expired"),
    ({"exp": ...}, "no time in exp"),
    ({"exp": str(NOW + 60)}, "no time in exp"),
    ({"exp": True}, "no time in exp"),
    ({"exp": 1e300}, "exp is no time"),
    ({"exp": -1}, "exp is no time"),
    ({"iat": ...}, "no time in iat"),
    ({"iat": NOW + LEEWAY_SECONDS + 1, "nbf": ...}, "not valid yet"),
    ({"nbf": NOW + LEEWAY_SECONDS + 1}, "not valid yet"),
    ({"nbf": "soon"}, "no time in nbf"),
    ({"exp": NOW + DAY + 1}, "too long"),
    ({"iat": NOW - DAY, "exp": NOW + 1}, "too long"),
    ({"iat": NOW + 10, "nbf": ..., "exp": NOW + 10}, "no time at all"),
    # who holds it
    ({"sub": ...}, "sub is missing"),
    ({"sub": ""}, "sub is missing"),
    ({"sub": 7}, "sub is missing"),
    ({"sub": [MAIN]}, "sub is missing"),
    ({"sub": f"{MAIN}\n"}, "other than plain"),
    ({"sub": f" {MAIN}"}, "other than plain"),
    ({"sub": MAIN.replace("a", "\u0430")}, "other than plain"),
    ({"sub": f"{MAIN}\u200b"}, "other than plain"),
    ({"sub": "repo:acme/*:ref:refs/heads/main"}, "other than plain"),
    ({"sub": "*"}, "other than plain"),
    ({"sub": "a" * 256}, "too long"),
]


@pytest.mark.parametrize(("changes", "reason"), FOREIGN_CLAIMS, ids=lambda value: str(value)[:60])
def test_p4_a_token_with_other_claims_is_refused(
    changes: dict[str, Any], reason: str, issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    with pytest.raises(BadToken, match=reason):
        verifier.verify(issuer.token(**changes))
    if reason.startswith("issuer"):
        assert issuer.reads == []  # nothing was asked of anybody


Forge = Callable[[OidcIssuer], str]


def _signed_by(key: Any, algorithm: str, **header: Any) -> Forge:
    def forge(issuer: OidcIssuer) -> str:
        headers = {"kid": issuer.kid, **header}
        return jwt.encode(issuer.claims(), key, algorithm, headers=headers)

    return forge


def _with_header(**changes: Any) -> Forge:
    return lambda issuer: issuer.token(header=changes)


def _raw(header: Any, claims: Any = None, signature: bytes = b"x") -> Forge:
    def forge(issuer: OidcIssuer) -> str:
        said = issuer.claims() if claims is None else claims
        return ".".join([encoded(header), encoded(said), encoded(signature)])

    return forge


def _by_public_key(issuer: OidcIssuer) -> str:
    """Sign with the issuer's public key as the secret of an HMAC, as old libraries took it."""
    public = json.dumps(issuer.documents["/keys"]["keys"][0]).encode()
    signed = ".".join(
        encoded(one) for one in ({"alg": "HS256", "kid": issuer.kid}, issuer.claims())
    )
    return f"{signed}.{encoded(hmac.digest(public, signed.encode(), 'sha256'))}"


def _with_changed_claims(issuer: OidcIssuer) -> str:
    header, _claims, signature = issuer.token().split(".")
    return f"{header}.{encoded(issuer.claims(sub='repo:acme/other'))}.{signature}"


def _with_doubled_claim(issuer: OidcIssuer) -> str:
    twice = json.dumps(issuer.claims())[:-1] + ', "sub": "repo:acme/shop:ref:refs/heads/x"}'
    headers = {"kid": issuer.kid}
    return jwt.PyJWS().encode(twice.encode(), issuer.key, issuer.algorithm, headers=headers)


def _with_doubled_header(issuer: OidcIssuer) -> str:
    header = b'{"alg": "none", "kid": "key-1", "alg": "ES256"}'
    _header, claims, signature = issuer.token().split(".")
    return f"{encoded(header)}.{claims}.{signature}"


def _inside_another(issuer: OidcIssuer) -> str:
    headers = {"kid": issuer.kid, "cty": "JWT"}
    inner = issuer.token().encode()
    return jwt.PyJWS().encode(inner, issuer.key, issuer.algorithm, headers=headers)


STRANGER = made_key("ES256", 99)
FORGED: dict[str, tuple[Forge, str]] = {
    "no signature": (_raw({"alg": "none", "kid": "key-1"}, signature=b"\0"), "algorithm"),
    "an empty signature": (
        lambda issuer: ".".join([encoded({"alg": "none"}), encoded(issuer.claims()), ""]),
        "three parts",
    ),
    "None, in capitals": (_raw({"alg": "nOnE", "kid": "key-1"}), "algorithm"),
    "the public key as a secret": (_by_public_key, "algorithm"),
    "a list of algorithms": (_raw({"alg": ["ES256"], "kid": "key-1"}), "algorithm"),
    "no algorithm": (_raw({"kid": "key-1"}), "algorithm"),
    "another curve": (_raw({"alg": "ES256K", "kid": "key-1"}), "algorithm"),
    "an algorithm of another kind of key": (
        _signed_by(made_key("RS256"), "RS256"),
        "has no key of this ID",
    ),
    "a stranger's key with our kid": (_signed_by(STRANGER, "ES256"), "does not hold"),
    "a stranger's key with its own kid": (
        _signed_by(STRANGER, "ES256", kid="k"),
        "has no key of this ID",
    ),
    "a stranger's key inside (jwk)": (
        _signed_by(STRANGER, "ES256", jwk=public_jwk(STRANGER, "ES256")),
        "does not hold",
    ),
    "a stranger's key elsewhere (jku)": (
        _signed_by(STRANGER, "ES256", jku="https://evil.example/keys", kid="k"),
        "has no key of this ID",
    ),
    "a stranger's certificate elsewhere (x5u)": (
        _signed_by(STRANGER, "ES256", x5u="https://evil.example/chain.pem"),
        "does not hold",
    ),
    "a path as kid": (_with_header(kid="../../../etc/passwd"), "has no key of this ID"),
    "a URL as kid": (_with_header(kid="https://evil.example/keys"), "has no key of this ID"),
    "SQL as kid": (_with_header(kid="' or 1=1 --"), "has no key of this ID"),
    "an empty kid": (_with_header(kid=""), "names no key"),
    "no kid": (_raw({"alg": "ES256"}), "names no key"),
    "a number as kid": (_raw({"alg": "ES256", "kid": 1}), "names no key"),
    "an unknown critical extension": (_with_header(crit=["exp"], exp=1), "does not hold"),
    "an unencoded payload (b64)": (
        _raw({"alg": "ES256", "kid": "key-1", "b64": False, "crit": ["b64"]}),
        "does not hold",
    ),
    "a message that somebody logs out": (_with_header(typ="logout+jwt"), "another kind of token"),
    "a kind that is no text": (_with_header(typ=["JWT"]), "another kind of token"),
    "changed claims": (_with_changed_claims, "does not hold"),
    "a claim twice": (_with_doubled_claim, "twice"),
    "a header twice": (_with_doubled_header, "twice"),
    "a token inside a token": (_inside_another, "payload is no JSON"),
    "an encrypted token": (lambda issuer: f"{issuer.token()}.YQ.YQ", "three parts"),
    "a JSON serialization": (
        lambda issuer: json.dumps({"payload": encoded(issuer.claims()), "signatures": []}),
        "three parts",
    ),
    "cut off": (lambda issuer: issuer.token()[:-4], "does not hold"),
    "two parts": (lambda issuer: issuer.token().rpartition(".")[0], "three parts"),
    "nothing": (lambda _issuer: "", "three parts"),
    "padding": (lambda issuer: f"{issuer.token()}==", "three parts"),
    "a line break behind it": (lambda issuer: f"{issuer.token()}\n", "three parts"),
    "other letters": (lambda issuer: issuer.token().replace("e", "\u0435"), "three parts"),
    "huge": (lambda issuer: issuer.token(x="a" * 20_000), "longer than"),
    "deep": (_raw(b"[" * 9_000), "header is no JSON"),
    "a list of claims": (_raw({"alg": "ES256", "kid": "key-1"}, claims=[]), "no JSON object"),
    "no number": (_raw({"alg": "ES256", "kid": "key-1"}, b'{"exp": NaN}'), "no number"),
    "a huge number": (_raw({"alg": "ES256"}, b'{"exp": ' + b"9" * 5_000 + b"}"), "no JSON"),
    "not UTF-8": (_raw({"alg": "ES256"}, '{"iss": "\u00e9"}'.encode("utf-16")), "no JSON"),
}


@pytest.mark.parametrize("name", FORGED)
def test_p4_a_forged_token_is_refused(
    name: str, issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    forge, reason = FORGED[name]
    with pytest.raises(BadToken, match=reason):
        verifier.verify(forge(issuer))
    assert set(issuer.reads) <= {"/.well-known/openid-configuration", "/keys"}


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"use": "enc"}, "no keys that can be used"),
        ({"alg": "ES384"}, "its key is for ES384"),
        ({"crv": "P-384"}, "does not hold"),
        ({"x": "AA"}, "does not hold"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "has no key of this ID"),
    ],
    ids=str,
)
def test_p4_a_key_serves_only_what_it_is_for(
    key: dict[str, Any], reason: str, issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    issuer.publish({**issuer.documents["/keys"]["keys"][0], **key})
    with pytest.raises(Exception, match=reason):
        verifier.verify(issuer.token())


def test_p4_one_of_two_keys_of_one_id_is_not_guessed(
    issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    stranger = public_jwk(STRANGER, "ES256", kid=issuer.kid)
    issuer.publish(*issuer.documents["/keys"]["keys"], stranger)
    with pytest.raises(BadToken, match="several keys"):
        verifier.verify(issuer.token())


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # that is the point
def test_p4_a_key_that_is_too_short_is_none(clock: StoppedClock) -> None:
    issuer = OidcIssuer(algorithm="RS256")
    issuer.key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    issuer.publish(public_jwk(issuer.key, "RS256", kid=issuer.kid))
    policy = policy_for(issuer)
    with pytest.raises(BadToken, match="1024 bits"):
        TokenVerifier(lambda: policy, clock, issuer.get).verify(issuer.token())


def test_p4_one_issuers_key_does_not_sign_for_another(clock: StoppedClock) -> None:
    ours, other = OidcIssuer(), OidcIssuer("https://other.example")
    other.key = STRANGER
    other.publish(public_jwk(STRANGER, "ES256", kid=other.kid))
    policy = policy_for(ours, other)

    def get(url: str) -> dict[str, Any]:
        return (ours if url.startswith(ours.url) else other).get(url)

    verifier = TokenVerifier(lambda: policy, clock, get)

    assert verifier.verify(other.token()).principal == f"ci1:{MAIN}"
    with pytest.raises(BadToken, match="does not hold"):
        verifier.verify(other.token(iss=ours.url))


def test_a_reloaded_policy_has_other_issuers(issuer: OidcIssuer, clock: StoppedClock) -> None:
    policies = [policy_for(OidcIssuer("https://other.example")), policy_for(issuer)]
    verifier = TokenVerifier(lambda: policies[0], clock, issuer.get)
    with pytest.raises(BadToken, match="issuer is not in the policy"):
        verifier.verify(issuer.token())

    policies.pop(0)
    assert verifier.verify(issuer.token()).issuer == "ci"

    policies[0] = policy_for(issuer, audience="db")
    with pytest.raises(BadToken, match="audience"):
        verifier.verify(issuer.token())


def test_p8_why_is_in_the_log_and_the_token_is_not(
    issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    token = issuer.token(aud="vault")
    with capture_logs() as logs, pytest.raises(BadToken):
        verifier.verify(token)
    [line] = logs
    assert line["event"] == "token refused"
    assert line["reason"] == "its audience is not dbaccess alone"
    assert not any(part in str(line) for part in token.split("."))


def test_a_flood_of_wrong_tokens_does_not_fill_the_log(
    verifier: TokenVerifier, clock: StoppedClock
) -> None:
    with capture_logs() as logs:
        for _ in range(1_000):
            with pytest.raises(BadToken):
                verifier.verify("x")
        clock.seconds += 60
        with pytest.raises(BadToken):
            verifier.verify("y")
    assert len(logs) == 31
    assert logs[0]["left_out"] == 0
    assert logs[-1]["left_out"] == 970


GITHUB_AS_IT_IS = {
    "jti": "example-id",
    "environment": "prod",
    "ref": "refs/heads/main",
    "sha": "0123456789012345678901234567890123456789",
    "repository": "octo-org/octo-repo",
    "repository_owner": "octo-org",
    "actor_id": "12",
    "repository_visibility": "private",
    "repository_id": "74",
    "repository_owner_id": "65",
    "run_id": "9876543210",
    "run_number": "10",
    "run_attempt": "2",
    "runner_environment": "github-hosted",
    "actor": "octocat",
    "workflow": "example-workflow",
    "head_ref": "",
    "base_ref": "",
    "event_name": "workflow_dispatch",
    "ref_type": "branch",
    "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
}
GITLAB_AS_IT_IS = {
    "namespace_id": "72",
    "namespace_path": "my-group",
    "project_id": "20",
    "project_path": "my-group/my-project",
    "user_id": "1",
    "user_login": "sample-user",
    "user_email": "sample-user@example.com",
    "user_identities": [{"provider": "github", "extern_uid": "2435223452345"}],
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "feature-branch-1",
    "ref_type": "branch",
    "ref_path": "refs/heads/feature-branch-1",
    "ref_protected": "false",
    "groups_direct": ["mygroup/mysubgroup"],
    "environment": "test-environment2",
    "runner_id": 1,
    "runner_environment": "self-hosted",
    "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
}


@pytest.mark.parametrize(
    ("sub", "claims"),
    [
        ("repo:octo-org/octo-repo:environment:prod", GITHUB_AS_IT_IS),
        ("repo:octo-org@65/octo-repo@74:ref:refs/heads/main", GITHUB_AS_IT_IS),
        ("project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1", GITLAB_AS_IT_IS),
    ],
)
def test_tokens_as_their_issuers_document_them(
    sub: str, claims: dict[str, Any], clock: StoppedClock
) -> None:
    issuer = OidcIssuer(algorithm="RS256")
    published = issuer.documents["/keys"]["keys"][0]
    issuer.publish(
        {"kty": "RSA", "kid": "an older one", "use": "sig", "alg": "RS256", "n": "AQAB", "e": "AQ"},
        {**published, "alg": "RS256", "x5c": ["MIID"], "x5t": issuer.kid},
    )
    policy = policy_for(issuer)
    token = issuer.token(header={"x5t": issuer.kid}, sub=sub, nbf=NOW - 300, **claims)

    machine = TokenVerifier(lambda: policy, clock, issuer.get).verify(token)

    assert machine.principal == f"ci:{sub}"
    assert machine.details["ref"] == claims["ref"]
