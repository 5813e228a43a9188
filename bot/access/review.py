"""review: an approver has looked into an emergency."""

from bot.access.notifications import notify_operators, notify_thread, update_card
from bot.access.pressed_button import check_is_on_its_card, check_is_request_shown
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.commands import Review
from bot.domain.lifecycle import Request, RequestKind
from bot.domain.notices import Reviewed
from bot.domain.people import Person
from bot.domain.refusal import Refused
from bot.domain.refusals.requests import NoEmergency, ReviewedAlready
from bot.store import requests


def review(uow: UnitOfWork, command: Review, person: Person) -> Request:
    """Close an emergency: an approver has looked into it.

    Raises:
        Refused: no such emergency, not entitled, or reviewed already.
        NeedsDirectory: it is not known whether they are an approver.
    """
    found = requests.get(uow.session, command.request_id)
    if found is None or found.kind is not RequestKind.EMERGENCY:
        raise Refused(NoEmergency(number=command.request_id))
    check_is_request_shown(found, command.mark)
    check_is_on_its_card(uow, found, command.container)
    cluster = uow.cluster_of(found)
    cluster.check_may_review(person, requester=found.requester)
    if not found.wants_review:
        raise Refused(ReviewedAlready(number=found.id))
    reviewed = found.review(person.id, uow.now)
    requests.save(uow.session, reviewed)
    uow.record(Action.REVIEWED, reviewed.cluster, reviewed.id, actor=person.id)
    facts = uow.facts(reviewed)
    update_card(uow.session, facts, at=uow.now)
    notice = Reviewed(request=facts)
    notify_thread(uow.session, notice, reviewed.id, at=uow.now)
    notify_operators(uow.session, notice, uow.policy, at=uow.now)
    return reviewed
