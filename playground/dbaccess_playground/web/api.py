"""The playground over HTTP: its page, what a person sees, their actions, and events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory
from werkzeug.exceptions import HTTPException, NotFound

from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.web.actions import Actions, RequestBody
from dbaccess_playground.web.change_feed import ChangeFeed
from dbaccess_playground.web.person_view import PersonView
from dbaccess_playground.web.same_origin import refusal, with_security_headers

PAGE = Path(__file__).parent / "static"
MAX_BODY_BYTES = 64 * 1024


def build_api(view: PersonView, actions: Actions, feed: ChangeFeed) -> Flask:
    """Return the page and its API, for a browser on this machine."""
    api = Flask(__name__, static_folder=None)
    api.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    _refuse_strangers(api)
    _say_errors_in_json(api)
    _serve_page(api)

    @api.get("/api/setting")
    def setting() -> Response:
        return _json(view.setting())

    @api.get("/api/state")
    def state() -> Response:
        return _json(view.state(request.args.get("person", "")))

    @api.get("/api/events")
    def events() -> Response:
        return Response(feed.events(), content_type="text/event-stream")

    @api.post("/api/<name>")
    def act(name: str) -> Response:
        if name not in actions.by_name:
            raise NotFound(f"no such action: {name}")
        said = actions.by_name[name](RequestBody(request.get_json()))
        feed.notify()
        return _json(said)

    return api


def _refuse_strangers(api: Flask) -> None:
    @api.before_request
    def check() -> None:
        refused = refusal(request)
        if refused is not None:
            raise refused

    api.after_request(with_security_headers)


def _say_errors_in_json(api: Flask) -> None:
    @api.errorhandler(SlackError)
    def by_slack(refused: SlackError) -> Response:
        return _json({"refused": refused.code}, 409)

    @api.errorhandler(LookupError)
    def not_there(gone: LookupError) -> Response:
        return _json({"refused": str(gone)}, 409)

    @api.errorhandler(ValueError)
    def impossible(refused: ValueError) -> Response:
        return _json({"refused": str(refused)}, 422)

    @api.errorhandler(HTTPException)
    def other(problem: HTTPException) -> Response:
        return _json({"refused": problem.description}, problem.code or 500)


def _serve_page(api: Flask) -> None:
    @api.get("/")
    def page() -> Response:
        return send_from_directory(PAGE, "index.html")

    @api.get("/<path:name>")
    def part(name: str) -> Response:
        return send_from_directory(PAGE, name)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
