"""Cards: the approval message, from which alone an approver can decide."""

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, RequestKind, RequestState
from bot.domain.notices import RequestCard, RequestFacts
from bot.slack.messages.blocks import Block, Message, context, message, quote, section
from bot.slack.messages.buttons import approve_or_deny, review_or_revoke
from bot.slack.messages.facts import (
    NO_REASON,
    cannot_decide,
    everyone_behind,
    guest_line,
    revoked_lately,
    source,
    summary_of,
    terms,
    who_asked,
    who_may_decide,
    who_may_review,
    why_lapsed,
)
from bot.slack.messages.mrkdwn import code, everyone, when, who
from bot.slack.messages.refusals import words


def request_card(card: RequestCard) -> Message:
    """Return the approval message as it should look now."""
    request = card.request
    if request.kind is RequestKind.EMERGENCY:
        return _emergency(request)
    if request.kind is RequestKind.ADOPTION and request.state is RequestState.APPROVED:
        return _adoption(request)
    if request.kind is RequestKind.PUT_BACK:
        return _put_back(request)
    if request.kind is RequestKind.ADOPTION and request.state is RequestState.PENDING:
        return _open_adoption(request)
    if request.state is RequestState.PENDING:
        return _open(request)
    wanted = terms(request, as_asked=True)
    asked = f"*Request #{request.id}*: {who(who_asked(request))} asked for {wanted}."
    return message(
        section(asked), _guest(request), quote(request.reason, NO_REASON), *_outcome(request)
    )


def _open(request: RequestFacts) -> Message:
    facts = [
        f"*Source*\n{source(request)}, {_known(request)}",
        f"*Others with access*\n{_others(request)}",
        f"*Policy*\n{_policy(request)}",
        f"*So far*\n{_approvals(request)}",
        f"*Can be decided until*\n{when(request.lapses_at)}",
    ]
    if request.extended is not None:
        facts.append(_extension(request, request.extended))
    return message(
        section(summary_of(request)),
        _guest(request),
        _behind(request),
        quote(request.reason, NO_REASON),
        revoked_lately(request),
        section(f"*May decide:* {who_may_decide(request)}. {_self_approval(request)}", facts),
        approve_or_deny(request),
    )


def _guest(request: RequestFacts) -> Block | None:
    """What is unusual about the one who asks has a line of its own."""
    line = guest_line(request)
    return section(line) if line else None


def _behind(request: RequestFacts) -> Block | None:
    """Whom the source lets in besides is unusual, too."""
    line = everyone_behind(request)
    return section(line) if line else None


def _emergency(request: RequestFacts) -> Message:
    """The same message before and after the review; what was done stays in sight."""
    broke = (
        f":rotating_light: *Emergency #{request.id}*: {who(request.requester)} broke the glass and "
        f"was given {terms(request)}, at once."
    )
    if request.reviewed_at is not None:
        reviewed = f"Reviewed by {who(request.reviewed_by or '')}, {when(request.reviewed_at)}."
        return message(
            section(broke),
            quote(request.reason, NO_REASON),
            section(f":white_check_mark: {reviewed}"),
        )
    return message(
        section(broke),
        _behind(request),
        quote(request.reason, NO_REASON),
        section(
            f"*To review:* {who_may_review(request)}. Was it right? Press *Reviewed* once you have "
            f"looked into it; until then I ask again. {_whether_it_lasts(request)}"
        ),
        review_or_revoke(request),
    )


def _whether_it_lasts(request: RequestFacts) -> str:
    return "The access has ended." if request.has_ended else "*Revoke now* ends the access."


def _open_adoption(request: RequestFacts) -> Message:
    facts = [
        f"*Policy*\n{_approvers_needed(request)}",
        f"*So far*\n{_approvals(request)}",
        f"*Expires*\n{when(request.lapses_at)}",
    ]
    return message(
        section(summary_of(request)),
        quote(request.reason, NO_REASON),
        section(
            f"Approved, {source(request)} is *removed* from {code(request.cluster)} "
            f"{show_duration(request.duration)} later. Whoever depends on it loses access then."
        ),
        section(f"*May decide:* {who_may_decide(request)}.", facts),
        approve_or_deny(request),
    )


