"""revoke: a live grant ends now."""

from bot.access.notifications import notify_of_grant, refresh_home, show_ending
from bot.access.pressed_button import check_is_grant_shown
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.commands import Revoke
from bot.domain.lifecycle import Grant, GrantState, RequestState
from bot.domain.marks import mark_of_grant, request_mark
from bot.domain.notices import GrantEnded
from bot.domain.people import Person
from bot.domain.refusal import Refused
from bot.domain.refusals.grants import Ended, NoSuchGrant, NoUnendedGrant
from bot.domain.refusals.requests import StillARequest
from bot.store import clusters, grants, requests


def revoke(uow: UnitOfWork, command: Revoke, person: Person) -> Grant:
    """Have a live grant end now. The rule of an adopted one stays: only its expiry is removed.

    Raises:
        Refused: no such live grant, or not theirs to end.
    """
    grant = live_grant(uow, command.grant_id, person)
    check_is_grant_shown(grant, command.mark)
    uow.check_may_touch(grant, person)
    leaving = leave(uow, grant.revoke(person.id, uow.now), actor=person.id)
    if person.id == leaving.requester:
        show_ending(uow.session, leaving, at=uow.now)
    return leaving


def revoke_as_operator(uow: UnitOfWork, grant_id: int, *, actor: str) -> Grant:
    """Have a live grant end now, from the command line.

    Raises:
        Refused: no such live grant.
    """
    grant = live_grant(uow, grant_id)
    return leave(uow, grant.revoke(actor, uow.now), actor=actor)


def close_for_gone_cluster(uow: UnitOfWork, grant_id: int, *, actor: str) -> Grant:
    """End a grant whose cluster was deleted: there is no rule left to remove.

    Raises:
        Refused: no such grant, or it has ended.
    """
    grant = grants.get(uow.session, grant_id)
    if grant is None or grant.state is GrantState.ENDED:
        raise Refused(NoUnendedGrant(number=grant_id))
    leaving = grant.revoke(actor, uow.now) if grant.is_live else grant
    ended = leaving.end(uow.now)
    grants.save(uow.session, ended)
    uow.record(
        Action.ENDED,
        ended.cluster,
        ended.id,
        actor=actor,
        reason=ended.end_reason,
        cluster_gone=True,
    )
    notify_of_grant(uow.session, GrantEnded(grant=ended), uow.policy, at=uow.now)
    return ended


def leave(uow: UnitOfWork, leaving: Grant, *, actor: str) -> Grant:
    """Record that a grant is to end, and have its rule removed or released."""
    grants.save(uow.session, leaving)
    clusters.mark_due(uow.session, leaving.cluster_id, leaving.cluster, uow.now)
    refresh_home(uow.session, leaving.requester, at=uow.now)
    stays = {"rule": "stays"} if leaving.leaves_rule else {}
    uow.record(
        Action.ENDING, leaving.cluster, leaving.id, actor=actor, reason=leaving.end_reason, **stays
    )
    return leaving


def live_grant(uow: UnitOfWork, grant_id: int, person: Person | None = None) -> Grant:
    """Return a grant that has not been told to end; *person* is who wants it, in Slack.

    Raises:
        Refused: there is none of that number, or it has ended.
    """
    grant = grants.get(uow.session, grant_id)
    if grant is None:
        request = requests.get(uow.session, grant_id)
        if request is not None and request.state is RequestState.PENDING:
            is_own = person is not None and person.id in request.for_themselves
            mark = request_mark(request.created_at) if is_own else ""
            raise Refused(StillARequest(number=grant_id, mark=mark))
        raise Refused(NoSuchGrant(number=grant_id))
    if not grant.wants_rule(uow.now):
        can_ask = person is not None and person.id == grant.requester and not grant.adopted
        raise Refused(Ended(number=grant_id, mark=mark_of_grant(grant) if can_ask else ""))
    return grant
