"""Sources: what a cluster trusts, and by whom."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.lifecycle import Grant
from bot.domain.sessions import DatabaseSession
from bot.slack.limits import MESSAGE_BLOCKS
from bot.slack.messages.blocks import Block, Message, context, message, section, sections
from bot.slack.messages.facts import until
from bot.slack.messages.mrkdwn import ago, code, one_line, who

_MOST_LINES = MESSAGE_BLOCKS - 7  # even if each line fills a block
_DESCRIPTION_CHARACTERS = 60
_MOST_ADDRESSES = 5


@dataclass(frozen=True)
class SourceLine:
    """One trusted source as the API holds it; with a grant it is ours."""

    source: str
    description: str
    created_at: datetime | None
    grant: Grant | None
    is_guard: bool
    connected: int | None = None
    """How many connections it has; None where that is unknown, or not set up."""


def sources_page(
    cluster: str,
    lines: Sequence[SourceLine],
    *,
    others: Sequence[DatabaseSession] = (),
    is_unseen: bool = False,
) -> Message:
    """Return the trusted sources of a cluster, ours first.

    Args:
        others: the sessions of which no source is known to let them in.
        is_unseen: who is connected could not be seen, although that is set up.
    """
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
        context("Connections not shown: the database gave no answer.") if is_unseen else None,
        _connected_besides(others) if others else None,
        context(f"Approvers can set an expiry: {code(f'/dbaccess adopt {cluster} SOURCE 1w')}"),
    )


def _line(line: SourceLine) -> str:
    return f"{code(line.source)}: {_whose(line)}{_connected(line.connected)}"


def _connected(count: int | None) -> str:
    if count is None:
        return ""
    return f", *{count} connected*" if count else ", not connected"


def _connected_besides(others: Sequence[DatabaseSession]) -> Block:
    """Name who is connected from elsewhere: DigitalOcean's own, apps, machines in the VPC."""
    counted = Counter(one.address for one in others).most_common()
    shown = [f"{code(address)} ({count})" for address, count in counted[:_MOST_ADDRESSES]]
    if len(counted) > _MOST_ADDRESSES:
        shown.append(f"{len(counted) - _MOST_ADDRESSES} more")
    return context(f"Connected from other addresses: {', '.join(shown)}")


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
