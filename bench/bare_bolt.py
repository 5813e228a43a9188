"""A Bolt app that checks the signature, acknowledges, and does nothing else: the yardstick.

    python -m bench.bare_bolt SIGNING_SECRET

It runs on the bot's own HTTP server, in a process of its own, and says where, as the bot does.
"""

import json
import sys
import threading

from flask import Flask, Response, request
from slack_bolt import Ack, App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult

from bot.web.http_server import HttpServer


def build(signing_secret: str) -> Flask:
    """Return the app."""

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token="xoxb")  # noqa: S106

    bolt = App(signing_secret=signing_secret, authorize=authorize, process_before_response=True)

    @bolt.command("/dbaccess")
    def on_command(ack: Ack) -> None:
        ack()

    app, handler = Flask("bare"), SlackRequestHandler(bolt)

    @app.post("/slack/events")
    def slack_events() -> Response:
        answer: Response = handler.handle(request)
        return answer

    return app


def main() -> None:
    """Serve until killed."""
    server = HttpServer(build(sys.argv[1]), "127.0.0.1", 0)
    server.start()
    started = {"event": "started", "url": f"http://127.0.0.1:{server.port}"}
    print(json.dumps(started), file=sys.stderr, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
