"""The database clusters of an account and their firewalls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from dbaccess_playground.digitalocean import cluster_json
from dbaccess_playground.digitalocean.account import Account
from dbaccess_playground.digitalocean.behaviour import Behaviour
from dbaccess_playground.digitalocean.firewall import (
    FIELDS,
    Rule,
    RuleJson,
    api_time,
    planted,
    replace,
)
from dbaccess_playground.digitalocean.refusals import Busy, Refusals
from dbaccess_playground.digitalocean.rule_history import RuleHistory


class UnknownClusterError(LookupError):
    """There is no such cluster, or no longer."""


@dataclass(frozen=True)
class Change:
    """The rules of a cluster after a write; `by` is `api`, `control panel`, `doctl` etc."""

    cluster_id: str
    at: datetime
    rules: tuple[RuleJson, ...]
    by: str


class ClusterFirewalls(Account):
    """Clusters and their rules. All methods are thread-safe.

    `clock` returns aware UTC datetimes. `on_change` is called after each write, in the writer's
    thread. Methods that take a cluster's id raise UnknownClusterError. Those that write raise
    InvalidRulesError for invalid rules, and RefusedError while the cluster takes no writes.
    """

    def __init__(self, clock: Callable[[], datetime], on_change: Callable[[Change], None]) -> None:
        super().__init__(clock)
        self.behaviour = Behaviour()
        self._on_change = on_change
        self._histories: dict[str, RuleHistory] = {}
        self._refusals = Refusals()
        self._more_fields: set[str] = set()
        self._replicas: set[str] = set()

    def add_cluster(
        self,
        name: str,
        *,
        cluster_id: str | None = None,
        engine: str = "pg",
        rules: Iterable[Mapping[str, str]] = (),
    ) -> str:
        """Add a cluster with these rules (type, value, maybe description); return its UUID."""
        cluster_id = cluster_id or str(uuid4())
        now = self._clock()
        cluster = cluster_json.database_cluster(cluster_id, name, engine, api_time(now))
        wanted = [dict(rule) for rule in rules]
        with self._lock:
            replaced = replace(
                (), wanted, cluster_uuid=cluster_id, now=now, behaviour=self.behaviour
            )
            self._histories[cluster_id] = RuleHistory(replaced, now)
            self._add_resource("databases", cluster_id, cluster)
        return cluster_id

    def make_replica(self, cluster_id: str) -> None:
        """Make a cluster a read replica, which has a firewall under an id of its own.

        No source says whether other paths know that id. From now on they do not, and the list of
        clusters leaves it out; without this call, they do.
        """
        with self._lock:
            self._history_of(cluster_id)
            self._replicas.add(cluster_id)

    def remove_cluster(self, cluster_id: str) -> None:
        """Delete a cluster; its history stays."""
        with self._lock:
            self._history_of(cluster_id)
            del self._resources["databases"][cluster_id]

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return a list of `/v2/`: databases, droplets, kubernetes_clusters, tags or apps."""
        things = super().resources(kind)
        if kind != "databases":
            return things
        return [
            one | {"status": self._refusals.status(one["id"])}
            for one in things
            if one["id"] not in self._replicas
        ]

    def database(self, cluster_id: str) -> dict[str, Any]:
        """Return the cluster as the API shows it, with its rules; not counted as a read."""
        with self._lock:
            if cluster_id in self._replicas:
                raise UnknownClusterError(cluster_id)
            rules = self._history_of(cluster_id).seen(self._clock(), self.behaviour).shown
            status = self._refusals.status(cluster_id)
            return self._resources["databases"][cluster_id] | {
                "rules": list(rules),
                "status": status,
            }

    def read_rules(self, cluster_id: str) -> list[RuleJson]:
        """Return what a GET of the rules shows, which may be stale; it counts as a read."""
        with self._lock:
            return list(self._history_of(cluster_id).read(self._clock(), self.behaviour).shown)

    def rules(self, cluster_id: str) -> list[RuleJson]:
        """Return the rules in force, as the API shows them, in their order."""
        with self._lock:
            return list(self._history_of(cluster_id).last.shown)

    def sources(self, cluster_id: str) -> set[str]:
        """Return the trusted sources in force, as `type:value`."""
        with self._lock:
            return {rule.source for rule in self._history_of(cluster_id).last.rules}

    def history(self, cluster_id: str) -> list[tuple[datetime, tuple[RuleJson, ...]]]:
        """Return the first rules of the cluster, then those after each write, oldest first."""
        with self._lock:
            history = self._histories.get(cluster_id)
            return [(one.at, one.shown) for one in history.versions] if history else []

    def ever_empty(self, cluster_id: str) -> bool:
        """Return whether the cluster ever had no rules, and so was open to all."""
        return any(not rules for _, rules in self.history(cluster_id))

    def replace_rules(self, cluster_id: str, wanted: object, *, by: str = "api") -> None:
        """Replace all rules by `wanted` (JSON objects), as a PUT does."""
        self._replace(cluster_id, lambda _: wanted, by)

    def plant_rule(self, cluster_id: str, rule: Mapping[str, Any]) -> None:
        """Add a rule without any check, as a later version of the API may have it.

        Its type and its fields may be unknown. From now on such fields are kept if a writer sends
        them, and lost if it does not. If the source is trusted already, its rule gets the fields,
        and the description if there is one.
        """
        with self._lock:
            self._more_fields |= rule.keys() - FIELDS

        def plant(before: Sequence[Rule], now: datetime) -> Sequence[Rule]:
            return planted(before, rule, cluster_uuid=cluster_id, now=now)

        self._write(cluster_id, plant, by="digitalocean")

    def set_busy(
        self,
        cluster_id: str,
        status: str = "resizing",
        *,
        code: int | None = HTTPStatus.PRECONDITION_FAILED,
        message: str | None = None,
        times: int | None = None,
        says_online: bool = False,
    ) -> None:
        """Set a cluster `resizing`, `forking`, `migrating` etc., until `set_online`.

        Writes of its rules are refused with `code`, or accepted if that is None. After `times`
        refusals it is online by itself. With `says_online` its status is still `online`, as for
        some seconds after the request of a resize (digitalocean/doctl #1936). ValueError if it
        would never refuse.
        """
        if times is not None and times < 1:
            raise ValueError("a cluster is busy for at least one refusal")
        with self._lock:
            self._history_of(cluster_id)
            self._refusals.busy[cluster_id] = Busy(status, code, message, times, says_online)

    def set_online(self, cluster_id: str) -> None:
        """End `set_busy`."""
        with self._lock:
            self._refusals.busy.pop(cluster_id, None)

    def reject_source(self, source: str, message: str | None = None) -> None:
        """Refuse every list with this `type:value`, in any cluster, even where it is trusted.

        So it is with a destroyed Droplet. `message` is the error's (default: one that names the
        source).
        """
        with self._lock:
            self._refusals.sources[source] = message

    def accept_source(self, source: str) -> None:
        """End `reject_source`."""
        with self._lock:
            self._refusals.sources.pop(source, None)

    def _replace(
        self, cluster_id: str, wanted: Callable[[Sequence[Rule]], object], by: str
    ) -> tuple[RuleJson, ...]:
        def put(before: Sequence[Rule], now: datetime) -> Sequence[Rule]:
            self._refusals.check_cluster(cluster_id)
            rules = replace(
                before,
                wanted(before),
                cluster_uuid=cluster_id,
                now=now,
                behaviour=self.behaviour,
                more_fields=self._more_fields,
            )
            self._refusals.check_rules(rules)
            return rules

        return self._write(cluster_id, put, by)

    def _write(
        self,
        cluster_id: str,
        rules: Callable[[Sequence[Rule], datetime], Sequence[Rule]],
        by: str,
    ) -> tuple[RuleJson, ...]:
        with self._lock:
            history, now = self._history_of(cluster_id), self._clock()
            version = history.write(rules(history.last.rules, now), now)
        self._on_change(Change(cluster_id, now, version.shown, by))
        return version.shown

    def _history_of(self, cluster_id: str) -> RuleHistory:
        if cluster_id not in self._resources.get("databases", {}):
            raise UnknownClusterError(cluster_id)
        return self._histories[cluster_id]
