"""The facts of a request: what its approvers need to know, as it is at this moment."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from bot.access.read_once import ReadOnce
from bot.domain.lifecycle import Grant, GrantState, Request, RequestKind, RequestState
from bot.domain.notices import RequestFacts
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.principals import is_machine
from bot.domain.sources import TrustedSource
from bot.store.clusters import Watch
from bot.store.grants import Before


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
    extended = found.grant(request.extends) if request.extends else None
    is_open = request.state is RequestState.PENDING
    watch = found.watch(cluster) if cluster and is_open else None
    live = found.live(request.cluster) if is_open else []
    holders = {grant.requester for grant in live if not grant.adopted} - {request.requester}
    before = found.before(request)
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
        revoked=_revoked_lately(request, before, cluster) if cluster and is_open else None,
        has_ended=request.kind is RequestKind.EMERGENCY and _has_ended(found, request.id),
        remind_every=cluster.emergency.remind_every if cluster and cluster.emergency else None,
        ended_early=_ended_early(found, request),
        access=found.grant(request.id) if is_machine(request.requester) else None,
    )


def facts_of_all(session: Session, some: Sequence[Request], policy: Policy) -> list[RequestFacts]:
    """Return the facts of many requests, in as many statements as those of one; for reading."""
    found = ReadOnce(session)
    found.read_ahead(some, policy)
    return [request_facts(session, request, policy, found=found) for request in some]


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


def _revoked_lately(request: Request, before: Before, cluster: ClusterPolicy) -> Grant | None:
    """Return the access that somebody else revoked from the requester before they asked."""
    since, revoked = request.created_at - cluster.max_duration, before.revoked
    if revoked is None or revoked.removing_since is None:
        return None
    return revoked if revoked.removing_since > since else None


def _ended_early(found: ReadOnce, request: Request) -> Grant | None:
    if request.state is not RequestState.APPROVED:
        return None
    grant = found.grant(request.extends or request.id)
    return grant if grant is not None and grant.ended_early else None


def _has_ended(found: ReadOnce, grant_id: int) -> bool:
    grant = found.grant(grant_id)
    return grant is not None and grant.state is GrantState.ENDED
