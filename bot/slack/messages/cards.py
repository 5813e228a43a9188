"""Cards: the approval message, from which alone an approver can decide."""

from bot.domain.lifecycle import RequestState
from bot.domain.notices import RequestCard, RequestFacts
from bot.slack.messages.blocks import Block, Message, message, quote, section
from bot.slack.messages.buttons import approve_or_deny
from bot.slack.messages.facts import (
    NO_REASON,
    how_wide,
    source,
    summary_of,
    who_may_decide,
    why_lapsed,
    wish,
)
from bot.slack.messages.mrkdwn import code, everyone, when, who


def request_card(card: RequestCard) -> Message:
    """Return the approval message as it should look now."""
    request = card.request
    if request.state is RequestState.PENDING:
        return _open(request)
    asked = f"*Request #{request.id}*: {who(request.requester)} asked for {wish(request)}."
    return message(section(asked), quote(request.reason, NO_REASON), *_outcome(request))


def _open(request: RequestFacts) -> Message:
    facts = [
        f"*Source*\n{_source(request)}",
        f"*Others with access now*\n{_others(request)}",
        f"*Approvals*\n{_approvals(request)}",
        f"*Can be decided until*\n{when(request.lapses_at)}",
    ]
    if request.extends is not None:
        facts.append(f"*Extends*\n{_extension(request)}")
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
            denied = f":no_entry: Denied by {who(request.denied_by or 'dbaccess')}, {at}:"
            return [section(denied), quote(request.denial_reason, NO_REASON)]
        case RequestState.CANCELLED:
            withdrawn = f"Withdrawn by {who(request.closed_by or 'dbaccess')}, {at}."
            return [section(f":wastebasket: {withdrawn}")]
        case RequestState.LAPSED:
            lapsed = f"Lapsed, {at}: {why_lapsed(request)}. It had {_approvals(request)}."
            return [section(f":hourglass: {lapsed}")]
        case _:
            approved = f"Approved by {everyone(request.approvers)}, {at}.{_new_end(request)}"
            return [section(f":white_check_mark: {approved}")]


def _source(request: RequestFacts) -> str:
    width = how_wide(request.source)
    known = (
        "Seen before: this person used it on this cluster."
        if request.seen_before
        else "A new source for this person."
    )
    return f"{source(request)}{f', {width}' if width else ''}\n{known}"


def _others(request: RequestFacts) -> str:
    if not request.other_grants:
        return "nobody, by way of dbaccess"
    grants = "grant" if request.other_grants == 1 else "grants"
    return f"{request.other_grants} live {grants} on {code(request.cluster)}"


def _approvals(request: RequestFacts) -> str:
    noun = "approval" if request.approvals_needed == 1 else "approvals"
    given = f": {everyone(request.approvers)}" if request.approvers else ""
    return f"{len(request.approvers)} of {request.approvals_needed} {noun}{given}"


def _self_approval(request: RequestFacts) -> str:
    if request.self_approval:
        return "Approvers may decide on their own requests here."
    return f"{who(request.requester)} cannot decide on this one."


def _extension(request: RequestFacts) -> str:
    extended = request.extends
    if extended is None:
        return ""
    holder = "" if extended.requester == request.requester else f" of {who(extended.requester)}"
    longer = when(extended.expires_at + request.duration)
    return f"#{extended.id}{holder} ends {when(extended.expires_at)}; with this it ends {longer}"


def _new_end(request: RequestFacts) -> str:
    """The facts of an approved extension hold the grant as it is since."""
    if request.extends is None:
        return ""
    return f" #{request.extends.id} now ends {when(request.extends.expires_at)}."
