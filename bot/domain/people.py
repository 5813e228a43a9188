"""People: who acts, what they are to the workspace, and whether a list of names means them.

If a right depends on something that Slack's directory was not asked about, that is not a "no": the
check raises `NeedsDirectory`, and its caller asks the directory and tries again (P4). So each check
is the only place that says what it depends on.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.domain.principals import ANYBODY, groups_in, is_machine
from bot.domain.refusal import NotYours, Refused
from bot.domain.refusals.rights import CannotTell, Deactivated, NotAMember, NotAPerson


class Standing(StrEnum):
    """What somebody is to the workspace that the bot is installed in.

    UNKNOWN: Slack was not asked. NOBODY: Slack knows no such account. MACHINE: no account of
    Slack's at all, but a job with a token, about which Slack is never asked.
    """

    UNKNOWN = "unknown"
    NOBODY = "nobody"
    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    OUTSIDER = "outsider"
    MACHINE = "machine"

    @property
    def is_guest(self) -> bool:
        """Whether it is a guest, or somebody of another organisation."""
        return self in (Standing.GUEST, Standing.OUTSIDER)


@dataclass(frozen=True)
class Person:
    """Somebody as Slack's directory knows them, as far as it was asked.

    `groups` are user groups that they are in, `asked` all those that Slack was asked about.
    `is_final`: Slack is not asked any more; what is not known counts as no.
    """

    id: str
    standing: Standing = Standing.UNKNOWN
    groups: frozenset[str] = frozenset()
    asked: frozenset[str] = field(default=frozenset(), compare=False)
    is_final: bool = field(default=False, compare=False)


class NeedsDirectory(Exception):  # not an error: the caller asks, and tries again
    """A decision depends on people whom Slack's directory was not asked about.

    `groups` has, for each user id, the user groups whose members must be known.
    """

    def __init__(self, groups: Mapping[str, frozenset[str]]) -> None:
        super().__init__(f"ask the directory about {', '.join(groups)}")
        self.groups = groups


class Unknowns:
    """Gathers what several checks need of the directory, so that it is asked for all at once."""

    def __init__(self) -> None:
        self._groups: dict[str, frozenset[str]] = {}

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Go on where a check needs the directory."""
        try:
            yield
        except NeedsDirectory as needs:
            for user_id, groups in needs.groups.items():
                self._groups[user_id] = self._groups.get(user_id, frozenset()) | groups

    def ask(self) -> None:
        """Have the directory asked if anything was needed.

        Raises:
            NeedsDirectory: it was.
        """
        if self._groups:
            raise NeedsDirectory(self._groups)


class People:
    """Those whom a decision concerns, as far as Slack's directory was asked about them.

    `is_final`: Slack is not asked any more; somebody who is not known has no right.
    """

    def __init__(self, known: Iterable[Person] = (), *, is_final: bool = False) -> None:
        self._known = {person.id: person for person in known}
        self._is_final = is_final

    def __getitem__(self, user_id: str) -> Person:
        """Return what is known of somebody, perhaps nothing; a machine is known by its name."""
        person = self._known.get(user_id) or not_looked_up(user_id)
        return replace(person, is_final=True) if self._is_final else person


def not_looked_up(name: str) -> Person:
    """Return what is known of a principal by its name alone."""
    return Person(name, Standing.MACHINE if is_machine(name) else Standing.UNKNOWN)


def standing_of(person: Person) -> Standing:
    """Return what somebody is to the workspace.

    Raises:
        NeedsDirectory: Slack was not asked.
    """
    if person.standing is Standing.UNKNOWN and not person.is_final:
        raise NeedsDirectory({person.id: frozenset()})
    return person.standing


def is_member(person: Person) -> bool:
    """Tell whether somebody is a full member of the workspace.

    Raises:
        NeedsDirectory: Slack was not asked.
    """
    return standing_of(person) is Standing.MEMBER


def is_named(person: Person, names: Collection[str]) -> bool:
    """Tell whether *names* (users, user groups or `*`) include somebody.

    Raises:
        NeedsDirectory: that depends on groups that Slack was not asked about.
    """
    groups = groups_in(names)
    if ANYBODY in names or person.id in names or groups & person.groups:
        return True
    unknown = groups - person.asked
    if unknown and not person.is_final:
        raise NeedsDirectory({person.id: unknown})
    return False


def not_admitted(person: Person) -> Refused:
    """Return the answer to somebody whose standing alone keeps them out."""
    match person.standing:
        case Standing.UNKNOWN | Standing.NOBODY | Standing.MEMBER:
            return Refused(CannotTell())
        case Standing.DEACTIVATED:
            return NotYours(Deactivated())
        case Standing.BOT | Standing.MACHINE:
            return NotYours(NotAPerson())
        case _:
            return NotYours(NotAMember())
