"""Unusual: what an approver must not overlook, a line each (P4)."""

from collections.abc import Iterator

from bot.domain.actors import Actor
from bot.domain.lifecycle import RequestKind
from bot.domain.notices import RequestFacts
from bot.domain.people import Standing
from bot.domain.sources import SourceType
from bot.slack.messages.blocks import Block, section
from bot.slack.messages.facts import near, warning, who_asked
from bot.slack.messages.mrkdwn import code, everyone, who


def what_is_unusual(request: RequestFacts) -> Block | None:
    """Return what an approver must not overlook, a line each; nothing where all is usual."""
    lines = unusual_lines(request)
    return section("\n".join(lines)) if lines else None


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
    decides = f" Your requests need an approver until {until}." if until else ""
    return warning(f"{by} ended your access #{request.revoked.id}.{decides}")


def guest_line(request: RequestFacts) -> str:
    """Return the line that says that no full member asks; an empty text for one."""
    asker = who(request.requester)
    match request.standing:
        case Standing.GUEST:
            return f"*Guest:* {asker}."
        case Standing.OUTSIDER:
            return f"*Of another organisation:* {asker}."
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
            return "*Kubernetes cluster:* lets in all that ever runs on it."
        case SourceType.APP:
            return "*App:* lets in all that ever runs in it."
        case SourceType.DROPLET:
            return "*Droplet:* lets in everyone on it."


def _unusual_people(request: RequestFacts) -> Iterator[str]:
    yield from filter(None, (guest_line(request), _revoked_lately(request)))


def _unusual_source(request: RequestFacts) -> Iterator[str]:
    if request.kind is RequestKind.ACCESS and not request.seen_before:
        kind = "address" if request.source.type is SourceType.IP_ADDR else "source"
        yield f"*New {kind}* for {who(request.requester)}."
    if behind := everyone_behind(request):
        yield behind


def _others_there(request: RequestFacts) -> Iterator[str]:
    if request.same_source:
        have = "has" if len(request.same_source) == 1 else "have"
        yield f"*Shared:* {everyone(request.same_source)} {have} access from it."
    if already := covered_already(request):
        yield already


def covered_already(request: RequestFacts) -> str:
    """Return the line that says that the source is let in without this request; else nothing."""
    if request.covered_by is None:
        return ""
    if request.covered_by == request.source:
        return "*Trusted already:* added manually, seen at the last check. It stays."
    wider = code(str(request.covered_by))
    return f"*Covered already* by {wider}, seen at the last check."


def _revoked_lately(request: RequestFacts) -> str:
    if request.revoked is None:
        return ""
    by, whose = who(request.revoked.revoked_by or Actor.DBACCESS), who(request.requester)
    until = _counts_until(request)
    policy = f" No written policy applies until {until}." if until else ""
    return f"*Ended lately:* access #{request.revoked.id} of {whose}, by {by}.{policy}"


def _counts_until(request: RequestFacts) -> str:
    """Return until when no written policy applies, since somebody ended earlier access."""
    if request.revoked is None or request.revoked.removing_since is None or not request.longest:
        return ""
    return near(request.revoked.removing_since + request.longest, request.created_at)
