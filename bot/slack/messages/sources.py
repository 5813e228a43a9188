"""Sources: what a cluster trusts, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.lifecycle import Grant
from bot.slack.limits import MESSAGE_BLOCKS
from bot.slack.messages.blocks import Message, context, message, section, sections
from bot.slack.messages.mrkdwn import ago, code, one_line, when, who

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
                "can add those that must keep working."
            )
        )
    ours_first = sorted(lines, key=lambda line: line.grant is None)
    shown = [f"• {_line(line)}" for line in ours_first[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"… and {len(lines) - _MOST_LINES} more")
    return message(
        *sections([f"*Trusted sources of {name}* ({len(lines)})", *shown]),
        context(
            "dbaccess leaves rules added manually alone. Approvers can set an expiry: "
            f"{code(f'/dbaccess adopt {cluster} SOURCE 1w')}"
        ),
    )


def _line(line: SourceLine) -> str:
    added = f", added {ago(line.created_at)}" if line.created_at else ""
    return f"{code(line.source)}: {_whose(line)}{added}"


def _whose(line: SourceLine) -> str:
    if line.grant is not None:
        grant = line.grant
        if grant.adopted:
            by, until = who(grant.requester), when(grant.expires_at)
            return f"added manually, expires {until} (#{grant.id} of {by})"
        return f"*access #{grant.id}* of {who(grant.requester)} until {when(grant.expires_at)}"
    if line.is_guard:
        return "guard rule, keeps the cluster closed"
    described = one_line(line.description, _DESCRIPTION_CHARACTERS)
    return f"added manually, {code(described)}" if described else "added manually"
