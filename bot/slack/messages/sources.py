"""Sources: what a cluster trusts, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.lifecycle import Grant
from bot.slack.limits import MESSAGE_BLOCKS
from bot.slack.messages.blocks import Message, context, message, section, sections
from bot.slack.messages.facts import until
from bot.slack.messages.mrkdwn import ago, code, one_line, who

_MOST_LINES = MESSAGE_BLOCKS - 5  # even if each line fills a block
_DESCRIPTION_CHARACTERS = 60


@dataclass(frozen=True)
class SourceLine:
    """One trusted source as the API holds it; with a grant it is ours."""

    source: str
    description: str
    created_at: datetime | None
    grant: Grant | None
    is_guard: bool


def sources_page(cluster: str, lines: Sequence[SourceLine]) -> Message:
    """Return the trusted sources of a cluster, ours first."""
    name = code(cluster)
    if not lines:
        return message(
            section(
                f":warning: *{name} is open to everyone:* it has no trusted sources. Its admins "
                "can add some."
            )
        )
    ours_first = sorted(lines, key=lambda line: line.grant is None)
    shown = [f"• {_line(line)}" for line in ours_first[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"… and {len(lines) - _MOST_LINES} more")
    return message(
        *sections([f"*Trusted sources of {name}* ({len(lines)})", *shown]),
        context(f"Approvers can set an expiry: {code(f'/dbaccess adopt {cluster} SOURCE 1w')}"),
    )


def _line(line: SourceLine) -> str:
    return f"{code(line.source)}: {_whose(line)}"


def _whose(line: SourceLine) -> str:
    age = f" {ago(line.created_at)}" if line.created_at else ""
    added = f", added{age}" if age else ""
    if line.grant is not None:
        grant = line.grant
        if grant.adopted:
            return f"added manually{age}, expires {until(grant)} (access #{grant.id})"
        return f"*access #{grant.id}* of {who(grant.requester)} until {until(grant)}{added}"
    if line.is_guard:
        return f"guard rule, keeps the cluster closed{added}"
    described = one_line(line.description, _DESCRIPTION_CHARACTERS)
    return f"added manually{age}, {code(described)}" if described else f"added manually{age}"
