"""An account with database clusters, and what other people do to their trusted sources."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from bot.sandbox import cloud_clusters, cloud_objects
from bot.sandbox.firewall import Rule, api_time, replace

RuleJson = dict[str, str]


class UnknownClusterError(LookupError):
    """There is no such cluster, or no longer."""


@dataclass(frozen=True)
class Change:
    """The rules of a cluster after a write; `by` is `api`, `control panel`, `doctl` or so."""

    cluster_id: str
    at: datetime
    rules: tuple[RuleJson, ...]
    by: str


class Cloud:
    """The state of the sandbox DigitalOcean; every method may be called from any thread.

    `clock` gives aware UTC datetimes. `on_change` is told of each write once it is done, in the
    writer's thread. Methods that take a cluster's id raise UnknownClusterError, and those that
    write raise InvalidRulesError for what the API would refuse.
    """

    def __init__(self, clock: Callable[[], datetime], on_change: Callable[[Change], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.RLock()
        self._rules: dict[str, tuple[Rule, ...]] = {}
        self._history: dict[str, list[tuple[datetime, tuple[RuleJson, ...]]]] = {}
        self._things: dict[str, dict[str, dict[str, Any]]] = {}

    def add_cluster(
        self,
        name: str,
        *,
        cluster_id: str | None = None,
        engine: str = "pg",
        rules: Iterable[Mapping[str, str]] = (),
    ) -> str:
        """A cluster that trusts `rules` (type, value, maybe description); gives its UUID."""
        cluster_id = cluster_id or str(uuid4())
        now = self._clock()
        cluster = cloud_clusters.database_cluster(cluster_id, name, engine, api_time(now))
        wanted = [dict(rule) for rule in rules]
        with self._lock:
            self._rules[cluster_id] = replace((), wanted, cluster_uuid=cluster_id, now=now)
            self._history[cluster_id] = [(now, _shown(self._rules[cluster_id]))]
            self._add_thing("databases", cluster_id, cluster)
        return cluster_id

    def remove_cluster(self, cluster_id: str) -> None:
        """Destroy a cluster; its history stays."""
        with self._lock:
            self._rules_of(cluster_id)
            del self._rules[cluster_id]
            del self._things["databases"][cluster_id]

    def add_droplet(self, name: str, droplet_id: int) -> None:
        """List a Droplet under `/v2/droplets`."""
        droplet = cloud_objects.droplet(droplet_id, name, api_time(self._clock()))
        self._add_thing("droplets", str(droplet_id), droplet)

    def add_kubernetes_cluster(self, name: str, cluster_id: str | None = None) -> str:
        """List a Kubernetes cluster under `/v2/kubernetes/clusters`; gives its UUID."""
        cluster_id = cluster_id or str(uuid4())
        cluster = cloud_objects.kubernetes_cluster(cluster_id, name, api_time(self._clock()))
        self._add_thing("kubernetes_clusters", cluster_id, cluster)
        return cluster_id

    def add_tag(self, name: str) -> None:
        """List a tag under `/v2/tags`."""
        self._add_thing("tags", name, cloud_objects.tag(name))

    def add_app(self, name: str, app_id: str | None = None) -> str:
        """List an app under `/v2/apps`; gives its UUID."""
        app_id = app_id or str(uuid4())
        self._add_thing("apps", app_id, cloud_objects.app(app_id, name, api_time(self._clock())))
        return app_id

    def things(self, kind: str) -> list[dict[str, Any]]:
        """What `/v2/` lists as `kind`: databases, droplets, kubernetes_clusters, tags or apps."""
        with self._lock:
            return list(self._things.get(kind, {}).values())

    def database(self, cluster_id: str) -> dict[str, Any]:
        """The cluster as the API shows it, its rules included."""
        with self._lock:
            rules = self._rules_of(cluster_id)
            return self._things["databases"][cluster_id] | {"rules": list(_shown(rules))}

    def rules(self, cluster_id: str) -> list[RuleJson]:
        """The rules as the API shows them, in their order."""
        with self._lock:
            return list(_shown(self._rules_of(cluster_id)))

    def sources(self, cluster_id: str) -> set[str]:
        """The trusted sources as `type:value`."""
        with self._lock:
            return {rule.source for rule in self._rules_of(cluster_id)}

    def history(self, cluster_id: str) -> list[tuple[datetime, tuple[RuleJson, ...]]]:
        """The rules the cluster was made with, then those after each write, oldest first."""
        with self._lock:
            return list(self._history.get(cluster_id, []))

    def ever_empty(self, cluster_id: str) -> bool:
        """Whether at any time, its first moment included, nothing was in the list of rules."""
        return any(not rules for _, rules in self.history(cluster_id))

    def replace_rules(self, cluster_id: str, wanted: object, *, by: str = "api") -> None:
        """What a PUT does: `wanted` (JSON objects) are the rules from now on."""
        self._write(cluster_id, lambda _: wanted, by)

    def add_rule(
        self, cluster_id: str, source_type: str, value: str, description: str | None = None
    ) -> RuleJson:
        """Somebody adds a trusted source in the control panel; gives the new rule."""
        added = {"type": source_type, "value": value, "description": description}
        written = self._write(cluster_id, lambda rules: [*_shown(rules), added], by="control panel")
        return written[-1]

    def remove_rule(self, cluster_id: str, source_type: str, value: str) -> None:
        """Somebody removes a trusted source in the control panel; LookupError if it has none."""
        source = f"{source_type}:{value}"

        def without(rules: Sequence[Rule]) -> list[RuleJson]:
            kept = [rule for rule in rules if rule.source != source]
            if len(kept) == len(rules):
                raise LookupError(f"{source} is not trusted by {cluster_id}")
            return list(_shown(kept))

        self._write(cluster_id, without, by="control panel")

    def doctl_append(
        self,
        cluster_id: str,
        source_type: str,
        value: str,
        *,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """`doctl databases firewalls append`: reads, then writes all without descriptions.

        `meanwhile` happens between its read and its write, and what it changed is lost.
        """
        read = self._read_by_doctl(cluster_id)
        if meanwhile is not None:
            meanwhile()
        added = {"type": source_type, "value": value}
        self.replace_rules(cluster_id, [*read, added], by="doctl")

    def doctl_remove(
        self,
        cluster_id: str,
        source_type: str,
        value: str,
        *,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """`doctl databases firewalls remove`: as `doctl_append`, but without that source."""
        read = self._read_by_doctl(cluster_id)
        if meanwhile is not None:
            meanwhile()
        kept = [rule for rule in read if (rule["type"], rule["value"]) != (source_type, value)]
        self.replace_rules(cluster_id, kept, by="doctl")

    def terraform_apply(self, cluster_id: str, sources: Iterable[tuple[str, str]]) -> None:
        """Terraform's resource owns the list: only these (type, value), all of them new rules."""
        wanted = [{"type": source_type, "value": value} for source_type, value in sources]
        self.replace_rules(cluster_id, wanted, by="terraform")

    def _read_by_doctl(self, cluster_id: str) -> list[RuleJson]:
        return [
            {key: rule[key] for key in ("uuid", "type", "value")} for rule in self.rules(cluster_id)
        ]

    def _write(
        self, cluster_id: str, wanted: Callable[[Sequence[Rule]], object], by: str
    ) -> tuple[RuleJson, ...]:
        with self._lock:
            before, now = self._rules_of(cluster_id), self._clock()
            rules = replace(before, wanted(before), cluster_uuid=cluster_id, now=now)
            self._rules[cluster_id] = rules
            change = Change(cluster_id, now, _shown(rules), by)
            self._history[cluster_id].append((now, change.rules))
        self._on_change(change)
        return change.rules

    def _rules_of(self, cluster_id: str) -> tuple[Rule, ...]:
        try:
            return self._rules[cluster_id]
        except KeyError:
            raise UnknownClusterError(cluster_id) from None

    def _add_thing(self, kind: str, name: str, thing: dict[str, Any]) -> None:
        with self._lock:
            self._things.setdefault(kind, {})[name] = thing


def _shown(rules: Iterable[Rule]) -> tuple[RuleJson, ...]:
    return tuple(rule.as_json() for rule in rules)
