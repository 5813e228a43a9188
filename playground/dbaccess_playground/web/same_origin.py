"""Who may talk to the playground: its own page, in a browser on this machine, and nobody else.

Any web page that is open in the same browser can send requests to a loopback port. It cannot
send JSON with this Host and Origin, so that is what is asked for.
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
    """Why this request goes no further, or None."""
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK:
        return Forbidden("The playground answers on the loopback interface only.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return Forbidden("Another page asked.")
    if request.method in {"GET", "HEAD"}:
        return None
    if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return Forbidden("Another page asked.")
    if request.mimetype != "application/json":
        return UnsupportedMediaType("What changes something is sent as JSON.")
    return None


def closed_to_others(response: Response) -> Response:
    """The same answer, with headers that keep everything on this page and this machine."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response
