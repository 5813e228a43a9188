"""The examination: what the token may read, and how the policy's clusters stand.

Nothing is written, so whether the token may write is not known afterwards.
"""

from collections.abc import Iterator

from bot.digitalocean.client import DigitalOcean
from bot.digitalocean.errors import ApiError, ClusterNotFound, NotAuthorised, ScopeMissing
from bot.domain.findings import Finding, fault, hint, ok
from bot.domain.plan import MAX_RULES
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.sources import SourceType

NEARLY_FULL = 90
_LISTED = {
    SourceType.DROPLET: ("droplets", "droplet:read"),
    SourceType.K8S: ("kubernetes", "kubernetes:read"),
    SourceType.TAG: ("tags", "tag:read"),
    SourceType.APP: ("apps", "app:read"),
}


def examine(digitalocean: DigitalOcean, policy: Policy) -> Iterator[Finding]:
    """Yield a line for each cluster and each list that a picker needs."""
    for alias, cluster in policy.clusters.items():
        try:
            count = len(digitalocean.read_rules(str(cluster.id)))
        except ApiError as error:
            yield fault(f"cluster {alias}", _mend(error, "database:read"))
        else:
            yield _state(alias, cluster, count)
    taken = {kind for cluster in policy.clusters.values() for kind in cluster.source_types}
    for kind in (kind for kind in _LISTED if kind in taken):
        yield _list(digitalocean, kind)
    yield hint(
        "not tested",
        "whether the DigitalOcean token may write (database:update); the first grant tells",
    )


def _state(alias: str, cluster: ClusterPolicy, count: int) -> Finding:
    what = f"cluster {alias}"
    if not count and cluster.allow_open:
        return hint(what, "open to everybody; the first grant closes it to all others")
    if not count:
        return fault(
            what,
            "open to everybody, so requests are refused: add the trusted sources that must keep "
            "working, or set allow_open = true",
        )
    if count >= MAX_RULES:
        return fault(what, f"full with {count} trusted sources: nothing can be added")
    if count >= NEARLY_FULL:
        return hint(what, f"{count} trusted sources, of {MAX_RULES} that it can have")
    return ok(what, "1 trusted source" if count == 1 else f"{count} trusted sources")


def _list(digitalocean: DigitalOcean, kind: SourceType) -> Finding:
    what, scope = _LISTED[kind]
    try:
        return ok(what, f"{len(digitalocean.named(kind))} to choose from")
    except ApiError as error:
        return fault(what, _mend(error, scope))


def _mend(error: ApiError, scope: str) -> str:
    match error:
        case ScopeMissing():
            return f"the token may not read this: give it the scope {scope}"
        case NotAuthorised():
            return "DigitalOcean does not know the token: is DIGITALOCEAN_TOKEN right?"
        case ClusterNotFound():
            return "there is no such cluster: correct its id (`doctl databases list`)"
        case _:
            return str(error)
