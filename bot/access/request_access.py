"""request: access that somebody asks for, saved for others to decide."""

from dataclasses import replace
from datetime import timedelta

from bot.access.approval import approve_at_once
from bot.access.limits import refuse_full_cluster, refuse_too_many_grants, refuse_too_many_requests
from bot.access.notifications import post_card
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.commands import Adopt, BreakGlass, RequestAccess
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, Request, RequestKind, RequestState
from bot.domain.limits import REASON_CHARACTERS
from bot.domain.marks import mark_of_grant, request_mark
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Field, Problems, Refused, about
from bot.domain.refusals.clusters import OpenCluster, ReasonRequired, ReasonTooLong
from bot.domain.refusals.grants import GrantedAlready
from bot.domain.refusals.requests import AskedAlready
from bot.domain.typed_text import one_line
from bot.store import clusters, requests


def request(uow: UnitOfWork, command: RequestAccess, person: Person) -> Request:
    """Save a request, and enqueue the message for its approvers.

    Raises:
        Refused: the policy, the cluster or an earlier request does not allow it.
        NeedsDirectory: it is not known whether they may ask, or a written policy covers them.
    """
    with about(Field.CLUSTER):
        cluster = uow.cluster(command.cluster, person, ClusterPolicy.may_request)
        cluster.check_may_request(person)
        cluster.check_can_be_decided(requester=person.id)
    uow.found.take_turn(person.id)
    problems = Problems()
    with problems.about(Field.SOURCE):
        cluster.check_source(command.source)
        refuse_second_grant(uow, cluster, command, person)
        for pending in requests_for_the_same(uow, command, person.id):
            raise Refused(_asked_already(pending, command))
    with problems.about(Field.DURATION):
        cluster.check_duration(command.duration)
    with problems.about(Field.REASON):
        reason = given_reason(cluster, command.reason, command.cluster)
    with problems.about(Field.CLUSTER):
        refuse_unfit_cluster(uow, cluster, command.cluster)
        refuse_too_many_grants(uow, cluster, command.cluster, person)
    problems.check()
    is_covered = cluster.written_approval(person, command.source, command.duration) is not None
    asked = asked_for(uow, command, person, reason=reason, lapses_after=cluster.request_ttl)
    asked = replace(asked, remind_at=uow.now + cluster.request_ttl / 2)
    made = requests.add(uow.session, asked, origin=uow.origin)
    return publish(uow, cluster, made, is_covered=is_covered)


def asked_for(
    uow: UnitOfWork,
    command: RequestAccess | BreakGlass | Adopt,
    person: Person,
    *,
    reason: str,
    lapses_after: timedelta,
) -> Request:
    """Return what a command asks for as a request that is not saved yet."""
    return Request(
        id=requests.NEXT,
        cluster=command.cluster,
        source=command.source,
        source_name=uow.name_of(command.source),
        duration=command.duration,
        until=command.until,
        requester=person.id,
        standing=person.standing,
        reason=reason,
        created_at=uow.now,
        lapses_at=min([uow.now + lapses_after, *([command.until] if command.until else [])]),
        state=RequestState.PENDING,
    )


def publish(uow: UnitOfWork, cluster: ClusterPolicy, made: Request, *, is_covered: bool) -> Request:
    """Have a written policy approve a new request that it covers, or ask the approvers.

    After somebody else revoked their access, people decide what the requester gets there next.
    """
    uow.record(
        Action.REQUESTED,
        made.cluster,
        made.id,
        actor=made.asked_by or made.requester,
        source=str(made.source),
        duration=show_duration(made.duration),
        **typed_end(made),
        reason=made.reason,
        **({"extends": made.extends} if made.extends else {}),
        **({"requester": made.requester} if made.asked_by else {}),
        **({"job": dict(made.details)} if made.details else {}),
    )
    if is_covered and not uow.revoked_lately(cluster, made.requester, made.cluster):
        return approve_at_once(uow, cluster, made, by=Actor.POLICY)
    if made.asked_by is None:  # what is requested for others is limited to one for each live grant
        with about(Field.CLUSTER):
            refuse_too_many_requests(uow, cluster, made.requester, new=made.id)
    post_card(uow.session, uow.facts(made), cluster.channel, at=uow.now)
    return made


def typed_end(made: Request) -> dict[str, str]:
    """Return, for the audit, the end that was typed, if it was one."""
    return {"until": made.until.isoformat()} if made.until else {}


def refuse_second_grant(
    uow: UnitOfWork, cluster: ClusterPolicy, command: RequestAccess | BreakGlass, person: Person
) -> None:
    """Refuse a source from which the same person has access already; offer to extend it."""
    for grant in uow.found.live(command.cluster):
        is_theirs = grant.requester == person.id and grant.source == command.source
        if not is_theirs or not grant.wants_rule(uow.now):
            continue
        left = cluster.max_duration - (grant.expires_at - grant.approved_at)
        raise Refused(
            GrantedAlready(
                cluster=command.cluster,
                source=str(command.source),
                number=grant.id,
                more=min(command.duration, left) if left >= cluster.min_duration else None,
                longest=cluster.max_duration,
                mark=mark_of_grant(grant),
            )
        )


def _asked_already(pending: Request, command: RequestAccess) -> AskedAlready:
    waits, asked = ((one.duration, one.until, one_line(one.reason)) for one in (pending, command))
    return AskedAlready(
        number=pending.id,
        duration=pending.duration,
        is_same=waits == asked,
        mark=request_mark(pending.created_at),
    )


def requests_for_the_same(
    uow: UnitOfWork, wanted: RequestAccess | BreakGlass | Grant, requester: str
) -> list[Request]:
    """Return somebody's undecided requests for exactly the same access."""
    return [
        pending
        for pending in uow.found.waiting(requester)
        if (pending.cluster, pending.source) == (wanted.cluster, wanted.source)
        and pending.extends is None
        and pending.kind is not RequestKind.ADOPTION
    ]


def refuse_unfit_cluster(
    uow: UnitOfWork, cluster: ClusterPolicy, alias: str, *, emergency: bool = False
) -> None:
    """Refuse a request if the cluster was open or full when it was last read (P2)."""
    watch = uow.found.watch(cluster)
    last_read = watch.read_at if watch else None
    if watch is None or last_read is None or uow.now - last_read > uow.policy.scheduler.drift:
        clusters.mark_due(uow.session, str(cluster.id), alias, uow.now)  # the read will tell
    elif watch.rule_count == 0 and not cluster.allow_open:
        raise Refused(OpenCluster(cluster=alias))
    elif watch.rule_count is not None:
        refuse_full_cluster(uow, cluster, alias, watch.rule_count, emergency=emergency)


def given_reason(cluster: ClusterPolicy, typed: str, alias: str | None = None) -> str:
    """Return a reason as it is kept, which may be empty where the policy requires none.

    Args:
        cluster: whose policy it is.
        typed: the reason.
        alias: the cluster's name, where a reason can be typed behind it.

    Raises:
        Refused: it is missing, or too long.
    """
    with about(Field.REASON):
        reason = clean_reason(typed)
        if alias and cluster.require_reason and not reason:
            raise Refused(ReasonRequired(cluster=alias))
        cluster.check_reason(reason)
    return reason


def clean_reason(typed: str) -> str:
    """Return a reason as it is kept: one line, without control characters.

    Raises:
        Refused: it is too long.
    """
    reason = one_line(typed)
    if len(reason) > REASON_CHARACTERS:
        raise Refused(ReasonTooLong(characters=len(reason), most=REASON_CHARACTERS))
    return reason
