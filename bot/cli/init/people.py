"""People and user groups by the names that people give them: `@alice`, an e-mail, `@db-admins`."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.cli.init.asking import Unusable
from bot.domain.principals import ANYBODY, MEMBER_ID
from bot.domain.typed_text import one_line
from bot.slack.workspace_names import Member, UserGroup

_SIMILAR = 70  # of 100
_MOST_OFFERED = 5
_NO_EMAILS = "Slack doesn't show e-mail addresses to dbaccess."
_ID = re.compile(rf"<?@?!?(?:subteam\^)?({MEMBER_ID})(?:\|[^>]*)?>?")
_EVERYONE = frozenset({"*", "all", "anybody", "anyone", "everybody", "everyone"})

Choose = Callable[[str, Sequence[str]], int]


@dataclass(frozen=True)
class Principal:
    """Whom an ID stands for; `people`: those of them who can approve, None if not known."""

    id: str
    label: str
    people: frozenset[str] | None = None


EVERYONE = Principal(ANYBODY, "everyone in the workspace")


class Directory:
    """Finds people and user groups by their names.

    Args:
        members: those who may be named.
        groups: those that may be named.
        choose: asks which of several is meant; raises Unusable if that cannot be said.
    """

    def __init__(
        self, members: Sequence[Member], groups: Sequence[UserGroup], choose: Choose
    ) -> None:
        self._choose = choose
        self._names: dict[str, list[Principal]] = {}
        self._by_id: dict[str, Principal] = {}
        self._given_out: dict[str, Principal] = {}  # names that Slack keeps unique
        self._shows_emails = any(member.email for member in members)
        for member in members:
            person = _person(member)
            self._add(person, member.display_name, member.real_name)
            self._add(person, member.name, member.email, unique=True)
        deciding = frozenset(member.id for member in members if not member.is_guest)
        for group in groups:
            principal = _group(group, deciding)
            self._add(principal, group.title)
            self._add(principal, group.handle, unique=True)

    def find(self, typed: str) -> tuple[Principal, ...]:
        """Return those who are named, each once.

        Raises:
            Unusable: a name fits nobody, or several people.
        """
        found = {one.id: one for one in map(self._find_one, _names_in(typed))}
        if not found:
            raise Unusable("Name at least one: @alice, bob@example.com or @db-admins.")
        return tuple(found.values())

    def find_or_everyone(self, typed: str) -> tuple[Principal, ...]:
        """Return the same, or everyone where that is what was typed."""
        if typed.strip().strip('"').lower() in _EVERYONE:
            return (EVERYONE,)
        return self.find(typed)

    def _add(self, principal: Principal, *names: str, unique: bool = False) -> None:
        self._by_id[principal.id] = principal
        for name in {_plain(name) for name in names if name}:
            if unique:
                self._given_out[name] = principal
            known = self._names.setdefault(name, [])
            if principal not in known:
                known.append(principal)

    def _find_one(self, name: str) -> Principal:
        if match := _ID.fullmatch(name):
            if match[1] in self._by_id:
                return self._by_id[match[1]]
            raise Unusable(f"Slack knows nobody with the ID {match[1]}, or they have left.")
        found = self._names.get(_plain(name), [])
        if len(found) > 1:
            return self._chosen(f"{name} fits several:", found)
        if found and self._given_out.get(_plain(name)) != found[0]:
            return self._chosen(f"Anybody may call themselves {name}. Here it is:", found)
        return found[0] if found else self._guess(name)

    def _guess(self, name: str) -> Principal:
        if "@" in name[1:] and not self._shows_emails:
            return self._by_local_part(name)
        near = self._near(_plain(name))
        if not near:
            raise Unusable(
                f"Nobody and no user group is called {name}. Type @name, or paste an ID."
            )
        return self._chosen(f"Nobody is called {name}. Closest:", near)

    def _by_local_part(self, email: str) -> Principal:
        """E-mail addresses take `users:read.email`; a user name is mostly the part before the @."""
        found = self._names.get(_plain(email.partition("@")[0]), [])
        if found:
            return self._chosen(f"{_NO_EMAILS} {email} may be:", found)
        raise Unusable(
            f"{_NO_EMAILS} Type the @name of {email}, or paste the member ID from their profile."
        )

    def _near(self, name: str) -> list[Principal]:
        begun = (one for key in self._names if key.startswith(name) for one in self._names[key])
        if found := {one.id: one for one in begun}:
            return list(found.values())[:_MOST_OFFERED]
        matches = process.extract(
            name, list(self._names), scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=_MOST_OFFERED
        )
        near = {one.id: one for match in matches for one in self._names[match[0]]}
        return list(near.values())[:_MOST_OFFERED]

    def _chosen(self, words: str, found: Sequence[Principal]) -> Principal:
        return found[self._choose(words, [f"{one.label} ({one.id})" for one in found])]


def count_people(principals: Iterable[Principal]) -> int:
    """Return how many different people can approve; a group that Slack does not show counts all."""
    known = [one.people for one in principals]
    if None in known:
        return sys.maxsize
    return len(frozenset().union(*(people for people in known if people is not None)))


def ids(principals: Iterable[Principal]) -> str:
    """Return principals as an answer that is understood again."""
    return ", ".join(one.id for one in principals)


def _names_in(typed: str) -> list[str]:
    """Return the names in a list: a name of several words needs commas, or to stand alone."""
    separated = [one_line(part).strip("\"'[]").strip() for part in re.split(r"[,;\n]", typed)]
    names = [part for part in separated if part]
    if len(names) == 1 and all(map(_stands_alone, names[0].split())):
        return names[0].split()
    return names


def _stands_alone(word: str) -> bool:
    return "@" in word or _ID.fullmatch(word) is not None


def _plain(name: str) -> str:
    return one_line(name).removeprefix("@").casefold()


def _person(member: Member) -> Principal:
    """Return somebody with all their names: anybody may call themselves like another."""
    shown = one_line(member.display_name or member.name)
    user, real = one_line(member.name), one_line(member.real_name)
    label = f"@{shown}" if user == shown else f"@{shown} ({user})"
    label += f", {real}" if real and real.casefold() != shown.casefold() else ""
    if member.is_guest:
        return Principal(member.id, f"{label}, guest", frozenset())
    return Principal(member.id, label, frozenset({member.id}))


def _group(group: UserGroup, deciding: frozenset[str]) -> Principal:
    people = None if group.members is None else group.members & deciding
    members = "1 member" if group.size == 1 else f"{group.size} members"
    return Principal(group.id, f"@{one_line(group.handle)}, {members}", people)
