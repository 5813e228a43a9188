"""The live policy: the last valid version of `dbaccess.toml`."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import structlog

from bot.config import ConfigError, load_policy
from bot.domain.policy import Policy

log = structlog.get_logger()


class Reload(StrEnum):
    """What came of reading the file again."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class LivePolicy:
    """Returns the current policy when called. Safe to call from several threads.

    An operation calls it once, so that it is not checked against two policies.

    Args:
        policy: the one to begin with.
        file: where it is read again.
        lacks: returns what a policy needs of the environment and does not find there.
    """

    def __init__(
        self, policy: Policy, file: Path, lacks: Callable[[Policy], list[str]] = lambda _: []
    ) -> None:
        self._policy = policy
        self._file = file
        self._lacks = lacks

    def __call__(self) -> Policy:
        """Return the policy."""
        return self._policy

    def reload(self) -> Reload:
        """Read the file again; the old policy stays in force if the new one is not valid."""
        try:
            policy = load_policy(self._file)
        except ConfigError as error:
            return self._refuse(error.problems)
        if problems := self._lacks(policy):
            return self._refuse(problems)
        if policy.instance != self._policy.instance:
            return self._refuse([f"{self._file}: instance: {_why_not(self._policy, policy)}"])
        if policy == self._policy:
            log.info("policy unchanged", file=str(self._file))
            return Reload.UNCHANGED
        self._policy = policy
        log.info("policy reloaded", file=str(self._file), clusters=len(policy.clusters))
        return Reload.APPLIED

    def _refuse(self, problems: list[str]) -> Reload:
        for problem in problems:
            log.error("policy refused, the old one stays in force", problem=problem)
        return Reload.REFUSED


def _why_not(old: Policy, new: Policy) -> str:
    return (
        f"cannot change from {old.instance} to {new.instance} while dbaccess runs, since it names "
        "the rules that are ours: restart it"
    )
