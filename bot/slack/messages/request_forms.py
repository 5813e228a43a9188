"""Request forms: the modals that ask for access, in the usual way or in an emergency.

A block's id is the field that it is, and behind a colon what its choices depend on. Slack keeps
what was entered while an id stays, and forgets it with the id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.addresses import kind_of_address
from bot.domain.durations import show_duration
from bot.domain.extensions import ExtensionTerms
from bot.domain.limits import DURATION_CHARACTERS, REASON_CHARACTERS, SOURCE_CHARACTERS
from bot.domain.policy import ClusterPolicy
from bot.domain.sources import KINDS, SourceType, TrustedSource
from bot.slack.messages.blocks import Block, section
from bot.slack.messages.facts import access, source
from bot.slack.messages.inputs import field, menu, modal, text_input
from bot.slack.messages.mrkdwn import code, when
from bot.slack.messages.pickers import picker
from bot.slack.messages.times import Times

Clusters = Mapping[str, ClusterPolicy]


class Part(StrEnum):
    """The fields of a form, as they are read back."""

    CLUSTER = "cluster"
    KIND = "kind"
    SOURCE = "source"
    LENGTH = "length"
    DURATION = "duration"
    REASON = "reason"


@dataclass(frozen=True)
class Filled:
    """What stands in a form, as far as is known. `length` was chosen, `duration` was typed."""

    cluster: str = ""
    kind: SourceType = SourceType.IP_ADDR
    address: str = ""
    picked: TrustedSource | None = None
    picked_name: str = ""
    length: str = ""
    duration: str = ""
    reason: str = ""


def request_form(clusters: Clusters, filled: Filled, *, private_metadata: str) -> dict[str, Any]:
    """Return the form that asks for access.

    Args:
        clusters: what holds for those that may be chosen, by alias.
        filled: what stands in it.
        private_metadata: what the form brings back when it is sent.
    """
    cluster = clusters.get(filled.cluster)
    kinds = cluster.source_types if cluster else (filled.kind,)
    kind = _kind_shown(kinds, filled.kind)
    aliases = {alias: alias for alias in clusters}
    needed = cluster is not None and cluster.require_reason
    return modal(
        "request",
        "Ask for access",
        "Ask",
        [
            _cluster(aliases, filled),
            *([_kind(kinds, kind, filled)] if len(kinds) > 1 else []),
            _source(kind, clusters, filled),
            *_durations(Times.of(clusters, filled.cluster), filled),
            _reason("Why", "fixing the nightly job", filled, needed=needed),
        ],
        private_metadata=private_metadata,
    )


def emergency_form(clusters: Clusters, filled: Filled, *, private_metadata: str) -> dict[str, Any]:
    """Return the form that confirms an emergency; the arguments are those of `request_form`."""
    aliases = {
        alias: f"{alias} (at most {show_duration(policy.longest_emergency)})"
        for alias, policy in clusters.items()
    }
    return modal(
        "emergency",
        "Emergency access",
        "Break the glass",
        [
            section(
                ":rotating_light: You get access at once, without anybody's approval. The "
                "approvers and the operators are told now, with your name and your reason, and an "
                "approver reviews it afterwards."
            ),
            _cluster(aliases, filled),
            _address(filled, f"The public {kind_of_address()} address you connect from."),
            *_durations(Times.of_emergency(clusters, filled.cluster), filled),
            _reason(
                "What is happening?",
                "orders is down, I must look at the locks",
                filled,
                needed=True,
            ),
        ],
        private_metadata=private_metadata,
    )


def extension_form(
    terms: ExtensionTerms, filled: Filled, *, private_metadata: str
) -> dict[str, Any]:
    """Return the form that asks for more time; the last argument is that of `request_form`."""
    grant, ends = terms.grant, when(terms.grant.expires_at)
    decided = "Approvers decide on it, as on any request."
    what = f"{access(grant)} ends {ends}. {decided}"
    if grant.adopted:
        what = (
            f"{source(grant)}, a rule added manually, is removed from {code(grant.cluster)} {ends}."
        )
    example = "still needed for the audit" if grant.adopted else "the job is not done yet"
    return modal(
        "extension",
        f"Extend #{grant.id}",
        "Extend" if grant.adopted else "Request",
        [
            section(f"*#{grant.id}*: {what}"),
            *_durations(Times.of_extension(terms), filled, label="How much longer"),
            _reason("Reason", example, filled, needed=terms.needs_reason),
        ],
        private_metadata=private_metadata,
    )


def _cluster(aliases: Mapping[str, str], filled: Filled) -> Block:
    choice = menu(Part.CLUSTER, aliases, filled.cluster, "Choose a cluster")
    return field(Part.CLUSTER, "Cluster", choice, dispatch=True)


def _kind_shown(kinds: tuple[SourceType, ...], wanted: SourceType) -> SourceType:
    if wanted in kinds:
        return wanted
    return SourceType.IP_ADDR if SourceType.IP_ADDR in kinds else kinds[0]


def _kind(kinds: tuple[SourceType, ...], shown: SourceType, filled: Filled) -> Block:
    options = {kind.value: KINDS[kind].noun for kind in SourceType if kind in kinds}
    choice = menu(Part.KIND, options, shown, "Choose a kind")
    return field(f"{Part.KIND}:{filled.cluster}", "Kind of source", choice, dispatch=True)


def _source(kind: SourceType, clusters: Clusters, filled: Filled) -> Block:
    if kind is not SourceType.IP_ADDR:
        fits = filled.picked if filled.picked and filled.picked.type is kind else None
        return field(
            f"{Part.SOURCE}:{kind}",
            "From where",
            picker(Part.SOURCE, kind, fits, filled.picked_name),
            hint="Type a part of its name or ID.",
        )
    return _address(filled, _what_to_type(clusters, filled.cluster))


def _address(filled: Filled, hint: str) -> Block:
    typed = text_input(Part.SOURCE, filled.address, "203.0.113.4", longest=SOURCE_CHARACTERS)
    return field(Part.SOURCE, "From where", typed, hint=hint)


def _what_to_type(clusters: Clusters, chosen: str) -> str:
    hint = f"The public {kind_of_address()} address you connect from"
    cluster = clusters.get(chosen)
    if cluster is None and any(len(one.source_types) > 1 for one in clusters.values()):
        return f"{hint}. For a Droplet or the like, choose the cluster first."
    if cluster and cluster.min_prefix < 32:
        return f"{hint}, or a network, /{cluster.min_prefix} at the widest."
    return f"{hint}."


def _durations(times: Times, filled: Filled, *, label: str = "For how long") -> list[Block]:
    typed = "" if filled.duration in times.choices else filled.duration
    exactly = text_input(Part.DURATION, typed, "1h30m", longest=DURATION_CHARACTERS)
    if not times.choices:
        hint = "Like 45s, 90m, 2h, 1h30m or 1d. Left empty: what is usual for the cluster."
        return [field(Part.DURATION, label, exactly, hint=hint, optional=True)]
    wanted = filled.duration if filled.duration in times.choices else filled.length
    chosen = wanted if wanted in times.choices else times.usual
    options = {choice: choice for choice in times.choices}
    placeholder = "What is usual for the cluster"
    choice = menu(Part.LENGTH, options, "" if typed else chosen, placeholder)
    block_id = f"{Part.LENGTH}:{filled.cluster}"
    return [
        field(block_id, label, choice, hint=times.limits, optional=True),
        field(
            Part.DURATION,
            "… or exactly",
            exactly,
            hint="Like 45s, 90m, 1h30m or 1d. It counts instead of the choice above.",
            optional=True,
        ),
    ]


def _reason(label: str, example: str, filled: Filled, *, needed: bool) -> Block:
    typed = text_input(Part.REASON, filled.reason, example, longest=REASON_CHARACTERS)
    return field(Part.REASON, label, typed, hint="The approvers read this.", optional=not needed)
