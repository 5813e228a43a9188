"""The endpoints: `POST /v1/requests`, `GET` and `DELETE /v1/requests/<id>`, the document.

Before a token has been verified nothing else of a request is read, and nobody is asked anything.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network
from threading import BoundedSemaphore, Event

import structlog
from flask import Blueprint, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from bot.access.machine_service import MachineService
from bot.domain.addresses import Address
from bot.domain.commands import RequestAccess
from bot.domain.durations import parse_duration
from bot.domain.machine_access import MachineAccess
from bot.domain.machines import Machine
from bot.domain.refusal import Field, Problems, Refused
from bot.domain.refusals.machines import CallerUnknown
from bot.domain.sources import TrustedSource, parse_source
from bot.machines.tokens import BadToken, IssuerUnavailable, TokenVerifier
from bot.rate_limit import RateLimit
from bot.store.failures import DATABASE_UNAVAILABLE, trouble_of
from bot.store.idempotency import KeyReused
from bot.web.api.idempotency import HEADER, InFlight, once_of
from bot.web.api.models import CALLER, Access, AccessRequest
from bot.web.api.openapi import openapi_document
from bot.web.api.problems import (
    ProblemFound,
    away,
    kind,
    not_authorised,
    of_body,
    of_http,
    of_refusal,
    plain,
    too_many,
)
from bot.web.api.waiting import Waiting
from bot.web.caller import caller_address

PREFIX = "/v1"
_MAX_BODY_BYTES = 16_384
_MAX_ID = 2**31 - 1
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_AT_ONCE = 8  # of the server's threads, so that Slack and probes always have some
_AGAIN_SECONDS = 10
_MINUTE = 60.0
_OF_AN_ADDRESS = 600  # a minute; a company's jobs may all come from one
_OF_A_MACHINE = 120
_IPV6_PREFIX = 64
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

log = structlog.get_logger()


def machine_api(
    service: MachineService,
    tokens: TokenVerifier,
    elapsed: Callable[[], float],
    *,
    trusted_proxies: int,
    stop: Event,
    on_answer: Callable[[str, int], None] = lambda _method, _status: None,
) -> Blueprint:
    """Return the pages at `/v1/…`.

    Args:
        service: what machines may do.
        tokens: verifies their tokens.
        elapsed: seconds that only grow.
        trusted_proxies: how many there are in front.
        stop: set when the process is about to stop.
        on_answer: called with the method and status of each answer.
    """
    pages = Blueprint("api", __name__)
    api = _Api(
        service,
        tokens,
        trusted_proxies,
        Waiting(stop),
        of_address=RateLimit(_OF_AN_ADDRESS, _MINUTE, elapsed),
        of_machine=RateLimit(_OF_A_MACHINE, _MINUTE, elapsed),
    )
    for path, methods, act in (
        ("/requests", ["POST"], api.ask),
        ("/requests/<written>", ["GET", "DELETE"], api.show_or_end),
        ("/openapi.json", ["GET"], _describe),
    ):
        pages.add_url_rule(
            f"{PREFIX}{path}", view_func=act, methods=methods, provide_automatic_options=False
        )
    pages.register_error_handler(ProblemFound, lambda found: found.response)
    pages.app_errorhandler(HTTPException)(_http_error)
    for unavailable in DATABASE_UNAVAILABLE:
        pages.register_error_handler(unavailable, _database_away)
    pages.register_error_handler(Exception, _bug)

    @pages.after_request
    def finish(answer: Response) -> Response:
        answer.headers.update(_HEADERS)
        on_answer(request.method, answer.status_code)
        return answer

    return pages


@dataclass(frozen=True)
class _Api:
    """What is done for each request."""

    service: MachineService
    tokens: TokenVerifier
    trusted_proxies: int
    waiting: Waiting
    of_address: RateLimit
    of_machine: RateLimit
    in_flight: InFlight = field(default_factory=InFlight)
    places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE))

    def ask(self) -> Response:
        """Open access, or say what there is of it already."""
        with self._admitted() as machine:
            asked = _body()
            command = self._command(asked)
            once = once_of(request.headers.get(HEADER), command, machine.principal)
            with self.in_flight.alone(once):
                access = self.service.request(command, machine, once)
            status = HTTPStatus.ACCEPTED if access.is_new else HTTPStatus.OK
            log.info(
                "machine asked", machine=machine.principal, number=access.id, is_new=access.is_new
            )
            return _answer(self._settled(access, machine), status)

    def show_or_end(self, written: str) -> Response:
        """Say how access stands; or end it, which a second time changes nothing."""
        with self._admitted() as machine:
            number = _number(written)
            if request.method != "DELETE":
                return _answer(self._settled(self.service.find(number, machine), machine))
            access = self.service.hand_back(number, machine)
            log.info("machine ended access", machine=machine.principal, number=number)
            return _answer(access)

    @contextmanager
    def _admitted(self) -> Iterator[Machine]:
        """Say which machine this is, and why something is refused to it."""
        caller = _one_caller(caller_address(self.trusted_proxies))
        if seconds := self.of_address.seconds_to_wait(caller):
            raise too_many(seconds)
        if not self.places.acquire(blocking=False):
            raise away("Too many requests at once.", 1)
        try:
            machine = self._machine()
            if seconds := self.of_machine.seconds_to_wait(machine.principal):
                raise too_many(seconds)
            yield machine
        except Refused as refused:
            log.info("machine refused", machine=machine.principal, why=refused.refusal.code)
            raise of_refusal(refused) from refused
        except KeyReused as error:
            detail = f"This {HEADER} was used for another request."
            raise kind("key_reused", HTTPStatus.UNPROCESSABLE_ENTITY, detail) from error
        finally:
            self.places.release()

    def _machine(self) -> Machine:
        """Return the machine whose token came with the request."""
        given = request.authorization
        if given is None or given.type != "bearer" or not given.token:
            raise not_authorised()
        try:
            return self.tokens.verify(given.token)
        except BadToken as error:
            raise not_authorised() from error
        except IssuerUnavailable as error:
            detail = "The token can't be verified now: its issuer doesn't answer."
            raise away(detail, _AGAIN_SECONDS) from error

    def _command(self, asked: AccessRequest) -> RequestAccess:
        problems = Problems()
        with problems.about(Field.SOURCE):
            source = self._source(asked.source)
        with problems.about(Field.DURATION):
            duration = parse_duration(asked.duration)
        problems.check()
        return RequestAccess(
            cluster=asked.cluster, source=source, duration=duration, reason=asked.reason
        )

    def _source(self, written: str) -> TrustedSource:
        if written != CALLER:
            return parse_source(written)
        address = caller_address(self.trusted_proxies)
        if address is None:
            raise Refused(CallerUnknown())
        return parse_source(str(address))

    def _settled(self, access: MachineAccess, machine: Machine) -> MachineAccess:
        prefer = request.headers.get("Prefer", "")
        try:
            return self.waiting.until_settled(
                access, lambda number: self.service.find(number, machine), prefer
            )
        except DATABASE_UNAVAILABLE:
            return access  # what was done stays done, and a machine may ask what became of it


def _one_caller(address: Address | None) -> str:
    """Return by what a caller is counted: of IPv6, whoever has one address has 2^64 of them."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)


