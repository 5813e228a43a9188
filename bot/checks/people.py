"""People: does Slack know those whom the policy names, and the user groups."""

from collections.abc import Collection, Iterator

from bot.checks.findings import Finding, fault, hint, ok
from bot.checks.policy_lint import KnownPeople
from bot.domain.people import Standing
from bot.domain.policy import Policy
from bot.domain.principals import groups_in, users_in
from bot.slack.installation import Installation, SlackFailure
from bot.slack.users.directory import UNKNOWN_USER, Directory
from bot.slack.users.people_api import Groups
from bot.slack.users.unavailable import NO_USER_GROUPS, DirectoryUnavailable

_ASKED_MEMBERS = 20  # of a group; a larger one has people enough
_NOT_DECIDING = {
    Standing.GUEST: "is a guest",
    Standing.BOT: "is a bot",
    Standing.OUTSIDER: "belongs to another organisation",
}


class PolicyPeople:
    """Everybody whom the policy names, each looked up once; `known` is what Slack said.

    Args:
        slack: where to look them up.
        policy: who is named.
        with_members: look up the members of small groups of approvers, too.
    """

    def __init__(self, slack: Installation, policy: Policy, *, with_members: bool) -> None:
        self._slack = slack
        self._with_members = with_members
        self._directory = Directory(slack.client)
        self._approvers = _approvers(policy)
        self._names = policy.named
        self._members: dict[str, frozenset[str]] = {}
        self._standings: dict[str, Standing] = {}

    @property
    def known(self) -> KnownPeople:
        """What Slack has said so far."""
        return KnownPeople(self._members, self._standings)

    def check(self) -> Iterator[Finding]:
        """Yield a finding for each group, and for each person who is unknown, gone or no member."""
        yield from self._check_groups(groups_in(self._names))
        named = users_in(self._names)
        try:
            found = [finding for user in sorted(named) for finding in self._check_person(user)]
            for user in sorted(self._few_members() - named):
                self._look_up(user)
        except DirectoryUnavailable as error:
            yield fault("people", f"cannot be looked up: {error}")
            return
        yield from found
        if named and not found:
            yield ok("people", f"{len(named)} named, and Slack knows them")

    def _check_groups(self, groups: Collection[str]) -> Iterator[Finding]:
        if not groups:
            return
        try:
            there = self._slack.groups()
        except SlackFailure as failure:
            yield fault("user groups", _remedy(failure, groups))
            return
        for group in sorted(groups):
            yield self._check_group(group, there)

    def _check_group(self, group: str, there: Groups) -> Finding:
        what, users = f"user group {group}", there.get(group, frozenset())
        if users is None:
            return fault(what, "Slack does not say who is in it")
        self._members[group] = users
        if group not in there:
            return fault(
                what,
                "Slack knows no such group, or it is disabled: correct it in dbaccess.toml, or "
                "enable it",
            )
        if not users:
            return fault(what, "is empty: put people into it, or take it out of dbaccess.toml")
        return ok(what, "1 member" if len(users) == 1 else f"{len(users)} members")

    def _check_person(self, user: str) -> Iterator[Finding]:
        standing, what = self._look_up(user), f"person {user}"
        if standing is Standing.NOBODY:
            yield fault(what, "Slack knows nobody of that ID: correct it in dbaccess.toml")
        elif standing is Standing.DEACTIVATED:
            yield hint(what, "has left, so may do nothing: take them out of dbaccess.toml")
        elif user in self._approvers and standing in _NOT_DECIDING:
            yield hint(what, f"{_NOT_DECIDING[standing]}, so may not decide on requests")

    def _look_up(self, user: str) -> Standing:
        try:
            standing = self._directory.person(user, "", ()).standing
        except DirectoryUnavailable as error:
            if error.code not in UNKNOWN_USER:
                raise
            standing = Standing.NOBODY
        self._standings[user] = standing
        return standing

    def _few_members(self) -> frozenset[str]:
        """Return the members of small groups of approvers, where each of them counts."""
        if not self._with_members:
            return frozenset()
        groups = (self._members.get(name, frozenset()) for name in self._approvers)
        return frozenset().union(*(group for group in groups if len(group) <= _ASKED_MEMBERS))


def _remedy(failure: SlackFailure, groups: Collection[str]) -> str:
    if failure.code == NO_USER_GROUPS:
        return (
            "this workspace has none, since its Slack plan has none: name people in dbaccess.toml "
            f"instead of {', '.join(sorted(groups))}"
        )
    return f"cannot be read: {failure.unreachable or failure.code}"


def _approvers(policy: Policy) -> frozenset[str]:
    return frozenset(name for one in policy.clusters.values() for name in one.approvers)
