"""Why a grant cannot be had, extended, ended or put back, in words."""

from typing import assert_never

from bot.domain.durations import show_duration as shown
from bot.domain.refusals.grants import (
    Ended,
    GrantedAlready,
    GrantRefusal,
    GrantRenumbered,
    NoSuchGrant,
    NothingToExtend,
    NotRemovedOutside,
    NoUnendedGrant,
    PutBackAlready,
    Recovered,
    RevokedSince,
    RuleNotTaken,
    StillGranted,
    TimeIsOver,
    TooManyGrants,
)
from bot.slack.messages.quoting import Quoting


def of_grant(  # noqa: C901  # a case for each
    refusal: GrantRefusal, code: Quoting, *, way: bool
) -> str:
    """Return why a grant cannot be had, extended, ended or put back; *way* as in `sentence`."""
    again = f"Ask again with {code('/dbaccess request')}."
    match refusal:
        case NoSuchGrant(number=number):
            return f"No open access #{number}. {code('/dbaccess list')} shows yours."
        case NoUnendedGrant(number=number):
            return f"No open access #{number}."
        case Ended(number=number):
            return f"Access #{number} has ended.{f' {again}' if way else ''}"
        case NothingToExtend(number=number):
            return f"Access #{number} has ended, so it can't be extended."
        case GrantedAlready():
            return _granted_already(refusal, code, way=way)
        case TooManyGrants():
            return _too_many_grants(refusal, code, way=way)
        case GrantRenumbered(number=number):
            return (
                f"That message is too old: access #{number} is another one now. "
                "Nothing was changed."
            )
        case Recovered(number=number):
            return f"Nobody is known to have approved access #{number}. {again}"
        case NotRemovedOutside(number=number):
            return f"Access #{number} wasn't removed outside dbaccess. {again}"
        case TimeIsOver(number=number):
            return f"The approved time of access #{number} is over. {again}"
        case PutBackAlready(number=number, put_back_as=put_back_as):
            return f"Access #{number} was already put back, as #{put_back_as}."
        case StillGranted(number=number, left=left):
            return f"Access from there is already open: #{number}, for {code(shown(left))} more."
        case RevokedSince(cluster=alias, revoked=revoked):
            return f"Access to {code(alias)} was revoked since then (#{revoked}). {again}"
        case RuleNotTaken(said=said):
            return f"DigitalOcean rejected the rule: {said}"
    assert_never(refusal)


def _granted_already(refusal: GrantedAlready, code: Quoting, *, way: bool) -> str:
    there_is = f"You already have access to {code(refusal.cluster)} from there: #{refusal.number}."
    if refusal.more is None:
        return f"{there_is} It lasts {code(shown(refusal.longest))}, the maximum."
    if not way:
        return there_is
    extend = code(f"/dbaccess extend {refusal.number} {shown(refusal.more)}")
    return f"{there_is} More time: {extend}."


def _too_many_grants(refusal: TooManyGrants, code: Quoting, *, way: bool) -> str:
    alias = code(refusal.cluster)
    have = f"{refusal.live + refusal.pending} on {alias}, open or requested"
    if not refusal.live:
        have = f"{refusal.pending} requests on {alias}"
    elif not refusal.pending:
        have = f"{refusal.live} open on {alias}"
    if not way:
        one = f"request #{refusal.first_pending}"
        if refusal.first_live is not None:
            one = f"access #{refusal.first_live}"
        return f"You have {have}: the maximum. The first is {one}."
    end = f"/dbaccess cancel {refusal.first_pending}"
    if refusal.first_live is not None:
        end = f"/dbaccess revoke {refusal.first_live}"
    return f"You have {have}: the maximum. End one: {code(end)}."
