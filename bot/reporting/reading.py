"""Reading a report's facts: one pass over the grants, one over the requests, one over the audit."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from bot import __version__
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.erasure import ERASED, is_erased
from bot.domain.lifecycle import EndReason, Request, RequestKind, RequestState
from bot.domain.principals import is_machine
from bot.domain.refusals.any_refusal import of_detail
from bot.domain.sources import GUARD
from bot.reporting.accounting import Accounts, Signal, troubles
from bot.reporting.facts import Access, Happening, Report, Trouble
from bot.reporting.figures import Figures
from bot.reporting.wording import moment, operator
from bot.store import audit, report_queries
from bot.store.audit_entries import Entry
from bot.store.report_queries import Lent, Period

_OF_GRANTS = (
    Action.APPLIED, Action.RECOVERED, Action.ENDING, Action.ENDED, Action.SESSIONS_ENDED,
)  # fmt: skip
_UNMET = (RequestState.DENIED, RequestState.LAPSED, RequestState.CANCELLED)


def read_report(session: Session, period: Period, *, installation: str, now: datetime) -> Report:
    """Return what happened in a period, as recorded in the database of *session*."""
    report = Report(
        installation=installation,
        period=period,
        made_at=now,
        version=__version__,
        chain=audit.verify_chain(session),
        figures=Figures(),
        waiting=report_queries.waiting(session, period),
    )
    accounts = Accounts()
    for lent in report_queries.lent(session, period, noted=_OF_GRANTS):
        access = _access(lent)
        _note_access(report, access)
        began = access.request.decided_at or access.grant.approved_at
        source, ended = str(access.grant.source), access.grant.ended_at
        accounts.note(access.grant.cluster, source, began, ended)
    for request in report_queries.closed(session, period):
        _note_closed(report, request)
    _note_writes(session, report, accounts)
    _note_events(session, report)
    report.troubles.add(*_troubles(session, period))
    return report


def _access(lent: Lent) -> Access:
    begun = [row for row in lent.noted if row.action in (Action.APPLIED, Action.RECOVERED)]
    ended = [row for row in lent.noted if row.action == Action.ENDED]
    return Access(
        grant=lent.grant,
        request=lent.request,
        began_at=begun[0].at if begun else None,
        extensions=lent.extensions,
        put_back_as=lent.put_back_as,
        recovered=any(row.action == Action.RECOVERED for row in lent.noted),
        why_failed=of_detail(ended[-1].detail) if ended else None,
        ended_by=_operator(lent),
        sessions_ended=sum(
            row.detail["count"] for row in lent.noted if row.action == Action.SESSIONS_ENDED
        ),
    )


def _operator(lent: Lent) -> str:
    """Return who ended a grant by a command, as far as is known; empty if nobody did."""
    rows = (row for row in lent.noted if row.action in (Action.ENDING, Action.ENDED))
    typed = [row for row in rows if "operator" in {*row.detail, *row.erased}]
    if not typed:
        return ""
    facts = typed[0].detail.get("operator")
    return operator(facts) if isinstance(facts, dict) else typed[0].shown("operator")


def _note_access(report: Report, access: Access) -> None:
    grant, now = access.grant, report.made_at
    report.accesses.add(access)
    if is_machine(grant.requester):
        report.machines.add(grant.requester)
    elif grant.requester != Actor.UNKNOWN and not is_erased(grant.requester):
        report.people.add(grant.requester)
    report.clusters.add(grant.cluster)
    expired = grant.end_reason is EndReason.EXPIRED and access.is_over
    overdue = access.overdue(now) if expired else None
    report.figures.lent(grant.cluster, emergency=access.is_emergency, overdue=overdue)
    report.figures.connected(
        grant.cluster, sessions_ended=access.sessions_ended, unused=grant.unused
    )
    if access.request.kind is RequestKind.ADOPTION:
        report.adopted.add(access)
    if access.recovered or grant.requester == Actor.UNKNOWN:
        report.recovered.add(access)
    if not access.is_over and access.is_late(now):
        report.still_there.add(access)


def _note_closed(report: Report, request: Request) -> None:
    report.figures.closed(request)
    if request.state in _UNMET:
        report.unmet.add(request)
    elif request.kind is RequestKind.EMERGENCY:
        report.emergencies.add(request)
        if request.wants_review:
            report.unreviewed.add(request)
    elif request.kind is RequestKind.ACCESS:
        if request.requester in request.approvers:
            report.self_approved.add(request)
        if Actor.POLICY in request.approvers:
            report.by_policy.add(request)


def _note_writes(session: Session, report: Report, accounts: Accounts) -> None:
    for row in _within(session, report.period, Action.RULES_WRITTEN):
        report.writes += 1
        added = [str(source) for source in row.detail.get("added", [])]
        if row.detail.get("certain") is False:
            words = f"added: {_listed(row, 'added')}; removed: {_listed(row, 'removed')}"
            report.uncertain_writes.add(_happening(row, words))
        for source in added:
            is_guard = source == str(GUARD)
            if not is_guard and not accounts.account_for(row.cluster, source, row.at):
                report.unaccounted.add(_happening(row, source))


def _note_events(session: Session, report: Report) -> None:
    for row in _within(session, report.period, Action.ATTEMPT_LOST):
        since = _since(row)
        report.lost_attempts.add(_happening(row, f"under way since {moment(since)}"))
    for row in _within(session, report.period, Action.GUARD_PLACED):
        report.guards.add(_happening(row, ""))
    everywhere = Period(report.period.since, report.period.until)  # these name no cluster
    for row in _within(session, everywhere, Action.UNDELIVERED):
        words = f"in the conversation {row.shown('conversation')}: {row.shown('error')}"
        report.undelivered.add(_happening(row, words))
    for row in _within(session, everywhere, Action.REFUSED):
        report.refused.add(_happening(row, row.shown("verdict")))


def _troubles(session: Session, period: Period) -> Iterator[Trouble]:
    rows = audit.rows(session, actions=(Action.ALARMED, Action.ALL_CLEAR), cluster=period.cluster)
    return (found for found in troubles(map(_signal, rows)) if found.touches(period))


def _signal(row: Entry) -> Signal:
    if row.action == Action.ALL_CLEAR:
        return Signal(row.at, row.cluster)
    return Signal(row.at, row.cluster, _since(row), row.shown("error"))


def _since(row: Entry) -> datetime:
    """Return since when what a row reports has lasted; the row's own time if it does not say."""
    since = row.detail.get("since")
    return datetime.fromisoformat(since) if since else row.at


def _within(session: Session, period: Period, action: Action) -> Iterator[Entry]:
    return audit.rows(
        session,
        actions=(action,),
        since=period.since,
        until=period.until,
        cluster=period.cluster,
    )


def _happening(row: Entry, words: str) -> Happening:
    return Happening(row.at, row.cluster, words, row.request_id, row.actor)


def _listed(row: Entry, particular: str) -> str:
    if particular in row.erased:
        return ERASED
    return ", ".join(map(str, row.detail.get(particular, []))) or "none"
