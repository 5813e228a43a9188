"""The WSGI app: Slack's endpoint and the other pages."""

import structlog
from flask import Blueprint, Flask, Response, request

from bot.slack.inbound.bolt_app import SlackApp
from bot.slack.inbound.payloads import Unreadable, is_payload
from bot.web.http_server import MAX_BODY_BYTES

log = structlog.get_logger()


def build_wsgi(slack: SlackApp | None, *pages: Blueprint) -> Flask:
    """Return the app; nothing of a request from Slack is read before its signature is verified.

    Without *slack*, which then uses Socket Mode, there is no endpoint for it.
    """
    app = Flask("dbaccess", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    for blueprint in pages:
        app.register_blueprint(blueprint)
    if slack is not None:
        _serve_slack(app, slack)
    return app


def _serve_slack(app: Flask, slack: SlackApp) -> None:
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


def _text(body: str, status: int) -> Response:
    return Response(body, status, content_type="text/plain; charset=utf-8")