def _number(written: str) -> int:
    """Return the number in a path."""
    if _NUMBER.fullmatch(written) and int(written) <= _MAX_ID:
        return int(written)
    raise plain(HTTPStatus.NOT_FOUND)


def _body() -> AccessRequest:
    """Return what is asked for."""
    if request.mimetype != "application/json":
        detail = "Send JSON, with Content-Type: application/json."
        raise plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    request.max_content_length = _MAX_BODY_BYTES
    try:
        return AccessRequest.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        raise of_body(error) from error


def _answer(access: MachineAccess, status: HTTPStatus = HTTPStatus.OK) -> Response:
    text = f"{Access.of(access).model_dump_json()}\n"
    answer = Response(text, status, content_type="application/json")
    answer.headers["Location"] = f"{PREFIX}/requests/{access.id}"
    return answer


def _describe() -> Response:
    return Response(openapi_document(), content_type="application/json")


def _http_error(error: HTTPException) -> Response | HTTPException:
    """Answer to a path or method that is not there; the rest of the site is not ours."""
    if not request.path.startswith(f"{PREFIX}/"):
        return error
    answer = of_http(error).response
    answer.headers.update(_HEADERS)
    return answer


def _database_away(error: Exception) -> Response:
    if trouble_of(error) is None:  # else it is logged once for all who meet it
        log.error("API: database unavailable", error=type(error).__name__)
    detail = f"The database is away. Try again in {_AGAIN_SECONDS} s."
    return away(detail, _AGAIN_SECONDS).response


def _bug(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException):
        return _http_error(error)
    log.error("API: request failed", exc_info=error)
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR).response
