"""Problems: everything that goes wrong at the API, as problem documents (RFC 9457).

Nothing is said of a token that is not right: whoever sent it may be anybody.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from bot.domain.refusal import Refused
from bot.slack.messages.quoting import in_plain_text
from bot.slack.messages.refusals import sentence
from bot.web.api.models import AccessRequest, FieldProblem, Problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PROBLEM_TYPE = "application/problem+json"
_KINDS = "/v1/problems/"
_BY_CODE = {
    "no_machine_policy": HTTPStatus.FORBIDDEN,
    "access_revoked": HTTPStatus.FORBIDDEN,
    "not_this_machines": HTTPStatus.NOT_FOUND,
    "too_many_grants": HTTPStatus.CONFLICT,
    "open_cluster": HTTPStatus.CONFLICT,
    "full_cluster": HTTPStatus.CONFLICT,
}
_CAPITALS = {"Ipv6": "IPv6", "json": "JSON", "this machines": "this machine's"}


class ProblemFound(Exception):
    """What is answered instead of what was asked for; *headers* go with it."""

    def __init__(self, problem: Problem, **headers: str) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def response(self) -> Response:
        """The answer."""
        text = f"{self.problem.model_dump_json(exclude_none=True, exclude=self._left_out)}\n"
        answer = Response(text, self.problem.status, content_type=PROBLEM_TYPE)
        answer.headers.update(self.headers)
        return answer

    @property
    def _left_out(self) -> set[str]:
        return set() if self.problem.errors else {"errors"}


def plain(status: HTTPStatus, detail: str | None = None, **headers: str) -> ProblemFound:
    """Return a problem of which the status says what kind it is."""
    problem = Problem(title=status.phrase, status=status, detail=detail)
    return ProblemFound(problem, **headers)


def not_authorised() -> ProblemFound:
    """Return the answer to a token that is missing or not right."""
    return plain(HTTPStatus.UNAUTHORIZED, WWW_Authenticate="Bearer")


def too_many(seconds: int) -> ProblemFound:
    """Return the answer to the next one of too many requests."""
    detail = f"Too many requests. Try again in {seconds} s."
    return plain(HTTPStatus.TOO_MANY_REQUESTS, detail, Retry_After=str(seconds))


def away(detail: str, seconds: int) -> ProblemFound:
    """Return that something is not available just now that an answer depends on."""
    return plain(HTTPStatus.SERVICE_UNAVAILABLE, detail, Retry_After=str(seconds))


def kind(code: str, status: HTTPStatus, detail: str) -> ProblemFound:
    """Return a problem of a kind of its own."""
    return ProblemFound(_of_kind(code, status, detail))


def of_http(error: HTTPException) -> ProblemFound:
    """Return a problem that the framework found: no such page, a method that is not there."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    allowed = error.get_response().headers.get("Allow")
    return plain(status, **({"Allow": allowed} if allowed else {}))


def of_refusal(refused: Refused) -> ProblemFound:
    """Return why something is refused; what is wrong with a request, all of it at once."""
    code = refused.refusal.code
    status = _BY_CODE.get(code, HTTPStatus.UNPROCESSABLE_ENTITY)
    errors = tuple(_parts(refused)) if status is HTTPStatus.UNPROCESSABLE_ENTITY else ()
    return ProblemFound(_of_kind(code, status, _words(refused), errors))


def of_body(error: ValidationError) -> ProblemFound:
    """Return what is wrong with a body: that it is no JSON, or which parts of it are wrong."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return kind("not_json", HTTPStatus.BAD_REQUEST, "The body is not JSON.")
    errors = tuple(
        FieldProblem(pointer=_pointer(fault["loc"]), detail=_fault_words(fault)) for fault in faults
    )
    detail = "Nothing was done: `errors` says what is wrong with the request."
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemFound(_of_kind("invalid_request", status, detail, errors))


def _of_kind(
    code: str, status: HTTPStatus, detail: str, errors: tuple[FieldProblem, ...] = ()
) -> Problem:
    title = code.replace("_", " ").capitalize()
    for wrong, right in _CAPITALS.items():
        title = title.replace(wrong, right)
    return Problem(type=f"{_KINDS}{code}", title=title, status=status, detail=detail, errors=errors)


def _fault_words(fault: "ErrorDetails") -> str:
    match fault["type"]:
        case "missing" | "string_too_short":
            return "This is required."
        case "string_type":
            return 'Write it as text, in double quotes, like "20m".'
        case "extra_forbidden":
            known = ", ".join(AccessRequest.model_fields)
            return f"No such field. There are {known}."
        case "model_type":
            return "Send a JSON object."
        case _:
            return f"{fault['msg']}."


def _parts(refused: Refused) -> Iterator[FieldProblem]:
    for one in (refused, *refused.others):
        if one.field is not None:
            yield FieldProblem(pointer=_pointer([one.field]), detail=_words(one))


def _words(refused: Refused) -> str:
    return sentence(refused.refusal, in_plain_text, way=False)


def _pointer(location: "tuple[int | str, ...] | list[str]") -> str:
    """Return where something stands in the body, as a JSON pointer."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "#" + "".join(f"/{part}" for part in escaped)
