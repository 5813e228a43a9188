"""Writes that the API refuses as things are now: a busy cluster, a source it no longer takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from dbaccess_playground.digitalocean.firewall import InvalidRulesError, Rule

ONLINE = "online"


class RefusedError(Exception):
    """A well-formed write that is refused for now; `code` is the status that the API answers."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Busy:
    """Why a cluster takes no writes, how it says so, and how many of them it still refuses."""

    status: str = "resizing"
    code: int | None = HTTPStatus.PRECONDITION_FAILED
    message: str | None = None
    times: int | None = None
    says_online: bool = False


class Refusals:
    """What is refused at the moment; the caller keeps threads apart."""

    def __init__(self) -> None:
        self.busy: dict[str, Busy] = {}
        self.sources: dict[str, str | None] = {}

    def status(self, cluster_id: str) -> str:
        """What the API says of the cluster."""
        busy = self.busy.get(cluster_id)
        return ONLINE if busy is None or busy.says_online else busy.status

    def check_cluster(self, cluster_id: str) -> None:
        """Raise RefusedError if the cluster is busy; the last of its times, it is online again."""
        busy = self.busy.get(cluster_id)
        if busy is None or busy.code is None:
            return
        if busy.times is not None:
            busy.times -= 1
            if busy.times < 1:
                del self.busy[cluster_id]
        raise RefusedError(busy.code, busy.message or f"database cluster is {busy.status}")

    def check_rules(self, rules: Iterable[Rule]) -> None:
        """Raise InvalidRulesError if a rule is for a source that is no longer taken."""
        for rule in rules:
            if rule.source in self.sources:
                said = self.sources[rule.source]
                raise InvalidRulesError(said or f"invalid firewall rule: {rule.source}")