def _adoption(request: RequestFacts) -> Message:
    adopter, duration = who(request.requester), show_duration(request.duration)
    trusted = f"{source(request)} on {code(request.cluster)}"
    if request.extended is not None:
        until = when(request.extended.expires_at)
        longer = f"{adopter} gave #{request.extended.id} {duration} more"
        return message(
            section(f":timer_clock: *{longer}*: {trusted} is removed {until}."),
            quote(request.reason, NO_REASON),
        )
    removed = when((request.decided_at or request.created_at) + request.duration)
    number = request.id
    return message(
        section(
            f":timer_clock: *#{number}*: {adopter} set an expiry on {trusted}, a rule added "
            f"manually. It is removed in *{duration}*, {removed}."
        ),
        quote(request.reason, NO_REASON),
        context(
            f"Approved by {everyone(request.approvers)}. Still needed after that? An approver can "
            f"write {code(f'/dbaccess extend {number} 1w')}, or "
            f"{code(f'/dbaccess revoke {number}')} to keep the rule without an end."
        ),
    )


def _put_back(request: RequestFacts) -> Message:
    goes = when(request.created_at + request.duration)
    return message(
        section(
            f":repeat: *#{request.id}* puts back *#{request.puts_back}* of "
            f"{who(request.requester)}, whose rule was removed outside dbaccess: {terms(request)}."
        ),
        quote(request.reason, NO_REASON),
        context(
            f"Approved by {everyone(request.approvers)} until {goes}; nobody has to decide again. "
            f"Should it stay away? {code(f'/dbaccess revoke {request.id}')} ends it."
        ),
    )


def _outcome(request: RequestFacts) -> list[Block]:
    at = when(request.decided_at or request.lapses_at)
    match request.state:
        case RequestState.DENIED:
            denied = f"Denied by {who(request.denied_by or Actor.DBACCESS)}, {at}."
            return [section(f":no_entry: {denied}"), quote(words(request.denial_reason), NO_REASON)]
        case RequestState.CANCELLED:
            by = f" by {who(request.closed_by)}" if request.closed_by else ""
            withdrawn = f"Withdrawn{by}, {at}."
            return [section(f":wastebasket: {withdrawn}")]
        case RequestState.LAPSED:
            had = f" It had {_approvals(request)}." if request.approvers else ""
            lapsed = f"Lapsed, {at}: {why_lapsed(request)}.{had}"
            return [section(f":hourglass: {lapsed}")]
        case _:
            less = ""
            if request.is_shortened:
                less = f" for {show_duration(request.granted_duration)}"
            by = everyone(request.approvers)
            approved = f"Approved{less} by {by}, {at}.{_new_end(request)}"
            return [section(f":white_check_mark: {approved}")]


def _known(request: RequestFacts) -> str:
    if request.seen_before:
        return "seen before: this person used it on this cluster"
    return "new source for this person"


def _others(request: RequestFacts) -> str:
    own = f"; {who(request.requester)} has {request.own_grants}" if request.own_grants else ""
    match request.other_grants:
        case 0:
            return f"nobody by way of dbaccess{own}"
        case 1:
            return f"1 live grant of somebody else{own}"
        case count:
            return f"{count} live grants of other people{own}"


def _approvers_needed(request: RequestFacts) -> str:
    count = request.approvals_needed
    return "1 approval" if count == 1 else f"{count} approvals of different people"


def _policy(request: RequestFacts) -> str:
    approvals = _approvers_needed(request)
    if not request.longest:
        return approvals
    return f"{approvals}; {show_duration(request.longest)} at most, extensions included"


def _approvals(request: RequestFacts) -> str:
    if request.approvals_needed == 1 and not request.approvers:
        return "no approval yet, it needs 1"
    given = f": {everyone(request.approvers)}" if request.approvers else ""
    return f"{len(request.approvers)} of {request.approvals_needed} approvals{given}"


def _self_approval(request: RequestFacts) -> str:
    if request.self_approval:
        return "Self-approval is allowed on this cluster."
    return f"{everyone(cannot_decide(request))} cannot decide on this one."


def _extension(request: RequestFacts, extended: Grant) -> str:
    is_own = extended.requester == who_asked(request)
    holder = "" if is_own else f" of {who(extended.requester)}"
    longer = when(extended.expires_at + request.duration)
    ends = f"It ends {when(extended.expires_at)}; approved, it would end {longer}"
    return f"*Extends #{extended.id}{holder}*\n{ends}"


def _new_end(request: RequestFacts) -> str:
    """The facts of an approved extension contain the extended grant."""
    if request.extended is None:
        return ""
    return f" #{request.extended.id} now ends {when(request.extended.expires_at)}."
