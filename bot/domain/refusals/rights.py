"""Rights that somebody has not, or that cannot be established (P4)."""

from typing import Literal

from bot.domain.refusals.base import Refusal, RefusalWithHelp


class CannotTell(Refusal):
    """Slack did not say who asks."""

    code: Literal["cannot_tell"] = "cannot_tell"


class CannotTellOfOthers(Refusal):
    """Slack did not say who the others are whom it concerns."""

    code: Literal["cannot_tell_of_others"] = "cannot_tell_of_others"


class SlackAsksToWait(Refusal):
    """Slack will say who somebody is after so many seconds."""

    code: Literal["slack_asks_to_wait"] = "slack_asks_to_wait"
    seconds: int


class NoUserGroups(Refusal):
    """The policy names user groups, and the workspace has none."""

    code: Literal["no_user_groups"] = "no_user_groups"


class Deactivated(Refusal):
    """An account that was deactivated."""

    code: Literal["deactivated"] = "deactivated"


class NotAPerson(Refusal):
    """A bot."""

    code: Literal["not_a_person"] = "not_a_person"


class NotAMember(Refusal):
    """A guest, or somebody of another organisation."""

    code: Literal["not_a_member"] = "not_a_member"


class MayNotRequest(Refusal):
    """Somebody who may not ask for the cluster."""

    code: Literal["may_not_request"] = "may_not_request"


class MayNotBreakGlass(Refusal):
    """Somebody whom the emergency policy does not name."""

    code: Literal["may_not_break_glass"] = "may_not_break_glass"


class NoEmergencyClusters(Refusal):
    """Somebody whom no emergency policy names."""

    code: Literal["no_emergency_clusters"] = "no_emergency_clusters"


class NoEmergencyAccess(Refusal):
    """Somebody whom the emergency policy of that cluster does not name."""

    code: Literal["no_emergency_access"] = "no_emergency_access"
    cluster: str


class MayNotReview(RefusalWithHelp):
    """Somebody who is no approver, about an emergency."""

    code: Literal["may_not_review"] = "may_not_review"


class OwnEmergency(RefusalWithHelp):
    """The emergency's own requester."""

    code: Literal["own_emergency"] = "own_emergency"


class MayNotAdopt(RefusalWithHelp):
    """Somebody who is no approver, about the expiry of a rule."""

    code: Literal["may_not_adopt"] = "may_not_adopt"


class MayNotListAll(Refusal):
    """Somebody who is no approver, about what everybody has."""

    code: Literal["may_not_list_all"] = "may_not_list_all"


class OnlyMembersDecide(Refusal):
    """A decision by somebody who is no full member of the workspace."""

    code: Literal["only_members_decide"] = "only_members_decide"


class NotAnApprover(RefusalWithHelp):
    """A decision by somebody who is no approver."""

    code: Literal["not_an_approver"] = "not_an_approver"


class OwnRequest(RefusalWithHelp):
    """Somebody decides on a request from which they benefit."""

    code: Literal["own_request"] = "own_request"


class AskedThemselves(RefusalWithHelp):
    """Somebody decides on a request that they made for another."""

    code: Literal["asked_themselves"] = "asked_themselves"


class TooFewApprovers(Refusal):
    """Only *others* may approve besides who asks, and the *needed* are more."""

    code: Literal["too_few_approvers"] = "too_few_approvers"
    needed: int
    others: int
    for_another: bool


class NotTheirs(Refusal):
    """Somebody else's request or grant."""

    code: Literal["not_theirs"] = "not_theirs"
    number: int
    what: Literal["request", "access"]


class HolderIsGone(Refusal):
    """Who benefits has no active account."""

    code: Literal["holder_is_gone"] = "holder_is_gone"


class HolderMayNotAsk(Refusal):
    """Who benefits may no longer ask for the cluster."""

    code: Literal["holder_may_not_ask"] = "holder_may_not_ask"


class WrittenPolicyEnded(Refusal):
    """The written policy that approved no longer covers it."""

    code: Literal["written_policy_ended"] = "written_policy_ended"


class EmergencyPolicyEnded(Refusal):
    """The emergency policy no longer covers it."""

    code: Literal["emergency_policy_ended"] = "emergency_policy_ended"


class TooFewApprovals(Refusal):
    """Of the *needed* approvals only *counting* still count."""

    code: Literal["too_few_approvals"] = "too_few_approvals"
    needed: int
    counting: int


RightRefusal = (
    CannotTell
    | CannotTellOfOthers
    | SlackAsksToWait
    | NoUserGroups
    | Deactivated
    | NotAPerson
    | NotAMember
    | MayNotRequest
    | MayNotBreakGlass
    | NoEmergencyClusters
    | NoEmergencyAccess
    | MayNotReview
    | OwnEmergency
    | MayNotAdopt
    | MayNotListAll
    | OnlyMembersDecide
    | NotAnApprover
    | OwnRequest
    | AskedThemselves
    | TooFewApprovers
    | NotTheirs
    | HolderIsGone
    | HolderMayNotAsk
    | WrittenPolicyEnded
    | EmergencyPolicyEnded
    | TooFewApprovals
)
