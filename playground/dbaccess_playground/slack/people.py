"""The members and user groups of the sandbox's workspace, as Slack's API shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dbaccess_playground.slack.errors import SlackError

APP_ID = "A0DBACCESS"
BOT_ID = "B0DBACCESS"
BOT_USER_ID = "U0DBACCESS"
BOT_NAME = "dbaccess"
TEAM_NAME = "sandbox"


@dataclass(frozen=True)
class Person:
    """A member of the workspace, a bot, or somebody of another organisation's team.

    Of those, Slack calls strangers (`is_stranger`) only who shares no channel with the bot: who
    comes by a channel that both organisations share (Slack Connect) is known by their team alone.
    """

    id: str
    name: str
    team_id: str
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    tz: str = "Europe/Berlin"

    def as_slack(self, home_team_id: str) -> dict[str, Any]:
        """The `user` object of users.info, as a workspace of that team sees this person."""
        shown = self.name.replace(".", " ").title()
        if self.deleted:
            return self._as_deleted(shown)
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": shown,
            "deleted": False,
            "tz": self.tz,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted or self.is_ultra_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_stranger": self.is_stranger and self.team_id != home_team_id,
            "is_email_confirmed": True,
            "updated": 1764000000,
            "profile": {
                "real_name": shown,
                "real_name_normalized": shown,
                "display_name": self.name,
                "display_name_normalized": self.name,
                "email": f"{self.name}@example.com",
                "team": self.team_id,
            },
        }

    def _as_deleted(self, shown: str) -> dict[str, Any]:
        """What is left of a deactivated account: neither its rights nor its time zone."""
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": True,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 1764000000,
            "profile": {
                "real_name": shown,
                "real_name_normalized": shown,
                "display_name": self.name,
                "display_name_normalized": self.name,
                "team": self.team_id,
            },
        }


@dataclass(frozen=True)
class Group:
    """A user group: `@handle` and whoever is in it."""

    id: str
    handle: str
    members: tuple[str, ...]

    def as_slack(self, team_id: str, *, with_users: bool) -> dict[str, Any]:
        """The `usergroup` object of usergroups.list."""
        shown: dict[str, Any] = {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "handle": self.handle,
            "name": self.handle,
            "description": "",
            "is_external": False,
            "date_delete": 0,
            "user_count": len(self.members),
        }
        return shown | {"users": list(self.members)} if with_users else shown


class People:
    """Everybody the workspace knows; the bot is there from the start."""

    def __init__(self, team_id: str) -> None:
        self.team_id = team_id
        self._people: dict[str, Person] = {}
        self._groups: dict[str, Group] = {}
        self.add(Person(BOT_USER_ID, BOT_NAME, team_id, is_bot=True))

    def add(self, person: Person) -> Person:
        """Take in a person, in the place of whoever had the id."""
        self._people[person.id] = person
        return person

    def add_group(self, group: Group) -> Group:
        """Take in a group, in the place of the one that had the id."""
        self._groups[group.id] = group
        return group

    def deactivate(self, user_id: str) -> Person:
        """Mark a person as deleted; their groups lose them, as Slack's do."""
        for group in self._groups.values():
            rest = tuple(member for member in group.members if member != user_id)
            self._groups[group.id] = replace(group, members=rest)
        return self.add(replace(self.person(user_id), deleted=True))

    def person(self, user_id: str) -> Person:
        """The person of that id; SlackError `user_not_found` if there is none."""
        if user_id not in self._people:
            raise SlackError("user_not_found")
        return self._people[user_id]

    def knows(self, user_id: str) -> bool:
        """Whether there is a person of that id, deleted or not."""
        return user_id in self._people

    def group(self, group_id: str) -> Group:
        """The group of that id; SlackError `no_such_subteam` if there is none."""
        if group_id not in self._groups:
            raise SlackError("no_such_subteam")
        return self._groups[group_id]

    def everybody(self) -> list[Person]:
        """All people in the order they came, deleted ones and bots too."""
        return list(self._people.values())

    def groups(self) -> list[Group]:
        """All groups in the order they came."""
        return list(self._groups.values())
