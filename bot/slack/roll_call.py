"""The roll call: does Slack know the people and user groups that the policy names."""

from collections.abc import Iterator

from slack_sdk.errors import SlackApiError

from bot.domain.contradictions import Known
from bot.domain.findings import Finding, fault, hint, ok
from bot.domain.people import ANYBODY, Standing
from bot.domain.policy import Policy
from bot.slack.client import NO_ANSWER, SlackClient, code_of
from bot.slack.users.directory import Directory, DirectoryUnavailable

_ASKED_MEMBERS = 20  # of a group; a larger one has people enough
_NOT_DECIDING = {
    Standing.GUEST: "is a guest",
    Standing.BOT: "is a bot",
    Standing.OUTSIDER: "belongs to another organisation",
}


class RollCall:
    """Calls everybody whom the policy names, once; `known` says who answered."""

    def __init__(self, client: SlackClient, policy: Policy) -> None:
        self._client = client
        self._directory = Directory(client)
        self._approvers = _approvers(policy)
        self._names = self._approvers | _others(policy)
        self._members: dict[str, frozenset[str]] = {}
        self._standings: dict[str, Standing] = {}

    @property
    def known(self) -> Known:
        """What has been told so far."""
        return Known(self._members, self._standings)

    def call(self) -> Iterator[Finding]:
        """Yield a line for each group, and one for each person who is not as they should be."""
        for group in sorted(name for name in self._names if name.startswith("S")):
            yield self._group(group)
        named = {name for name in self._names if name.startswith(("U", "W"))}
        try:
            found = [finding for user in sorted(named) for finding in self._person(user)]
            for user in sorted(self._few_members() - named):
                self._ask(user)
        except DirectoryUnavailable as error:
            yield fault("people", f"cannot be looked up: {error}")
            return
        yield from found
        if named and not found:
            yield ok("people", f"{len(named)} named, and Slack knows them")

    def _group(self, group: str) -> Finding:
        what = f"user group {group}"
        try:
            users = self._client.usergroups_users_list(usergroup=group).get("users") or []
        except SlackApiError as error:
            code = code_of(error)
            if code != "no_such_subteam":
                return fault(what, f"cannot be read: {code}")
            self._members[group] = frozenset()
            return fault(what, "Slack knows no such group: correct it in dbaccess.toml")
        except NO_ANSWER as error:
            return fault(what, f"cannot be read: {type(error).__name__}")
        self._members[group] = frozenset(users)
        if not users:
            return fault(what, "is empty: put people into it, or take it out of dbaccess.toml")
        return ok(what, "1 member" if len(users) == 1 else f"{len(users)} members")

    def _person(self, user: str) -> Iterator[Finding]:
        standing, what = self._ask(user), f"person {user}"
        if standing is Standing.UNKNOWN:
            yield fault(what, "Slack knows nobody of that ID: correct it in dbaccess.toml")
        elif standing is Standing.DEACTIVATED:
            yield hint(what, "has left, so may do nothing: take them out of dbaccess.toml")
        elif user in self._approvers and standing in _NOT_DECIDING:
            yield hint(what, f"{_NOT_DECIDING[standing]}, so may not decide on requests")

    def _ask(self, user: str) -> Standing:
        try:
            standing = self._directory.person(user, "", ()).standing
        except DirectoryUnavailable as error:
            if error.code not in ("user_not_found", "user_not_visible"):
                raise
            standing = Standing.UNKNOWN
        self._standings[user] = standing
        return standing

    def _few_members(self) -> frozenset[str]:
        """Return the members of small groups of approvers: there each of them counts."""
        groups = (self._members.get(name, frozenset()) for name in self._approvers)
        return frozenset().union(*(group for group in groups if len(group) <= _ASKED_MEMBERS))


def _approvers(policy: Policy) -> frozenset[str]:
    return frozenset(name for one in policy.clusters.values() for name in one.approvers)


def _others(policy: Policy) -> frozenset[str]:
    """Return who is named besides the approvers: in requests, auto-approvals, emergencies."""
    lists = [
        names
        for cluster in policy.clusters.values()
        for names in (
            cluster.requesters,
            *(written.requesters for written in cluster.auto_approve),
            cluster.emergency.requesters if cluster.emergency else (),
        )
    ]
    return frozenset(name for names in lists for name in names if name != ANYBODY)
