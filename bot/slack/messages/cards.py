"""Cards: the approval message, from which alone an approver can decide.

It fits a phone's screen: what is asked for, why, one line of facts, and what is unusual.
"""

from collections.abc import Iterator

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import RequestKind, RequestState, Verdict
from bot.domain.notices import RequestCard, RequestFacts
from bot.domain.principals import is_machine
from bot.slack.messages.blocks import Block, Message, context, message, quote, section
from bot.slack.messages.buttons import approve_or_deny, review_or_revoke
from bot.slack.messages.facts import (
    NO_REASON,
    comments,
    expires,
    extends_what_ended,
    lasting,
    near,
    source,
    summary_of,
    terms,
    until,
    warning,
    who_asked,
    who_may_decide,
    who_may_review,
    why_lapsed,
)
from bot.slack.messages.machine_lines import machine_line
from bot.slack.messages.mrkdwn import code, everyone, when, who
from bot.slack.messages.refusals import words
from bot.slack.messages.unusual import everyone_behind, guest_line, what_is_unusual


def request_card(card: RequestCard) -> Message:
    """Return the approval message as it should look now."""
    request = card.request
    if is_machine(request.requester):
        return machine_line(request)
    if request.kind is RequestKind.EMERGENCY:
        return _emergency(request)
    if request.kind is RequestKind.ADOPTION and request.state is RequestState.APPROVED:
        return _adoption(request)
    if request.kind is RequestKind.PUT_BACK:
        return _put_back(request)
    if request.state is RequestState.PENDING:
        return _open(request)
    outcome, was_for = (
        _outcome(request),
        f"{who(who_asked(request))}: {terms(request)}.",
    )
    why = _why(request)
    lead = [section(outcome), *why, section(was_for)]
    return message(
        *(lead if why else [section(f"{outcome}\n{was_for}")]),
        quote(request.reason, NO_REASON) if request.reason else None,
        warning(guest_line(request)),  # that no full member got access stays in sight
    )


def _open(request: RequestFacts) -> Message:
    return message(
        *what_is_requested(request),
        context(" · ".join(_facts(request))),
        *comments(request.comments),
        approve_or_deny(request),
    )


def what_is_requested(request: RequestFacts) -> list[Block]:
    """Return what an approver must know before a decision, on a card as in a form (P4)."""
    blocks = (
        section(summary_of(request)),
        quote(request.reason, NO_REASON),
        what_is_unusual(request),
        _what_it_would_change(request),
    )
    return [block for block in blocks if block is not None]


def _facts(request: RequestFacts) -> Iterator[str]:
    """What every card says, in one line: the policy, the approvals, the end, who is asked."""
    yield f"Request #{request.id}"
    if request.longest and request.kind is RequestKind.ACCESS:
        yield f"max {show_duration(request.longest)}"
    if request.approvals_needed > 1:
        yield f"Approvals {_approvals(request)}"
    yield f"Expires {expires(request)}"
    if request.extended is None:  # where it is not, the line above says what there is
        yield from _access_now(request)
    yield f"Approvers: {who_may_decide(request)}"


def _access_now(request: RequestFacts) -> Iterator[str]:
    """Who has access already; usually nobody has, which is not said."""
    own = f". {who(request.requester)}: {request.own_grants} open" if request.own_grants else ""
    match request.others_with_access:
        case 0 if own:
            yield f"No one else has access{own}"
        case 1:
            yield f"1 other has access{own}"
        case count if count:
            yield f"{count} others have access{own}"


def _what_it_would_change(request: RequestFacts) -> Block | None:
    """What an approval does that the first line does not say."""
    if request.extended is None or request.kind is RequestKind.ADOPTION:
        return None
    longer = request.extended.expires_at + request.granted_duration
    since = request.extended.approved_at
    return context(f"Ends {until(request.extended)}. If approved, {near(longer, since)}.")


