"""The WSGI app: Slack's endpoint, health and metrics, and where the pages hang."""

from dataclasses import dataclass

import structlog
from flask import Blueprint, Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.slack.app import SlackApp
from bot.slack.interaction import Unreadable, is_payload
from bot.store import heartbeats, schema
from bot.store.database import Database

MAX_BODY_BYTES = 1_000_000
_WORKER_SILENCE_SECONDS = 30.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Health:
    """What `/readyz` asks."""

    database: Database
    clock: Clock

    def problems(self) -> list[str]:
        """Return what keeps this installation from doing its work."""
        try:
            if not schema.is_current(self.database):
                return ["the database schema is not current: run `dbaccess migrate`"]
            with self.database.reading() as session:
                last = heartbeats.last(session, self.clock.now())
        except SQLAlchemyError as error:
            return [f"the database cannot be reached: {type(error).__name__}"]
        if last is None or last < self.clock.in_seconds(-_WORKER_SILENCE_SECONDS):
            return ["no worker has looked lately: is `dbaccess worker` running?"]
        return []


def build_wsgi(
    slack: SlackApp, health: Health, registry: CollectorRegistry, pages: Blueprint
) -> Flask:
    """Return the app; nothing is read from a Slack request before its signature was checked."""
    app = Flask("dbaccess", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.register_blueprint(pages)

    @app.post("/slack/events")
    def slack_events() -> Response:
        body = request.get_data(cache=False)
        if not slack.admits(body, dict(request.headers)):
            return _text("not signed by Slack\n", 401)
        if not is_payload(body, request.content_type or ""):
            return _text("not a payload of Slack's\n", 400)
        query = request.query_string.decode()
        try:
            answer = slack.dispatch(body.decode(), dict(request.headers), query)
        except Unreadable as error:
            log.warning("unreadable request", error=str(error))
            return _text("not a payload of Slack's\n", 400)
        response = Response(answer.body, answer.status)
        for name, values in answer.headers.items():
            for value in values:
                response.headers[name] = value
        return response

    @app.get("/healthz")
    def healthz() -> Response:
        return _text("alive\n", 200)

    @app.get("/readyz")
    def readyz() -> Response:
        problems = health.problems()
        return _text("\n".join(problems) + "\n", 503) if problems else _text("ready\n", 200)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return app


def _text(body: str, status: int) -> Response:
    return Response(body, status, content_type="text/plain; charset=utf-8")
