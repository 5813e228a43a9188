"""Policy keys: by which keys of a cluster's policy something is refused.

A test changes each key that is named here, and sees that the refusal ends.
"""

from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.clusters import (
    EmergencyReasonRequired,
    NoClusterNamed,
    NoClusters,
    NoEmergencyPolicy,
    NoSuchCluster,
    ReasonRequired,
)
from bot.domain.refusals.durations import TooLong, TooLongForEmergency, TooShort
from bot.domain.refusals.machines import (
    DurationNotCovered,
    NoMachinePolicy,
    SourceNotCovered,
)
from bot.domain.refusals.rights import (
    MayNotBreakGlass,
    MayNotRequest,
    NoEmergencyAccess,
    NoEmergencyClusters,
    NotAMember,
    NotAnApprover,
    OwnRequest,
    TooFewApprovers,
)
from bot.domain.refusals.sources import AddressRange, NotPublic, TooWide, TypeNotTaken

_PRIVATE = (AddressRange.PRIVATE, AddressRange.SHARED)


def deciding_keys(refusal: AnyRefusal) -> tuple[str, ...]:  # noqa: C901  # a case for each
    """Return the keys of a cluster because of which a request or decision is refused.

    Empty: no setting would change it.
    """
    match refusal:
        case MayNotRequest() | NoSuchCluster() | NoClusters() | NoClusterNamed():
            return ("requesters",)
        case NotAMember():
            return ("guests",)
        case TooFewApprovers():
            return ("approvals", "approvers", "self_approval")
        case NotAnApprover():
            return ("approvers",)
        case OwnRequest():
            return ("self_approval",)
        case NoMachinePolicy() | SourceNotCovered() | DurationNotCovered():
            return ("auto_approve",)
        case TypeNotTaken():
            return ("source_types",)
        case TooWide():
            return ("min_prefix",)
        case NotPublic(range=found) if found in _PRIVATE:
            return ("allow_private",)
        case TooShort():
            return ("min_duration",)
        case TooLong():
            return ("max_duration",)
        case ReasonRequired():
            return ("require_reason",)
        case TooLongForEmergency():
            return ("emergency.max_duration",)
        case NoEmergencyAccess() | NoEmergencyClusters() | MayNotBreakGlass():
            return ("emergency.requesters",)
        case NoEmergencyPolicy() | EmergencyReasonRequired():
            return ("emergency",)
        case _:
            return ()
