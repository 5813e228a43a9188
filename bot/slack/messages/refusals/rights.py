"""Which right somebody has not, or cannot be established, in words."""

from math import ceil
from typing import assert_never

from bot.domain.refusals.rights import (
    AskedThemselves,
    CannotTell,
    CannotTellOfOthers,
    Deactivated,
    EmergencyPolicyEnded,
    HolderIsGone,
    HolderMayNotAsk,
    MayNotAdopt,
    MayNotBreakGlass,
    MayNotListAll,
    MayNotRequest,
    MayNotReview,
    NoEmergencyAccess,
    NoEmergencyClusters,
    NotAMember,
    NotAnApprover,
    NotAPerson,
    NotTheirs,
    NoUserGroups,
    OnlyMembersDecide,
    OwnEmergency,
    OwnRequest,
    RightRefusal,
    SlackAsksToWait,
    TooFewApprovals,
    TooFewApprovers,
    WrittenPolicyEnded,
)
from bot.slack.messages.quoting import Quoting

_LONGEST_IN_SECONDS = 90


def of_right(refusal: RightRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return which right somebody has not, or cannot be established."""
    usual_way = f"{code('/dbaccess request')} asks for access in the usual way."
    match refusal:
        case CannotTell():
            return (
                "Slack did not tell me whether you may do this, so the answer is no for now. "
                "Nothing was changed. Please try again in a moment."
            )
        case CannotTellOfOthers():
            return (
                "Slack did not tell me whether everybody whom this concerns still has the right to "
                "it, so the answer is no for now. Nothing was changed. Please try again in a "
                "moment."
            )
        case SlackAsksToWait(seconds=seconds):
            return f"Slack asks me to wait. Try again in {_wait(seconds)}."
        case NoUserGroups():
            return (
                "This workspace has no user groups, since its Slack plan has none. Somebody who "
                f"looks after dbaccess has to name people in {code('dbaccess.toml')} instead."
            )
        case Deactivated():
            return "This account was deactivated. Nothing was changed."
        case NotAPerson():
            return "Only people may do this. Nothing was changed."
        case NotAMember():
            return (
                "Guests and people of other organisations may not do this. A full member of this "
                "workspace can help you."
            )
        case MayNotRequest():
            return (
                "You may not ask for this cluster. Somebody on the team that looks after it can "
                "tell you who may."
            )
        case MayNotBreakGlass():
            return (
                "Emergency access to this cluster is for others. Ask for access in the usual way."
            )
        case NoEmergencyClusters():
            return f"There is no cluster to which you have emergency access. {usual_way}"
        case NoEmergencyAccess(cluster=alias):
            return f"You have no emergency access to {code(alias)}. {usual_way}"
        case MayNotReview():
            return "Only an approver of this cluster can review this, so nothing was changed."
        case OwnEmergency():
            return "You cannot review your own emergency. Another approver has to."
        case MayNotAdopt():
            return (
                "Only an approver of this cluster can set an expiry on its rules. Nothing was "
                "changed."
            )
        case MayNotListAll():
            return f"{code('list all')} is for approvers. {code('/dbaccess list')} shows yours."
        case OnlyMembersDecide():
            return (
                "Only full members of this workspace may decide on requests. Nothing was changed."
            )
        case NotAnApprover():
            return "You are not an approver of this cluster, so nothing was changed."
        case OwnRequest():
            return "You cannot decide on your own request. Another approver has to."
        case AskedThemselves():
            return "You asked for this yourself, so another approver has to decide on it."
        case TooFewApprovers(needed=needed, others=others, for_another=for_another):
            both = " and who benefits" if for_another else ""
            return (
                f"This cluster needs {needed} approvals, and besides you{both} only {others} may "
                "approve. Somebody who looks after dbaccess has to name more approvers."
            )
        case NotTheirs(number=number):
            return f"#{number} is not yours, and you are not an approver of its cluster."
        case HolderIsGone():
            return "Slack no longer knows an active account of the person it is for."
        case HolderMayNotAsk():
            return "The person it is for may no longer ask for this cluster."
        case WrittenPolicyEnded():
            return "The written policy that approved it no longer covers it."
        case EmergencyPolicyEnded():
            return "The emergency policy no longer covers it."
        case TooFewApprovals(needed=1):
            return "Its approver may no longer approve, and nobody else approved it."
        case TooFewApprovals(needed=needed, counting=left):
            return f"It needs {needed} approvals, and only {left} that it was given still count."
    assert_never(refusal)


def _wait(seconds: int) -> str:
    if seconds > _LONGEST_IN_SECONDS:
        return f"{ceil(seconds / 60)} minutes"
    return "1 second" if seconds == 1 else f"{seconds} seconds"
