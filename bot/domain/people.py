"""People: who acts, what they are to the workspace, and whether a list of names means them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.refusal import NotYours, Refused
from bot.domain.refusals.rights import CannotTell, Deactivated, NotAMember, NotAPerson

ANYBODY = "*"


class Standing(StrEnum):
    """What somebody is to the workspace that the bot is installed in.

    UNKNOWN: nobody asked. That is enough to end or cancel what is one's own, and for nothing else.
    """

    UNKNOWN = "unknown"
    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    OUTSIDER = "outsider"

    @property
    def is_guest(self) -> bool:
        """Whether it is a guest, or somebody of another organisation."""
        return self in (Standing.GUEST, Standing.OUTSIDER)


@dataclass(frozen=True)
class Person:
    """Somebody who acts, as Slack's directory knows them at this moment.

    `groups` holds at least those user groups that the question at hand names. `asked` are the
    groups that Slack was asked about, whether the person is in them or not; None: it was not asked.
    """

    id: str
    standing: Standing = Standing.UNKNOWN
    groups: frozenset[str] = frozenset()
    asked: frozenset[str] | None = field(default=None, compare=False)


class NeedsDirectory(Exception):  # nothing is wrong: the caller asks, and comes again
    """A decision depends on people whom Slack's directory was not asked about.

    `groups` has, for each user id, the user groups whose members must be known.
    """

    def __init__(self, groups: Mapping[str, frozenset[str]]) -> None:
        super().__init__(f"ask the directory about {', '.join(groups)}")
        self.groups = groups


class People:
    """Those whom a decision concerns, as far as Slack's directory was asked about them."""

    def __init__(self, known: Iterable[Person] = ()) -> None:
        self._known = {person.id: person for person in known}

    def require(self, groups: Mapping[str, frozenset[str]]) -> None:
        """Make sure that these people are known, and whether they are in those user groups.

        Raises:
            NeedsDirectory: somebody is not; all who are missing are named at once.
        """
        missing = {
            user_id: named for user_id, named in groups.items() if not self._knows(user_id, named)
        }
        if missing:
            raise NeedsDirectory(missing)

    def __getitem__(self, user_id: str) -> Person:
        """Return what is known of somebody; of whom nothing is, that they are unknown."""
        return self._known.get(user_id, Person(user_id))

    def _knows(self, user_id: str, groups: frozenset[str]) -> bool:
        asked = self[user_id].asked
        return asked is not None and groups <= asked


def is_named(person: Person, names: Iterable[str]) -> bool:
    """Tell whether *names* (users, user groups or `*`) include *person*."""
    return any(name == ANYBODY or name == person.id or name in person.groups for name in names)


def groups_in_question(user_id: str, names: Iterable[str]) -> frozenset[str]:
    """Return the user groups whose members must be known to tell whether *names* include a user."""
    names = set(names)
    if ANYBODY in names or user_id in names:
        return frozenset()
    return frozenset(name for name in names if name.startswith("S"))


def cannot_tell() -> Refused:
    """Return the answer where a right cannot be established (P4)."""
    return Refused(CannotTell())


def not_admitted(person: Person) -> Refused:
    """Return the answer to somebody whose standing alone keeps them out."""
    match person.standing:
        case Standing.UNKNOWN | Standing.MEMBER:
            return cannot_tell()
        case Standing.DEACTIVATED:
            return NotYours(Deactivated())
        case Standing.BOT:
            return NotYours(NotAPerson())
        case _:
            return NotYours(NotAMember())
