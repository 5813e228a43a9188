"""All versions of a cluster's rules, and which of them a read shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dbaccess_playground.digitalocean.behaviour import Behaviour
from dbaccess_playground.digitalocean.firewall import Rule, RuleJson


@dataclass(frozen=True)
class Version:
    """The rules from `at` on, also as the API shows them; `reads` is the number of reads before."""

    at: datetime
    rules: tuple[Rule, ...]
    shown: tuple[RuleJson, ...]
    reads: int


class RuleHistory:
    """All versions, oldest first. Not thread-safe."""

    def __init__(self, rules: Iterable[Rule], at: datetime) -> None:
        self.versions: list[Version] = []
        self._reads = 0
        self.write(rules, at)

    @property
    def last(self) -> Version:
        """The version in force."""
        return self.versions[-1]

    def write(self, rules: Iterable[Rule], at: datetime) -> Version:
        """Add a version with these rules."""
        rules = tuple(rules)
        version = Version(at, rules, tuple(rule.as_json() for rule in rules), self._reads)
        self.versions.append(version)
        return version

    def read(self, now: datetime, behaviour: Behaviour) -> Version:
        """Return what a read shows, which may be stale, and count it."""
        version = self.seen(now, behaviour)
        self._reads += 1
        return version

    def seen(self, now: datetime, behaviour: Behaviour) -> Version:
        """Return what a read would show."""
        fresh = (one for one in reversed(self.versions) if self._is_fresh(one, now, behaviour))
        return next(fresh, self.versions[0])

    def _is_fresh(self, version: Version, now: datetime, behaviour: Behaviour) -> bool:
        age = (now - version.at).total_seconds()
        return (not behaviour.stale_seconds or age >= behaviour.stale_seconds) and (
            self._reads - version.reads >= behaviour.stale_reads
        )
