"""Facts: what requests and grants are called in a sentence."""

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant, GrantState, Request, RequestKind
from bot.domain.notices import RequestFacts
from bot.domain.people import Standing
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages.blocks import Block, context
from bot.slack.messages.mrkdwn import code, everyone, who

NO_REASON = "No reason given."


def counted(count: int, what: str) -> str:
    """Return how many there are of something: `1 live grant`, `2 live grants`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def access(facts: Request | Grant) -> str:
    """Return what is lent: access to a cluster from a source."""
    return f"access to {code(facts.cluster)} from {source(facts)}"


def source(facts: Request | Grant) -> str:
    """Return the trusted source, as code, with the name that people know it by."""
    name = f" ({code(facts.source_name)})" if facts.source_name else ""
    return f"{code(str(facts.source))}{name}"


def terms(request: RequestFacts, *, as_asked: bool = False) -> str:
    """Return what is asked for, with the size of a network, and what less an approver gave."""
    lent = f"{access(request)}{_how_wide(request.source)}"
    duration = show_duration(request.duration if as_asked else request.granted_duration)
    if request.kind is RequestKind.ADOPTION:
        rule = f"{source(request)} on {code(request.cluster)}"
        if request.extended is not None:
            return f"*{duration} more* for {rule}, before #{request.extended.id} removes it"
        return f"an expiry of *{duration}* for {rule}, a rule added manually"
    less = ""
    if request.is_shortened and not as_asked:
        less = f" ({show_duration(request.duration)} asked for)"
    if request.extended is not None:
        whose = f" of {who(request.requester)}" if request.asked_by else ""
        return f"*{duration} more*{less} of {lent}, an extension of #{request.extended.id}{whose}"
    return f"{lent} for *{duration}*{less}"


def summary_of(request: RequestFacts) -> str:
    """Return in one line of mrkdwn who asks for what."""
    return f"*Request #{request.id}*: {who(who_asked(request))} asks for {terms(request)}."


def short_summary_of(request: Request) -> str:
    """Return the same shorter, of a request as it stands."""
    return (
        f"{who(request.requester)} asks for {code(request.cluster)} from "
        f"{code(str(request.source))} for {show_duration(request.duration)}"
    )


def who_asked(request: RequestFacts) -> str:
    """Return who asked: mostly the one who benefits."""
    return request.asked_by or request.requester


def cannot_decide(request: RequestFacts) -> tuple[str, ...]:
    """Return who cannot decide on a request: who benefits, and who asked."""
    if request.self_approval:
        return ()
    return tuple(dict.fromkeys((request.requester, who_asked(request))))


def revoked_lately(request: RequestFacts) -> Block | None:
    """Return who revoked the requester's access to the cluster lately, if somebody did."""
    if request.revoked is None:
        return None
    by, cluster = who(request.revoked.revoked_by or Actor.DBACCESS), code(request.cluster)
    return context(
        f":lock: {by} revoked the access of {who(request.requester)} to {cluster} "
        f"(#{request.revoked.id}) lately. Until {show_duration(request.longest)} after that, only "
        "approvers decide."
    )


def guest_line(request: RequestFacts) -> str:
    """Return the line that says that no full member asks; an empty text for one."""
    asker = who(request.requester)
    match request.standing:
        case Standing.GUEST:
            return f":warning: *Guest:* {asker} is a guest of this workspace."
        case Standing.OUTSIDER:
            return f":warning: *Outsider:* {asker} belongs to another organisation."
        case _:
            return ""


def everyone_behind(request: RequestFacts) -> str:
    """Return the line that says whom a source lets in besides the one who asks, where it does."""
    network = request.source.network
    match request.source.type:
        case SourceType.IP_ADDR if network is None or network.num_addresses == 1:
            return ""
        case SourceType.IP_ADDR:
            behind = "*A network:* everyone at any of its addresses gets access."
        case SourceType.TAG:
            behind = "*A tag:* every Droplet that has it gets access, and every one that gets it."
        case SourceType.K8S:
            behind = "*A Kubernetes cluster:* everything that runs on it gets access."
        case SourceType.APP:
            behind = "*An app:* everything that runs in it gets access."
        case SourceType.DROPLET:
            behind = "*A Droplet:* everyone who works on it gets access."
    return f":warning: {behind}"


def who_may_decide(request: RequestFacts) -> str:
    """Return the approvers who may decide on a request."""
    names = [name for name in request.may_decide if name not in cannot_decide(request)]
    return everyone(names) or "the approvers of the cluster"


def who_may_review(request: RequestFacts) -> str:
    """Return the approvers who may review an emergency: never the one who had it."""
    names = [name for name in request.may_decide if name != request.requester]
    return everyone(names) or "another approver of the cluster"


def why_lapsed(request: RequestFacts) -> str:
    """Return why a request was closed without a decision."""
    if request.extended is not None and _has_ended(request.extended):
        return f"#{request.extended.id}, which it was to extend, has ended"
    return "nobody decided in time"


def ask_again(facts: RequestFacts | Grant) -> str:
    """Return the command by which the same may be asked for once more."""
    if isinstance(facts, Grant):
        return code(f"/dbaccess request {facts.source} {facts.cluster}")
    if facts.extended is not None and _has_ended(facts.extended):
        return ask_again(facts.extended)
    duration = show_duration(facts.duration)
    if facts.extended is not None:
        return code(f"/dbaccess extend {facts.extended.id} {duration}")
    if facts.kind is RequestKind.ADOPTION:
        return code(f"/dbaccess adopt {facts.cluster} {facts.source} {duration}")
    return code(f"/dbaccess request {facts.source} {duration} {facts.cluster}")


def foreign_rule_stays(grant: Grant) -> str:
    """Return why a source stays trusted that was trusted before the grant (P5)."""
    return (
        f"{code(grant.cluster)} still trusts {source(grant)}, as it did before: somebody else "
        "added that rule, and dbaccess leaves it alone."
    )


def _how_wide(trusted: TrustedSource) -> str:
    network = trusted.network
    if network is None or network.num_addresses == 1:
        return ""
    return f" ({network.num_addresses:,} addresses)"


def _has_ended(grant: Grant) -> bool:
    return grant.state in (GrantState.REMOVING, GrantState.ENDED)
