"""Facts: what requests and grants are called in a sentence."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, GrantState, Request, RequestKind, RequestState
from bot.domain.notices import Comment, RequestFacts
from bot.domain.people import Standing
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages.blocks import Block, context, quote, section
from bot.slack.messages.mrkdwn import any_of, clock, code, everyone, when, who

NO_REASON = "No reason given."
_MINUTE = timedelta(minutes=1)
_NEARLY_A_DAY = timedelta(hours=20)  # within which a time of day means one time


def counted(count: int, what: str) -> str:
    """Return how many there are of something: `1 live grant`, `2 live grants`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def access(facts: Request | Grant) -> str:
    """Return what is asked for or open: access to a cluster from a source."""
    return f"access to {code(facts.cluster)} from {source(facts)}"


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
        end, is_soon = request.created_at + request.duration, request.duration < _NEARLY_A_DAY
        return f"until {clock(end) if is_soon else when(end)}"
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
            return f"{duration} more for {where} on {cluster}, access #{request.extended.id}"
        removed = f"at {clock(request.until)}" if request.until else f"after {duration}"
        return f"{where} on {cluster}, added manually, removed {removed}"
    lasts, less = length(request, as_asked=as_asked), ""
    if request.is_shortened and not as_asked:
        less = f" instead of {show_duration(request.duration)}"
    if request.extended is not None:
        whose = f" of {who(request.requester)}" if request.asked_by else ""
        what = f"{numbered(request.extended).lower()}{whose}"
        return f"{cluster}, {where}, {duration} more{less} for {what}"
    return f"{cluster}, {where}{_how_wide(request.source)}, {lasts}{less}"


def summary_of(request: RequestFacts) -> str:
    """Return in one line of mrkdwn who asks for what; the cluster stands out.

    The time is what was asked for, also once an approver gave less: they requested what they did.
    """
    asks = "requests" if request.state is RequestState.PENDING else "requested"
    asker, where, cluster = who(who_asked(request)), source(request), code(request.cluster)
    duration = show_duration(request.duration)
    if request.kind is RequestKind.ADOPTION:
        return f"{asker} {asks} an expiry for *{where}* on {cluster} (added manually)."
    if request.extended is not None:
        whose = f" of {who(request.requester)}" if request.asked_by else ""
        what = f"{numbered(request.extended).lower()}{whose}"
        return f"{asker} {asks} *{duration} more* on {cluster} from {where}: {what}."
    wide, lasts = _how_wide(request.source), lasting(request, as_asked=True)
    return f"{asker} {asks} *access to {cluster}* from {where}{wide} {lasts}."


def who_asked(request: RequestFacts) -> str:
    """Return who asked: mostly the one who benefits."""
    return request.asked_by or request.requester


def cannot_decide(request: RequestFacts) -> tuple[str, ...]:
    """Return who cannot decide on a request: who benefits, and who asked."""
    if request.self_approval:
        return ()
    return tuple(dict.fromkeys((request.requester, who_asked(request))))


def what_is_unusual(request: RequestFacts) -> Block | None:
    """Return what an approver must not overlook, a line each; nothing where all is usual."""
    lines = unusual_lines(request)
    return section("\n".join(lines)) if lines else None


def warning(line: str) -> Block | None:
    """Return a line of its own with a warning sign; nothing where there is nothing to say."""
    return section(f":warning: {line}") if line else None


def unusual_lines(request: RequestFacts) -> list[str]:
    """Return the same as lines."""
    lines = [*_unusual_people(request), *_unusual_source(request), *_others_there(request)]
    return [f":warning: {line}" for line in lines]


def revoked_lately(request: RequestFacts) -> Block | None:
    """Return who ended the requester's access to the cluster lately, if somebody did."""
    return warning(_revoked_lately(request))


def your_access_revoked_lately(request: RequestFacts) -> Block | None:
    """Return the same for the one who asked, who need not be the one whose access it was."""
    if request.revoked is None or who_asked(request) != request.requester:
        return revoked_lately(request)
    by, until = who(request.revoked.revoked_by or Actor.DBACCESS), _counts_until(request)
    decides = f" An approver decides on your requests until {when(until)}." if until else ""
    return warning(f"{by} ended your access #{request.revoked.id}.{decides}")


def guest_line(request: RequestFacts) -> str:
    """Return the line that says that no full member asks; an empty text for one."""
    asker = who(request.requester)
    match request.standing:
        case Standing.GUEST:
            return f"*Guest:* {asker} is a guest of this workspace."
        case Standing.OUTSIDER:
            return f"*Outsider:* {asker} belongs to another organisation."
        case _:
            return ""


