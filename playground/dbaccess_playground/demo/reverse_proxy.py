"""A small reverse proxy, as in front of a real bot.

To a bot on the same machine, every browser has the address 127.0.0.1. The proxy says in
`X-Forwarded-For` that they come from an address reserved for documentation.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import quote

import urllib3
from flask import Flask, Response, request

from bot.web.http_server import HttpServer

VISITOR = "203.0.113.4"
_HOST = "127.0.0.1"
_TIMEOUT_SECONDS = 10.0
_NOT_PASSED_ON = {"connection", "content-length", "date", "server", "transfer-encoding", "via"}


@contextmanager
def reverse_proxy(bot_url: Callable[[], str | None]) -> Iterator[str]:
    """Run the proxy for as long as the context lasts; yield its URL.

    *bot_url* returns the bot's current URL, which changes when it is switched off and on.
    """
    server = HttpServer(_build_app(bot_url), _HOST, 0)
    server.start()
    try:
        yield f"http://{_HOST}:{server.port}"
    finally:
        server.stop()


def _build_app(bot_url: Callable[[], str | None]) -> Flask:
    app = Flask("reverse_proxy", static_folder=None)

    @app.route("/ip/<path:token>", methods=["GET", "POST"])
    def pass_on(token: str) -> Response:
        try:
            answer = urllib3.request(
                request.method,
                f"{bot_url()}/ip/{quote(token)}",
                body=request.get_data(),
                headers={
                    "Content-Type": request.content_type or "",
                    "X-Forwarded-For": VISITOR,
                },
                timeout=_TIMEOUT_SECONDS,
                redirect=False,
                retries=False,
            )
        except urllib3.exceptions.HTTPError:
            nobody = "The bot does not answer. Is it switched off?\n"
            return Response(nobody, HTTPStatus.BAD_GATEWAY, content_type="text/plain")
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in _NOT_PASSED_ON}
        return Response(answer.data, answer.status, headers)

    return app
