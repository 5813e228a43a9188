"""What Slack did not say of somebody, and what they are told then."""

from math import ceil

from bot.domain.refusals.rights import (
    CannotTell,
    CannotTellOfOthers,
    NoUserGroups,
    RightRefusal,
    SlackAsksToWait,
)
from bot.retry import InstallationError, PermanentError, TemporaryError, UnknownError
from bot.slack.errors import meaning_of

NO_USER_GROUPS = "plan_upgrade_required"
"""Slack's error code in a workspace whose plan has no user groups."""


class DirectoryUnavailable(Exception):
    """Slack did not say what was asked, so nobody's right can be established.

    `code` is Slack's error code, if there was one. `retry_after`: after how many seconds Slack may
    be asked again, where it asks to wait.
    """

    def __init__(self, why: str, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.retry_after = retry_after

    @property
    def is_permanent(self) -> bool:
        """Whether asking again is of no use."""
        return self.code == NO_USER_GROUPS

    def failure(self) -> TemporaryError | InstallationError:
        """Return what it means for a job that nobody waits for."""
        if not self.code:
            return TemporaryError(str(self), self.retry_after)
        if self.retry_after is not None:
            return TemporaryError(self.code, self.retry_after)
        failure = meaning_of(self.code)
        return UnknownError(self.code) if isinstance(failure, PermanentError) else failure

    def refusal(self, *, of_others: bool = False) -> RightRefusal:
        """Return what a person is told; *of_others*: it is not about them, but whom it concerns."""
        if self.is_permanent:
            return NoUserGroups()
        if self.retry_after is not None:
            return SlackAsksToWait(seconds=max(ceil(self.retry_after), 1))
        return CannotTellOfOthers() if of_others else CannotTell()
