"""A Bolt app that checks the signature and acknowledges, and does nothing else: the yardstick.

    python -m bench.bare_bolt SIGNING_SECRET [FILE]

With a FILE, it first commits one row there, as durably as the bot commits a request. It runs on the
bot's own HTTP server, in a process of its own, and says where, as the bot does.
"""

import json
import sqlite3
import sys
import threading
from collections.abc import Callable

from flask import Flask, Response, request
from slack_bolt import Ack, App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult

from bot.web.http_server import HttpServer


def build(signing_secret: str, keep: Callable[[str], None]) -> Flask:
    """Return the app; *keep* is called with what was typed, before it is acknowledged."""

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token="xoxb")  # noqa: S106

    bolt = App(signing_secret=signing_secret, authorize=authorize, process_before_response=True)

    @bolt.command("/dbaccess")
    def on_command(ack: Ack, command: dict[str, str]) -> None:
        keep(command["text"])
        ack()

    app, handler = Flask("bare"), SlackRequestHandler(bolt)

    @app.post("/slack/events")
    def slack_events() -> Response:
        answer: Response = handler.handle(request)
        return answer

    return app


def keeping_in(file: str) -> Callable[[str], None]:
    """Return what commits a row to a SQLite file, synced to the disk, one writer at a time."""
    connection = sqlite3.connect(file, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE typed (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    writing = threading.Lock()

    def keep(text: str) -> None:
        with writing, connection:
            connection.execute("INSERT INTO typed (text) VALUES (?)", [text])

    return keep


def main() -> None:
    """Serve until killed."""
    keep = keeping_in(sys.argv[2]) if len(sys.argv) > 2 else lambda _text: None
    server = HttpServer(build(sys.argv[1], keep), "127.0.0.1", 0)
    server.start()
    started = {"event": "started", "url": f"http://127.0.0.1:{server.port}"}
    print(json.dumps(started), file=sys.stderr, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
