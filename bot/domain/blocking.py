"""Why a cluster takes no more rules, as a refusal."""

from bot.domain.plan import MAX_RULES, Blocked
from bot.domain.policy import ClusterPolicy
from bot.domain.refusals.clusters import FullCluster, NoSuchRule, OpenCluster


def why_blocked(
    blocked: Blocked, alias: str, cluster: ClusterPolicy | None = None, *, emergency: bool = False
) -> OpenCluster | FullCluster | NoSuchRule:
    """Return why nothing can be added to the cluster *alias*."""
    match blocked:
        case Blocked.OPEN_CLUSTER:
            return OpenCluster(cluster=alias)
        case Blocked.FULL_CLUSTER:
            return full_cluster(alias, cluster, emergency=emergency)
        case Blocked.NOT_THERE:
            return NoSuchRule(cluster=alias)


def full_cluster(
    alias: str, cluster: ClusterPolicy | None, *, emergency: bool = False
) -> FullCluster:
    """Return why nothing is added to a cluster that has all the rules it can have."""
    if cluster is None:
        return FullCluster(cluster=alias, most=MAX_RULES)
    reserved = 0 if emergency else cluster.reserved_rules
    return FullCluster(cluster=alias, most=cluster.max_rules, reserved=reserved)
