"""The rules that other tools send in a PUT, by their source code and recorded requests.

doctl (`commands/databases.go`) and the Terraform provider (`resource_database_firewall.go`) use
godo, which sends every field of a rule, including empty ones and the zero time, and no description.
Ansible's module (`plugins/modules/database_firewall.py`) uses pydo, and sends what a playbook says.
`read` is the list that the tool has just read.
"""

from __future__ import annotations

from collections.abc import Iterable

from dbaccess_playground.digitalocean.firewall import RuleJson

NO_TIME = "0001-01-01T00:00:00Z"
Source = tuple[str, str]


def doctl_appended(
    read: Iterable[RuleJson], cluster_id: str, source_type: str, value: str
) -> list[RuleJson]:
    """`doctl databases firewalls append`: the new rule, then what was there."""
    return [_sent(source_type, value, cluster_uuid=cluster_id), *map(_sent_back, read)]


def doctl_without(read: Iterable[RuleJson], uuid: str) -> list[RuleJson]:
    """`doctl databases firewalls remove --uuid`: all but that rule, maybe nothing."""
    return [_sent_back(rule) for rule in read if rule["uuid"] != uuid]


def doctl_replaced(sources: Iterable[Source]) -> list[RuleJson]:
    """`doctl databases firewalls replace`: only these, all as new rules."""
    return [_sent(*source) for source in sources]


def terraform_applied(read: Iterable[RuleJson], sources: Iterable[Source]) -> list[RuleJson] | None:
    """`terraform apply` of a resource in its state; None if there is nothing to change.

    It has refreshed its state from `read`, and so has the uuid of each source there, whoever
    added it.
    """
    uuids = {(rule["type"], rule["value"]): rule["uuid"] for rule in read}
    wanted = list(dict.fromkeys(sources))
    if uuids.keys() == set(wanted):
        return None
    return [_sent(*source, uuid=uuids.get(source, "")) for source in wanted]


def terraform_created(sources: Iterable[Source]) -> list[RuleJson]:
    """`terraform apply` of a resource not in its state: all as new rules, whatever is there."""
    return [_sent(*source) for source in dict.fromkeys(sources)]


def ansible_set(sources: Iterable[Source]) -> list[RuleJson]:
    """Ansible's module `database_firewall`, which reads nothing before: type and value alone."""
    return [{"type": source_type, "value": value} for source_type, value in sources]


def _sent_back(rule: RuleJson) -> RuleJson:
    return _sent(
        rule["type"], rule["value"], uuid=rule["uuid"], cluster_uuid=rule.get("cluster_uuid", "")
    )


def _sent(source_type: str, value: str, *, uuid: str = "", cluster_uuid: str = "") -> RuleJson:
    return {
        "uuid": uuid,
        "cluster_uuid": cluster_uuid,
        "type": source_type,
        "value": value,
        "created_at": NO_TIME,
    }
