"""Queries: help and the clusters, as one reads them up."""

from collections.abc import Mapping

from bot.domain.addresses import kind_of_address
from bot.domain.durations import show_duration
from bot.domain.policy import ClusterPolicy
from bot.domain.sources import SourceType
from bot.domain.written_policy import AutoApproval, Emergency
from bot.slack.messages.blocks import Block, Message, context, message, section, sections
from bot.slack.messages.buttons import ask_for_access
from bot.slack.messages.mrkdwn import code, everyone

_MOST_CLUSTERS = 40
_SINGLE = "single addresses"  # what is usual goes without saying
_COMMANDS = {
    "request <source> <duration> [cluster] [reason]": "request access",
    "request": "the same, with a form",
    "list": "your access and requests",
    "list all": "everyone's, for approvers",
    "extend <number> [duration] [reason]": "request more time",
    "revoke <number>": "end access",
    "cancel <number>": "cancel a request",
    "clusters": "what you can request",
    "sources <cluster>": "its trusted sources",
    "connect <cluster>": "how to connect",
    "history [cluster]": "recent requests",
    "myip": "find your address",
    "emergency": "access at once, reviewed afterwards",
    "adopt <cluster> <source> <duration> [reason]": "set an expiry on a rule, for approvers",
}


def help_page() -> Message:
    """Return what can be typed."""
    return message(
        section(
            "*dbaccess* opens databases for a limited time: "
            f"{code('/dbaccess request 203.0.113.4 2h orders fix invoice 88')}"
        ),
        *sections(f"{code(usage)}: {does}" for usage, does in _COMMANDS.items()),
        context(
            f"Source: {kind_of_address()} address or network, `droplet:ID`, `k8s:UUID`, "
            "`tag:NAME`, `app:UUID` · Duration: `90m`, `1h30m`, `1d`, `until 18:00`"
        ),
    )


def clusters_page(clusters: Mapping[str, ClusterPolicy]) -> Message:
    """Return the clusters with their limits and approvals, by alias."""
    if not clusters:
        return message(
            section("You can't request any cluster yet. The people who run dbaccess can add you.")
        )
    shown = list(clusters.items())[:_MOST_CLUSTERS]
    left = len(clusters) - len(shown)
    return message(
        *(_item(alias, cluster) for alias, cluster in shown),
        context(f"… and {left} more: {code('/dbaccess request')}") if left else None,
    )


def _item(alias: str, cluster: ClusterPolicy) -> Block:
    terms = section(_cluster(alias, cluster))
    return {**terms, "block_id": f"ask:{alias}", "accessory": ask_for_access(alias)}


def _cluster(alias: str, cluster: ClusterPolicy) -> str:
    lines = [
        f"*{code(alias)}* · {_duration(cluster)} · {_approvals(cluster)} in <#{cluster.channel}>",
        *(f"• From {sources}" for sources in [_sources(cluster)] if sources != _SINGLE),
        *(f"• {_written(approval)}" for approval in cluster.auto_approve),
    ]
    if cluster.emergency is not None:
        lines.append(f"• {_glass(cluster.emergency)}")
    if cluster.require_reason:
        lines.append("• Reason required")
    return "\n".join(lines)


def _duration(cluster: ClusterPolicy) -> str:
    usual, longest, shortest = (
        code(show_duration(duration))
        for duration in (cluster.usual_duration, cluster.max_duration, cluster.min_duration)
    )
    return f"{shortest} to {longest}, default {usual}"


def _sources(cluster: ClusterPolicy) -> str:
    kinds = [code(kind) for kind in cluster.source_types if kind is not SourceType.IP_ADDR]
    if SourceType.IP_ADDR in cluster.source_types:
        wide = _SINGLE
        if cluster.min_prefix < 32:
            wide = f"networks up to {code(f'/{cluster.min_prefix}')}"
        kinds.insert(0, f"{wide}{', private ones too' if cluster.allow_private else ''}")
    return ", ".join(kinds)


def _approvals(cluster: ClusterPolicy) -> str:
    count = "1 approval" if cluster.approvals == 1 else f"{cluster.approvals} approvals"
    own = " (your own counts)" if cluster.self_approval else ""
    return f"{count} from {everyone(cluster.approvers)}{own}"


def _glass(emergency: Emergency) -> str:
    return (
        f"Emergency access: {everyone(emergency.requesters)}, up to "
        f"{code(show_duration(emergency.max_duration))}"
    )


def _written(approval: AutoApproval) -> str:
    networks = ", ".join(code(str(network)) for network in approval.sources)
    machines = [code(str(pattern)) for pattern in approval.machines]
    who = ", ".join([*filter(None, [everyone(approval.requesters)]), *machines])
    return (
        f"Approved at once: {who}, from {networks or 'any address'}, "
        f"up to {code(show_duration(approval.max_duration))}"
    )
