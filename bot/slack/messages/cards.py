"""Cards: the approval message, from which alone an approver can decide."""

from bot.domain.lifecycle import RequestState
from bot.domain.notices import GrantFacts, RequestCard, RequestFacts
from bot.slack.messages.blocks import Block, Message, message, quote, section
from bot.slack.messages.buttons import approve_or_deny
from bot.slack.messages.facts import (
    NO_REASON,
    source,
    summary_of,
    who_may_decide,
    why_lapsed,
    wish,
)
from bot.slack.messages.mrkdwn import everyone, when, who


def request_card(card: RequestCard) -> Message:
    """Return the approval message as it should look now."""
    request = card.request
    if request.state is RequestState.PENDING:
        return _open(request)
    asked = f"*Request #{request.id}*: {who(request.requester)} asked for {wish(request)}."
    return message(section(asked), quote(request.reason, NO_REASON), *_outcome(request))


def _open(request: RequestFacts) -> Message:
    facts = [
        f"*Source*\n{source(request)}, {_known(request)}",
        f"*Others with access*\n{_others(request)}",
        f"*So far*\n{_approvals(request)}",
        f"*Can be decided until*\n{when(request.lapses_at)}",
    ]
    if request.extends is not None:
        facts.append(_extension(request, request.extends))
    return message(
        section(summary_of(request)),
        quote(request.reason, NO_REASON),
        section(f"*May decide:* {who_may_decide(request)}. {_self_approval(request)}", facts),
        approve_or_deny(request),
    )


def _outcome(request: RequestFacts) -> list[Block]:
    at = when(request.decided_at or request.lapses_at)
    match request.state:
        case RequestState.DENIED:
            denied = f"Denied by {who(request.denied_by or 'dbaccess')}, {at}."
            return [section(f":no_entry: {denied}"), quote(request.denial_reason, NO_REASON)]
        case RequestState.CANCELLED:
            by = f" by {who(request.closed_by)}" if request.closed_by else ""
            withdrawn = f"Withdrawn{by}, {at}."
            return [section(f":wastebasket: {withdrawn}")]
        case RequestState.LAPSED:
            had = f" It had {_approvals(request)}." if request.approvers else ""
            lapsed = f"Lapsed, {at}: {why_lapsed(request)}.{had}"
            return [section(f":hourglass: {lapsed}")]
        case _:
            approved = f"Approved by {everyone(request.approvers)}, {at}.{_new_end(request)}"
            return [section(f":white_check_mark: {approved}")]


def _known(request: RequestFacts) -> str:
    if request.seen_before:
        return "seen before: this person used it on this cluster"
    return "new source for this person"


def _others(request: RequestFacts) -> str:
    if not request.other_grants:
        return "nobody by way of dbaccess"
    if request.other_grants == 1:
        return "1 live grant of somebody else"
    return f"{request.other_grants} live grants of other people"


def _approvals(request: RequestFacts) -> str:
    if request.approvals_needed == 1 and not request.approvers:
        return "no approval yet, it needs 1"
    given = f": {everyone(request.approvers)}" if request.approvers else ""
    return f"{len(request.approvers)} of {request.approvals_needed} approvals{given}"


def _self_approval(request: RequestFacts) -> str:
    if request.self_approval:
        return "Self-approval is allowed on this cluster."
    return f"{who(request.requester)} cannot decide on this one."


def _extension(request: RequestFacts, extended: GrantFacts) -> str:
    holder = "" if extended.requester == request.requester else f" of {who(extended.requester)}"
    longer = when(extended.expires_at + request.duration)
    ends = f"It ends {when(extended.expires_at)}; approved, it would end {longer}"
    return f"*Extends #{extended.id}{holder}*\n{ends}"


def _new_end(request: RequestFacts) -> str:
    """The facts of an approved extension hold the grant as it is since."""
    if request.extends is None:
        return ""
    return f" #{request.extends.id} now ends {when(request.extends.expires_at)}."
