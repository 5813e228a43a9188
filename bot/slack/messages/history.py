"""History: the last decisions and grants, one line each."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.durations import show_duration
from bot.domain.lifecycle import (
    EndReason,
    Grant,
    GrantState,
    Request,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.slack.messages.blocks import Message, context, message, section, sections
from bot.slack.messages.facts import near, source, until
from bot.slack.messages.mrkdwn import code, everyone, one_line, when, who
from bot.slack.messages.refusals import words

_REASON_CHARACTERS = 80


@dataclass(frozen=True)
class Happened:
    """A request that waits no more, and the grant that it became, if it became one."""

    request: Request
    grant: Grant | None = None


def history_page(
    entries: Sequence[Happened], *, cluster: str | None, of_everybody: Sequence[str]
) -> Message:
    """Return the last decisions and grants, in the order given.

    Args:
        entries: what happened.
        cluster: the only one that was asked about; None for all.
        of_everybody: the clusters on which everybody's are shown, not only the reader's own.
    """
    about = f" on {code(cluster)}" if cluster else ""
    whose = context(_whose(cluster, of_everybody))
    if not entries:
        return message(section(f"No decisions{about} yet."), whose)
    lines = [f"• {_line(entry)}" for entry in entries]
    return message(*sections([f"*Recent requests{about}*", *lines]), whose)


def _whose(cluster: str | None, of_everybody: Sequence[str]) -> str:
    if not of_everybody:
        return "Only your own. Approvers see everyone's."
    if cluster:
        return f"Everyone on {code(cluster)} (you approve it)."
    *others, last = (code(alias) for alias in of_everybody)
    if not others:
        return f"Everyone on {last} (you approve it), your own elsewhere."
    return f"Everyone on {', '.join(others)} and {last} (you approve these), your own elsewhere."


def _line(entry: Happened) -> str:
    request = entry.request
    reason = one_line(request.reason, _REASON_CHARACTERS)
    why = f", {code(reason)}" if reason else ""
    return f"*#{request.id}* {_terms(request)}{why}: {_decision(request)}{_end(entry.grant)}"


def _terms(request: Request) -> str:
    asker, duration = who(request.requester), show_duration(request.granted_duration)
    lasts = f"*{duration}*"
    if request.until is not None and not request.is_shortened:
        lasts = f"*until {when(request.until)}*"
    less = ""
    if request.is_shortened:
        less = f" instead of {show_duration(request.duration)}"
    lent = f"{code(request.cluster)}, {source(request)}"
    if request.extends is not None:
        what = f"access #{request.extends} to {code(request.cluster)}"
        return f"{asker}, *{duration} more*{less} for {what}"
    match request.kind:
        case RequestKind.EMERGENCY:
            return f":rotating_light: {asker}, *emergency*, {lent}, {lasts}"
        case RequestKind.PUT_BACK:
            return f"{asker}, {lent}, *{duration}*, access #{request.puts_back} put back"
        case RequestKind.ADOPTION:
            rule = f"{source(request)} on {code(request.cluster)}"
            return f":timer_clock: {asker}, expiry of {rule} (*{duration}*)"
        case _:
            return f"{asker}, {lent}, {lasts}{less}"


def _decision(request: Request) -> str:
    at = when(request.decided_at or request.created_at)
    match request.state:
        case RequestState.DENIED:
            denial = next(d for d in request.decisions if d.verdict is Verdict.DENY)
            why = one_line(words(denial.reason), _REASON_CHARACTERS)
            return f"denied by {who(denial.approver)} {at}{f', {code(why)}' if why else ''}"
        case RequestState.CANCELLED:
            return f"cancelled {at}"
        case RequestState.LAPSED:
            if request.access_ended_first:
                return f"expired {at}, access #{request.extends} ended first"
            return f"expired {at}, undecided"
        case _ if request.kind is RequestKind.EMERGENCY:
            return f"opened at once {at}, {_review(request)}"
        case _ if not request.approvers:
            return f"recovered from its rule's label {at}"
        case _:
            return f"approved by {everyone(request.approvers)} {at}"


def _review(request: Request) -> str:
    if request.reviewed_at is None:
        return "*needs review*"
    return f"reviewed by {who(request.reviewed_by or '')}"


def _end(grant: Grant | None) -> str:
    if grant is None:
        return ""
    match grant.state:
        case GrantState.APPLYING:
            return ", opening"
        case GrantState.ACTIVE:
            return f", open until {until(grant)}"
    ended = f"ended {near(grant.ended_at, grant.approved_at)}" if grant.ended_at else "ending"
    unused = ", no connection seen" if grant.unused else ""
    return f", {ended} ({_how_it_ended(grant)}{unused})"


def _how_it_ended(grant: Grant) -> str:
    match grant.end_reason:
        case EndReason.REVOKED if grant.adopted:
            return f"expiry removed by {who(grant.revoked_by or 'dbaccess')}, the rule stays"
        case EndReason.REVOKED:
            return f"ended by {who(grant.revoked_by or 'dbaccess')}"
        case EndReason.REMOVED_OUTSIDE:
            return "removed outside dbaccess"
        case EndReason.FAILED if grant.adopted:
            return "the expiry could not be set"
        case EndReason.FAILED:
            return "could not be opened"
        case _:
            return "expired"
