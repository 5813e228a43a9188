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
_COMMANDS = {
    "request <source> <duration> [cluster] [reason …]": "request access",
    "request": "request access with a form",
    "list": "your access and requests, each with its buttons",
    "list all": "everyone's, for approvers",
    "extend <number> [duration] [reason …]": "request more time",
    "revoke <number>": "end access now",
    "cancel <number>": "cancel a request",
    "clusters": "what you can request, and its limits",
    "sources <cluster>": "its trusted sources, and their age",
    "connect <cluster>": "how to connect",
    "history [cluster]": "recent decisions and access",
    "myip": "find the address you connect from",
    "emergency": "access at once, reviewed afterwards",
    "adopt <cluster> <source> <duration> [reason …]": (
        "set an expiry on a rule added manually, for approvers"
    ),
    "help": "this list",
}


def help_page() -> Message:
    """Return what can be typed."""
    return message(
        section(
            "*dbaccess* opens access to databases for a limited time. For example: "
            f"{code('/dbaccess request 203.0.113.4 2h orders fix invoice 88')}"
        ),
        *sections(f"{code(f'/dbaccess {usage}')}: {does}" for usage, does in _COMMANDS.items()),
        context(
            f"Source: an {kind_of_address()} address or network, `droplet:ID`, `k8s:UUID`, "
            "`tag:NAME` or `app:UUID`. Duration: `90m`, `2h`, `1h30m`, `1d`, `1w` or "
            "`until 18:00`. No cluster? The channel's is used."
        ),
    )


def clusters_page(clusters: Mapping[str, ClusterPolicy]) -> Message:
    """Return the clusters with their limits and approvals, by alias."""
    if not clusters:
        return message(
            section(
                "There is no cluster that you may request. The people who run dbaccess can add you."
            )
        )
    shown = list(clusters.items())[:_MOST_CLUSTERS]
    left = len(clusters) - len(shown)
    example = code(f"/dbaccess request 203.0.113.4 {shown[0][0]}")
    return message(
        *(_item(alias, cluster) for alias, cluster in shown),
        context(f"{f'… and {left} more. ' if left else ''}Or write {example}."),
    )


def _item(alias: str, cluster: ClusterPolicy) -> Block:
    terms = section(_cluster(alias, cluster))
    return {**terms, "block_id": f"ask:{alias}", "accessory": ask_for_access(alias)}


def _cluster(alias: str, cluster: ClusterPolicy) -> str:
    lines = [
        f"*{code(alias)}*, decided in <#{cluster.channel}>",
        f"• {_duration(cluster)}",
        f"• From {_sources(cluster)}",
        f"• {_approvals(cluster)}",
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
    return f"{shortest} to {longest} with extensions, by default {usual}"


def _sources(cluster: ClusterPolicy) -> str:
    kinds = [code(kind) for kind in cluster.source_types if kind is not SourceType.IP_ADDR]
    if SourceType.IP_ADDR in cluster.source_types:
        wide = "single addresses"
        if cluster.min_prefix < 32:
            wide = f"addresses and networks up to {code(f'/{cluster.min_prefix}')}"
        kinds.insert(0, f"{wide}{', private ones too' if cluster.allow_private else ''}")
    return ", ".join(kinds)


def _approvals(cluster: ClusterPolicy) -> str:
    count = "1 approval" if cluster.approvals == 1 else f"{cluster.approvals} approvals"
    own = ", your own counts" if cluster.self_approval else ""
    return f"{count} from {everyone(cluster.approvers)}{own}"


def _glass(emergency: Emergency) -> str:
    return (
        f"Emergency access: {everyone(emergency.requesters)}, up to "
        f"{code(show_duration(emergency.max_duration))}, reviewed afterwards"
    )


def _written(approval: AutoApproval) -> str:
    networks = ", ".join(code(str(network)) for network in approval.sources)
    return (
        f"Approved at once: {everyone(approval.requesters)}, from {networks}, "
        f"up to {code(show_duration(approval.max_duration))}"
    )
