"""`dbaccess check` where Slack or DigitalOcean is not reached: certificates, proxies, names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.checks.findings import Level
from bot.connection_failures import failure_in
from tests.checks.operator_folder import Operator
from tests.network_path import certificate, in_front_of, web_proxy

HINT, FAULT = Level.HINT, Level.FAULT
NOWHERE = "127.0.0.1:1"


def both_tell(operator: Operator, *words: str) -> None:
    """Assert that one check says so of Slack and of DigitalOcean."""
    faults = {one.what: one.words for one in operator.findings() if one.level is FAULT}
    for what in ("slack token", "digitalocean"):
        for part in words:
            assert part in faults[what]


@pytest.fixture
def signed(operator: Operator, tmp_path: Path) -> Iterator[Path]:
    """Both by TLS, with a certificate that nobody trusts; return its file."""
    file = certificate(tmp_path)
    with tls(operator, file):
        yield file


class tls:  # noqa: N801  # reads as what it is
    def __init__(self, operator: Operator, file: Path) -> None:
        self._operator = operator
        self._fronts = [
            in_front_of(one.url, with_certificate=file)
            for one in (operator.slack, operator.digitalocean)
        ]

    def __enter__(self) -> None:
        slack, digitalocean = (front.__enter__() for front in self._fronts)
        self._operator.env["SLACK_API_URL"] = f"{slack}/api/"
        self._operator.env["DIGITALOCEAN_API_URL"] = digitalocean

    def __exit__(self, *_: object) -> None:
        for front in self._fronts:
            front.__exit__(None, None, None)


def test_a_certificate_that_is_not_trusted_is_named_with_the_variable(
    operator: Operator, signed: Path
) -> None:
    both_tell(
        operator,
        "its certificate is not trusted (self-signed certificate)",
        "set SSL_CERT_FILE to a file with that CA",
    )


def test_with_the_ca_in_ssl_cert_file_both_are_reached(operator: Operator, signed: Path) -> None:
    operator.env["SSL_CERT_FILE"] = str(signed)

    checked = operator.check()

    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("host", "days_left", "words"),
    [
        ("127.0.0.1", -1, "its certificate has expired: is this machine's clock right?"),
        ("127.0.0.2", 1, "its certificate is another server's"),
    ],
)
def test_a_certificate_that_is_trusted_but_wrong_is_told_apart(
    operator: Operator, tmp_path: Path, host: str, days_left: int, words: str
) -> None:
    file = certificate(tmp_path, host=host, days_left=days_left)
    operator.env["SSL_CERT_FILE"] = str(file)

    with tls(operator, file):
        both_tell(operator, words)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_cas_that_cannot_be_used_is_named(
    operator: Operator, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    operator.env["SSL_CERT_FILE"] = str(file)

    operator.tells(FAULT, "SSL_CERT_FILE", str(file))


def test_a_proxy_that_asks_for_a_login_is_named_without_the_password(
    operator: Operator, signed: Path
) -> None:
    operator.env["SSL_CERT_FILE"] = str(signed)
    with web_proxy(login="ops:right") as (place, asked):
        operator.env["HTTPS_PROXY"] = f"http://ops:wrong-3@{place}"
        both_tell(operator, f"{place} (HTTPS_PROXY) asks for a login (407): is there one before")
        assert not [one for one in operator.findings() if "wrong-3" in one.words]
        assert asked

        operator.env["HTTPS_PROXY"] = f"http://ops:right@{place}"
        assert operator.check().exit_code == 0


def test_a_proxy_that_lets_nothing_through_is_named(operator: Operator, signed: Path) -> None:
    with web_proxy(allows=False) as (place, _):
        operator.env["HTTPS_PROXY"] = f"http://{place}"
        both_tell(operator, f"the proxy {place} (HTTPS_PROXY) does not let it through (403)")


@pytest.mark.parametrize("proxy", [NOWHERE, "proxy.invalid:3128"])
def test_a_proxy_that_nobody_reaches_is_named(operator: Operator, signed: Path, proxy: str) -> None:
    operator.env["HTTPS_PROXY"] = f"http://{proxy}"

    both_tell(operator, f"no connection to the proxy {proxy} (HTTPS_PROXY)")


def test_a_proxy_that_is_not_for_these_hosts_is_not_blamed(operator: Operator) -> None:
    operator.env |= {"HTTPS_PROXY": f"http://{NOWHERE}", "NO_PROXY": "127.0.0.1"}

    assert operator.check().exit_code == 0


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere.invalid", "the DNS has no nowhere.invalid: is {} right?"),
        (NOWHERE, "no connection to 127.0.0.1:1: is {} right?"),
    ],
)
def test_a_server_that_nobody_reaches_is_told_with_the_address_and_its_variable(
    operator: Operator, place: str, words: str
) -> None:
    operator.env["SLACK_API_URL"] = f"https://{place}/api/"
    operator.env["DIGITALOCEAN_API_URL"] = f"https://{place}"

    operator.tells(FAULT, "slack token", words.format("SLACK_API_URL"))
    operator.tells(FAULT, "digitalocean", words.format("DIGITALOCEAN_API_URL"))


def test_where_the_usual_address_is_not_reached_nothing_is_said_of_a_variable() -> None:
    refused = failure_in(ConnectionRefusedError(), "https://slack.com/api/")

    assert str(refused) == "no connection: does a firewall let it through?"


def test_a_server_that_speaks_no_tls_is_told(operator: Operator) -> None:
    operator.env["SLACK_API_URL"] = operator.slack.api_url.replace("http:", "https:")
    operator.env["DIGITALOCEAN_API_URL"] = operator.digitalocean.url.replace("http:", "https:")

    both_tell(operator, "it speaks no TLS that is understood")


def test_scopes_that_a_proxy_hides_are_no_fault(operator: Operator) -> None:
    with in_front_of(operator.slack.url, dropping=frozenset({"x-oauth-scopes"})) as front:
        operator.env["SLACK_API_URL"] = f"{front}/api/"

        operator.tells(HINT, "slack scopes", "came without X-OAuth-Scopes")
        assert operator.check().exit_code == 0


def test_a_page_of_some_proxy_is_no_answer_of_slacks(operator: Operator) -> None:
    operator.env["SLACK_API_URL"] = f"{operator.digitalocean.url}/"

    operator.tells(FAULT, "slack token", "a proxy answered, and not Slack (status 40")
