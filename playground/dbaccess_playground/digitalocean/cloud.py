"""An account with database clusters, and what other people do to their trusted sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from dbaccess_playground.digitalocean import tool_bodies
from dbaccess_playground.digitalocean.clusters import Change, ClusterFirewalls, UnknownClusterError
from dbaccess_playground.digitalocean.firewall import Rule, RuleJson, api_time
from dbaccess_playground.digitalocean.tool_bodies import Source

__all__ = ["Change", "Cloud", "UnknownClusterError"]

Meanwhile = Callable[[], None]


class Cloud(ClusterFirewalls):
    """The state of the sandbox DigitalOcean, and the people and tools that change it.

    What a tool sends is in `tool_bodies`. Where a tool reads before it writes, `meanwhile` happens
    in between, and what that changed is lost.
    """

    def add_rule(
        self, cluster_id: str, source_type: str, value: str, description: str | None = None
    ) -> RuleJson:
        """Somebody adds a trusted source in the control panel; gives the new rule."""
        added = {"type": source_type, "value": value, "description": description}

        def with_it(rules: Sequence[Rule]) -> list[RuleJson]:
            return [*(rule.as_json() for rule in rules), added]

        return self._replace(cluster_id, with_it, by="control panel")[-1]

    def remove_rule(self, cluster_id: str, source_type: str, value: str) -> None:
        """Somebody removes a trusted source in the control panel; LookupError if it has none."""
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
        """`doctl databases firewalls append`: reads, then writes all without descriptions."""
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
        """`doctl databases firewalls remove`: as `doctl_append`, but without that source.

        Without the last one, it writes an empty list. doctl wants the rule's uuid, which somebody
        looked up; where there is none, it still writes.
        """
        uuids = {(rule["type"], rule["value"]): rule["uuid"] for rule in self.rules(cluster_id)}
        read = self._read(cluster_id, meanwhile)
        wanted = tool_bodies.doctl_without(read, uuids.get((source_type, value), ""))
        self.replace_rules(cluster_id, wanted, by="doctl")

    def doctl_replace(self, cluster_id: str, sources: Iterable[Source]) -> None:
        """`doctl databases firewalls replace`: only these (type, value), all of them new rules."""
        self.replace_rules(cluster_id, tool_bodies.doctl_replaced(sources), by="doctl")

    def terraform_apply(
        self,
        cluster_id: str,
        sources: Iterable[Source],
        *,
        creates: bool = False,
        meanwhile: Meanwhile | None = None,
    ) -> bool:
        """Terraform's resource owns the list: only these (type, value); gives whether it wrote.

        It writes where the list has other sources, and knows the uuids of those that are there.
        With `creates`, the resource is not in its state yet: it writes in any case, and all of
        them are new.
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
        """`terraform destroy` of the resource: an empty list, and the cluster is open to all."""
        self.replace_rules(cluster_id, [], by="terraform")

    def app_platform_trusts(self, cluster_id: str, app_id: str) -> None:
        """App Platform lets an app in by a road of its own: nothing else in the list is touched.

        It does nothing for an app that is trusted already.
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
