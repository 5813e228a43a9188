"""Presses: a button counts only for the request or grant that it was shown for, and on its card."""

from bot.access.notifications import card_of
from bot.access.unit_of_work import UnitOfWork
from bot.domain.actors import Actor
from bot.domain.commands import Container
from bot.domain.lifecycle import Grant, Request, RequestState
from bot.domain.marks import is_same_access, mark_of_grant, request_mark
from bot.domain.refusal import NotTheCard, Refused
from bot.domain.refusals.grants import GrantRenumbered
from bot.domain.refusals.requests import CardNotPosted, NotOnCard, RequestRenumbered
from bot.store import outbox
from bot.store.outbox import Post


class CardNotRecorded(Exception):
    """The card is just being posted; whether the press was on it will be known in a moment."""


def check_is_request_shown(request: Request, mark: str | None) -> None:
    """Refuse a press for a request of an earlier database that had the same number (P4, P7).

    *mark* is the one that the button carried; None for what was typed.
    """
    if mark not in (None, request_mark(request.created_at)):
        raise Refused(RequestRenumbered(number=request.id))


def check_is_grant_shown(grant: Grant, mark: str | None) -> None:
    """Refuse a press for a grant of an earlier database that had the same number (P4, P7).

    When a grant that was recovered from its label was approved is not known: its old buttons count,
    since they are for the same source on the same cluster.
    """
    if mark in (None, mark_of_grant(grant)):
        return
    if grant.requester == Actor.UNKNOWN and is_same_access(mark, grant.cluster_id, grant.source):
        return
    raise Refused(GrantRenumbered(number=grant.id))


def check_is_on_its_card(uow: UnitOfWork, request: Request, container: Container) -> None:
    """Refuse a decision anywhere but on the request's own card, or on the Home tab (P4).

    A message is posted at least once, so there may be a second copy of a card: only the one that is
    kept up to date counts. Where a card is in Slack is forgotten some time after all is over
    (`retention`); a press there is not refused here, since there is nothing left to decide.

    Raises:
        CardNotRecorded: the card is being posted just now.
        Refused: the button stood in another message.
    """
    if container.is_home:  # published by the bot for this person only, with the same buttons
        return
    name = card_of(request.id)
    card = outbox.find_post(uow.session, name)
    if card is None and outbox.is_being_posted(uow.session, name):
        raise CardNotRecorded
    if card is None and not (request.state is RequestState.PENDING or request.wants_review):
        return
    if card is None:
        raise NotTheCard(CardNotPosted(number=request.id))
    if card != Post(container.channel, container.ts):
        raise NotTheCard(NotOnCard(number=request.id, channel=card.channel))
