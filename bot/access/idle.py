"""idle: a holder who was not seen connected for a while is asked once whether they are done."""

from datetime import timedelta

from bot.access.notifications import notify_of_grant
from bot.access.pressed_button import check_is_grant_shown
from bot.access.revoke import live_grant
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.commands import Keep
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.notices import GrantIdle, GrantKept
from bot.domain.people import Person
from bot.domain.principals import is_machine
from bot.domain.refusal import NotYours
from bot.domain.refusals.rights import NotTheirs
from bot.domain.usage import GAP
from bot.store import grants, usage


def ask_if_idle(uow: UnitOfWork, grant_id: int) -> int:
    """Ask the holder of a grant, if it is idle and they were not asked yet; return how many.

    Not where the end is announced, or about to be.
    """
    grant = grants.get(uow.session, grant_id)
    idle = _may_be_idle_for(uow, grant) if grant else None
    if grant is None or idle is None:
        return 0
    known = usage.get(uow.session, grant_id)
    if known is None or not known.is_idle(idle) or uow.now - known.looked_at > GAP:
        return 0
    usage.save(uow.session, known.ask(uow.now))
    uow.record(Action.IDLE_ASKED, grant.cluster, grant.id, actor=Actor.DBACCESS)
    notify_of_grant(uow.session, GrantIdle(grant=grant, idle=idle), uow.policy, at=uow.now)
    return 1


def keep(uow: UnitOfWork, command: Keep, person: Person) -> None:
    """Take the answer that a holder is not done: their message says so, and goes on as before.

    Raises:
        Refused: no such live grant, or not theirs.
    """
    grant = live_grant(uow, command.grant_id, person)
    check_is_grant_shown(grant, command.mark)
    if person.id != grant.requester:
        raise NotYours(NotTheirs(number=grant.id, what="access"))
    known = usage.get(uow.session, grant.id)
    if known is None or known.asked_at is None or known.kept_at is not None:
        return  # answered already
    usage.save(uow.session, known.keep(uow.now))
    uow.record(Action.KEPT, grant.cluster, grant.id, actor=person.id)
    notify_of_grant(uow.session, GrantKept(grant=grant), uow.policy, at=uow.now, anew=False)


def _may_be_idle_for(uow: UnitOfWork, grant: Grant) -> timedelta | None:
    """Return after how long its holder may be asked; None: they may not be.

    An adopted rule lets in others than who set its expiry, and a machine cannot be asked.
    """
    cluster = uow.policy.by_id(grant.cluster_id)
    has_holder = not (grant.adopted or grant.is_recovered or is_machine(grant.requester))
    if cluster is None or cluster.sessions is None or not has_holder:
        return None
    is_ending = grant.warned_at is not None or grant.expires_at - uow.now <= cluster.warn_before
    is_open = grant.state is GrantState.ACTIVE
    return cluster.sessions.idle if is_open and not is_ending else None
