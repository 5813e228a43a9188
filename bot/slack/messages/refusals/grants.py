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
from bot.slack.messages.facts import counted
from bot.slack.messages.quoting import Quoting


def of_grant(refusal: GrantRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return why a grant cannot be had, extended, ended or put back."""
    again = f"Ask again with {code('/dbaccess request')}."
    match refusal:
        case NoSuchGrant(number=number):
            return f"There is no grant #{number}. {code('/dbaccess list')} shows yours."
        case NoUnendedGrant(number=number):
            return f"There is no grant #{number} that has not ended."
        case Ended(number=number):
            return f"#{number} has ended. {again}"
        case NothingToExtend(number=number):
            return f"#{number} has ended, so there is nothing to extend."
        case GrantedAlready():
            return _granted_already(refusal, code)
        case TooManyGrants():
            return _too_many_grants(refusal, code)
        case GrantRenumbered(number=number):
            return (
                f"That message is from before the numbers began anew: #{number} is other access by "
                f"now. Nothing was changed. {code('/dbaccess list')} shows yours."
            )
        case Recovered(number=number):
            return (
                f"#{number} was recovered from a rule's label, so nobody is known to have approved "
                f"it. {again}"
            )
        case NotRemovedOutside(number=number):
            return (
                f"#{number} was not taken away outside dbaccess, so there is nothing to put back. "
                f"{again}"
            )
        case TimeIsOver(number=number):
            return f"The time that #{number} was approved for is over. {again}"
        case PutBackAlready(number=number, put_back_as=put_back_as):
            return f"#{number} was put back already, as #{put_back_as}."
        case StillGranted(number=number, left=left):
            return f"There is access from there already: #{number}, for {code(shown(left))} more."
        case RevokedSince(cluster=alias, revoked=revoked, number=number):
            return (
                f"Access to {code(alias)} was revoked (#{revoked}) after #{number} was approved, "
                f"so it is not put back. {again}"
            )
        case RuleNotTaken(said=said):
            return f"DigitalOcean does not take it: {said}"
    assert_never(refusal)


def _granted_already(refusal: GrantedAlready, code: Quoting) -> str:
    offer = f"It lasts the {code(shown(refusal.longest))} that this cluster allows."
    if refusal.more is not None:
        extend = code(f"/dbaccess extend {refusal.number} {shown(refusal.more)}")
        offer = f"{extend} asks for more time."
    return (
        f"You have access to {code(refusal.cluster)} from {code(refusal.source)} already: "
        f"#{refusal.number}. {offer}"
    )


def _too_many_grants(refusal: TooManyGrants, code: Quoting) -> str:
    waiting = f" and {counted(refusal.pending, 'open request')}" if refusal.pending else ""
    end = f"/dbaccess cancel {refusal.first_pending}"
    if refusal.first_live is not None:
        end = f"/dbaccess revoke {refusal.first_live}"
    return (
        f"You have {counted(refusal.live, 'live grant')}{waiting} on {code(refusal.cluster)}, the "
        f"most for one person. End one with {code(end)}, or wait until one ends."
    )
