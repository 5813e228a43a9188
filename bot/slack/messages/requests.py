"""Requests: what the requester hears about theirs."""

from bot.domain.actors import Actor
from bot.domain.lifecycle import RequestKind, RequestState
from bot.domain.notices import (
    Adopted,
    ApprovalsDropped,
    Asked,
    Cancelled,
    EmergencyAsked,
    NotGranted,
    RequestClosed,
    RequestFacts,
    RequestOver,
)
from bot.slack.messages.blocks import Block, Message, context, message, quote, section
from bot.slack.messages.buttons import ask_again, cancel
from bot.slack.messages.facts import (
    NO_REASON,
    comments,
    expires,
    how_to_adopt_again,
    how_to_decide,
    length,
    removed_when,
    source,
    terms,
    warning,
    who_may_decide,
    why_lapsed,
)
from bot.slack.messages.mrkdwn import everyone, when, who
from bot.slack.messages.refusals import sentence, words
from bot.slack.messages.unusual import (
    covered_already,
    revoked_lately,
    your_access_revoked_lately,
)

_BECAME = {
    RequestState.APPROVED: "approved",
    RequestState.DENIED: "denied",
    RequestState.LAPSED: "expired",
}


def asked(notice: Asked) -> Message:
    """Return the answer to a request that was taken."""
    request = notice.request
    if request.state is not RequestState.PENDING:
        return request_closed(RequestClosed(request=request))
    return message(
        section(
            f":hourglass_flowing_sand: *Request #{request.id} sent*: {terms(request)}.\n"
            f"{_needed(request)}"
        ),
        your_access_revoked_lately(request),
        warning(covered_already(request)),
        cancel(request),
    )


def emergency_asked(notice: EmergencyAsked) -> Message:
    """Return why emergency access needs an approval this time, and who can give it."""
    request = notice.request
    waits = ""
    if notice.unreviewed is not None:
        waits = f" Emergency access #{notice.unreviewed} still needs review."
    if notice.to_requester:
        lead = ":rotating_light: *Emergency access needs an approval this time.*"
        return message(section(f"{lead}{waits}"), *asked(Asked(request=request)).blocks)
    said = section(
        f":rotating_light: {who(request.requester)} needs *emergency access*: "
        f"request #{request.id} waits for {who_may_decide(request)}.{waits}"
    )
    if not notice.channel:  # the card is right above
        return message(said, context(how_to_decide()))
    return message(
        said,
        section(f"{terms(request)}."),
        revoked_lately(request),
        quote(request.reason, NO_REASON),
        context(how_to_decide(notice.channel)),
    )


def request_closed(notice: RequestClosed) -> Message:
    """Return what the requester hears when a request is closed."""
    request = notice.request
    match request.state:
        case RequestState.APPROVED:
            return message(
                section(_approved(request)),
                *comments(request.comments, approvers=request.approvers),
            )
        case RequestState.DENIED:
            return _denied(request)
        case RequestState.LAPSED:
            return message(
                section(
                    f":hourglass: *Request #{request.id} expired*, {why_lapsed(request)}: "
                    f"{terms(request)}."
                ),
                *_again(request),
            )
        case _:
            by = f" by {who(request.closed_by)}" if request.closed_by else ""
            return message(
                section(f":wastebasket: *Request #{request.id} cancelled*{by}: {terms(request)}."),
                *_again(request),
            )


def approvals_dropped(notice: ApprovalsDropped) -> Message:
    """Return whose approval no longer counts, and how many still do."""
    request = notice.request
    lost = everyone(notice.approvers)
    return message(
        section(
            f":warning: *Request #{request.id} has {len(request.approvers)}/"
            f"{request.approvals_needed} approvals.* No longer an approver: {lost}."
        )
    )


def not_granted(notice: NotGranted) -> Message:
    """Return why an approval of a request was not taken."""
    request = notice.request
    return message(
        section(f":warning: *Request #{request.id} could not be approved.*"),
        quote(sentence(notice.why), "The policy no longer allows it."),
        context(f"Expires {expires(request)}."),
        cancel(request),
    )


def adopted(notice: Adopted) -> Message:
    """Return the answer to somebody who wants a rule to expire that was added manually."""
    request = notice.request
    if request.state is RequestState.PENDING:
        return asked(Asked(request=request))
    if request.state is not RequestState.APPROVED:
        return request_closed(RequestClosed(request=request))
    return message(
        section(
            f":timer_clock: *Setting an expiry on {source(request)}* (access #{request.id}): "
            f"removed {removed_when(request)}."
        )
    )


def request_over(notice: RequestOver) -> Message:
    """Return the answer to a request once that is closed: nothing is left to press there."""
    request = notice.request
    if request.state is RequestState.CANCELLED:
        return cancelled(Cancelled(request=request))
    return message(context(f"Request #{request.id} {_BECAME[request.state]}: {terms(request)}."))


def cancelled(notice: Cancelled) -> Message:
    """Return the answer to a request that was cancelled."""
    request = notice.request
    return message(
        section(f":wastebasket: *Request #{request.id} cancelled*: {terms(request)}."),
        *_again(request),
    )


def _again(request: RequestFacts) -> list[Block | None]:
    """Return the next step where somebody still needs it."""
    if request.kind is RequestKind.ADOPTION:
        if request.extended is not None:
            return []
        return [context(f"Ask again: {how_to_adopt_again(request, request.duration)}")]
    return [ask_again(request)]


def _needed(request: RequestFacts) -> str:
    """Return whose approvals are needed, how many where more than one is, and until when."""
    deciders, end = who_may_decide(request), expires(request)
    if request.approvals_needed == 1:
        return f"Waits for {deciders} until {end}."
    left = request.approvals_needed - len(request.approvers)
    more = " more" if request.approvers else ""
    return f"Needs {left}{more} approval{'' if left == 1 else 's'} from {deciders}. Expires {end}."


def _approved(request: RequestFacts) -> str:
    if request.kind is RequestKind.EMERGENCY:
        return (
            f":rotating_light: *Emergency access #{request.id} is opening*: {terms(request)}. "
            "An approver reviews it."
        )
    if request.kind is RequestKind.PUT_BACK:
        return (
            f":repeat: *Access #{request.puts_back} is being put back* as access #{request.id}, "
            f"{length(request)}."
        )
    if request.kind is RequestKind.ADOPTION and request.extended is not None:
        ends = when(request.extended.expires_at)
        return f":timer_clock: *{source(request)} stays longer*: removed {ends}."
    return (
        f":white_check_mark: *Request #{request.id} approved* by {everyone(request.approvers)}: "
        f"{terms(request)}."
    )


def _denied(request: RequestFacts) -> Message:
    approver = who(request.denied_by or Actor.DBACCESS)
    return message(
        section(f":no_entry: *Request #{request.id} denied* by {approver}: {terms(request)}."),
        quote(words(request.denial_reason), NO_REASON),
        *_again(request),
    )
