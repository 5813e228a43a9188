"""Facts: what requests and grants are called in a sentence."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, GrantState, Request, RequestKind, RequestState
from bot.domain.notices import Comment, RequestFacts
from bot.domain.sources import TrustedSource
from bot.slack.messages.blocks import Block, context, quote, section
from bot.slack.messages.mrkdwn import any_of, clock, code, when, who

NO_REASON = "No reason given."
_MINUTE = timedelta(minutes=1)
_NEARLY_A_DAY = timedelta(hours=20)  # within which a time of day means one time


def counted(count: int, what: str) -> str:
    """Return how many there are of something: `1 live grant`, `2 live grants`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def numbered(grant: Grant) -> str:
    """Return what access is called: `Access #17`; that it was an emergency stays in sight."""
    return f"{'Emergency access' if grant.emergency else 'Access'} #{grant.id}"


def source(facts: Request | Grant) -> str:
    """Return the trusted source, with the name that people know it by; an address as it is."""
    name = f" ({code(facts.source_name)})" if facts.source_name else ""
    return f"{_plain_or_code(facts.source)}{name}"


def length(request: Request, *, as_asked: bool = False) -> str:
    """Return how long access is to last: `2h`, or until when, if that was asked for."""
    if request.kind is RequestKind.PUT_BACK:
        return f"until {near(request.created_at + request.duration, request.created_at)}"
    if request.until is not None and (as_asked or not request.is_shortened):
        return f"until {clock(request.until)}"
    return show_duration(request.duration if as_asked else request.granted_duration)


