"""The live check: wait for one real command from Slack, and tell what arrived."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from flask import Flask, Response, jsonify, request

from bot.checks.findings import Finding, fault, hint, ok
from bot.config import Settings
from bot.slack.inbound.command_listener import CannotConnect, listening_for_commands
from bot.slack.inbound.signature_verifier import Outcome, RequestVerifier, Verification
from bot.web.http_server import HttpServer

WAIT_SECONDS = 120.0
_WHAT = "live request"
_STOP_IT = (
    "If dbaccess is running, stop it meanwhile: Slack sends each command to only one of an app's "
    "connections"
)
_REPLY = "dbaccess check: this arrived."

Arrivals = queue.SimpleQueue[Finding]


def check_live(
    settings: Settings,
    *,
    announce: Callable[[str], None],
    wait_seconds: float | None = None,
) -> Finding:
    """Wait for somebody to type `/dbaccess help`, and return what came of it.

    Nothing is carried out: whoever types it reads that it arrived. Other requests of Slack's are
    refused meanwhile; Slack sends its events again.

    Args:
        settings: where to listen, and by which secret or token.
        announce: called with what to do now, once it would be seen.
        wait_seconds: how long to wait; None: `WAIT_SECONDS`.
    """
    wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
    arrivals = Arrivals()
    listening = _over_http if settings.slack_app_token is None else _over_socket
    try:
        with listening(settings, arrivals) as (where, remedy):
            announce(f"Type /dbaccess help in Slack now. Waiting {wait_seconds:g} s {where}.")
            return arrivals.get(timeout=wait_seconds)
    except queue.Empty:
        return fault(_WHAT, f"nothing arrived within {wait_seconds:g} s: {remedy}")
    except _CannotListen as error:
        return fault(_WHAT, str(error))


class _CannotListen(Exception):
    """Why nothing could arrive, and what to do about it."""


@contextmanager
def _over_http(settings: Settings, arrivals: Arrivals) -> Iterator[tuple[str, str]]:
    verifier = RequestVerifier(settings.signing_secrets())
    place = f"{settings.host}:{settings.port}"
    try:
        server = HttpServer(_listening_app(verifier, arrivals), settings.host, settings.port)
    except OSError as error:
        raise _CannotListen(
            f"cannot listen on {place} ({error.strerror or error}). If dbaccess runs there, stop "
            "it for this check, or type /dbaccess help and look at dbaccess_slack_requests_total "
            f"on http://{place}/metrics"
        ) from error
    server.start()
    try:
        yield (
            f"on http://{settings.host}:{server.port}",
            f"does the Request URL of /dbaccess end in /slack/events, and lead to {place}?",
        )
    finally:
        server.stop()


def _listening_app(verifier: RequestVerifier, arrivals: Arrivals) -> Flask:
    app = Flask("dbaccess-check", static_folder=None)

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", content_type="text/plain; charset=utf-8")

    @app.post("/slack/events")
    def slack_events() -> Response:
        body = request.get_data(cache=False)
        verification = verifier.verify(body, dict(request.headers))
        if verification.outcome is Outcome.MISSING_HEADERS:
            return Response(status=401)
        if not verification.is_valid:
            arrivals.put(_refused(verification))
            return Response(status=401)
        if "command" not in parse_qs(body.decode()):
            return Response(status=503)
        arrivals.put(_arrived(verification))
        return jsonify(response_type="ephemeral", text=_REPLY)

    return app


def _arrived(verification: Verification) -> Finding:
    if verification.outcome is Outcome.VERIFIED_BY_OLD_SECRET:
        return hint(
            _WHAT,
            "arrived, but signed with the second of SLACK_SIGNING_SECRET: Slack does not use the "
            "first one yet, or they stand in the wrong order",
        )
    return ok(_WHAT, "arrived, signature right")


def _refused(verification: Verification) -> Finding:
    if verification.outcome is Outcome.BAD_SIGNATURE:
        return fault(
            _WHAT,
            "arrived, but the signature is wrong: SLACK_SIGNING_SECRET is of another app (see "
            "Basic Information at api.slack.com/apps)",
        )
    return fault(_WHAT, f"arrived, but {verification.likely_cause}")


@contextmanager
def _over_socket(settings: Settings, arrivals: Arrivals) -> Iterator[tuple[str, str]]:
    token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
    arrived = ok(_WHAT, "arrived by Socket Mode")
    try:
        with listening_for_commands(
            token, settings.slack_api_url, reply=_REPLY, on_command=lambda: arrivals.put(arrived)
        ):
            yield (
                f"by Socket Mode. {_STOP_IT}",
                "is Socket Mode on? If dbaccess runs, it may have answered instead: stop it first",
            )
    except CannotConnect as error:
        raise _CannotListen(f"cannot connect to Slack by SLACK_APP_TOKEN: {error}") from error
