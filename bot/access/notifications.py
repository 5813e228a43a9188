"""Notifications: who is told of a change, enqueued in the same transaction as the change (P6).

The Home tabs that show what has changed are marked for a refresh, too.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from bot.access.request_facts import request_facts
from bot.domain.actors import Actor
from bot.domain.extensions import can_be_extended
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.notices import (
    Audience,
    GrantDelayed,
    GrantEnded,
    GrantEnding,
    GrantExpiring,
    GrantExtended,
    GrantIdle,
    GrantKept,
    GrantNotice,
    GrantPutBack,
    GrantRewritten,
    GrantStarted,
    Notice,
    Outdated,
    RequestCard,
    RequestClosed,
    RequestFacts,
    RequestOver,
)
from bot.domain.policy import Policy
from bot.domain.principals import is_machine
from bot.domain.reply_to import ReplyTo
from bot.store import homes, outbox, requests
from bot.store.outbox import DeliveryMethod, PendingMessage, Post, PostName

_OPERATORS = "operators"


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


def close_card(session: Session, facts: RequestFacts, *, at: datetime) -> None:
    """Enqueue the update of a closed request's card, and of the answer that says it waits."""
    update_card(session, facts, at=at)
    name, asker = PostName.ANSWER.of(facts.id), facts.asked_by or facts.requester
    _change(session, RequestOver(request=facts), name, _conversation_with(asker), at=at)


def notify_closed(session: Session, facts: RequestFacts, *, at: datetime) -> None:
    """Enqueue the update of a closed request's card; tell the requester, and who asked for them."""
    close_card(session, facts, at=at)
    notify_person(session, RequestClosed(request=facts), facts.requester, at=at)
    if facts.asked_by not in (None, facts.closed_by):
        notify_person(session, RequestClosed(request=facts), facts.asked_by, at=at)


def notify_person(
    session: Session, notice: Notice, user_id: str, *, at: datetime, once: str | None = None
) -> None:
    """Enqueue a direct message, unless it is for a machine, or the requester is not known.

    *once* as for operators.
    """
    if user_id != Actor.UNKNOWN and not is_machine(user_id):
        outbox.enqueue(
            session,
            notice,
            DeliveryMethod.DIRECT,
            _conversation_with(user_id),
            at=at,
            target=user_id,
            once=once,
        )


def notify_thread(session: Session, notice: Notice, request_id: int, *, at: datetime) -> None:
    """Enqueue a message in the thread of a request."""
    card = card_of(request_id)
    outbox.enqueue(session, notice, DeliveryMethod.THREAD, card, at=at, below=card)


def notify_of_grant(
    session: Session, notice: GrantNotice, policy: Policy, *, at: datetime, anew: bool = True
) -> None:
    """Keep the messages about a grant up to date: one for its holder, one in its request's thread.

    Where people must notice, a new one takes the place of the one before, if it is *anew*: what
    only adds to the last one is changed in place. For a grant that was recovered from its label,
    which has neither a holder nor a thread, it is the operators' channel. A machine asks by itself;
    for people, the line in the channel is changed.
    """
    grant = notice.grant
    if is_machine(grant.requester):
        _update_line(session, grant, policy, at=at)
        return
    can_extend = can_be_extended(grant, policy.clusters.get(grant.cluster))
    notice = notice.model_copy(update={"can_extend": can_extend})
    to_others = notice.model_copy(update={"audience": Audience.OTHERS})
    must_be_noticed = _must_be_noticed(notice)

    def change_of(post: str) -> DeliveryMethod:
        return _change_of(session, post, must_be_noticed=must_be_noticed, anew=anew)

    if grant.requester == Actor.UNKNOWN:
        outbox.enqueue(
            session,
            to_others,
            change_of(PostName.TO_OPERATORS.of(grant.id)),
            _OPERATORS,
            at=at,
            target=policy.operators,
            post=PostName.TO_OPERATORS.of(grant.id),
        )
        return
    _notify_below_card(session, to_others, at=at, anew=anew)
    outbox.enqueue(
        session,
        notice,
        change_of(PostName.TO_HOLDER.of(grant.id)),
        _conversation_with(grant.requester),
        at=at,
        target=grant.requester,
        post=PostName.TO_HOLDER.of(grant.id),
    )
    refresh_home(session, grant.requester, at=at)
    if isinstance(notice, GrantEnded):
        _update_cards(session, grant, policy, at=at)


def show_ending(session: Session, leaving: Grant, *, at: datetime) -> None:
    """Take the buttons off the holder's message at once, where it stands; nobody is notified."""
    notice, name = GrantEnding(grant=leaving), PostName.TO_HOLDER.of(leaving.id)
    _change(session, notice, name, _conversation_with(leaving.requester), at=at)


