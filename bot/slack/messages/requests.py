"""Requests: what the requester hears about theirs."""

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
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
)
from bot.slack.messages.blocks import Message, context, message, quote, section
from bot.slack.messages.buttons import cancel
from bot.slack.messages.facts import (
    NO_REASON,
    ask_again,
    revoked_lately,
    source,
    terms,
    who_may_decide,
    why_lapsed,
)
from bot.slack.messages.mrkdwn import code, everyone, when, who
from bot.slack.messages.refusals import sentence, words

_BEING_APPLIED = "It is being applied now; you hear from me when it works."


def asked(notice: Asked) -> Message:
    """Return the answer to a request that was taken."""
    request = notice.request
    if request.state is not RequestState.PENDING:
        return request_closed(RequestClosed(request=request))
    return message(
        section(
            f":hourglass_flowing_sand: *Request #{request.id}* is with the approvers: "
            f"{terms(request)}."
        ),
        section(
            f"{_needed(request)} from {who_may_decide(request)}. If nobody decides, it lapses "
            f"{when(request.lapses_at)}. The outcome comes to you as a direct message."
        ),
        revoked_lately(request),
        context(f"Changed your mind? {code(f'/dbaccess cancel {request.id}')} withdraws it."),
        cancel(request),
    )


def emergency_asked(notice: EmergencyAsked) -> Message:
    """Return why emergency access needs an approval this time, and who can give it."""
    request = notice.request
    waits = ""
    if notice.unreviewed is not None:
        waits = f" Emergency #{notice.unreviewed} still waits for a review."
    if notice.to_requester:
        no_access = ":rotating_light: *No emergency access this time: an approver has to decide.*"
        return message(section(f"{no_access}{waits}"), *asked(Asked(request=request)).blocks)
    return message(
        section(
            f":rotating_light: {who_may_decide(request)}: {who(request.requester)} asked for this "
            f"as an *emergency*, and it needs an approval.{waits}"
        ),
        revoked_lately(request),
        section(f"*Request #{request.id}*: {terms(request)}."),
        quote(request.reason, NO_REASON),
    )


def request_closed(notice: RequestClosed) -> Message:
    """Return what the requester hears when a request is closed."""
    request = notice.request
    match request.state:
        case RequestState.APPROVED:
            return message(section(_approved(request)))
        case RequestState.DENIED:
            return _denied(request)
        case RequestState.LAPSED:
            return message(
                section(
                    f":hourglass: *Request #{request.id}* has lapsed: {why_lapsed(request)}. "
                    f"It was for {terms(request)}."
                ),
                section(f"Still need it? Ask again with {ask_again(request)}."),
            )
        case _:
            return message(
                section(
                    f":wastebasket: *Request #{request.id}* was withdrawn{_by(request)}. "
                    f"It was for {terms(request)}."
                ),
                section(f"Still need it? Ask again with {ask_again(request)}."),
            )


def approvals_dropped(notice: ApprovalsDropped) -> Message:
    """Return whose approval no longer counts, and how many still do."""
    request = notice.request
    lost = everyone(notice.approvers)
    return message(
        section(
            f":warning: The approval of {lost} no longer counts: they may not approve any more. "
            f"*Request #{request.id}* has {len(request.approvers)} of {request.approvals_needed} "
            "approvals."
        )
    )


def not_granted(notice: NotGranted) -> Message:
    """Return why an approval of a request was not taken."""
    request = notice.request
    return message(
        section(
            f":warning: *Request #{request.id}* could not be approved. It is for {terms(request)}."
        ),
        quote(sentence(notice.why), "It is no longer within the policy."),
        context(
            f"It stays open until {when(request.lapses_at)}. To ask for something else, cancel it "
            f"first: {code(f'/dbaccess cancel {request.id}')}."
        ),
    )


def adopted(notice: Adopted) -> Message:
    """Return the answer to somebody who wants a rule to expire that was added manually."""
    request = notice.request
    if request.state is RequestState.PENDING:
        return asked(Asked(request=request))
    if request.state is not RequestState.APPROVED:
        return request_closed(RequestClosed(request=request))
    duration = show_duration(request.duration)
    return message(
        section(
            f":timer_clock: *#{request.id}*: setting an expiry of *{duration}* on "
            f"{source(request)} on {code(request.cluster)}. You hear from me when that is done, "
            "and a day before the rule is removed."
        ),
        context(
            f"{code(f'/dbaccess extend {request.id} 1w')} gives it more time, "
            f"{code(f'/dbaccess revoke {request.id}')} removes the expiry: the rule stays."
        ),
    )


def cancelled(notice: Cancelled) -> Message:
    """Return the answer to a request that was withdrawn."""
    request = notice.request
    return message(
        section(
            f":wastebasket: *Request #{request.id}* is withdrawn, nobody needs to decide on it any "
            f"more. It was for {terms(request)}."
        )
    )


def _by(request: RequestFacts) -> str:
    return f" by {who(request.closed_by)}" if request.closed_by else ""


def _needed(request: RequestFacts) -> str:
    left = request.approvals_needed - len(request.approvers)
    more = " more" if request.approvers else ""
    if left == 1:
        return f"It needs one{more} approval" if more else "It needs an approval"
    return f"It needs {left}{more} approvals"


def _approved(request: RequestFacts) -> str:
    if request.kind is RequestKind.EMERGENCY:
        return (
            f":rotating_light: *Emergency #{request.id}* is granted: {terms(request)}. "
            f"{_BEING_APPLIED} The approvers and the operators were told, and will ask you about "
            "it afterwards."
        )
    if request.kind is RequestKind.PUT_BACK:
        return (
            f":repeat: *#{request.puts_back}* goes on as *#{request.id}*: "
            f"{terms(request)}. It was approved by {everyone(request.approvers)}. {_BEING_APPLIED}"
        )
    if request.kind is RequestKind.ADOPTION and request.extended is not None:
        until = when(request.extended.expires_at)
        return f":timer_clock: *#{request.extended.id}*: the rule stays until {until}."
    approved = (
        f":white_check_mark: *Request #{request.id}* is approved by {everyone(request.approvers)}: "
        f"{terms(request)}."
    )
    if request.kind is RequestKind.ADOPTION:
        return approved
    if request.extended is None:
        return f"{approved} {_BEING_APPLIED}"
    return f"{approved} #{request.extended.id} now ends {when(request.extended.expires_at)}."


def _denied(request: RequestFacts) -> Message:
    approver = who(request.denied_by or Actor.DBACCESS)
    is_person = request.denied_by not in (None, Actor.DBACCESS)
    can_tell = f"{approver} can tell you what would work. " if is_person else ""
    return message(
        section(
            f":no_entry: *Request #{request.id}* was denied by {approver}. It was for "
            f"{terms(request)}."
        ),
        quote(words(request.denial_reason), NO_REASON),
        section(f"{can_tell}To ask again, write {ask_again(request)}."),
    )
