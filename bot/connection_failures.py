"""Why a server could not be reached, in words: certificates, proxies, names, connections.

Each HTTP client wraps the reason in exceptions of its own; here it is looked for inside them.
"""

import os
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import SplitResult, urlsplit
from urllib.request import proxy_bypass

from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
)

CERTIFICATES = "SSL_CERT_FILE"
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")  # as slack_sdk looks for it
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_NO_CONNECTION = (ConnectionRefusedError, NewConnectionError, ProxyError)
_BROKEN_OFF = (ConnectionError, HTTPException, ProtocolError)
_EXPIRED, _NOT_YET_VALID, _OTHER_NAME, _OTHER_ADDRESS = 10, 9, 62, 64  # X509_V_ERR_… of OpenSSL


@dataclass(frozen=True)
class ConnectionFailure:
    """What went wrong, as a phrase, and what to do about it; "" where it does not tell."""

    words: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.words}: {self.remedy}" if self.remedy else self.words


@dataclass(frozen=True)
class Proxy:
    """The proxy that a variable names; without the login in it (P8)."""

    variable: str
    place: str

    def __str__(self) -> str:
        return f"{self.place} ({self.variable})"


def failure_in(error: BaseException, url: str, *, set_by: str = "") -> ConnectionFailure | None:
    """Return why nobody answered at *url*; None where *error* does not say.

    Args:
        error: what the client raised.
        url: the address that was called.
        set_by: the variable that has it, where it is not the usual one: mostly that is wrong.
    """
    inside = list(_inside(error))
    proxy = proxy_for(url)
    for one in inside:
        if isinstance(one, ssl.SSLCertVerificationError):
            return _of_certificate(one)
        if tunnel := _TUNNEL.search(str(one)):
            return _of_proxy(int(tunnel[1]), proxy)
        if isinstance(one, ssl.SSLError):
            return ConnectionFailure(f"it speaks no TLS that is understood ({one.reason})")
    return _of_connection(inside, url, proxy, set_by)


def _of_connection(
    inside: Sequence[BaseException], url: str, proxy: Proxy | None, set_by: str
) -> ConnectionFailure | None:
    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in inside)

    is_unknown = has(socket.gaierror, NameResolutionError)
    if has(TimeoutError):
        return ConnectionFailure("no answer in time", "does a firewall let it through?")
    if not is_unknown and not has(*_NO_CONNECTION):
        return ConnectionFailure("the connection broke off") if has(*_BROKEN_OFF) else None
    # urllib3 says where it was the proxy that could not be reached, urllib does not
    if proxy and (has(ProxyError) or not has(HTTPError)):
        return ConnectionFailure(f"no connection to the proxy {proxy}", "is that right?")
    if is_unknown:
        remedy = f"is {set_by} right?" if set_by else ""
        return ConnectionFailure(f"the DNS has no {urlsplit(url).hostname}", remedy)
    if set_by:
        place = urlsplit(url).netloc.rpartition("@")[2]
        return ConnectionFailure(f"no connection to {place}", f"is {set_by} right?")
    return ConnectionFailure("no connection", "does a firewall let it through?")


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy by which *url* is reached; None where that is not by one."""
    address, named = proxy_address_for(url), _proxy_variable()
    if address is None or named is None:
        return None
    return Proxy(named, address.netloc.rpartition("@")[2])


def proxy_address_for(url: str) -> SplitResult | None:
    """Return that proxy's address with the login in it, which must not be shown."""
    named = _proxy_variable()
    if named is None or proxy_bypass(urlsplit(url).netloc):
        return None
    written = os.environ[named]
    return urlsplit(written if "//" in written else f"//{written}")


def _proxy_variable() -> str | None:
    return next((name for name in _PROXIES if os.environ.get(name)), None)


def certificates() -> str | None:
    """Return the file of the CAs to trust, where the environment names one.

    Python's own TLS reads `SSL_CERT_FILE`, requests does not; with this, both do.
    """
    return os.environ.get(CERTIFICATES) or None


def _of_certificate(error: ssl.SSLCertVerificationError) -> ConnectionFailure:
    said = error.verify_message
    match error.verify_code:
        case code if code in (_EXPIRED, _NOT_YET_VALID):
            return ConnectionFailure(f"its {said}", "is this machine's clock right?")
        case code if code in (_OTHER_NAME, _OTHER_ADDRESS):
            return ConnectionFailure(f"its certificate is another server's ({said})")
    return ConnectionFailure(
        f"its certificate is not trusted ({said})",
        f"if a proxy or your own CA signs it, set {CERTIFICATES} to a file with that CA, and the "
        "usual ones",
    )


def _of_proxy(status: int, proxy: Proxy | None) -> ConnectionFailure:
    which = f"the proxy {proxy}" if proxy else "the proxy"
    if status == 407:
        return ConnectionFailure(
            f"{which} asks for a login (407)", "is there one before the host, and is it right?"
        )
    return ConnectionFailure(f"{which} does not let it through ({status})")


def _inside(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, and those that it was raised for or that it holds, each once."""
    waiting = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        held = (one.__cause__, one.__context__, *getattr(one, "__dict__", {}).values(), *one.args)
        waiting.extend(each for each in held if isinstance(each, BaseException))
