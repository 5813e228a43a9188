"""issuer alarms: the operators hear of an issuer of machines' tokens that is away."""

from collections.abc import Mapping
from typing import Any

from bot.access.alarms import longest_silence, silence
from bot.access.notifications import notify_operators
from bot.access.unit_of_work import UnitOfWork
from bot.domain.audit_actions import Action
from bot.domain.notices import IssuerAway, IssuerBack
from bot.store import audit, issuer_outages
from bot.store.due import is_time
from bot.store.tables import IssuerOutageRow


def note_issuers(uow: UnitOfWork, errors: Mapping[str, str]) -> int:
    """Note whose keys cannot be read; return how much was told.

    An outage is told once it lasts for `alarm_after`, again after twice that time and so on, and
    when it is over. One that another worker does not see never lasts.

    Args:
        errors: why they cannot be read, by the issuer's key; empty where they can.
    """
    known = issuer_outages.lasting(uow.session)
    for issuer, error in errors.items():
        if error and issuer not in known:
            issuer_outages.begin(uow.session, issuer, error, at=uow.now)
    over = [outage for outage in known.values() if not errors.get(outage.issuer)]
    issuer_outages.end(uow.session, [outage.issuer for outage in over])
    back = [outage for outage in over if outage.alarms and outage.issuer in errors]
    for outage in back:
        notice = IssuerBack(issuer=outage.issuer, since=outage.failing_since)
        _tell(uow, Action.ISSUER_BACK, notice)
    still = (outage for outage in known.values() if errors.get(outage.issuer))
    return len(back) + sum(_alarm(uow, outage, errors[outage.issuer]) for outage in still)


def _alarm(uow: UnitOfWork, outage: IssuerOutageRow, error: str) -> bool:
    alarm_after = uow.policy.alarm_after_of_issuer(outage.issuer)
    outage.last_error = error
    uow.session.add(outage)
    due_at = outage.alarm_at or outage.failing_since + alarm_after
    if not is_time(uow.now, due_at, within=longest_silence(alarm_after)):
        return False
    outage.alarm_at = uow.now + silence(alarm_after, outage.alarms)
    outage.alarms += 1
    notice = IssuerAway(issuer=outage.issuer, since=outage.failing_since, error=error)
    _tell(uow, Action.ISSUER_ALARMED, notice, error=error)
    return True


def _tell(uow: UnitOfWork, action: Action, notice: IssuerAway | IssuerBack, **detail: Any) -> None:
    since = notice.since.isoformat()
    audit.record(uow.session, action, at=uow.now, issuer=notice.issuer, since=since, **detail)
    notify_operators(uow.session, notice, uow.policy, at=uow.now)
