"""Why a cluster takes no more rules, in the words that people read."""

from bot.domain.plan import MAX_RULES, Blocked


def why_blocked(blocked: Blocked, alias: str) -> str:
    """Return why nothing can be added to the cluster *alias*."""
    return {
        Blocked.OPEN_CLUSTER: open_cluster,
        Blocked.FULL_CLUSTER: full_cluster,
        Blocked.NOT_THERE: not_there,
    }[blocked](alias)


def open_cluster(alias: str) -> str:
    """Return why nothing is added to a cluster that has no rules (P2)."""
    return (
        f"`{alias}` has no trusted sources, so it accepts connections from everywhere. A first one "
        "would lock everybody else out. Somebody who looks after the cluster has to add the "
        "sources that must keep working, or set `allow_open = true`."
    )


def full_cluster(alias: str) -> str:
    """Return why nothing is added to a cluster that has all the rules it can have."""
    return (
        f"`{alias}` has {MAX_RULES} trusted sources, the most that DigitalOcean takes. Ask again "
        f"when one has gone; `/dbaccess sources {alias}` shows them."
    )


def not_there(alias: str) -> str:
    """Return why a rule cannot get an expiry that the cluster does not have."""
    return (
        f"`{alias}` has no such rule that somebody added manually. `/dbaccess sources {alias}` "
        "shows those that it has."
    )
