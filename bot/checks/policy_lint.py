"""The policy lint: what is valid, but cannot work with the people there are, or has no effect.

What is wrong in itself is refused when dbaccess.toml is read.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.checks.findings import Finding, fault, hint
from bot.checks.machine_lint import lint_machines
from bot.domain.durations import show_duration
from bot.domain.people import Standing
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.principals import ANYBODY, groups_in
from bot.domain.refusal import Refused
from bot.domain.sources import SourceType, TrustedSource, check_address
from bot.domain.written_policy import AutoApproval

_WIDE_PREFIX = 16


@dataclass(frozen=True)
class KnownPeople:
    """What Slack said of the people whom a policy names; others are taken for members."""

    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)  # who is in each
    standings: Mapping[str, Standing] = field(default_factory=dict)  # of users

    def full_members(self, names: Iterable[str]) -> frozenset[str] | None:
        """Return the full members among *names* and their groups; None where that is unknown."""
        names = set(names)
        groups = groups_in(names)
        if ANYBODY in names or groups - self.groups.keys():
            return None
        users = (names - groups).union(*(self.groups[group] for group in groups))
        return frozenset(one for one in users if self._may_act(one))

    def _may_act(self, user_id: str) -> bool:
        return self.standings.get(user_id, Standing.MEMBER) is Standing.MEMBER


def lint_policy(policy: Policy, people: KnownPeople) -> Iterator[Finding]:
    """Yield what cannot work, or has no effect."""
    for alias, cluster in policy.clusters.items():
        for finding in _of_cluster(cluster, people):
            yield replace(finding, what=f"policy of {alias}")
    shared = [a for a, cluster in policy.clusters.items() if cluster.channel == policy.operators]
    if shared:
        yield hint(
            "operators",
            f"alarms go to the channel where requests for {', '.join(shared)} are decided; "
            "a channel of their own is harder to overlook",
        )


def _of_cluster(cluster: ClusterPolicy, people: KnownPeople) -> Iterator[Finding]:
    yield from _approvers(cluster, people)
    yield from _requesters(cluster, people)
    for written in cluster.auto_approve:
        yield from _auto_approval(cluster, written, people)
    yield from lint_machines(cluster)


def _approvers(cluster: ClusterPolicy, people: KnownPeople) -> Iterator[Finding]:
    able = people.full_members(cluster.approvers)
    if able is None:
        return
    needed, there = cluster.approvals, len(able)
    if there < needed:
        some = "nobody" if not there else f"only {there}"
        yield fault("", f"{_approvals(needed)} needed, but {some} can approve: name more approvers")
    elif _nobody_is_served(able, cluster, people):
        yield fault(
            "",
            f"{_approvals(needed)} needed, and nobody who may ask has so many other approvers: "
            "name more approvers or requesters",
        )
    elif there == needed and not cluster.self_approval and _may_all_ask(able, cluster, people):
        who = "its only approver" if there == 1 else f"each of its {there} approvers"
        yield hint("", f"{who} is needed, and so may not ask for access here: name one more")


def _nobody_is_served(able: frozenset[str], cluster: ClusterPolicy, people: KnownPeople) -> bool:
    """Tell whether each person who may ask is needed as an approver, and no policy approves."""
    asking = people.full_members(cluster.requesters)
    if not asking or cluster.self_approval or cluster.auto_approve:
        return False
    return all(len(able - {one}) < cluster.approvals for one in asking)


def _may_all_ask(able: frozenset[str], cluster: ClusterPolicy, people: KnownPeople) -> bool:
    asking = people.full_members(cluster.requesters)
    return asking is None or bool(able & asking)


def _requesters(cluster: ClusterPolicy, people: KnownPeople) -> Iterator[Finding]:
    if people.full_members(cluster.requesters) == frozenset():
        yield fault("", "nobody can ask for access: correct its requesters")
    emergency = cluster.emergency
    if emergency is None:
        return
    if people.full_members(emergency.requesters) == frozenset():
        yield fault("", "nobody can use emergency access: correct the requesters of its emergency")
    if emergency.max_duration < cluster.min_duration:
        yield fault(
            "",
            "no emergency can be short enough: its max_duration is shorter than min_duration, "
            f"{show_duration(cluster.min_duration)}",
        )


def _auto_approval(
    cluster: ClusterPolicy, written: AutoApproval, people: KnownPeople
) -> Iterator[Finding]:
    never = "an auto_approve never applies: "
    if SourceType.IP_ADDR not in cluster.source_types:
        yield hint("", f"{never}source_types has no ip_addr, and it is about addresses only")
    if written.max_duration < cluster.min_duration:
        yield hint("", f"{never}its max_duration is shorter than min_duration")
    asking = people.full_members(cluster.requesters)
    covered = people.full_members(written.requesters)
    if (
        written.requesters
        and covered is not None
        and not (covered if asking is None else covered & asking)
    ):
        yield hint("", f"{never}none of its requesters may ask for access")
    for network in written.sources:
        first, last = network.network_address, network.broadcast_address
        if not any(_is_taken(cluster, str(address)) for address in (first, last)):
            yield hint("", f"{never}the cluster takes no addresses of {network}")
        elif network.prefixlen < _WIDE_PREFIX:
            yield hint("", f"an auto_approve covers {network.num_addresses:,} addresses, {network}")


def _is_taken(cluster: ClusterPolicy, address: str) -> bool:
    source = TrustedSource(SourceType.IP_ADDR, address)
    try:
        check_address(source, min_prefix=32, allow_private=cluster.allow_private)
    except Refused:
        return False
    return True


def _approvals(count: int) -> str:
    return "1 approval is" if count == 1 else f"{count} approvals are"
