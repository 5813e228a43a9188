"""Address links: who asked for one, and whether it can still be used."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, update
from sqlmodel import Session, col, select

from bot.domain.kept_form import KeptForm
from bot.domain.reply_to import ReplyTo
from bot.store.due import LENIENCE
from bot.store.tables import IpLinkRow


@dataclass(frozen=True)
class IpLink:
    """Somebody's link, where the address that it reads is sent, and the form that it is for."""

    team_id: str
    reply_to: ReplyTo
    form: KeptForm | None = None


def add(
    session: Session,
    link_id: str,
    *,
    reply_to: ReplyTo,
    team_id: str,
    at: datetime,
    expires_at: datetime,
    form: KeptForm | None = None,
) -> None:
    """Save a new link."""
    session.add(
        IpLinkRow(
            id=link_id,
            user_id=reply_to.user_id,
            team_id=team_id,
            response_url=reply_to.address,
            form=form.model_dump_json() if form else None,
            created_at=at,
            expires_at=expires_at,
        )
    )


def count(session: Session, user_id: str, now: datetime) -> int:
    """Return how many links of somebody's still serve."""
    query = select(func.count()).select_from(IpLinkRow).where(IpLinkRow.user_id == user_id)
    return session.exec(query.where(_serves(now))).one()


def find(session: Session, link_id: str, now: datetime) -> IpLink | None:
    """Return a link that still serves."""
    query = select(IpLinkRow).where(
        col(IpLinkRow.id) == link_id,
        _serves(now),
    )
    row = session.exec(query).first()
    return _link(row) if row else None


def use(session: Session, link_id: str, now: datetime) -> IpLink | None:
    """Use a link up and return it; None if it was used or has expired. Of two at once, one wins."""
    link = find(session, link_id, now)
    result = session.execute(
        update(IpLinkRow)
        .where(col(IpLinkRow.id) == link_id, _serves(now))
        .values(used_at=now, response_url=None, form=None)
        .returning(col(IpLinkRow.id))
    )
    return link if result.first() else None


def erase_reply_addresses(session: Session, now: datetime) -> None:
    """Erase the reply addresses and forms of links that have expired."""
    session.execute(
        update(IpLinkRow)
        .where(
            col(IpLinkRow.expires_at) < now,
            or_(col(IpLinkRow.response_url).is_not(None), col(IpLinkRow.form).is_not(None)),
        )
        .values(response_url=None, form=None)
    )


def _serves(now: datetime) -> ColumnElement[bool]:
    """Tell whether it is valid: not if it was made in the future, before the clock was set back."""
    return and_(
        col(IpLinkRow.used_at).is_(None),
        col(IpLinkRow.expires_at) > now,
        col(IpLinkRow.created_at) <= now + LENIENCE,
    )


def _link(row: IpLinkRow) -> IpLink:
    form = KeptForm.model_validate_json(row.form) if row.form else None
    return IpLink(row.team_id, ReplyTo(row.user_id, row.response_url), form)
