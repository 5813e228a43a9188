"""The Web API's `auth`, `users`, `usergroups` and `conversations`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dbaccess_playground.slack.conversations import Channel
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.people import BOT_ID, BOT_NAME, BOT_USER_ID, TEAM_NAME, Person
from dbaccess_playground.slack.workspace import Workspace

Args = Mapping[str, Any]
Json = dict[str, Any]

_LISTED_BY = {"private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
EMAIL_SCOPE = "users:read.email"


def auth_test(workspace: Workspace, _args: Args) -> Json:
    """Whose token this is."""
    return {
        "url": f"https://{TEAM_NAME}.slack.com/",
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": workspace.team_id,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def users_info(workspace: Workspace, args: Args) -> Json:
    """One person."""
    person = workspace.people.person(str(args.get("user", "")))
    return {"user": _as_seen(workspace, person)}


def users_list(workspace: Workspace, args: Args) -> Json:
    """Everybody, deactivated ones too."""
    everybody = [_as_seen(workspace, one) for one in workspace.people.everybody()]
    return _page("members", everybody, args)


def _as_seen(workspace: Workspace, person: Person) -> Json:
    """The `user` object; the e-mail address takes a scope of its own, `users:read.email`."""
    user = person.as_slack(workspace.team_id)
    if EMAIL_SCOPE not in workspace.scopes:
        user["profile"].pop("email", None)
    return user


def usergroups_list(workspace: Workspace, args: Args) -> Json:
    """All groups: disabled ones, members and their number where the arguments ask for them."""
    shown = [
        one.as_slack(
            workspace.team_id,
            with_users=_is_set(args, "include_users"),
            with_count=_is_set(args, "include_count"),
        )
        for one in workspace.people.groups()
        if not one.is_disabled or _is_set(args, "include_disabled")
    ]
    return {"usergroups": shown}


def usergroups_users_list(workspace: Workspace, args: Args) -> Json:
    """The members of one group; a disabled one is not there unless it is asked for."""
    group = workspace.people.group(str(args.get("usergroup", "")))
    if group.is_disabled and not _is_set(args, "include_disabled"):
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def conversations_open(workspace: Workspace, args: Args) -> Json:
    """The direct messages with one person."""
    person = workspace.people.person(str(args.get("users", "")))
    if person.is_bot:
        raise SlackError("cannot_dm_bot")
    if person.deleted:
        raise SlackError("user_disabled")
    channel = workspace.conversations.dm(person.id)
    return {"channel": channel.as_slack() if _is_set(args, "return_im") else {"id": channel.id}}


def conversations_info(workspace: Workspace, args: Args) -> Json:
    """One channel: a private one for whoever has `groups:read`, any other for `channels:read`."""
    channel = workspace.conversations.channel_for_bot(str(args.get("channel", "")))
    needed = "groups:read" if channel.is_private else "channels:read"
    if needed not in workspace.scopes:
        provided = ",".join(sorted(workspace.scopes))
        raise SlackError("missing_scope", needed=needed, provided=provided)
    return {"channel": channel.as_slack()}


def conversations_members(workspace: Workspace, args: Args) -> Json:
    """The people in a channel."""
    channel = workspace.conversations.channel(str(args.get("channel", "")))
    there = [
        one.id
        for one in workspace.people.everybody()
        if not one.deleted
        and channel.has(one.id)
        and (one.id != BOT_USER_ID or channel.bot_is_member)
    ]
    return _page("members", there, args)


def conversations_list(workspace: Workspace, args: Args) -> Json:
    """The channels of the `types` asked for: public ones unless it says otherwise."""
    types = str(args.get("types") or "public_channel").split(",")
    for scope in (_LISTED_BY.get(one, "channels:read") for one in types):
        if scope not in workspace.scopes:
            provided = ",".join(sorted(workspace.scopes))
            raise SlackError("missing_scope", needed=scope, provided=provided)
    found = [
        one.as_slack()
        for one in workspace.conversations.channels()
        if _type_of(one) in types
        and one.bot_sees
        and not (one.is_archived and _is_set(args, "exclude_archived"))
    ]
    return _page("channels", found, args)


def _type_of(channel: Channel) -> str:
    if channel.dm_with:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _is_set(args: Args, name: str) -> bool:
    return str(args.get(name, "")).lower() in {"1", "true"}


def _page(name: str, items: Sequence[Any], args: Args) -> Json:
    start, limit = int(args.get("cursor") or 0), int(args.get("limit") or len(items))
    rest = start + limit < len(items)
    return {
        name: list(items[start : start + limit]),
        "response_metadata": {"next_cursor": str(start + limit) if rest else ""},
    }


METHODS: Mapping[str, tuple[str | None, Callable[[Workspace, Args], Json]]] = {
    "auth.test": (None, auth_test),
    "users.info": ("users:read", users_info),
    "users.list": ("users:read", users_list),
    "usergroups.list": ("usergroups:read", usergroups_list),
    "usergroups.users.list": ("usergroups:read", usergroups_users_list),
    "conversations.open": ("im:write", conversations_open),
    "conversations.info": (None, conversations_info),
    "conversations.members": ("channels:read", conversations_members),
    "conversations.list": (None, conversations_list),
}
