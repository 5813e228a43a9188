"""Reading: what somebody typed means what it says of the clusters that they may see."""

from datetime import datetime

from bot.domain.commands import Cancel, Revoke
from bot.domain.grammar import Intent, parse_command
from bot.domain.people import Person
from bot.domain.policy import Policy
from bot.domain.queries import ShowHelp
from bot.domain.refusal import NotYours, Refused
from bot.domain.refusals.clusters import NoClusters
from bot.domain.refusals.rights import NoEmergencyAccess, NoEmergencyClusters

_FOR_EVERYBODY = (ShowHelp, Revoke, Cancel)  # everybody may end what is their own


def read_command(
    text: str,
    policy: Policy,
    person: Person,
    *,
    channel: str,
    local_now: datetime | None = None,
) -> Intent:
    """Return what somebody typed; the rest as in `parse_command`.

    Raises:
        Refused: it cannot be parsed, or their standing does not let them do anything.
        NeedsDirectory: it is not known what they may see.
    """
    seen = policy.seen_by(person)
    try:
        command = parse_command(text, seen, channel=channel, local_now=local_now)
    except Refused:  # whoever may do nothing hears that, whatever was wrong besides
        policy.check_standing(person)
        raise
    if not isinstance(command, _FOR_EVERYBODY):
        policy.check_standing(person)
    return command


def check_request_offered(clusters: Policy) -> None:
    """Refuse somebody who may ask for none of the *clusters* there are to choose from."""
    if not clusters.clusters:
        raise NotYours(NoClusters())


def requestable_by(policy: Policy, person: Person) -> Policy:
    """Return the policy of the clusters that somebody may ask for.

    Raises:
        NeedsDirectory: that depends on who they are.
    """
    return policy.where(lambda cluster: cluster.may_request(person))


def emergencies_of(policy: Policy, person: Person) -> Policy:
    """Return the policy of the clusters to which somebody has emergency access.

    Raises:
        NeedsDirectory: that depends on who they are.
    """
    return policy.where(lambda cluster: cluster.may_use_emergency(person))


def check_emergency_offered(emergencies: Policy, named: str) -> None:
    """Refuse somebody who has no emergency access, or none to the cluster that they *named*."""
    if not emergencies.clusters:
        raise NotYours(NoEmergencyClusters())
    if named and named not in emergencies.clusters:
        raise NotYours(NoEmergencyAccess(cluster=named))
