"""Trial: what would come of a command if nobody had asked for anything yet.

The use cases themselves decide, over an empty database in memory, so that a trial cannot say
anything else than what would happen. What depends on the state of an installation (limits of how
much somebody has, full or open clusters, access that somebody else ended) does not show.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from sqlmodel import SQLModel

from bot.access.machine_requests import request_as_machine
from bot.access.service import AccessService
from bot.access.unit_of_work import UnitOfWork
from bot.clock import Clock
from bot.domain.actors import Actor
from bot.domain.commands import BreakGlass, RequestAccess
from bot.domain.filled_forms import FilledForm, read_emergency_form
from bot.domain.grammar import parse_command
from bot.domain.lifecycle import RequestState
from bot.domain.machines import Machine
from bot.domain.notices import Asked, RequestFacts
from bot.domain.people import Person, Standing
from bot.domain.policy import Policy
from bot.domain.queries import OpenEmergencyForm, OpenForm
from bot.domain.reading import (
    check_emergency_offered,
    check_request_offered,
    emergencies_of,
    read_command,
    requestable_by,
)
from bot.domain.refusal import Refused
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.store import requests
from bot.store.database import Database


class Result(StrEnum):
    """What would come of it."""

    REFUSED = "refused"
    FORM = "form"
    APPROVALS = "approvals"
    AUTO = "auto"
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class Outcome:
    """What would come of a command.

    Args:
        result: the kind of it.
        cluster: the name of the cluster that it is for, where that is clear.
        request: what would be saved, if it is not refused.
        refusals: all that is wrong with it, if it is.
    """

    result: Result
    cluster: str | None = None
    request: RequestFacts | None = None
    refusals: tuple[AnyRefusal, ...] = ()


_Readable = RequestAccess | OpenForm | OpenEmergencyForm


class NotTried(Exception):
    """A command other than `request` and `emergency`."""


class Trial:
    """Tries commands, each as if it were the first; nothing is saved or sent.

    Times of day cannot be read: it is not known where anybody is.
    """

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        database = Database("sqlite:///:memory:")
        SQLModel.metadata.create_all(database.engine)
        self._access = AccessService(database, lambda: policy, clock)

    def of(self, text: str, person: Person, *, channel: str = "") -> Outcome:
        """Return what would come of *text*, typed behind `/dbaccess`, in *channel*, by a person.

        Of a machine, as `not_looked_up` returns it, *text* is what it would ask for by HTTP.

        Raises:
            NotTried: it neither requests access nor emergency access.
            NeedsDirectory: it depends on more about that person.
        """
        if person.standing is Standing.MACHINE:
            return self._of_machine(text, person.id)
        cluster = None
        try:
            command: _Readable | BreakGlass = self._read(text, person, channel)
            cluster = command.cluster or None
            if isinstance(command, OpenEmergencyForm) and cluster and command.source:
                command = self._as_sent(command, person)
            if isinstance(command, OpenForm | OpenEmergencyForm):
                return Outcome(Result.FORM, cluster)
            answer = self._access.dry_run(command, person)
        except Refused as refused:
            return _refused(refused, cluster)
        if not isinstance(answer, Asked):
            raise TypeError(answer)
        return Outcome(_result(answer.request), cluster, answer.request)

    def _of_machine(self, text: str, principal: str) -> Outcome:
        cluster = None
        try:
            command = parse_command(text, self._policy, channel="")
            if isinstance(command, OpenForm):
                return Outcome(Result.FORM, command.cluster or None)
            if not isinstance(command, RequestAccess):
                raise NotTried
            cluster = command.cluster
            request = self._access.dry_run_of(partial(_asked_by_machine, command, principal))
        except Refused as refused:
            return _refused(refused, cluster)
        return Outcome(Result.AUTO, cluster, request)

    def _read(self, text: str, person: Person, channel: str) -> _Readable:
        command = read_command(text, self._policy, person, channel=channel)
        if isinstance(command, OpenForm):
            check_request_offered(requestable_by(self._policy, person))
        if isinstance(command, OpenEmergencyForm):
            emergencies = emergencies_of(self._policy, person)
            check_emergency_offered(emergencies, command.cluster)
            only = next(iter(emergencies.clusters)) if len(emergencies.clusters) == 1 else ""
            return replace(command, cluster=command.cluster or only)
        if isinstance(command, RequestAccess | OpenForm):
            return command
        raise NotTried

    def _as_sent(self, form: OpenEmergencyForm, person: Person) -> BreakGlass:
        """Return what an emergency's form says if it is sent as it opens."""
        filled = FilledForm(form.cluster, form.source, form.duration, form.reason)
        return read_emergency_form(emergencies_of(self._policy, person), filled)


def _asked_by_machine(command: RequestAccess, principal: str, uow: UnitOfWork) -> RequestFacts:
    issuer, _, subject = principal.partition(":")
    grant, _is_new = request_as_machine(uow, command, Machine(issuer, subject))
    made = requests.behind(uow.session, grant.id)[0]
    return uow.facts(made)


def _refused(refused: Refused, cluster: str | None) -> Outcome:
    found = (refused, *refused.others)
    return Outcome(Result.REFUSED, cluster, refusals=tuple(one.refusal for one in found))


def _result(request: RequestFacts) -> Result:
    if request.state is RequestState.PENDING:
        return Result.APPROVALS
    return Result.EMERGENCY if Actor.EMERGENCY in request.approvers else Result.AUTO