def everyone_behind(request: RequestFacts) -> str:
    """Return the line that says whom a source lets in besides the one who asks, where it does."""
    network = request.source.network
    match request.source.type:
        case SourceType.IP_ADDR:
            addresses = network.num_addresses if network is not None else 1
            return f"*Network:* lets in all {addresses:,} addresses." if addresses > 1 else ""
        case SourceType.TAG:
            return "*Tag:* lets in every Droplet that ever gets it."
        case SourceType.K8S:
            return "*Kubernetes cluster:* lets in everything that ever runs on it."
        case SourceType.APP:
            return "*App:* lets in everything that ever runs in it."
        case SourceType.DROPLET:
            return "*Droplet:* lets in everyone who works on it."


def _unusual_people(request: RequestFacts) -> Iterator[str]:
    yield from filter(None, (guest_line(request), _revoked_lately(request)))


def _unusual_source(request: RequestFacts) -> Iterator[str]:
    if request.kind is RequestKind.ACCESS and not request.seen_before:
        kind = "address" if request.source.type is SourceType.IP_ADDR else "source"
        yield f"*New {kind}* for {who(request.requester)} on this cluster."
    if behind := everyone_behind(request):
        yield behind


def _others_there(request: RequestFacts) -> Iterator[str]:
    if request.same_source:
        have = "has" if len(request.same_source) == 1 else "have"
        yield f"*Shared:* {everyone(request.same_source)} {have} access from it, too."
    if already := covered_already(request):
        yield already


def covered_already(request: RequestFacts) -> str:
    """Return the line that says that the source is let in without this request; else nothing."""
    if request.covered_by is None:
        return ""
    if request.covered_by == request.source:
        return "*Trusted already:* a rule added manually was there at the last check. It stays."
    wider = code(str(request.covered_by))
    return f"*Covered already* by {wider}, a trusted source at the last check."


def _revoked_lately(request: RequestFacts) -> str:
    if request.revoked is None:
        return ""
    by, whose = who(request.revoked.revoked_by or Actor.DBACCESS), who(request.requester)
    until = _counts_until(request)
    policy = f" No written policy applies to them until {when(until)}." if until else ""
    return f"*Ended lately:* {by} ended access #{request.revoked.id} of {whose}.{policy}"


def _counts_until(request: RequestFacts) -> datetime | None:
    """Return until when no written policy applies, since somebody ended earlier access."""
    if request.revoked is None or request.revoked.removing_since is None or not request.longest:
        return None
    return request.revoked.removing_since + request.longest


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
        return f"access #{ended.id}, which it extends, ended first"
    return "nobody decided in time"


def extends_what_ended(request: RequestFacts) -> Grant | None:
    """Return the access that a request extends, if that has ended."""
    extended = request.extended
    return extended if extended is not None and _has_ended(extended) else None


def until(grant: Grant) -> str:
    """Return when access ends; without the day where it is open for hours."""
    is_soon = grant.expires_at - grant.approved_at < _NEARLY_A_DAY
    return clock(grant.expires_at) if is_soon else when(grant.expires_at)


def expires(request: RequestFacts) -> str:
    """Return when a request expires; without the day where that is within hours."""
    is_soon = request.lapses_at - request.created_at < _NEARLY_A_DAY
    return clock(request.lapses_at) if is_soon else when(request.lapses_at)


def comments(said: Iterable[Comment]) -> list[Block]:
    """Return what approvers wrote when they approved, each as a quote."""
    return [
        block
        for one in said
        if one.text
        for block in (context(f"{who(one.by)} wrote:"), quote(one.text, NO_REASON))
    ]


def how_to_adopt_again(facts: Request | Grant, duration: timedelta) -> str:
    """Return the command by which an expiry may be set once more."""
    return code(f"/dbaccess adopt {facts.cluster} {facts.source} {show_duration(duration)}")


def how_to_decide(channel: str = "") -> str:
    """Return where the buttons are that decide on a request."""
    return f"Approve or deny {where_the_card_is(channel)}."


def where_the_card_is(channel: str = "") -> str:
    """Return where the approval message is, for who reads of it in its thread, or elsewhere."""
    return f"in <#{channel}>" if channel else "at the top of this thread"


def _how_wide(trusted: TrustedSource) -> str:
    network = trusted.network
    if network is None or network.num_addresses == 1:
        return ""
    return f" ({network.num_addresses:,} addresses)"


def _has_ended(grant: Grant) -> bool:
    return grant.state in (GrantState.REMOVING, GrantState.ENDED)


def _plain_or_code(trusted: TrustedSource) -> str:
    return str(trusted) if trusted.network else code(str(trusted))