def _emergency(request: RequestFacts) -> Message:
    """The same message before and after the review; what was done stays in sight."""
    if request.reviewed_at is not None:
        by, at = who(request.reviewed_by or ""), near(request.reviewed_at, request.created_at)
        return message(
            section(
                f":white_check_mark: *Emergency access #{request.id} reviewed* by {by}, {at}.\n"
                f"{who(request.requester)}: {terms(request)}.{_ended_early(request)}"
            ),
            quote(request.reason, NO_REASON),
        )
    return message(
        section(
            f":rotating_light: {who(request.requester)} opened *emergency access #{request.id} to "
            f"{code(request.cluster)}* from {source(request)} {lasting(request)}."
        ),
        quote(request.reason, NO_REASON),
        warning(everyone_behind(request)),
        context(
            f"*Needs review* by {who_may_review(request)}{_reminders(request)}"
            f"{' · Access has ended' if request.has_ended else ''}"
        ),
        review_or_revoke(request),
    )


def _reminders(request: RequestFacts) -> str:
    if request.remind_every is None:
        return ""
    return f" · Reminder every {show_duration(request.remind_every)}"


def _adoption(request: RequestFacts) -> Message:
    by = f"Approved by {everyone(request.approvers)}"
    return message(
        section(f":timer_clock: {_expiry(request)}"),
        quote(request.reason, NO_REASON) if request.reason else None,
        *comments(request.comments),
        context(f"Access #{(request.extended or request).id} on {code(request.cluster)} · {by}"),
    )


def _ended_early(request: RequestFacts) -> str:
    """Return that the access that came of a request ended early, if it did."""
    grant = request.ended_early
    if grant is None:
        return ""
    by = f" by {who(grant.revoked_by)}" if grant.revoked_by else ", removed outside dbaccess"
    return f" Ended early{by}, {near(grant.ended_at or grant.expires_at, grant.approved_at)}."


def _expiry(request: RequestFacts) -> str:
    if request.ended_early is not None and request.ended_early.revoked_by:
        by = who(request.ended_early.revoked_by)
        return f"*The expiry of {source(request)} was removed* by {by}."
    if request.extended is not None:
        longer = show_duration(request.duration)
        ends = when(request.extended.expires_at)
        return f"*{source(request)} stays {longer} longer*: removed {ends}."
    ends = when(request.end_from(request.decided_at or request.created_at))
    return f"*Set an expiry on {source(request)}* (added manually): removed {ends}."


def _put_back(request: RequestFacts) -> Message:
    return message(
        section(
            f":repeat: *Access #{request.puts_back} of {who(request.requester)} was put back* as "
            f"access #{request.id}: {terms(request)}.{_ended_early(request)}"
        ),
        quote(request.reason, NO_REASON) if request.reason else None,
        context(f"Approved by {everyone(request.approvers)}"),
    )


def _outcome(request: RequestFacts) -> str:
    at = near(request.decided_at or request.lapses_at, request.created_at)
    number = f"Request #{request.id}"
    match request.state:
        case RequestState.DENIED:
            by = who(request.denied_by or Actor.DBACCESS)
            return f":no_entry: *{number} denied* by {by}, {at}."
        case RequestState.CANCELLED:
            by = ""
            if request.closed_by and request.closed_by != who_asked(request):
                by = f" by {who(request.closed_by)}"
            return f":wastebasket: *{number} cancelled*{by}, {at}."
        case RequestState.LAPSED:
            why = why_lapsed(request)
            if request.approvers and not extends_what_ended(request):
                why = f"approvals {_approvals(request)}"
            return f":hourglass: *{number} expired*, {at}: {why}."
        case _:
            by = everyone(request.approvers)
            return f":white_check_mark: *{number} approved* by {by}, {at}.{_ended_early(request)}"


def _why(request: RequestFacts) -> list[Block]:
    """Return what those who decided wrote."""
    if request.state is RequestState.DENIED:
        return [quote(words(request.denial_reason), NO_REASON)]
    return comments(request.comments, approvers=request.approvers)


def _approvals(request: RequestFacts) -> str:
    """How many there are of how many, of whom, and for how long where that is for less."""
    given = [
        f"{who(one.approver)} for {show_duration(one.at_most)}"
        if one.at_most
        else who(one.approver)
        for one in request.decisions
        if one.verdict is Verdict.APPROVE
    ]
    by = f" ({', '.join(given)})" if given else ""
    return f"{len(request.approvers)}/{request.approvals_needed}{by}"
