"""One GET of a JSON document of an issuer: bounded in time and size, and never led elsewhere.

Certificates and proxies are the environment's, as everywhere: urllib reads `SSL_CERT_FILE`,
`HTTPS_PROXY` and `NO_PROXY`.
"""

import json
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from bot import __version__
from bot.connection_failures import failure_in

LARGEST_BYTES = 256 * 1024
_PACKET_SECONDS = 4.0
_SECONDS = 8.0
_ACCEPTED = "application/json, application/jwk-set+json"
_CHUNK_BYTES = 16 * 1024


class ReadFailed(Exception):
    """The document could not be read; the text says why."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        """Follow none: an issuer's keys are where the policy or the issuer says."""


def get_json(url: str) -> dict[str, Any]:
    """Return the JSON object at an address, which is http or https.

    Raises:
        ReadFailed: nobody answered, or not with one.
    """
    request = Request(  # noqa: S310  # the policy and `read_keys` take no other schemes
        url, headers={"Accept": _ACCEPTED, "User-Agent": f"dbaccess/{__version__}"}
    )
    opener = build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=_PACKET_SECONDS) as response:
            found = json.loads(_body(response))
    except HTTPError as error:
        error.close()
        raise ReadFailed(f"{url}: answered {error.code}") from error
    except (OSError, HTTPException) as error:
        raise ReadFailed(f"{url}: {failure_in(error, url) or type(error).__name__}") from error
    except (ValueError, RecursionError) as error:
        raise ReadFailed(f"{url}: is no JSON") from error
    if not isinstance(found, dict):
        raise ReadFailed(f"{url}: is no JSON object")
    return found


def _body(response: Any) -> bytes:
    """Return the body; a time-out of urllib begins anew with each packet, this one does not."""
    until = time.monotonic() + _SECONDS
    body = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise ReadFailed(f"{response.url}: has more than {LARGEST_BYTES} bytes")
        if time.monotonic() > until:
            raise TimeoutError
    return bytes(body)
