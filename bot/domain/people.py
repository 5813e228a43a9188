"""People: who acts, what they are to the workspace, and whether a list of names means them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

ANYBODY = "*"


class Standing(StrEnum):
    """What somebody is to the workspace that the bot is installed in.

    UNKNOWN: nobody asked. That is enough for what is one's own, and for no right over others.
    """

    UNKNOWN = "unknown"
    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    OUTSIDER = "outsider"


@dataclass(frozen=True)
class Person:
    """Somebody who acts, as Slack's directory knows them at this moment.

    `groups` holds at least those user groups that the question at hand names.
    """

    id: str
    standing: Standing = Standing.UNKNOWN
    groups: frozenset[str] = frozenset()


def is_named(person: Person, names: Iterable[str]) -> bool:
    """Tell whether *names* (users, user groups or `*`) include *person*."""
    return any(name == ANYBODY or name == person.id or name in person.groups for name in names)


def groups_in_question(user_id: str, names: Iterable[str]) -> frozenset[str]:
    """Return the user groups whose members must be known to tell whether *names* include a user."""
    names = set(names)
    if ANYBODY in names or user_id in names:
        return frozenset()
    return frozenset(name for name in names if name.startswith("S"))
