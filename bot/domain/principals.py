"""Principals: people, user groups and channels, as the policy names them by their IDs in Slack.

Outside `bot/slack`, nothing but this module knows what such an ID looks like. Machines are
principals, too: their names are in `bot.domain.machines`.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import StringConstraints

ANYBODY = "*"

CHANNEL_ID = r"[CG][A-Z0-9]{2,}"
MEMBER_ID = r"[UWS][A-Z0-9]{2,}"
"""Of a person or a user group."""

User = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,}$")]
UserOrMachine = Annotated[
    str, StringConstraints(pattern=r"^([UW][A-Z0-9]{2,}|[a-z][a-z0-9_-]{0,31}:[!-~][ -~]{0,254})$")
]
UserOrGroup = Annotated[str, StringConstraints(pattern=rf"^{MEMBER_ID}$")]
Requester = Annotated[str, StringConstraints(pattern=rf"^(\*|{MEMBER_ID})$")]
Channel = Annotated[str, StringConstraints(pattern=rf"^{CHANNEL_ID}$")]


def users_in(names: Iterable[str]) -> frozenset[str]:
    """Return the individual people among *names*."""
    return frozenset(name for name in names if name.startswith(("U", "W")))


def is_machine(name: str) -> bool:
    """Tell whether a principal is a machine: `github:repo:…`; no ID of Slack's has a colon."""
    return ":" in name


def groups_in(names: Iterable[str]) -> frozenset[str]:
    """Return the user groups among *names*, whose members only Slack knows."""
    return frozenset(name for name in names if name.startswith("S"))
