"""Queries: help and the clusters, as one reads them up."""

from collections.abc import Mapping

from bot.domain.addresses import kind_of_address
from bot.domain.durations import show_duration
from bot.domain.policy import ClusterPolicy
from bot.domain.sources import SourceType
from bot.domain.written_policy import AutoApproval, Emergency
from bot.slack.messages.blocks import Message, context, message, section, sections
from bot.slack.messages.mrkdwn import code, everyone

_MOST_CLUSTERS = 40
_COMMANDS = {
    "request <source> <duration> [cluster] [reason …]": (
        "asks for access; `request` alone, or nothing at all, opens a form for it"
    ),
    "list": "your access and your open requests; `list all` for approvers",
    "extend <number> [duration] [reason …]": "asks for more time; without a duration, by a form",
    "revoke <number>": "ends access now",
    "cancel <number>": "withdraws a request",
    "clusters": "the clusters you may ask for, and on what terms",
    "sources <cluster>": "what a cluster trusts now, and since when",
    "connect <cluster>": "how to connect: host, port, certificate and the line to type",
    "history [cluster]": "what was decided and lent lately",
    "myip": "reads the address that you come from and fills it in",
    "emergency": "access at once when it cannot wait, to be reviewed afterwards",
    "adopt <cluster> <source> <duration> [reason …]": (
        "for approvers: has a rule that was added manually removed after that time"
    ),
    "help": "this page",
}


def help_page() -> Message:
    """Return what can be typed."""
    return message(
        section(
            "*dbaccess* lends access to databases for a while. For example, "
            f"{code('/dbaccess request 203.0.113.4 2h orders fix invoice 88')} asks for two hours "
            "from that address; an approver decides, and it ends by itself."
        ),
        *sections(f"{code(f'/dbaccess {usage}')}: {does}" for usage, does in _COMMANDS.items()),
        context(
            f"A source is an {kind_of_address()} address like `203.0.113.4`, a network like "
            "`203.0.113.0/28`, or "
            "`droplet:ID`, `k8s:UUID`, `tag:NAME`, `app:UUID`. A duration is like `45s`, `90m`, "
            "`2h`, `1h30m`, `1d` or `1w`. Without a cluster, the channel's is meant."
        ),
    )


def clusters_page(clusters: Mapping[str, ClusterPolicy]) -> Message:
    """Return the clusters with their limits and approvals, by alias."""
    if not clusters:
        return message(
            section(
                "There is no cluster that you may ask for yet. The people who look after the "
                "databases can add you."
            )
        )
    shown = list(clusters.items())[:_MOST_CLUSTERS]
    left = len(clusters) - len(shown)
    example = code(f"/dbaccess request 203.0.113.4 {shown[0][0]}")
    return message(
        *(section(_cluster(alias, cluster)) for alias, cluster in shown),
        context(f"{f'… and {left} more. ' if left else ''}To ask, write for example {example}."),
    )


def _cluster(alias: str, cluster: ClusterPolicy) -> str:
    lines = [
        f"*{code(alias)}*, decided in <#{cluster.channel}>",
        f"• For how long: {_duration(cluster)}",
        f"• From where: {_sources(cluster)}",
        f"• Who decides: {_approvals(cluster)}",
        *(f"• {_written(approval)}" for approval in cluster.auto_approve),
    ]
    if cluster.emergency is not None:
        lines.append(f"• {_glass(cluster.emergency)}")
    if cluster.require_reason:
        lines.append("• A reason is needed")
    return "\n".join(lines)


def _duration(cluster: ClusterPolicy) -> str:
    usual, longest, shortest = (
        code(show_duration(duration))
        for duration in (cluster.usual_duration, cluster.max_duration, cluster.min_duration)
    )
    return f"from {shortest} to {longest}, extensions included; {usual} if you name no duration"


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
    own = ", their own counts too" if cluster.self_approval else ""
    return f"{count} from {everyone(cluster.approvers)}{own}"


def _glass(emergency: Emergency) -> str:
    return (
        f"In an emergency, at once: {everyone(emergency.requesters)}, for "
        f"{code(show_duration(emergency.max_duration))} at most, reviewed afterwards"
    )


def _written(approval: AutoApproval) -> str:
    networks = ", ".join(code(str(network)) for network in approval.sources)
    return (
        f"Approved at once: {everyone(approval.requesters)}, from {networks}, "
        f"for {code(show_duration(approval.max_duration))} at most"
    )
