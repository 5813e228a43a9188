"""Principals: people, user groups and channels, as the policy names them by their IDs in Slack.

Outside `bot/slack`, nothing but this module knows what such an ID looks like.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import StringConstraints

ANYBODY = "*"

UserOrGroup = Annotated[str, StringConstraints(pattern=r"^[UWS][A-Z0-9]{2,}$")]
Requester = Annotated[str, StringConstraints(pattern=r"^(\*|[UWS][A-Z0-9]{2,})$")]
Channel = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,}$")]


def users_in(names: Iterable[str]) -> frozenset[str]:
    """Return the individual people among *names*."""
    return frozenset(name for name in names if name.startswith(("U", "W")))


def groups_in(names: Iterable[str]) -> frozenset[str]:
    """Return the user groups among *names*, whose members only Slack knows."""
    return frozenset(name for name in names if name.startswith("S"))
