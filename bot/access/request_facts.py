"""The facts of a request: what its approvers need to know, as it is at this moment."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from bot.access.read_once import ReadOnce
from bot.domain.lifecycle import Grant, GrantState, Request, RequestKind, RequestState
from bot.domain.notices import RequestFacts
from bot.domain.policy import Policy
from bot.domain.principals import is_machine
from bot.domain.sources import TrustedSource
from bot.store import grants
from bot.store.clusters import Watch


def request_facts(
    session: Session,
    request: Request,
    policy: Policy,
    *,
    closed_by: str | None = None,
    found: ReadOnce | None = None,
) -> RequestFacts:
    """Return a request with what its approvers need to know; *found* is what was read already.

    What Slack's directory said of those concerned is only for decisions, and left out.
    """
    found = found or ReadOnce(session)
    cluster = policy.clusters.get(request.cluster)
    extended = grants.get(session, request.extends) if request.extends else None
    is_open = request.state is RequestState.PENDING
    watch = found.watch(cluster) if cluster and is_open else None
    live = found.live(request.cluster) if is_open else []
    holders = {grant.requester for grant in live if not grant.adopted} - {request.requester}
    before = grants.before(
        session,
        requester=request.requester,
        cluster=request.cluster,
        source=request.source,
        revoked_since=request.created_at - cluster.max_duration if cluster and is_open else None,
    )
    known: dict[str, Any] = {**vars(request), "concerned": ()}
    return RequestFacts(
        **known,
        approvals_needed=cluster.approvals if cluster else 1,
        may_decide=cluster.approvers if cluster else (),
        self_approval=cluster.self_approval if cluster else False,
        seen_before=before.had_source,
        others_with_access=len(holders),
        own_grants=sum(grant.requester == request.requester for grant in live),
        same_source=tuple(
            sorted({grant.requester for grant in live if grant.source == request.source} & holders)
        ),
        covered_by=_covering(request, live, watch) if is_open else None,
        shortest=cluster.min_duration if cluster else timedelta(),
        longest=cluster.max_duration if cluster else timedelta(),
        closed_by=closed_by,
        extended=extended,
        cluster_id=str(cluster.id) if cluster else "",
        revoked=before.revoked,
        has_ended=request.kind is RequestKind.EMERGENCY and _has_ended(session, request.id),
        remind_every=cluster.emergency.remind_every if cluster and cluster.emergency else None,
        ended_early=_ended_early(session, request),
        access=grants.get(session, request.id) if is_machine(request.requester) else None,
    )


def _covering(request: Request, live: Iterable[Grant], watch: Watch | None) -> TrustedSource | None:
    """Return what lets a request's source in already: a wider one, or itself by a foreign rule.

    That is live here, or known from the last read.
    """
    lent = {grant.source for grant in live}
    foreign = watch.described_networks - lent if watch else set()
    if request.kind is not RequestKind.ACCESS:  # it is about a rule that is there
        foreign.discard(request.source)
    known = (lent - {request.source}) | foreign
    return min((one for one in known if one.covers(request.source)), default=None)


def _ended_early(session: Session, request: Request) -> Grant | None:
    if request.state is not RequestState.APPROVED:
        return None
    grant = grants.get(session, request.extends or request.id)
    return grant if grant is not None and grant.ended_early else None


def _has_ended(session: Session, grant_id: int) -> bool:
    grant = grants.get(session, grant_id)
    return grant is not None and grant.state is GrantState.ENDED
