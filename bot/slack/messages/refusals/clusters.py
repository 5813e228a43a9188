"""What a cluster, its rules or its policy are against, in words."""

from typing import assert_never

from bot.domain.refusals.clusters import (
    AnotherCluster,
    ClusterRefusal,
    EmergencyReasonRequired,
    FullCluster,
    FullForEmergency,
    LeftPolicy,
    LeftPolicyUndecided,
    NoClusterNamed,
    NoClusters,
    NoEmergencyPolicy,
    NoSuchCluster,
    NoSuchRule,
    OpenCluster,
    ReasonRequired,
    ReasonTooLong,
)
from bot.slack.messages.quoting import Quoting


def of_cluster(refusal: ClusterRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return what a cluster, its rules or its policy are against."""
    match refusal:
        case NoClusters():
            return "There is no cluster that you may ask for."
        case NoSuchCluster():
            return _no_such_cluster(refusal, code)
        case NoClusterNamed(command=command, known=known):
            there = ", ".join(code(alias) for alias in known)
            return f"Of which cluster? Write {code(f'/dbaccess {command}')} and one of {there}."
        case LeftPolicy(cluster=alias):
            return f"{code(alias)} is no longer among the clusters that dbaccess looks after."
        case LeftPolicyUndecided(cluster=alias, number=number):
            return (
                f"{code(alias)} is no longer among the clusters that dbaccess looks after, so "
                f"#{number} cannot be decided."
            )
        case AnotherCluster(cluster=alias, number=number):
            return f"{code(alias)} is another cluster now than the one of #{number}."
        case OpenCluster(cluster=alias):
            return (
                f"{code(alias)} has no trusted sources, so it accepts connections from everywhere. "
                "A first one would lock everybody else out. Somebody who looks after the cluster "
                f"has to add the sources that must keep working, or set "
                f"{code('allow_open = true')}."
            )
        case FullCluster():
            return _full_cluster(refusal, code)
        case FullForEmergency():
            return _full_for_emergency(refusal, code)
        case NoSuchRule(cluster=alias):
            return (
                f"{code(alias)} has no such rule that somebody added manually. "
                f"{code(f'/dbaccess sources {alias}')} shows those that it has."
            )
        case NoEmergencyPolicy():
            return "There is no emergency access to this cluster. Ask for access in the usual way."
        case ReasonRequired():
            return "This cluster requires a reason. Add a few words that say why."
        case EmergencyReasonRequired():
            return "Say why in a few words. The approvers read it afterwards."
        case ReasonTooLong(characters=characters, most=most):
            return f"The reason is too long: {characters:,} characters. Say it in {most} or fewer."
    assert_never(refusal)


def _no_such_cluster(refusal: NoSuchCluster, code: Quoting) -> str:
    if refusal.nearest:
        nearest = code(refusal.nearest)
        return f"There is no cluster {code(refusal.typed)}. Did you mean {nearest}?"
    known = ", ".join(code(alias) for alias in refusal.known)
    return f"There is no cluster {code(refusal.typed)} that you may ask for. There is {known}."


def _full_cluster(refusal: FullCluster, code: Quoting) -> str:
    alias, most, reserved = code(refusal.cluster), refusal.most, refusal.reserved
    sources = code(f"/dbaccess sources {refusal.cluster}")
    if reserved:
        return (
            f"{alias} has {most - reserved} trusted sources or more, of {most} that it takes. The "
            f"last {reserved} are kept for emergencies. Ask again when one has gone. {sources} "
            "shows them."
        )
    return (
        f"{alias} has {most} trusted sources, the most that it takes. Ask again when one has gone; "
        f"{sources} shows them."
    )


def _full_for_emergency(refusal: FullForEmergency, code: Quoting) -> str:
    full = f"{code(refusal.cluster)} has {refusal.count} trusted sources, the most that it takes"
    if not refusal.could_end:
        return (
            f"{full}, and none that could be ended here. Somebody has to remove one at "
            "DigitalOcean, then try again."
        )
    number, _ = refusal.could_end[0]
    return (
        f"{full}. Let an approver end one of these with {code(f'/dbaccess revoke {number}')}, then "
        "try again."
    )
