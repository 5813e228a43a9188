"""What a cluster, its rules or its policy are against, in words."""

from collections.abc import Sequence
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

_MOST_NAMED = 3


def of_cluster(refusal: ClusterRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return what a cluster, its rules or its policy are against."""
    match refusal:
        case NoClusters():
            return (
                "There is no cluster that you may request. The people who run dbaccess can add you."
            )
        case NoSuchCluster():
            return _no_such_cluster(refusal, code)
        case NoClusterNamed(command=command, known=known):
            example = code(f"/dbaccess {command} {known[0]}")
            return f"Which cluster? Try {example}. You have {_some(known, code)}."
        case LeftPolicy(cluster=alias):
            return f"dbaccess no longer manages {code(alias)}."
        case LeftPolicyUndecided(cluster=alias, number=number):
            return f"dbaccess no longer manages {code(alias)}. Request #{number} can't be decided."
        case AnotherCluster(cluster=alias, number=number):
            return f"{code(alias)} is now another cluster than the one of access #{number}."
        case OpenCluster(cluster=alias):
            return (
                f"{code(alias)} is open to everyone. A first rule would lock others out: ask its "
                "admins."
            )
        case FullCluster():
            return _full_cluster(refusal, code)
        case FullForEmergency():
            return _full_for_emergency(refusal, code)
        case NoSuchRule(cluster=alias):
            sources = code(f"/dbaccess sources {alias}")
            return f"{code(alias)} has no such rule added manually. {sources} lists its rules."
        case NoEmergencyPolicy():
            return f"This cluster has no emergency access. Use {code('/dbaccess request')} instead."
        case ReasonRequired(cluster=alias):
            where = "" if alias is None else " Add it after the cluster name."
            return f"{code(alias) if alias else 'This cluster'} requires a reason.{where}"
        case EmergencyReasonRequired():
            return "Emergency access requires a reason. The approvers read it afterwards."
        case ReasonTooLong(characters=characters, most=most):
            return f"The reason is too long: {characters:,} characters. Use at most {most}."
    assert_never(refusal)


def _no_such_cluster(refusal: NoSuchCluster, code: Quoting) -> str:
    there_is_none = f"There is no cluster {code(refusal.typed)}."
    if refusal.nearest:
        return f"{there_is_none} Did you mean {code(refusal.nearest)}?"
    return f"{there_is_none} You have {_some(refusal.known, code)}."


def _some(known: Sequence[str], code: Quoting) -> str:
    """Return the first few clusters, and how many more there are."""
    shown = [code(alias) for alias in known[:_MOST_NAMED]]
    if len(known) > _MOST_NAMED:
        shown.append(f"{len(known) - _MOST_NAMED} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _full_cluster(refusal: FullCluster, code: Quoting) -> str:
    alias, most, reserved = code(refusal.cluster), refusal.most, refusal.reserved
    if reserved:
        return (
            f"{alias} is full: {most - reserved} of {most} sources, the rest for emergencies. "
            "Ask an approver to end one."
        )
    return f"{alias} is full: {most} trusted sources. Ask an approver to end one."


def _full_for_emergency(refusal: FullForEmergency, code: Quoting) -> str:
    full = f"{code(refusal.cluster)} is full: {refusal.count} trusted sources."
    if not refusal.could_end:
        return f"{full} Someone has to remove one at DigitalOcean."
    number, _ = refusal.could_end[0]
    return f"{full} An approver can end one: {code(f'/dbaccess revoke {number}')}."