def show_put_back(session: Session, notice: GrantPutBack, ended: Grant, *, at: datetime) -> None:
    """Take `Put back` off the messages that offered it: they say where access goes on."""
    card = card_of(ended.id)
    _change(session, notice, PostName.IN_THREAD.of(ended.id), card, at=at)
    holder = _conversation_with(ended.requester)
    _change(session, notice, PostName.TO_HOLDER.of(ended.id), holder, at=at)


def notify_of_rewrite(
    session: Session, notice: GrantRewritten, policy: Policy, *, at: datetime
) -> None:
    """Tell a grant's holder and its request's thread that its rule was written again."""
    grant = notice.grant
    if grant.requester == Actor.UNKNOWN:
        notify_operators(session, notice, policy, at=at)
        return
    notify_thread(session, notice, grant.id, at=at)
    notify_person(session, notice, grant.requester, at=at)


def outdate(session: Session, newer: PendingMessage, former: Post, *, at: datetime) -> None:
    """Enqueue the change of a message about a grant that a newer one has taken the place of."""
    if isinstance(newer.notice, GrantNotice):
        outbox.enqueue(
            session,
            Outdated(grant=newer.notice.grant),
            DeliveryMethod.UPDATE,
            newer.conversation,
            at=at,
            stands=former,
        )


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
        notify_person(session, notice, user_id, at=at, once=f"{once}:{user_id}")


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
    return PostName.CARD.of(request_id)


def _change(
    session: Session, notice: Notice, name: str, conversation: str, *, at: datetime
) -> None:
    """Enqueue the change of a message, if it was delivered; where it is gone, nothing is posted."""
    stands = outbox.find_post(session, name)
    if stands is not None:
        outbox.enqueue(
            session,
            notice,
            DeliveryMethod.UPDATE,
            conversation,
            at=at,
            post=name,
            stands=stands,
        )


def _must_be_noticed(notice: GrantNotice) -> bool:
    """Tell whether the holder needs a new message: a message that is changed notifies nobody.

    Not where a grant ends at its time or by its holder, nor where they have the answer already.
    """
    holder = notice.grant.requester
    match notice:
        case GrantStarted() | GrantDelayed() | GrantExpiring() | GrantIdle():
            return True
        case GrantKept():
            return False
        case GrantExtended(approvers=approvers):
            return not {holder, Actor.POLICY}.issuperset(approvers)
        case GrantEnded(grant=Grant(end_reason=EndReason.EXPIRED)):
            return False
        case GrantEnded(grant=Grant(end_reason=EndReason.REVOKED, revoked_by=by)):
            return by != holder
        case GrantEnded():
            return True


def _change_of(session: Session, post: str, *, must_be_noticed: bool, anew: bool) -> DeliveryMethod:
    """Return how a message changes: anew too if the one that it takes the place of still waits."""
    is_new = must_be_noticed and (anew or outbox.is_replacement_waiting(session, post))
    return DeliveryMethod.REPLACE if is_new else DeliveryMethod.KEEP


def _notify_below_card(session: Session, notice: GrantNotice, *, at: datetime, anew: bool) -> None:
    """Enqueue a change of the message in the thread, for approvers; a new one if they may act.

    That the end is near, and whether they are done, is for the holder alone.
    """
    if isinstance(notice, GrantExpiring | GrantIdle | GrantKept):
        return
    card, post = card_of(notice.grant.id), PostName.IN_THREAD.of(notice.grant.id)
    is_for_approvers = notice.grant.was_removed_outside  # they can put it back
    outbox.enqueue(
        session,
        notice,
        _change_of(session, post, must_be_noticed=is_for_approvers, anew=anew),
        card,
        at=at,
        post=post,
        below=card,
    )


def _update_line(session: Session, grant: Grant, policy: Policy, *, at: datetime) -> None:
    """Have the line about a machine's access say what became of it."""
    request = requests.look_at(session, grant.id)
    if request is not None and grant.state is not GrantState.ACTIVE:
        update_card(session, request_facts(session, request, policy), at=at)


def _update_cards(session: Session, grant: Grant, policy: Policy, *, at: datetime) -> None:
    """Have cards say that access ended early, and take the button off that of an emergency."""
    own, extensions = requests.behind_grant(session, grant.id)
    for request in (own, *extensions):
        is_stale = request is not None and (grant.ended_early or request.wants_review)
        if request and is_stale:
            card = RequestCard(request=request_facts(session, request, policy))
            _change(session, card, card_of(request.id), card_of(request.id), at=at)


def _conversation_with(user_id: str) -> str:
    return f"user:{user_id}"
