"""Ask again: what a request or a grant that is over was for, to be asked for once more."""

from bot.access.unit_of_work import UnitOfWork
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Request
from bot.domain.marks import mark_of_grant, request_mark
from bot.domain.people import Person
from bot.domain.queries import OpenExtensionForm, OpenForm
from bot.store import grants, requests


def what_to_ask_again(
    uow: UnitOfWork, number: int, mark: str, person: Person
) -> OpenForm | OpenExtensionForm:
    """Return the form to open, filled in with what was asked for under that number.

    An old button does no harm: where its request is not known any more, was renumbered, or is not
    theirs, the form is empty. An extension is asked for again while there is something to extend.
    """
    request = requests.look_at(uow.session, number)
    if request is None or not _is_shown(uow, request, mark):
        return OpenForm()
    if person.id not in request.for_themselves:
        return OpenForm()
    extended = grants.get(uow.session, request.extends) if request.extends else None
    if extended is not None and extended.is_live:
        return OpenExtensionForm(extended.id, reason=request.reason)
    first = requests.look_at(uow.session, extended.id) if extended is not None else request
    if first is None:
        return OpenForm()
    return OpenForm(
        source=str(first.source),
        duration=show_duration(first.duration),
        reason=request.reason or first.reason,
        cluster=first.cluster,
    )


def _is_shown(uow: UnitOfWork, request: Request, mark: str) -> bool:
    """Tell whether the button was that of this request, or of the grant that came of it."""
    if mark == request_mark(request.created_at):
        return True
    grant = grants.get(uow.session, request.id)
    return grant is not None and mark == mark_of_grant(grant)
