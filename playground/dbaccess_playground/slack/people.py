"""The members and user groups of a workspace, as Slack's API shows them."""

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
    """A member of the workspace, a bot, or a person of another organisation.

    Slack says `is_stranger` only of people who share no channel with the bot. Those who come by a
    shared channel (Slack Connect) are told by their team alone. `name` is unique; what people see,
    the `display_name` (None: the same), is not.
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
    display_name: str | None = None

    @property
    def shown_name(self) -> str:
        """What others see."""
        return self.name if self.display_name is None else self.display_name

    def as_slack(self, home_team_id: str) -> dict[str, Any]:
        """Return the `user` object of users.info, as a workspace of `team_id` sees this person."""
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
                "display_name": self.shown_name,
                "display_name_normalized": self.shown_name,
                "email": f"{self.name}@example.com",
                "team": self.team_id,
            },
        }

    def _as_deleted(self, shown: str) -> dict[str, Any]:
        """Return the `user` object of a deactivated account: without roles and time zone."""
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
                "display_name": self.shown_name,
                "display_name_normalized": self.shown_name,
                "team": self.team_id,
            },
        }


@dataclass(frozen=True)
class Group:
    """A user group: its `@handle` and its members; somebody may have disabled it."""

    id: str
    handle: str
    members: tuple[str, ...]
    is_disabled: bool = False

    def as_slack(self, team_id: str, *, with_users: bool, with_count: bool) -> dict[str, Any]:
        """Return the `usergroup` object of usergroups.list; its count is a text."""
        shown: dict[str, Any] = {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "handle": self.handle,
            "name": self.handle,
            "description": "",
            "is_external": False,
            "date_delete": 1764000000 if self.is_disabled else 0,
        }
        if with_users:
            shown["users"] = list(self.members)
        if with_count:
            shown["user_count"] = str(len(self.members))
        return shown


class People:
    """The people and user groups of a workspace; the bot is one of them from the start.

    Set `may_have_groups` to False for the plan without user groups.
    """

    def __init__(self, team_id: str) -> None:
        self.team_id = team_id
        self._people: dict[str, Person] = {}
        self._groups: dict[str, Group] = {}
        self.may_have_groups = True
        self.add(Person(BOT_USER_ID, BOT_NAME, team_id, is_bot=True))

    def add(self, person: Person) -> Person:
        """Add a person, or replace the one with that id."""
        self._people[person.id] = person
        return person

    def add_group(self, group: Group) -> Group:
        """Add a group, or replace the one with that id."""
        self._groups[group.id] = group
        return group

    def deactivate(self, user_id: str) -> Person:
        """Mark a person as deleted and remove them from their groups, as Slack does."""
        for group in self._groups.values():
            rest = tuple(member for member in group.members if member != user_id)
            self._groups[group.id] = replace(group, members=rest)
        return self.add(replace(self.person(user_id), deleted=True))

    def person(self, user_id: str) -> Person:
        """Return the person with that id; SlackError `user_not_found` if there is none."""
        if user_id not in self._people:
            raise SlackError("user_not_found")
        return self._people[user_id]

    def knows(self, user_id: str) -> bool:
        """Return whether there is a person with that id, deleted or not."""
        return user_id in self._people

    def group(self, group_id: str) -> Group:
        """Return the group with that id; SlackError `no_such_subteam` if there is none."""
        self._check_plan()
        if group_id not in self._groups:
            raise SlackError("no_such_subteam")
        return self._groups[group_id]

    def everybody(self) -> list[Person]:
        """Return all people, including bots and deleted ones, in the order of their creation."""
        return list(self._people.values())

    def groups(self) -> list[Group]:
        """Return all groups in the order of their creation."""
        self._check_plan()
        return list(self._groups.values())

    def _check_plan(self) -> None:
        if not self.may_have_groups:
            raise SlackError("plan_upgrade_required")
