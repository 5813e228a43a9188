"""Only the playground's own page, in a browser on this machine, may use its API.

Any web page in the same browser can send requests to a loopback port. It cannot send JSON with
this Host and Origin, so these are required.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.exceptions import Forbidden, HTTPException, UnsupportedMediaType
from werkzeug.wrappers import Request, Response

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def refusal(request: Request) -> HTTPException | None:
    """Return why this request is refused; None if it is not."""
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK:
        return Forbidden("The playground answers on the loopback interface only.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return Forbidden("The request comes from another page.")
    if request.method in {"GET", "HEAD"}:
        return None
    if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return Forbidden("The request comes from another page.")
    if request.mimetype != "application/json":
        return UnsupportedMediaType("What changes something is sent as JSON.")
    return None


def with_security_headers(response: Response) -> Response:
    """Return the same response, with headers that keep other pages and hosts out."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response
