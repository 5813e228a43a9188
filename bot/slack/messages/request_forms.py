"""Request forms: the modals that ask for access, in the usual way or in an emergency.

A block's id is the field that it is, and behind a colon what its choices depend on. Slack keeps
what was entered while an id stays, and forgets it with the id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.addresses import kind_of_address
from bot.domain.durations import show_duration
from bot.domain.extensions import ExtensionTerms
from bot.domain.limits import DURATION_CHARACTERS, REASON_CHARACTERS, SOURCE_CHARACTERS
from bot.domain.policy import ClusterPolicy
from bot.domain.sources import KINDS, SourceType, TrustedSource
from bot.slack.limits import OPTION_VALUE_CHARACTERS
from bot.slack.messages import buttons
from bot.slack.messages.blocks import Block, context, section
from bot.slack.messages.facts import numbered, source
from bot.slack.messages.inputs import cut_note, field, menu, modal, text_input
from bot.slack.messages.mrkdwn import code, when
from bot.slack.messages.pickers import picker
from bot.slack.messages.times import Times

_MOST_EXAMPLES = 3

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
    """What stands in a form, as far as is known. `length` was chosen, `duration` was typed.

    `is_new`: the address takes the place of what was typed; `is_read`: a browser brought it. `last`
    is the address that they used last, `link` the page that reads theirs; `can_read`: such a page
    can be had. `is_unclear`: what was typed is to be checked.
    """

    cluster: str = ""
    kind: SourceType = SourceType.IP_ADDR
    address: str = ""
    picked: TrustedSource | None = None
    picked_name: str = ""
    length: str = ""
    duration: str = ""
    reason: str = ""
    is_new: bool = False
    is_read: bool = False
    last: str = ""
    link: str = ""
    can_read: bool = False
    is_unclear: bool = False


_CHECK = section(
    ":warning: *Something is missing or unclear.* Check the fields, then press Request."
)


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
        "Request access",
        "Request",
        [
            *([_CHECK] if filled.is_unclear else []),
            _cluster(aliases, filled),
            *([_kind(kinds, kind, filled)] if len(kinds) > 1 else []),
            *_source(kind, clusters, filled),
            *_durations(Times.of(clusters, filled.cluster), filled),
            _reason("fixing the nightly job", filled, needed=needed),
        ],
        private_metadata=private_metadata,
    )


def emergency_form(clusters: Clusters, filled: Filled, *, private_metadata: str) -> dict[str, Any]:
    """Return the form that confirms an emergency; the arguments are those of `request_form`."""
    aliases = {
        alias: f"{alias} (max {show_duration(policy.longest_emergency)})"
        for alias, policy in clusters.items()
    }
    return modal(
        "emergency",
        "Emergency access",
        "Get access",
        [
            section(
                ":rotating_light: *You get access at once*, without approval. Approvers and "
                "operators are notified, and an approver reviews it."
            ),
            _cluster(aliases, filled),
            *_address(filled, f"Public {kind_of_address()} address you connect from."),
            *_durations(Times.of_emergency(clusters, filled.cluster), filled),
            _reason("orders is down, checking the locks", filled, needed=True),
        ],
        private_metadata=private_metadata,
    )


def extension_form(
    terms: ExtensionTerms, filled: Filled, *, private_metadata: str
) -> dict[str, Any]:
    """Return the form that asks for more time; the last argument is that of `request_form`."""
    grant, ends = terms.grant, when(terms.grant.expires_at)
    what = f"{code(grant.cluster)} from {source(grant)}, expires {ends}. Approvers decide."
    if grant.emergency:
        what = f"*{numbered(grant)}* to {what}"
    if grant.adopted:
        what = f"{source(grant)} (added manually) on {code(grant.cluster)}, removed {ends}."
    example = "still needed for the audit" if grant.adopted else "the job is still running"
    return modal(
        "extension",
        f"Extend access #{grant.id}",
        "Extend" if grant.adopted else "Request",
        [
            section(what),
            *_durations(Times.of_extension(terms), filled, label="Extend by"),
            _reason(example, filled, needed=terms.needs_reason),
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
    choice = menu(Part.KIND, options, shown, "Choose a type")
    return field(f"{Part.KIND}:{filled.cluster}", "Source type", choice, dispatch=True)


def _source(kind: SourceType, clusters: Clusters, filled: Filled) -> list[Block]:
    if kind is SourceType.IP_ADDR:
        return _address(filled, _what_to_type(clusters, filled.cluster))
    fits = filled.picked if filled.picked and filled.picked.type is kind else None
    menu_of_kind = picker(Part.SOURCE, kind, fits, filled.picked_name)
    hint = _too_long(fits) + "Search by name or ID."
    return [field(f"{Part.SOURCE}:{kind}", KINDS[kind].noun, menu_of_kind, hint=hint)]


def _too_long(picked: TrustedSource | None) -> str:
    fits = picked is None or len(str(picked)) <= OPTION_VALUE_CHARACTERS
    return "" if fits else "The name that was typed is too long for this menu: use the command. "


def _address(filled: Filled, hint: str) -> list[Block]:
    """Return the field for an address, and the buttons that fill it in.

    Slack shows what was typed as long as a block keeps its id, so a new address has another.
    """
    new_id = f"{Part.SOURCE}:{SourceType.IP_ADDR}:{filled.address}"
    block_id = new_id if filled.is_new else Part.SOURCE.value
    typed = text_input(Part.SOURCE, filled.address, "203.0.113.4", longest=SOURCE_CHARACTERS)
    if filled.is_read:  # perhaps the browser of somebody else who has the link
        hint = "Read from your browser just now. Not yours? Change it."
    hint = cut_note(filled.address, SOURCE_CHARACTERS) + hint
    offered = buttons.addresses(
        last="" if filled.last == filled.address else filled.last,
        link=filled.link,
        can_read=filled.can_read,
    )
    note = "The page reads your IP. It works once, for 10 minutes."
    notes = [context(note)] if filled.link else []
    return [field(block_id, "Source IP", typed, hint=hint), *offered, *notes]


def _what_to_type(clusters: Clusters, chosen: str) -> str:
    hint = f"Public {kind_of_address()} address you connect from"
    cluster = clusters.get(chosen)
    if cluster is None and any(len(one.source_types) > 1 for one in clusters.values()):
        return f"{hint}. For other sources, choose the cluster first."
    if cluster and cluster.min_prefix < 32:
        return f"{hint}, or a network up to /{cluster.min_prefix}."
    return f"{hint}."


def _durations(times: Times, filled: Filled, *, label: str = "Duration") -> list[Block]:
    typed = "" if filled.duration in times.choices else filled.duration
    cut = cut_note(typed, DURATION_CHARACTERS)
    like = f"{cut}Like {_listed(times.examples)}."
    placeholder = "1h30m" if "1h30m" in times.examples else times.examples[-1]
    exactly = text_input(Part.DURATION, typed, placeholder, longest=DURATION_CHARACTERS)
    if not times.choices:
        hint = f"{like} {times.limits}"
        return [field(Part.DURATION, label, exactly, hint=hint, optional=True)]
    wanted = filled.duration if filled.duration in times.choices else filled.length
    chosen = wanted if wanted in times.choices else times.usual
    options = {choice: choice for choice in times.choices}
    choice = menu(Part.LENGTH, options, "" if typed else chosen, "Usual for the cluster")
    block_id = f"{Part.LENGTH}:{filled.cluster}"
    return [
        field(block_id, label, choice, hint=times.limits, optional=True),
        field(
            Part.DURATION,
            "Custom duration",
            exactly,
            hint=f"{like} Replaces the choice above.",
            optional=True,
        ),
    ]


def _listed(examples: Sequence[str]) -> str:
    """Return a few of the examples: `90m, 2h or 1h30m`."""
    *others, last = examples[:_MOST_EXAMPLES]
    return f"{', '.join(others)} or {last}" if others else last


def _reason(example: str, filled: Filled, *, needed: bool) -> Block:
    typed = text_input(Part.REASON, filled.reason, example, longest=REASON_CHARACTERS)
    required = "Required. " if needed else ""
    hint = f"{cut_note(filled.reason, REASON_CHARACTERS)}{required}Approvers read this."
    return field(Part.REASON, "Reason", typed, hint=hint, optional=not needed)
