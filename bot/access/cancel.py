"""cancel: an undecided request is withdrawn."""

from bot.access.notifications import close_card, notify_closed
from bot.access.pressed_button import check_is_request_shown
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.commands import Cancel
from bot.domain.lifecycle import Request, RequestState
from bot.domain.marks import mark_of_grant, request_mark
from bot.domain.people import Person
from bot.domain.refusal import Refused
from bot.domain.refusals.requests import NoSuchRequest, NotToWithdraw
from bot.store import grants, requests


def cancel(uow: UnitOfWork, command: Cancel, person: Person) -> Request:
    """Withdraw an undecided request.

    Raises:
        Refused: no such request, decided already, or not theirs to withdraw.
    """
    found = requests.get(uow.session, command.request_id)
    if found is None:
        raise Refused(NoSuchRequest(number=command.request_id, is_own=True))
    check_is_request_shown(found, command.mark)
    uow.check_may_touch(found, person)
    if found.state is not RequestState.PENDING:
        raise Refused(_decided(uow, found))
    return withdraw(uow, found, by=person.id, tell=found.for_themselves != (person.id,))


def _decided(uow: UnitOfWork, request: Request) -> NotToWithdraw:
    """Say what became of a request, and which access there is to end."""
    grant = grants.get(uow.session, request.extends or request.id)
    is_live = grant is not None and grant.wants_rule(uow.now)
    return NotToWithdraw(
        number=request.id,
        state=request.state,
        access=grant.id if grant is not None and is_live else None,
        mark=mark_of_grant(grant) if grant and is_live else request_mark(request.created_at),
    )


def withdraw(uow: UnitOfWork, request: Request, *, by: str, tell: bool) -> Request:
    """Close an undecided request on behalf of *by*; *tell*: its requester gets a message."""
    cancelled = request.cancel(uow.now)
    requests.save(uow.session, cancelled)
    uow.record(Action.CANCELLED, cancelled.cluster, cancelled.id, actor=by)
    show = notify_closed if tell else close_card
    show(uow.session, uow.facts(cancelled, closed_by=by), at=uow.now)
    return cancelled
