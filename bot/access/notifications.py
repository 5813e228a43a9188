"""Notifications: who is told of a change, enqueued in the same transaction as the change (P6).

The Home tabs that show what has changed are marked for a refresh, too.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.domain.actors import Actor
from bot.domain.lifecycle import Grant, Request, RequestState
from bot.domain.notices import Notice, RequestCard, RequestClosed, RequestFacts
from bot.domain.policy import Policy
from bot.domain.reply_to import ReplyTo
from bot.store import grants, homes, outbox, requests
from bot.store.outbox import DeliveryMethod

_OPERATORS = "operators"


def request_facts(
    session: Session, request: Request, policy: Policy, *, closed_by: str | None = None
) -> RequestFacts:
    """Return a request with what its approvers need to know.

    What Slack's directory said of those concerned is only for decisions, and left out.
    """
    cluster = policy.clusters.get(request.cluster)
    extended = grants.get(session, request.extends) if request.extends else None
    live = grants.live_counts(session, cluster=request.cluster)
    revoked = None
    if cluster is not None and request.state is RequestState.PENDING:
        since = request.created_at - cluster.max_duration
        revoked = grants.revoked_by_another(
            session, requester=request.requester, cluster=request.cluster, since=since
        )
    known: dict[str, Any] = {**vars(request), "concerned": ()}
    return RequestFacts(
        **known,
        approvals_needed=cluster.approvals if cluster else 1,
        may_decide=cluster.approvers if cluster else (),
        self_approval=cluster.self_approval if cluster else False,
        seen_before=requests.was_granted_before(
            session,
            requester=request.requester,
            cluster=request.cluster,
            source=request.source,
        ),
        other_grants=sum(count for whose, count in live.items() if whose != request.requester),
        own_grants=live.get(request.requester, 0),
        shortest=cluster.min_duration if cluster else timedelta(),
        longest=cluster.max_duration if cluster else timedelta(),
        closed_by=closed_by,
        extended=extended,
        cluster_id=str(cluster.id) if cluster else "",
        revoked=revoked,
    )


def post_card(session: Session, facts: RequestFacts, channel: str, *, at: datetime) -> None:
    """Enqueue the approval card for the cluster's channel."""
    outbox.enqueue(
        session,
        RequestCard(request=facts),
        DeliveryMethod.POST,
        card_of(facts.id),
        at=at,
        target=channel,
        post=card_of(facts.id),
    )
    homes.touch(session, facts.requester, cluster=facts.cluster, at=at)


def update_card(session: Session, facts: RequestFacts, *, at: datetime) -> None:
    """Enqueue the update of an approval card."""
    outbox.enqueue(
        session,
        RequestCard(request=facts),
        DeliveryMethod.UPDATE,
        card_of(facts.id),
        at=at,
        post=card_of(facts.id),
    )
    homes.touch(session, facts.requester, cluster=facts.cluster, at=at)


def notify_closed(session: Session, facts: RequestFacts, *, at: datetime) -> None:
    """Enqueue the update of a closed request's card; tell the requester, and who asked for them."""
    update_card(session, facts, at=at)
    notify_person(session, RequestClosed(request=facts), facts.requester, at=at)
    if facts.asked_by not in (None, facts.closed_by):
        notify_person(session, RequestClosed(request=facts), facts.asked_by, at=at)


def notify_person(session: Session, notice: Notice, user_id: str, *, at: datetime) -> None:
    """Enqueue a direct message, unless the requester is not known."""
    if user_id != Actor.UNKNOWN:
        outbox.enqueue(
            session, notice, DeliveryMethod.DIRECT, f"user:{user_id}", at=at, target=user_id
        )


def notify_thread(session: Session, notice: Notice, request_id: int, *, at: datetime) -> None:
    """Enqueue a message in the thread of a request."""
    outbox.enqueue(
        session, notice, DeliveryMethod.THREAD, card_of(request_id), at=at, post=card_of(request_id)
    )


def notify_of_grant(
    session: Session, notice: Notice, grant: Grant, policy: Policy, *, at: datetime
) -> None:
    """Enqueue a message for the thread of a grant's request, and one for its holder.

    For a grant that was recovered from its label, which has neither, tell the operators.
    """
    if grant.requester == Actor.UNKNOWN:
        notify_operators(session, notice, policy, at=at)
        return
    notify_thread(session, notice, grant.id, at=at)
    notify_person(session, notice, grant.requester, at=at)
    refresh_home(session, grant.requester, at=at)


def notify_operators(
    session: Session, notice: Notice, policy: Policy, *, at: datetime, once: str | None = None
) -> None:
    """Enqueue a message for the operators' channel; only *once* if it has a name for that."""
    outbox.enqueue(
        session,
        notice,
        DeliveryMethod.POST,
        _OPERATORS,
        at=at,
        target=policy.operators,
        once=once,
    )


def notify_each(
    session: Session, notice: Notice, people: Iterable[str], *, at: datetime, once: str
) -> None:
    """Enqueue a direct message for each of *people*, *once* each."""
    for user_id in sorted(people):
        outbox.enqueue(
            session,
            notice,
            DeliveryMethod.DIRECT,
            f"user:{user_id}",
            at=at,
            target=user_id,
            once=f"{once}:{user_id}",
        )


def reply(
    session: Session, notice: Notice, to: ReplyTo, *, at: datetime, once: str | None = None
) -> None:
    """Enqueue the answer to what one person did; only *once* if it has a name for that."""
    outbox.enqueue_reply(session, notice, to, at=at, once=once)


def refresh_home(session: Session, user_id: str, *, at: datetime) -> None:
    """Have the Home tab of somebody drawn again, where they may be looking at it."""
    homes.touch(session, user_id, cluster=None, at=at)


def forget_home(session: Session, user_id: str) -> None:
    """Draw nothing any more for somebody who is gone."""
    homes.forget(session, user_id)


def card_of(request_id: int) -> str:
    """Return the name by which the card of a request is posted and found again."""
    return f"request:{request_id}"
