"""Break glass: access at once by written policy, told loudly, and reviewed afterwards."""

from dataclasses import replace

from bot.access.approval import approve_at_once
from bot.access.cancel import withdraw
from bot.access.notifications import notify_operators, notify_thread
from bot.access.request_access import (
    asked_for,
    clean_reason,
    refuse_second_grant,
    refuse_unfit_cluster,
    request,
    requests_for_the_same,
    typed_end,
)
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.commands import BreakGlass, RequestAccess
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Request, RequestKind, RequestState
from bot.domain.notices import Asked, EmergencyAsked, EmergencyOpened
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Problems, about
from bot.store import requests


def break_glass(uow: UnitOfWork, command: BreakGlass, person: Person) -> Request:
    """Grant access now; the approvers and operators are told, and somebody has to review it.

    An undecided request of the same person for the same access is withdrawn: it is no longer
    needed. After somebody else revoked their access to this cluster, and while an emergency of
    theirs waits for a review, it becomes an ordinary request, which the approvers decide.

    Raises:
        Refused: the emergency policy or the cluster does not allow it.
        NeedsDirectory: it is not known whether the policy names them; or it becomes a request, and
            whether they may make one.
    """
    cluster = uow.cluster(command.cluster, person, ClusterPolicy.may_use_emergency)
    with about(Field.REASON):
        reason = clean_reason(command.reason)
    cluster.check_emergency(person, command.duration, reason)
    unreviewed = requests.unreviewed_emergency(uow.session, person.id, of=uow.policy.clusters)
    if unreviewed or uow.revoked_lately(cluster, person.id, command.cluster):
        return _ask_instead(uow, command, person)
    problems = Problems()
    with problems.about(Field.SOURCE):
        cluster.check_source(command.source)
        refuse_second_grant(uow, cluster, command, person)
    with problems.about(Field.CLUSTER):
        refuse_unfit_cluster(uow, cluster, command.cluster, emergency=True)
    problems.check()
    for pending in requests_for_the_same(uow, command, person.id):
        withdraw(uow, pending, by=person.id, tell=True)
    asked = asked_for(uow, command, person, reason=reason, lapses_after=command.duration)
    made = requests.add(uow.session, replace(asked, kind=RequestKind.EMERGENCY), origin=uow.origin)
    uow.record(
        Action.BROKE_GLASS,
        made.cluster,
        made.id,
        actor=person.id,
        source=str(made.source),
        duration=show_duration(made.duration),
        **typed_end(made),
        reason=made.reason,
    )
    every = cluster.emergency.remind_every if cluster.emergency else None
    granted = approve_at_once(uow, cluster, made, by=Actor.EMERGENCY, review_after=every)
    opened = EmergencyOpened(request=uow.facts(granted), channel=cluster.channel)
    notify_operators(uow.session, opened, uow.policy, at=uow.now)
    return granted


def answer(uow: UnitOfWork, made: Request) -> Asked | EmergencyAsked:
    """Return the answer to somebody who wanted emergency access."""
    if made.kind is RequestKind.EMERGENCY or made.state is not RequestState.PENDING:
        return Asked(request=uow.facts(made))
    return _asked(uow, made).model_copy(update={"to_requester": True})


def _ask_instead(uow: UnitOfWork, command: BreakGlass, person: Person) -> Request:
    """Ask the approvers, loudly, for what cannot be had at once."""
    asked = RequestAccess(
        cluster=command.cluster,
        source=command.source,
        duration=command.duration,
        until=command.until,
        reason=command.reason,
    )
    made = request(uow, asked, person)
    if made.state is RequestState.PENDING:
        notice = _asked(uow, made)
        notify_thread(uow.session, notice, made.id, at=uow.now)
        there = uow.cluster_of(made).channel
        elsewhere = notice.model_copy(update={"channel": there})
        notify_operators(uow.session, elsewhere, uow.policy, at=uow.now)
    return made


def _asked(uow: UnitOfWork, made: Request) -> EmergencyAsked:
    clusters = uow.policy.clusters
    unreviewed = requests.unreviewed_emergency(uow.session, made.requester, of=clusters)
    return EmergencyAsked(request=uow.facts(made), unreviewed=unreviewed)
