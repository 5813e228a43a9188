"""The Web API as a WSGI application: tokens, scopes, arguments, and a record of every call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from dbaccess_playground.faults import Faults
from dbaccess_playground.slack.errors import RateLimited, SlackError
from dbaccess_playground.slack.response_urls import ResponseUrls
from dbaccess_playground.slack.web_api import chat, directory, views
from dbaccess_playground.slack.workspace import Call, Workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Args = Mapping[str, Any]
Json = dict[str, Any]
Method = Callable[[Workspace, Args], Json]

_TOKEN_AND_ARGS = "sandbox.slack.token_and_args"
_METHODS: dict[str, tuple[str | None, Method]] = {
    **chat.METHODS,
    **directory.METHODS,
    **views.METHODS,
}
_ERRORS_BY_STATUS = {401: "invalid_auth", 403: "access_denied", 429: "ratelimited"}


class SlackApi:
    """Answers `/api/METHOD` and `/response/TOKEN` for one workspace.

    `bot_token` is the one that it accepts, `app_tokens` are all app-level tokens that it does.
    """

    def __init__(
        self,
        workspace: Workspace,
        response_urls: ResponseUrls,
        *,
        bot_token: str,
        app_token: str,
        app_scopes: Set[str],
        faults: Faults,
        open_socket: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._response_urls = response_urls
        self.bot_token = bot_token
        self.app_tokens = {app_token}
        self._app_scopes = app_scopes
        self._open_socket = open_socket
        self.wsgi_app = self._listed(faults.wrap(self._answer, _error_body))

    def _listed(self, wsgi_app: WSGIApplication) -> WSGIApplication:
        def listed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            at, began = self._workspace.clock(), time.perf_counter()
            token, args = _token_and_args(Request(environ))
            environ[_TOKEN_AND_ARGS] = (token, args)
            status, parts, cut = 0, list[bytes](), None
            try:
                answer, line, headers = run_wsgi_app(wsgi_app, environ)
                start_response(line, list(headers))
                parts.extend(answer)
                status = int(line[:3])
            except ConnectionError as error:
                cut = error
            said = _error_in(status, b"".join(parts))
            seconds = time.perf_counter() - began
            method = _method(environ["PATH_INFO"])
            self._list(Call(method, args, said is None, said, status, seconds, at))
            return _sent(parts, cut)

        return listed

    def _list(self, call: Call) -> None:
        with self._workspace.lock:
            self._workspace.calls.append(call)
            self._workspace.notify("call", call)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        token, args = environ[_TOKEN_AND_ARGS]
        where, _, name = str(environ["PATH_INFO"]).lstrip("/").partition("/")
        if where == "response":
            return self._to_response_url(name, args)(environ, start_response)
        return self._to_method(name, token, args)(environ, start_response)

    def _to_response_url(self, token: str, args: Args) -> Response:
        try:
            with self._workspace.lock:
                self._response_urls.take(token, args)
        except SlackError as error:
            gone = error.code in {"used_url", "expired_url", "no_service"}
            return Response(
                json.dumps(error.as_slack()),
                404 if gone else 400,
                content_type="application/json",
            )
        return Response("ok", content_type="text/plain")

    def _to_method(self, name: str, token: str | None, args: Args) -> Response:
        status, more = 200, dict[str, str]()
        try:
            body = {"ok": True, **self._call(name, token, args)}
        except RateLimited as limited:
            status, more = 429, {"retry-after": str(limited.retry_after_seconds)}
            body = limited.as_slack()
        except SlackError as error:
            body = error.as_slack()
        with self._workspace.lock:
            scopes = ",".join(sorted(self._workspace.scopes))
        return Response(
            json.dumps(body),
            status,
            {"x-oauth-scopes": scopes, "x-slack-req-id": self._workspace.new_id("req"), **more},
            content_type="application/json; charset=utf-8",
        )

    def _call(self, name: str, token: str | None, args: Args) -> Json:
        if name == "api.test":
            return _api_test(args)
        if name == "apps.connections.open":
            if token not in self.app_tokens:
                raise SlackError(
                    "not_allowed_token_type" if token == self.bot_token else "invalid_auth"
                )
            if "connections:write" not in self._app_scopes:
                raise SlackError("missing_scope", needed="connections:write", provided="")
            return {"url": self._open_socket()}
        if name not in _METHODS:
            raise SlackError("unknown_method", req_method=name)
        if token != self.bot_token:
            raise SlackError("invalid_auth" if token else "not_authed")
        scope, method = _METHODS[name]
        with self._workspace.lock:
            if scope is not None and scope not in self._workspace.scopes:
                provided = ",".join(sorted(self._workspace.scopes))
                raise SlackError("missing_scope", needed=scope, provided=provided)
            wait_seconds = self._workspace.rate_limits.draw(name)
            if wait_seconds is not None:
                raise RateLimited(wait_seconds)
            return method(self._workspace, args)


def _api_test(args: Args) -> Json:
    if "error" in args:
        raise SlackError(str(args["error"]), args=dict(args))
    return {"args": dict(args)}


def _token_and_args(request: Request) -> tuple[str | None, Json]:
    if request.is_json:
        sent = request.get_json(silent=True)
        args = dict(sent) if isinstance(sent, dict) else {}
    else:
        args = {**request.args, **request.form}
    token = args.pop("token", None)
    kind, _, in_header = request.headers.get("Authorization", "").partition(" ")
    return in_header if kind == "Bearer" else token, args


def _method(path: str) -> str:
    return path.removeprefix("/api/") if path.startswith("/api/") else "response_url"


def _sent(parts: Iterable[bytes], cut: ConnectionError | None) -> Iterator[bytes]:
    yield from parts
    if cut is not None:
        raise cut


def _error_in(status: int, body: bytes) -> str | None:
    """Return the error of an answer; None if it has none."""
    if body == b"ok":
        return None
    if status == 0:
        return "no_answer"
    try:
        said = json.loads(body)
    except ValueError:
        return f"http_{status}"
    return None if said.get("ok") else str(said.get("error"))


def _error_body(code: int) -> bytes:
    error = _ERRORS_BY_STATUS.get(code, "internal_error")
    return json.dumps({"ok": False, "error": error}).encode()
