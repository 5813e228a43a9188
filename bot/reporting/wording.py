"""The words of a report: what became of a grant or a request, in plain English."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import EndReason, GrantState, Request, RequestKind, RequestState, Verdict
from bot.domain.principals import is_machine
from bot.reporting.facts import Access
from bot.slack.messages.quoting import in_plain_text
from bot.slack.messages.refusals import sentence, words

NameOf = Callable[[str], str]

NONE = "\N{EN DASH}"

_STATES = {
    RequestState.DENIED: "denied",
    RequestState.LAPSED: "expired: nobody decided in time",
    RequestState.CANCELLED: "cancelled",
}
_NOT_PEOPLE: dict[str, str] = {
    Actor.POLICY: "the written policy",
    Actor.EMERGENCY: "nobody (emergency)",
    Actor.OPERATOR: "an operator at the command line",
    Actor.DEPARTED: "dbaccess, since they left the workspace",
    Actor.DBACCESS: "dbaccess itself",
    Actor.UNKNOWN: "unknown",
}
_HOUR = timedelta(hours=1)


def person(name: str, name_of: NameOf) -> str:
    """Return what somebody is called who may be no person."""
    if is_machine(name):
        return f"machine {name}"
    return _NOT_PEOPLE.get(name) or name_of(name)


def holders(people: int, machines: int) -> str:
    """Return of how many people and machines there is something."""
    counted = "1 person" if people == 1 else f"{people} people"
    if not machines:
        return counted
    return f"{counted} and {'1 machine' if machines == 1 else f'{machines} machines'}"


def operator(facts: Mapping[str, object]) -> str:
    """Return who typed a command, as recorded: the account, the login behind it, the host."""
    words = str(facts.get("account", "unknown account"))
    became = facts.get("login") or facts.get("sudo_user")
    if became and became != facts.get("account"):
        words += f", logged in as {became}"
    return words + (f", on {facts['host']}" if facts.get("host") else "")


def moment(at: datetime) -> str:
    """Return a time in UTC, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def lasting(span: timedelta | None) -> str:
    """Return a duration, from an hour on without seconds; a dash for none."""
    if span is None:
        return NONE
    if span >= _HOUR:
        span = timedelta(minutes=round(span / timedelta(minutes=1)))
    return show_duration(span)


def approved_by(access: Access, name_of: NameOf) -> str:
    """Return who approved a grant."""
    kind, names = access.request.kind, access.request.approvers
    if not names:
        return "not known: found by its label"
    said = ", ".join(person(name, name_of) for name in names)
    own = " (their own request)" if access.request.requester in names else ""
    return f"{said} (adopted the rule)" if kind is RequestKind.ADOPTION else f"{said}{own}"


def origin(access: Access) -> str:
    """Return how a grant came about, if not by a request that people approved; else nothing."""
    request = access.request
    if access.recovered:
        return "Recovered from a rule's label: dbaccess had no record of it."
    if request.kind is RequestKind.EMERGENCY:
        return "Emergency access: opened at once, without an approval."
    if request.kind is RequestKind.ADOPTION:
        return "Adopted: the rule was added manually before, and got an expiry."
    if request.kind is RequestKind.PUT_BACK:
        return f"Put back: continues #{request.puts_back}, as it was approved."
    return ""


def ending(access: Access, name_of: NameOf, now: datetime) -> str:
    """Return how a grant ended, or where it stands."""
    grant = access.grant
    if not access.is_over:
        return _standing(access, now)
    typist = (
        f" ({access.ended_by})" if access.ended_by and grant.revoked_by == Actor.OPERATOR else ""
    )
    by = f"{person(grant.revoked_by or Actor.UNKNOWN, name_of)}{typist}"
    if grant.adopted and grant.end_reason is EndReason.EXPIRED:
        return "It expired, and the rule was removed."
    if grant.adopted and grant.end_reason is EndReason.REVOKED:
        return f"Expiry removed by {by}: the rule stays."
    words = {
        EndReason.EXPIRED: "It expired.",
        EndReason.REVOKED: f"Ended by {by}.",
        EndReason.REMOVED_OUTSIDE: "Its rule was removed outside dbaccess.",
        EndReason.FAILED: "It never opened.",
        None: "It ended.",
    }[grant.end_reason]
    why = f" {sentence(access.why_failed, in_plain_text)}" if access.why_failed else ""
    again = f" Put back as #{access.put_back_as}." if access.put_back_as else ""
    if grant.adopted and grant.end_reason is EndReason.FAILED:
        return f"The expiry could not be set. The rule is unchanged.{why}"
    stays = " Its source was trusted before by another rule, which stays."
    is_foreign = grant.owned is False and grant.end_reason is not EndReason.REMOVED_OUTSIDE
    return f"{words}{why}{stays if is_foreign else ''}{again}"


def connections(access: Access) -> str:
    """Return what became of the sessions that came by a grant, if that is known; else nothing."""
    if access.sessions_ended:
        count = access.sessions_ended
        return f"{count} open session{'' if count == 1 else 's'} closed."
    return "No connection was seen." if access.grant.unused else ""


def _standing(access: Access, now: datetime) -> str:
    grant = access.grant
    if access.is_late(now):
        return "STILL THERE, past its end."
    if grant.state is GrantState.REMOVING and grant.leaves_rule:
        return "Being ended: its rule stays."
    if grant.state is GrantState.REMOVING:
        return "Being ended: its firewall rule is still there."
    if grant.state is GrantState.APPLYING:
        return "Approved, not open yet."
    return "Open."


def extensions(access: Access, name_of: NameOf) -> list[str]:
    """Return a line for each extension that was approved."""
    return [
        f"#{one.id}: {lasting(one.granted_duration)} more, approved by "
        + ", ".join(person(name, name_of) for name in one.approvers)
        for one in access.extensions
    ]


def outcome(request: Request, name_of: NameOf) -> str:
    """Return why a request was not approved, and by whom."""
    if request.access_ended_first:
        return f"expired: access #{request.extends} ended first"
    said = _STATES.get(request.state, str(request.state))
    denials = [one for one in request.decisions if one.verdict is Verdict.DENY]
    if not denials:
        return said
    why = words(denials[-1].reason, in_plain_text)
    why = f": {why}" if why else ""
    return f"{said} by {person(denials[-1].approver, name_of)}{why}"


def terms(request: Request) -> str:
    """Return what a request asked for."""
    more = f" more for #{request.extends}" if request.extends else ""
    if request.kind is RequestKind.ADOPTION and not request.extends:
        more = " until the rule is removed"
    return f"{lasting(request.duration)}{more}"
