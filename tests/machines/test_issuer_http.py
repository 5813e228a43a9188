"""Reading an issuer's documents over HTTP: bounded, and led nowhere else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.machines import issuer_http
from bot.machines.issuer_http import LARGEST_BYTES, ReadFailed, get_json
from bot.machines.issuer_keys import read_keys
from tests.machines.issuer import OidcIssuer, policy_for, public_jwk, serving
from tests.network_path import certificate, in_front_of, web_proxy


class _Odd(BaseHTTPRequestHandler):
    """Answers as no issuer should."""

    def do_GET(self) -> None:
        match self.path:
            case "/elsewhere":
                self._begin(302, Location="/keys")
            case "/huge":
                self._begin(200)
                self.wfile.write(b'{"a": "' + b"a" * LARGEST_BYTES)
            case "/slow":
                self._begin(200)
                self._drip()
            case "/cut":
                self._begin(200, **{"Content-Length": "99"})
                self.wfile.write(b"{")
            case "/list":
                self._begin(200)
                self.wfile.write(b"[]")
            case "/deep":
                self._begin(200)
                self.wfile.write(b"[" * 100_000)
            case "/page":
                self._begin(200)
                self.wfile.write(b"<html>")
            case _:
                self._begin(200)
                self.wfile.write(b'{"keys": []}')

    def _begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self) -> None:
        """Send a byte before each time-out of one read would come."""
        try:
            while True:
                self.wfile.write(b" ")
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def odd() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/elsewhere", "answered 302"),
        ("/huge", "more than"),
        ("/cut", "is no JSON"),
        ("/list", "is no JSON object"),
        ("/deep", "is no JSON"),
        ("/page", "is no JSON"),
    ],
)
def test_what_is_no_document_of_an_issuer_is_not_taken(odd: str, path: str, problem: str) -> None:
    with pytest.raises(ReadFailed, match=problem):
        get_json(odd + path)


def test_a_document_that_never_ends_is_given_up(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_http, "_SECONDS", 0.0)
    with pytest.raises(ReadFailed, match="no answer in time"):
        get_json(f"{odd}/slow")


def test_keys_are_read_over_http() -> None:
    with serving(OidcIssuer()) as issuer:
        [key] = read_keys(policy_for(issuer).machines["ci"])
        assert key == public_jwk(issuer.key, "ES256", kid="key-1", use="sig")

        issuer.is_away = True
        with pytest.raises(ReadFailed, match="answered 503"):
            read_keys(policy_for(issuer).machines["ci"])
    with pytest.raises(ReadFailed, match="no connection"):
        read_keys(policy_for(issuer).machines["ci"])


def test_the_environments_certificates_and_proxy_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = certificate(tmp_path)
    with (
        serving(OidcIssuer()) as issuer,
        in_front_of(issuer.url, with_certificate=signed) as url,
        web_proxy(login="bot:secret") as (proxy, asked),
    ):
        with pytest.raises(ReadFailed, match="its certificate is not trusted"):
            get_json(f"{url}/keys")

        monkeypatch.setenv("SSL_CERT_FILE", str(signed))
        monkeypatch.setenv("HTTPS_PROXY", f"http://bot:secret@{proxy}")
        assert get_json(f"{url}/keys") == issuer.documents["/keys"]
        assert asked == [url.removeprefix("https://")]

        monkeypatch.setenv("HTTPS_PROXY", f"http://bot:wrong@{proxy}")
        with pytest.raises(ReadFailed, match="asks for a login") as caught:
            get_json(f"{url}/keys")
        assert "wrong" not in str(caught.value)
