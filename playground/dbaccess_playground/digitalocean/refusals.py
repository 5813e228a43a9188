"""Writes that the API refuses for now: to a busy cluster, or with a rejected source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from dbaccess_playground.digitalocean.firewall import InvalidRulesError, Rule

ONLINE = "online"


class RefusedError(Exception):
    """A valid write is refused for now; `code` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Busy:
    """A busy cluster: its status, how it refuses writes, and how many more."""

    status: str = "resizing"
    code: int | None = HTTPStatus.PRECONDITION_FAILED
    message: str | None = None
    times: int | None = None
    says_online: bool = False


class Refusals:
    """What is refused at the moment. Not thread-safe."""

    def __init__(self) -> None:
        self.busy: dict[str, Busy] = {}
        self.sources: dict[str, str | None] = {}

    def status(self, cluster_id: str) -> str:
        """Return the status of a cluster, as the API shows it."""
        busy = self.busy.get(cluster_id)
        return ONLINE if busy is None or busy.says_online else busy.status

    def check_cluster(self, cluster_id: str) -> None:
        """Raise RefusedError if the cluster is busy; after the last of `times` it is online."""
        busy = self.busy.get(cluster_id)
        if busy is None or busy.code is None:
            return
        if busy.times is not None:
            busy.times -= 1
            if busy.times < 1:
                del self.busy[cluster_id]
        raise RefusedError(busy.code, busy.message or f"database cluster is {busy.status}")

    def check_rules(self, rules: Iterable[Rule]) -> None:
        """Raise InvalidRulesError if the source of a rule is rejected."""
        for rule in rules:
            if rule.source in self.sources:
                said = self.sources[rule.source]
                raise InvalidRulesError(said or f"invalid firewall rule: {rule.source}")
