"""Why a cluster takes no more rules, in the words that people read."""

from bot.domain.plan import MAX_RULES, Blocked
from bot.domain.policy import ClusterPolicy


def why_blocked(
    blocked: Blocked, alias: str, cluster: ClusterPolicy | None = None, *, emergency: bool = False
) -> str:
    """Return why nothing can be added to the cluster *alias*."""
    match blocked:
        case Blocked.OPEN_CLUSTER:
            return open_cluster(alias)
        case Blocked.FULL_CLUSTER:
            return full_cluster(alias, cluster, emergency=emergency)
        case Blocked.NOT_THERE:
            return not_there(alias)


def open_cluster(alias: str) -> str:
    """Return why nothing is added to a cluster that has no rules (P2)."""
    return (
        f"`{alias}` has no trusted sources, so it accepts connections from everywhere. A first one "
        "would lock everybody else out. Somebody who looks after the cluster has to add the "
        "sources that must keep working, or set `allow_open = true`."
    )


def full_cluster(alias: str, cluster: ClusterPolicy | None, *, emergency: bool = False) -> str:
    """Return why nothing is added to a cluster that has all the rules it can have."""
    most, reserved = (cluster.max_rules, cluster.reserved_rules) if cluster else (MAX_RULES, 0)
    if reserved and not emergency:
        return (
            f"`{alias}` has {most - reserved} trusted sources or more, of {most} that it takes. "
            f"The last {reserved} are kept for emergencies. Ask again when one has gone. "
            f"`/dbaccess sources {alias}` shows them."
        )
    return (
        f"`{alias}` has {most} trusted sources, the most that it takes. Ask again "
        f"when one has gone; `/dbaccess sources {alias}` shows them."
    )


def not_there(alias: str) -> str:
    """Return why a rule cannot get an expiry that the cluster does not have."""
    return (
        f"`{alias}` has no such rule that somebody added manually. `/dbaccess sources {alias}` "
        "shows those that it has."
    )
