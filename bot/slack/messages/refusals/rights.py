"""Which right somebody has not, or cannot be established, in words."""

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
from bot.slack.messages.refusals.waiting import counted


def of_right(refusal: RightRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return which right somebody has not, or cannot be established."""
    instead = f"Use {code('/dbaccess request')} instead."
    match refusal:
        case CannotTell():
            return "Slack didn't confirm your rights. Nothing was changed. Try again in a minute."
        case CannotTellOfOthers():
            return "Slack didn't confirm everyone's rights. Nothing was changed. Try again later."
        case SlackAsksToWait(seconds=seconds):
            return f"Slack's rate limit is reached. Try again in {counted(seconds)}."
        case NoUserGroups():
            return (
                "This workspace has no user groups. An admin has to name people in "
                f"{code('dbaccess.toml')}."
            )
        case Deactivated():
            return "This account was deactivated. Nothing was changed."
        case NotAPerson():
            return "Only people may do this. Nothing was changed."
        case NotAMember():
            return "Guests and other organisations may not do this. Ask a member of this workspace."
        case MayNotRequest():
            return "You may not request access to this cluster. Ask the team that runs it."
        case MayNotBreakGlass():
            return f"You have no emergency access to this cluster. {instead}"
        case NoEmergencyClusters():
            return f"You have no emergency access to any cluster. {instead}"
        case NoEmergencyAccess(cluster=alias):
            return f"You have no emergency access to {code(alias)}. {instead}"
        case MayNotReview():
            return "Only an approver of this cluster can review this. Nothing was changed."
        case OwnEmergency():
            return "You cannot review your own emergency access. Another approver has to."
        case MayNotAdopt():
            return "Only an approver of this cluster can set an expiry. Nothing was changed."
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
            return "You sent this request yourself, so another approver has to decide on it."
        case TooFewApprovers(needed=needed, others=others, for_another=for_another):
            besides = "you and the holder" if for_another else "you"
            return (
                f"This needs {needed} approvals. Besides {besides}, only {others} can approve. "
                "Ask an admin."
            )
        case NotTheirs(number=number, what=what):
            return (
                f"{what.capitalize()} #{number} isn't yours, and you are not an approver of its "
                "cluster."
            )
        case HolderIsGone():
            return "Its Slack account is no longer active."
        case HolderMayNotAsk():
            return "The person it is for may no longer request access to this cluster."
        case WrittenPolicyEnded():
            return "The written policy that approved it no longer covers it."
        case EmergencyPolicyEnded():
            return "The emergency policy no longer covers it."
        case TooFewApprovals(needed=1):
            return "Its approver may no longer approve."
        case TooFewApprovals(needed=needed, counting=left):
            counts = "counts" if left == 1 else "count"
            return f"It needs {needed} approvals, and only {left} still {counts}."
    assert_never(refusal)