def in_minutes(left: timedelta) -> str:
    """Return a time that is left in whole minutes, `1h49m`; nobody reads its seconds."""
    if left < _MINUTE:
        return "less than a minute"
    return show_duration(left // _MINUTE * _MINUTE)


def lasting(request: Request, *, as_asked: bool = False) -> str:
    """Return the same as a part of a sentence: `for 2h`, or `until` then."""
    said = length(request, as_asked=as_asked)
    return said if said.startswith("until") else f"for {said}"


def manual_source(facts: Grant) -> str:
    """Return the source of a rule that was added manually, which is what it is known by."""
    name = f"{code(facts.source_name)}, " if facts.source_name else ""
    return f"{_plain_or_code(facts.source)} ({name}added manually)"


def terms(request: RequestFacts) -> str:
    """Return cluster, source and time in a few words, and what less it was approved for."""
    as_asked = request.state is not RequestState.APPROVED
    duration = show_duration(request.duration if as_asked else request.granted_duration)
    where, cluster = source(request), code(request.cluster)
    if request.kind is RequestKind.ADOPTION:
        if request.extended is not None:
            return f"{duration} more for {where} on {cluster}"
        return f"expiry of {where} on {cluster} {removed_when(request)}"
    lasts, less = length(request, as_asked=as_asked), ""
    if request.is_shortened and not as_asked:
        less = f" instead of {show_duration(request.duration)}"
    if request.extended is not None:
        whose = f" of {who(request.requester)}" if request.asked_by else ""
        is_over = as_asked or request.ended_early is not None
        end = "" if is_over else f", until {until(request.extended)}"
        what = f"{numbered(request.extended).lower()}{whose}"
        return f"{duration} more{less} for {what} to {cluster}{end}"
    return f"{cluster}, {where}{_how_wide(request.source)}, {lasts}{less}"


def summary_of(request: RequestFacts) -> str:
    """Return in one line of mrkdwn who asks for what, undecided yet; the cluster stands out.

    The time is what was asked for, also once an approver gave less.
    """
    asker, where, cluster = who(who_asked(request)), source(request), code(request.cluster)
    duration = show_duration(request.duration)
    if request.kind is RequestKind.ADOPTION:
        return (
            f"{asker} requests an expiry for *{where}* on {cluster} (added manually): "
            f"removed {removed_when(request)}."
        )
    if request.extended is not None:
        whose = f" of {who(request.requester)}" if request.asked_by else ""
        what = f"{numbered(request.extended).lower()}{whose}"
        return f"{asker} requests *{duration} more* on {cluster} from {where}: {what}."
    lasts = lasting(request, as_asked=True)
    return f"{asker} requests *access to {cluster}* from {where} {lasts}."


def removed_when(request: RequestFacts) -> str:
    """Return when a rule that was added manually is to be removed: `after 1w`, or at a time."""
    if request.until is not None:
        return f"at {clock(request.until)}"
    return f"after {show_duration(request.duration)}"


def who_asked(request: RequestFacts) -> str:
    """Return who asked: mostly the one who benefits."""
    return request.asked_by or request.requester


def cannot_decide(request: RequestFacts) -> tuple[str, ...]:
    """Return who cannot decide on a request: who benefits, and who asked."""
    if request.self_approval:
        return ()
    return tuple(dict.fromkeys((request.requester, who_asked(request))))


def warning(line: str) -> Block | None:
    """Return a line of its own with a warning sign; nothing where there is nothing to say."""
    return section(f":warning: {line}") if line else None


def who_may_decide(request: RequestFacts) -> str:
    """Return the approvers who may decide on a request."""
    names = [name for name in request.may_decide if name not in cannot_decide(request)]
    return any_of(names) or "an approver of the cluster"


def who_may_review(request: RequestFacts) -> str:
    """Return the approvers who may review an emergency: never the one who had it."""
    names = [name for name in request.may_decide if name != request.requester]
    return any_of(names) or "another approver of the cluster"


def why_lapsed(request: RequestFacts) -> str:
    """Return why a request was closed without a decision."""
    if ended := extends_what_ended(request):
        return f"access #{ended.id} ended first"
    return "nobody decided"


def extends_what_ended(request: RequestFacts) -> Grant | None:
    """Return the access that a request extends, if that has ended."""
    extended = request.extended
    return extended if extended is not None and _has_ended(extended) else None


def until(grant: Grant) -> str:
    """Return when access ends; without the day where it is open for hours."""
    return near(grant.expires_at, grant.approved_at)


def expires(request: RequestFacts) -> str:
    """Return when a request expires; without the day where that is within hours."""
    return near(request.lapses_at, request.created_at)


def near(at: datetime, since: datetime) -> str:
    """Return a time without its day where that is within hours of what the reader knows."""
    return clock(at) if at - since < _NEARLY_A_DAY else when(at)


def comments(said: Iterable[Comment], *, approvers: Sequence[str] = ()) -> list[Block]:
    """Return what approvers wrote when they approved, each as a quote.

    Where the only one of the *approvers* is named above it, it needs no name.
    """
    return [
        block
        for one in said
        if one.text
        for block in (
            *([] if [one.by] == [*approvers] else [context(f"{who(one.by)} wrote:")]),
            quote(one.text, NO_REASON),
        )
    ]


def how_to_adopt_again(facts: Request | Grant, duration: timedelta) -> str:
    """Return the command by which an expiry may be set once more."""
    return code(f"/dbaccess adopt {facts.cluster} {facts.source} {show_duration(duration)}")


def how_to_decide(channel: str = "") -> str:
    """Return where the buttons are that decide on a request."""
    return f"Decide {where_the_card_is(channel)}."


def where_the_card_is(channel: str = "") -> str:
    """Return where the approval message is, for who reads of it in its thread, or elsewhere."""
    return f"in <#{channel}>" if channel else "above"


def _how_wide(trusted: TrustedSource) -> str:
    network = trusted.network
    if network is None or network.num_addresses == 1:
        return ""
    return f" ({network.num_addresses:,} addresses)"


def _has_ended(grant: Grant) -> bool:
    return grant.state in (GrantState.REMOVING, GrantState.ENDED)


def _plain_or_code(trusted: TrustedSource) -> str:
    return str(trusted) if trusted.network else code(str(trusted))
