"""The rules that other tools send in a PUT, read from their sources and seen on the wire.

doctl (`commands/databases.go`) and the Terraform provider (`resource_database_firewall.go`) both go
through godo, which sends each field of a rule, the empty ones and the zero time included, and no
description. `read` is the list as the tool has just read it.
"""

from __future__ import annotations

from collections.abc import Iterable

from dbaccess_playground.digitalocean.firewall import RuleJson

NO_TIME = "0001-01-01T00:00:00Z"
Source = tuple[str, str]


def doctl_appended(
    read: Iterable[RuleJson], cluster_id: str, source_type: str, value: str
) -> list[RuleJson]:
    """`doctl databases firewalls append`: the new rule, and behind it what was there."""
    return [_sent(source_type, value, cluster_uuid=cluster_id), *map(_sent_back, read)]


def doctl_without(read: Iterable[RuleJson], uuid: str) -> list[RuleJson]:
    """`doctl databases firewalls remove --uuid`: what else was there, maybe nothing."""
    return [_sent_back(rule) for rule in read if rule["uuid"] != uuid]


def doctl_replaced(sources: Iterable[Source]) -> list[RuleJson]:
    """`doctl databases firewalls replace`: these alone, all of them new."""
    return [_sent(*source) for source in sources]


def terraform_applied(read: Iterable[RuleJson], sources: Iterable[Source]) -> list[RuleJson] | None:
    """`terraform apply` of a resource in its state; None where it sees nothing to change.

    It has refreshed its state from `read`, and so knows the uuid of each source that is there,
    whoever added it.
    """
    uuids = {(rule["type"], rule["value"]): rule["uuid"] for rule in read}
    wanted = list(dict.fromkeys(sources))
    if uuids.keys() == set(wanted):
        return None
    return [_sent(*source, uuid=uuids.get(source, "")) for source in wanted]


def terraform_created(sources: Iterable[Source]) -> list[RuleJson]:
    """`terraform apply` of a resource that is not in its state: all new, whatever is there."""
    return [_sent(*source) for source in dict.fromkeys(sources)]


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
