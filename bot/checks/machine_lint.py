"""Machine lint: written policies for machines that mean more than somebody may have thought."""

from collections.abc import Iterator

from bot.checks.findings import Finding, hint
from bot.domain.machines import MachinePattern
from bot.domain.policy import ClusterPolicy
from bot.domain.written_policy import AutoApproval

_ADDRESS_BITS = 32


def lint_machines(cluster: ClusterPolicy) -> Iterator[Finding]:
    """Yield what a cluster's written policies for machines let in besides."""
    for written in cluster.auto_approve:
        for pattern in written.machines:
            if _takes_pull_requests(pattern):
                yield hint("", f"{pattern} takes pull requests: who opens one says what it runs")
        yield from _networks(cluster, written)


def _takes_pull_requests(pattern: MachinePattern) -> bool:
    """Tell whether it means `…:repo:acme/shop:pull_request`, as GitHub's tokens have it."""
    _issuer, *parts = str(pattern).split(":")
    is_event = len(parts) == 3 and parts[0] == "repo"
    return is_event and MachinePattern(parts[2]).matches("pull_request")


def _networks(cluster: ClusterPolicy, written: AutoApproval) -> Iterator[Finding]:
    addresses = 2 ** (_ADDRESS_BITS - cluster.min_prefix)
    if written.machines and not written.sources and addresses > 1:
        yield hint(
            "",
            f"an auto_approve for machines has no sources, so they may open any network of "
            f"{addresses:,} addresses",
        )
