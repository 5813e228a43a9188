"""An OIDC issuer of our own: its keys, its tokens, and its documents, served on loopback."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from jwt.algorithms import get_default_algorithms

from bot.config import parse_policy
from bot.domain.policy import Policy
from bot.machines.issuer_http import ReadFailed
from tests.test_config import changed

NOW = 1_764_061_200  # 2025-11-25T09:00:00Z
AUDIENCE = "dbaccess"
MAIN = "repo:acme/shop:ref:refs/heads/main"
JOB = {
    "repository": "acme/shop",
    "workflow": "nightly report",
    "ref": "refs/heads/main",
    "actor": "octocat",
    "run_id": "1234567",
}


@cache
def made_key(algorithm: str, number: int = 0) -> Any:
    """Return a private key, made once; *number* tells several of one kind apart."""
    del number
    match algorithm:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(65537, 2048)


def public_jwk(key: PrivateKeyTypes, algorithm: str, **more: Any) -> dict[str, Any]:
    """Return the public part of a key, as an issuer publishes it."""
    to_jwk = get_default_algorithms()[algorithm].to_jwk
    return {**to_jwk(key.public_key(), as_dict=True), **more}


def encoded(value: Any) -> str:
    """Return a part of a token: JSON, or bytes as they are, in Base64url."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


@dataclass
class StoppedClock:
    """A clock that stands still, but for what a test adds."""

    seconds: float = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def elapsed(self) -> float:
        return self.seconds

    def seconds_until(self, at: datetime) -> float:
        return (at - self.now()).total_seconds()

    def in_seconds(self, seconds: float) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class OidcIssuer:
    """An issuer; *url* is where it is. What it serves may be changed in `documents`.

    Attributes:
        now: the time at which it issues tokens, in seconds since 1970.
        subject: who asks for a token at `/mint`, as GitHub's jobs do, with `mint_secret`.
        reads: the paths that were asked for, in order.
    """

    url: str = "https://issuer.example"
    algorithm: str = "ES256"
    now: int = NOW
    kid: str = "key-1"
    is_away: bool = False
    subject: str = MAIN
    mint_secret: str = "a-secret-of-this-run"
    reads: list[str] = field(default_factory=list)
    documents: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = made_key(self.algorithm)
        self.publish(public_jwk(self.key, self.algorithm, kid=self.kid, use="sig"))

    def publish(self, *keys: Mapping[str, Any]) -> None:
        """Have it serve these keys."""
        self.documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {"keys": list(keys)},
        }

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish it alone."""
        number = int(self.kid.rpartition("-")[2]) + 1
        self.kid, self.key = f"key-{number}", made_key(self.algorithm, number)
        self.publish(public_jwk(self.key, self.algorithm, kid=self.kid))

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a token; `...` leaves one out."""
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": MAIN,
            "iat": self.now,
            "nbf": self.now,
            "exp": self.now + 300,
            **JOB,
        }
        return {name: value for name, value in (usual | changes).items() if value is not ...}

    def token(self, *, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Return a token with the usual claims, but for *changes*."""
        headers = {"kid": self.kid, **(header or {})}
        claims = self.claims(**changes)
        return jwt.PyJWS().encode(
            json.dumps(claims).encode(), self.key, self.algorithm, headers=headers
        )

    def mint(self, authorization: str, query: Mapping[str, list[str]]) -> dict[str, Any]:
        """Return a token for the audience in a query, as GitHub answers to a job."""
        if authorization != f"bearer {self.mint_secret}" or query.get("api-version") != ["2.0"]:
            raise ReadFailed("not a job")
        [audience] = query["audience"]
        token = self.token(sub=self.subject, aud=audience)
        return {"count": len(token), "value": token}

    def get(self, url: str) -> dict[str, Any]:
        """Return what it serves there, as `get_json` does."""
        path = url.removeprefix(self.url)
        self.reads.append(path)
        if self.is_away:
            raise ReadFailed(f"{url}: no connection")
        if path not in self.documents:
            raise ReadFailed(f"{url}: answered 404")
        found: dict[str, Any] = self.documents[path]
        return found


def policy_for(*issuers: OidcIssuer, audience: str = AUDIENCE, **more: Any) -> Policy:
    """Return a policy in which `ci`, `ci1` and so on are these issuers, with *more* keys."""
    named = {
        f"ci{number or ''}": {"issuer": one.url, "audience": audience, **more}
        for number, one in enumerate(issuers)
    }
    return parse_policy(changed(machines=named))


@contextmanager
def serving(issuer: OidcIssuer) -> Iterator[OidcIssuer]:
    """Serve what an issuer has on loopback; its URL becomes that one's."""

    class _Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                status, body = 200, json.dumps(self._found()).encode()
            except ReadFailed:
                status, body = (503 if issuer.is_away else 404), b"no"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _found(self) -> dict[str, Any]:
            asked = urlsplit(self.path)
            if asked.path == "/mint":
                sent = self.headers.get("Authorization", "")
                return issuer.mint(sent, parse_qs(asked.query))
            return issuer.get(f"{issuer.url}{self.path}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        issuer.publish(*issuer.documents["/keys"]["keys"])
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
