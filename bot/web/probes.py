"""The pages for monitoring: `/healthz`, `/readyz` and `/metrics`."""

import json

from flask import Blueprint, Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from bot.web.health import Check, Health


def probes(health: Health, registry: CollectorRegistry) -> Blueprint:
    """Return the pages for orchestrators and Prometheus."""
    pages = Blueprint("probes", __name__)

    @pages.get("/healthz")
    def healthz() -> Response:
        problem = health.stopping() or health.stuck()
        return _text(f"{problem}\n", 503) if problem else _text("alive\n", 200)

    @pages.get("/readyz")
    def readyz() -> Response:
        checks = health.checks()
        is_ready = all(check.problem is None for check in checks)
        lines = "".join(f"{json.dumps(_plain(check))}\n" for check in checks)
        return _fresh(Response(lines, 200 if is_ready else 503, mimetype="application/x-ndjson"))

    @pages.get("/metrics")
    def metrics() -> Response:
        return _fresh(Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST))

    return pages


def probes_app(pages: Blueprint) -> Flask:
    """Return a WSGI app with only these, for a process that Slack does not call."""
    app = Flask("dbaccess", static_folder=None)
    app.register_blueprint(pages)
    return app


def _plain(check: Check) -> dict[str, object]:
    told: dict[str, object] = {"check": check.name, "ok": check.problem is None}
    return told if check.problem is None else {**told, "problem": check.problem}


def _text(body: str, status: int) -> Response:
    return _fresh(Response(body, status, content_type="text/plain; charset=utf-8"))


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
