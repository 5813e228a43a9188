"""An account with database clusters, and other people and tools that change their firewalls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from dbaccess_playground.digitalocean import tool_bodies
from dbaccess_playground.digitalocean.clusters import ClusterFirewalls
from dbaccess_playground.digitalocean.firewall import Rule, RuleJson, api_time
from dbaccess_playground.digitalocean.tool_bodies import Source

Meanwhile = Callable[[], None]


class Cloud(ClusterFirewalls):
    """The state of the sandbox, and the people and tools that change it.

    `tool_bodies` has what a tool sends. Where a tool reads before it writes, `meanwhile` is called
    in between, and its changes are overwritten.
    """

    def add_rule(
        self, cluster_id: str, source_type: str, value: str, description: str | None = None
    ) -> RuleJson:
        """Add a trusted source, as in the control panel; return the new rule."""
        added = {"type": source_type, "value": value, "description": description}

        def with_it(rules: Sequence[Rule]) -> list[RuleJson]:
            return [*(rule.as_json() for rule in rules), added]

        return self._replace(cluster_id, with_it, by="control panel")[-1]

    def remove_rule(self, cluster_id: str, source_type: str, value: str) -> None:
        """Remove a trusted source, as in the control panel; LookupError if it is not there."""
        source = f"{source_type}:{value}"

        def without(rules: Sequence[Rule]) -> list[RuleJson]:
            kept = [rule.as_json() for rule in rules if rule.source != source]
            if len(kept) == len(rules):
                raise LookupError(f"{source} is not trusted by {cluster_id}")
            return kept

        self._replace(cluster_id, without, by="control panel")

    def doctl_append(
        self,
        cluster_id: str,
        source_type: str,
        value: str,
        *,
        meanwhile: Meanwhile | None = None,
    ) -> None:
        """`doctl databases firewalls append`: read, then write all without descriptions."""
        read = self._read(cluster_id, meanwhile)
        wanted = tool_bodies.doctl_appended(read, cluster_id, source_type, value)
        self.replace_rules(cluster_id, wanted, by="doctl")

    def doctl_remove(
        self,
        cluster_id: str,
        source_type: str,
        value: str,
        *,
        meanwhile: Meanwhile | None = None,
    ) -> None:
        """`doctl databases firewalls remove`: read, then write all but that source.

        After the last source, it writes an empty list. doctl takes the rule's uuid; where there is
        no such rule, it still writes.
        """
        uuids = {(rule["type"], rule["value"]): rule["uuid"] for rule in self.rules(cluster_id)}
        read = self._read(cluster_id, meanwhile)
        wanted = tool_bodies.doctl_without(read, uuids.get((source_type, value), ""))
        self.replace_rules(cluster_id, wanted, by="doctl")

    def doctl_replace(self, cluster_id: str, sources: Iterable[Source]) -> None:
        """`doctl databases firewalls replace`: write only these (type, value), all as new rules."""
        self.replace_rules(cluster_id, tool_bodies.doctl_replaced(sources), by="doctl")

    def terraform_apply(
        self,
        cluster_id: str,
        sources: Iterable[Source],
        *,
        creates: bool = False,
        meanwhile: Meanwhile | None = None,
    ) -> bool:
        """`terraform apply` of a resource with these (type, value); return whether it wrote.

        It writes if the list has other sources, with the uuids of those that are there. With
        `creates`, the resource is not in the state yet: it writes always, and all rules are new.
        """
        sources = list(sources)
        read = self._read(cluster_id, meanwhile)
        wanted = (
            tool_bodies.terraform_created(sources)
            if creates
            else tool_bodies.terraform_applied(read, sources)
        )
        if wanted is None:
            return False
        self.replace_rules(cluster_id, wanted, by="terraform")
        return True

    def terraform_destroy(self, cluster_id: str) -> None:
        """`terraform destroy` of the resource: write an empty list, which lets everybody in."""
        self.replace_rules(cluster_id, [], by="terraform")

    def ansible_playbook(self, cluster_id: str, sources: Iterable[Source]) -> None:
        """`digitalocean.cloud.database_firewall` of a playbook, which writes at each run."""
        self.replace_rules(cluster_id, tool_bodies.ansible_set(sources), by="ansible")

    def app_platform_trusts(self, cluster_id: str, app_id: str) -> None:
        """Add an app as App Platform does: no other rule is touched.

        Nothing happens if the app is trusted already.
        """
        if f"app:{app_id}" in self.sources(cluster_id):
            return

        def with_it(rules: Sequence[Rule], now: datetime) -> Sequence[Rule]:
            return [*rules, Rule(str(uuid4()), cluster_id, "app", app_id, api_time(now))]

        self._write(cluster_id, with_it, by="app platform")

    def _read(self, cluster_id: str, meanwhile: Meanwhile | None) -> list[RuleJson]:
        read = self.read_rules(cluster_id)
        if meanwhile is not None:
            meanwhile()
        return read
