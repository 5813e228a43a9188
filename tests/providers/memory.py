"""A second cloud, in memory: the smallest provider that keeps what the port asks for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from uuid import uuid4

from bot.domain.connecting import Connection
from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.providers.base import (
    ApiError,
    Busy,
    ClusterNotFound,
    ClusterStatus,
    ListedCluster,
    NamedSource,
    Provider,
    Purpose,
    Rejected,
    Unavailable,
)

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


class MemoryProvider(Provider):
    """Clusters with their rules, and what can be a trusted source."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._rules: dict[str, list[Rule]] = {}
        self._busy: dict[str, str] = {}
        self.sources: dict[SourceType, list[NamedSource]] = {
            kind: [] for kind in SourceType if kind is not SourceType.IP_ADDR
        }

    def add_cluster(self, cluster_id: str, rules: Sequence[Rule] = ()) -> None:
        """Make a cluster that has such rules."""
        self._rules[cluster_id] = [self._stored(rule) for rule in rules]

    def set_busy(self, cluster_id: str, word: str) -> None:
        """Have a cluster take no changes from now on."""
        self._busy[cluster_id] = word

    @property
    def date(self) -> str | None:
        return None

    @property
    def untested(self) -> str:
        return "nothing: everybody may do everything"

    def remedy(self, error: ApiError, kind: SourceType | None = None) -> str:
        return f"make one in memory: {error}"

    def read_rules(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> list[Rule]:
        with self._lock:
            return list(self._of(cluster_id))

    def write_rules(
        self,
        cluster_id: str,
        rules: Sequence[Rule],
        *,
        purpose: Purpose = Purpose.PAGES,
        sendable: Callable[[], bool] = lambda: True,
    ) -> None:
        if not rules:
            raise ValueError("an empty list of rules would open the cluster to everybody")
        with self._lock:
            if not sendable():
                raise Unavailable("it is too late to write these rules", cluster_id)
            self._of(cluster_id)
            if cluster_id in self._busy:
                raise Busy(f"The cluster is {self._busy[cluster_id]}", cluster_id)
            for rule in rules:
                self._check(rule, cluster_id)
            self._rules[cluster_id] = [self._stored(rule) for rule in rules]

    def cluster_status(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> ClusterStatus:
        self._of(cluster_id)
        word = self._busy.get(cluster_id, "up")
        return ClusterStatus(word, is_online=cluster_id not in self._busy)

    def connection(self, cluster_id: str) -> Connection:
        self._of(cluster_id)
        return Connection("pg", "17", "orders.memory.example", 5432, "defaultdb")

    def certificate(self, cluster_id: str) -> str:
        self._of(cluster_id)
        return CERTIFICATE

    def list_clusters(self) -> list[ListedCluster]:
        return [ListedCluster(one, one, "pg", "memory") for one in self._rules]

    def list_sources(
        self, kind: SourceType, *, purpose: Purpose = Purpose.PAGES
    ) -> list[NamedSource]:
        if kind not in self.sources:
            raise ValueError(f"there is no list of {kind}")
        return list(self.sources[kind])

    def close(self) -> None:
        pass

    def _of(self, cluster_id: str) -> list[Rule]:
        if cluster_id not in self._rules:
            raise ClusterNotFound(f"There is no cluster {cluster_id}", cluster_id)
        return self._rules[cluster_id]

    def _check(self, rule: Rule, cluster_id: str) -> None:
        if rule.type == SourceType.IP_ADDR and ":" in rule.value:
            raise Rejected(f"IPv6 is not supported: {rule.value}", cluster_id)

    def _stored(self, rule: Rule) -> Rule:
        return rule if rule.uuid else replace(rule, uuid=str(uuid4()), created_at=self._now())
