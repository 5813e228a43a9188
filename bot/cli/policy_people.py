"""Who types a command that is explained: as Slack knows them, or as the options say."""

from collections.abc import Callable
from typing import TypeVar

from bot.config import ConfigError, load_settings
from bot.domain.machines import is_subject
from bot.domain.people import NeedsDirectory, Person, Standing, not_looked_up
from bot.domain.policy import Policy
from bot.domain.principals import groups_in, users_in
from bot.faults import Fault

T = TypeVar("T")


def check_is_person(user: str) -> None:
    """Refuse what is no person's ID."""
    if not users_in([user]):
        raise Fault(
            f"{user} is not a person's ID, like U0ALICE. Copy it in Slack from their profile: ⋮, "
            "Copy member ID."
        )


def machine(principal: str, policy: Policy) -> Person:
    """Return the machine of that principal.

    Raises:
        Fault: the policy names no such issuer, or no `sub` can be like this.
    """
    issuer, _, subject = principal.partition(":")
    if issuer not in policy.machines:
        raise Fault(f"The policy has no [machines.{issuer}].")
    if not is_subject(subject):
        raise Fault(f"No machine is called {principal}. Copy the `sub` of its token.")
    return not_looked_up(principal)


def as_said(user: str, groups: str, policy: Policy, *, is_guest: bool) -> Person:
    """Return somebody who is in these groups, separated by commas, and in no others.

    Raises:
        Fault: the policy names no such group.
    """
    said = frozenset(group.strip() for group in groups.split(",") if group.strip())
    for unknown in sorted(said - groups_in(policy.named)):
        raise Fault(f"The policy names no user group {unknown}.")
    standing = Standing.GUEST if is_guest else Standing.MEMBER
    return Person(user, standing, said, is_final=True)


def by_slack(user: str, act: Callable[[Person], T]) -> T:
    """Return the result of *act* for somebody as Slack knows them.

    Without settings for Slack, they are taken for a member whose groups are not known.

    Raises:
        Fault: it depends on what Slack does not say.
    """
    try:
        settings = load_settings()
    except ConfigError:
        try:
            return act(Person(user, Standing.MEMBER))
        except NeedsDirectory as needs:
            groups = ",".join(sorted(needs.groups[user]))
            raise Fault(
                f"This depends on whether {user} is in {groups}. Say so with --groups, or set the "
                "tokens, and Slack is asked."
            ) from None
    from bot.slack.client import DIRECTORY_SECONDS, web_client  # loads much
    from bot.slack.users.directory import Directory
    from bot.slack.users.unavailable import DirectoryUnavailable

    client = web_client(
        settings.slack_bot_token.get_secret_value(),
        settings.slack_api_url,
        timeout_seconds=DIRECTORY_SECONDS,
    )
    try:
        return Directory(client).decide(user, "", act)
    except DirectoryUnavailable as error:
        raise Fault(f"Slack didn't say who {user} is ({error}). Use --groups instead.") from error
