"""The API over HTTP: databases, their firewalls, and the lists of other resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from dbaccess_playground.digitalocean import cluster_json, resource_json
from dbaccess_playground.digitalocean.cloud import Cloud
from dbaccess_playground.digitalocean.clusters import UnknownClusterError
from dbaccess_playground.digitalocean.firewall import InvalidRulesError
from dbaccess_playground.digitalocean.refusals import RefusedError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SERVED = "dbaccess_playground.served"
MAX_BODY_BYTES = 256 * 1024
MAX_PER_PAGE = 200
DEFAULT_PER_PAGE = 20

LISTS = {
    "/v2/databases": "databases",
    "/v2/droplets": "droplets",
    "/v2/kubernetes/clusters": "kubernetes_clusters",
    "/v2/tags": "tags",
    "/v2/apps": "apps",
}
SCOPES = {  # to read what is below this path
    "/v2/databases": "database:read",
    "/v2/droplets": "droplet:read",
    "/v2/kubernetes": "kubernetes:read",
    "/v2/tags": "tag:read",
    "/v2/apps": "app:read",
    "/v2/account": "account:read",
}
WRITING = "database:update"
ALL_SCOPES = frozenset({*SCOPES.values(), WRITING})
MESSAGES = {
    HTTPStatus.UNAUTHORIZED: ("unauthorized", "Unable to authenticate you"),
    HTTPStatus.FORBIDDEN: ("forbidden", "You are not authorized to perform this operation"),
    HTTPStatus.NOT_FOUND: ("not_found", "The resource you requested could not be found."),
    HTTPStatus.CONFLICT: ("conflict", "Another operation on this resource is in progress."),
    HTTPStatus.PRECONDITION_FAILED: ("precondition_failed", "The resource is not ready for this."),
    HTTPStatus.LOCKED: ("locked", "The resource is locked while another operation runs."),
    HTTPStatus.TOO_MANY_REQUESTS: ("too_many_requests", "API rate limit exceeded."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("server_error", "Unexpected server-side error"),
}


def error_body(code: int, message: str | None = None) -> bytes:
    """Return the JSON body of an error; without `message`, with the usual one."""
    status = HTTPStatus(code)
    name, usual = MESSAGES.get(status, (status.name.lower(), status.description or status.phrase))
    said = {"id": name, "message": message or usual, "request_id": str(uuid4())}
    return json.dumps(said).encode()


@dataclass(frozen=True)
class _Served:
    """What one API stands before, and who may use it."""

    cloud: Cloud
    tokens: Set[str]
    scopes: Set[str]


def build_api(cloud: Cloud, tokens: Set[str], scopes: Set[str] = ALL_SCOPES) -> WSGIApplication:
    """The API over `cloud`, for whoever carries one of `tokens`, which may do what `scopes` say."""
    served, routes = _Served(cloud, tokens, scopes), _routes().wsgi_app

    def api(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return routes({**environ, _SERVED: served}, start_response)

    return api


def _served() -> _Served:
    """What the request at hand is for."""
    served: _Served = request.environ[_SERVED]
    return served


@cache
def _routes() -> Flask:
    """The routes, made once: to compile them takes longer than to answer many requests."""
    api = Flask(__name__)
    api.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    api.before_request(_authenticate)
    _say_errors_in_json(api)
    _serve_databases(api)
    for path, kind in LISTS.items():
        api.add_url_rule(path, kind, lambda kind=kind: _page(kind, _shown(kind)))
    return api


def _shown(kind: str) -> list[dict[str, Any]]:
    """A list as the token may see it: a Droplet shows its tags by the scope `tag:read` only."""
    served = _served()
    things = served.cloud.resources(kind)
    if kind == "droplets" and SCOPES["/v2/tags"] not in served.scopes:
        return [one | {"tags": []} for one in things]
    return things


def _authenticate() -> Response | None:
    served, carried = _served(), request.headers.get("Authorization", "")
    if carried not in {f"Bearer {token}" for token in served.tokens}:
        return _error(HTTPStatus.UNAUTHORIZED)
    needed = _scope_for(request.method, request.path)
    return None if needed is None or needed in served.scopes else _error(HTTPStatus.FORBIDDEN)


def _scope_for(method: str, path: str) -> str | None:
    if method == "PUT":
        return WRITING
    return next((scope for start, scope in SCOPES.items() if path.startswith(start)), None)


def _say_errors_in_json(api: Flask) -> None:
    @api.errorhandler(UnknownClusterError)
    def not_found(_: UnknownClusterError) -> Response:
        return _error(HTTPStatus.NOT_FOUND)

    @api.errorhandler(InvalidRulesError)
    def unprocessable(refused: InvalidRulesError) -> Response:
        return _error(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused))

    @api.errorhandler(RefusedError)
    def not_now(refused: RefusedError) -> Response:
        return _error(refused.code, refused.message)

    @api.errorhandler(HTTPException)
    def other(problem: HTTPException) -> Response:
        if problem.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return _error(HTTPStatus.BAD_REQUEST)
        return _error(problem.code or HTTPStatus.INTERNAL_SERVER_ERROR)


def _serve_databases(api: Flask) -> None:
    @api.get("/v2/account")
    def account() -> Response:
        return jsonify(account=resource_json.account())

    @api.get("/v2/databases/<cluster_id>")
    def database(cluster_id: str) -> Response:
        return jsonify(database=_served().cloud.database(cluster_id))

    @api.get("/v2/databases/<cluster_id>/ca")
    def certificate(cluster_id: str) -> Response:
        _served().cloud.database(cluster_id)
        return jsonify(ca=cluster_json.certificate())

    @api.get("/v2/databases/<cluster_id>/firewall")
    def rules(cluster_id: str) -> Response:
        return jsonify(rules=_served().cloud.read_rules(cluster_id))

    @api.put("/v2/databases/<cluster_id>/firewall")
    def replace_rules(cluster_id: str) -> Response:
        body = request.get_json(force=True)
        _served().cloud.replace_rules(
            cluster_id, body.get("rules") if isinstance(body, dict) else None
        )
        return Response(status=HTTPStatus.NO_CONTENT)


def _error(code: int, message: str | None = None) -> Response:
    return Response(error_body(code, message), code, content_type="application/json")


def _page(kind: str, things: list[dict[str, Any]]) -> Response:
    page = max(request.args.get("page", 1, type=int), 1)
    per_page = request.args.get("per_page", DEFAULT_PER_PAGE, type=int)
    per_page = min(max(per_page, 1), MAX_PER_PAGE)
    last = max(-(-len(things) // per_page), 1)
    shown = things[(page - 1) * per_page : page * per_page]

    def link(number: int) -> str:
        return f"{request.base_url}?page={number}&per_page={per_page}"

    pages: dict[str, str] = {}
    if page > 1:
        pages |= {"first": link(1), "prev": link(page - 1)}
    if page < last:
        pages |= {"next": link(page + 1), "last": link(last)}
    links = {"pages": pages} if pages else {}
    return jsonify({kind: shown, "links": links, "meta": {"total": len(things)}})
