"""The document that describes the API (OpenAPI 3.1): its schemas are those of the models."""

import json
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from bot import __version__
from bot.web.api.models import Access, AccessRequest, Problem
from bot.web.api.waiting import LONGEST_SECONDS

_PROBLEMS = {
    "400": "The body is not JSON, or the header `Idempotency-Key` is not right.",
    "401": "The token is missing or not right. Nothing more is said.",
    "403": "The token is right, but no written policy gives its machine this access.",
    "404": "This machine has no access of that number.",
    "409": "The cluster or the machine has no room, or the same request is being answered.",
    "413": "The body is too large.",
    "415": "The body's type is not `application/json`.",
    "422": "Something is wrong with what is asked for; `errors` names all of it.",
    "429": "Too many requests. `Retry-After` says when to try again.",
    "503": "The issuer or the database is away. `Retry-After` says when to try again.",
}
_OF_ALL = ("401", "429", "503")
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
_HEADERS: dict[str, dict[str, Any]] = {
    "401": {"WWW-Authenticate": {"schema": {"const": "Bearer"}}},
    "429": _RETRY_AFTER,
    "503": _RETRY_AFTER,
}


@cache
def openapi_document() -> str:
    """Return the document as JSON."""
    return f"{json.dumps(_document(), indent=2)}\n"


def _document() -> dict[str, Any]:
    _, found = models_json_schema(
        [(AccessRequest, "validation"), (Access, "serialization"), (Problem, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dbaccess for machines",
            "version": __version__,
            "description": "Access to managed databases for CI jobs, by a written policy.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"oidc": []}],
        "paths": {
            "/v1/requests": {"post": _ask()},
            "/v1/requests/{id}": {
                "parameters": [_number()],
                "get": _operation("showAccess", "How access stands.", "Access.", _wait()),
                "delete": _operation(
                    "endAccess", "End access; again, it changes nothing.", "Access, as it is now."
                ),
            },
        },
        "components": {
            "securitySchemes": {
                "oidc": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "schemas": found["$defs"],
        },
    }


def _ask() -> dict[str, Any]:
    key = _header("Idempotency-Key", "The same request counts once for a day.", type="string")
    key["schema"] |= {"minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"}
    return {
        "operationId": "openAccess",
        "summary": "Open access by a written policy.",
        "parameters": [key, _wait()],
        "requestBody": {"required": True, "content": _json("AccessRequest")},
        "responses": {
            "200": _success("This access is there already, as it was given."),
            "202": _success("Access is about to open; it is open once its state is `active`."),
            **_problems("400", "403", "409", "413", "415", "422"),
        },
    }


def _operation(name: str, summary: str, success: str, *parameters: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": _success(success), **_problems("404")},
    }


def _number() -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    return {"name": "id", "in": "path", "required": True, "schema": schema}


def _wait() -> dict[str, Any]:
    described = (
        "`wait=20`: answer once access is open, or after so many seconds (RFC 7240), "
        f"{LONGEST_SECONDS} at most. Only a few may wait at once."
    )
    return _header("Prefer", described, type="string")


def _header(name: str, described: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": described, "schema": schema}


def _success(described: str) -> dict[str, Any]:
    location = {"Location": {"schema": {"type": "string", "format": "uri-reference"}}}
    return {"description": described, "headers": location, "content": _json("Access")}


def _problems(*statuses: str) -> dict[str, Any]:
    return {
        status: {
            "description": _PROBLEMS[status],
            "content": _json("Problem", "application/problem+json"),
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
        }
        for status in sorted((*statuses, *_OF_ALL))
    }


def _json(model: str, content_type: str = "application/json") -> dict[str, Any]:
    return {content_type: {"schema": {"$ref": f"#/components/schemas/{model}"}}}
