"""What other tools send, and what becomes of the list."""

from datetime import UTC, datetime

import pytest

from dbaccess_playground.digitalocean.cloud import Cloud
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.firewall import InvalidRulesError, RuleJson
from dbaccess_playground.digitalocean.tool_bodies import (
    NO_TIME,
    doctl_appended,
    doctl_replaced,
    doctl_without,
    terraform_applied,
    terraform_created,
)

NOW = datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)
OFFICE = ("ip_addr", "198.51.100.7")
LENT = ("ip_addr", "203.0.113.4")
TAG = ("tag", "backend")


@pytest.fixture
def changes() -> list[Change]:
    return []


@pytest.fixture
def cloud(changes: list[Change]) -> Cloud:
    return Cloud(lambda: NOW, changes.append)


@pytest.fixture
def cluster(cloud: Cloud) -> str:
    rules = [rule(*OFFICE, description="office"), rule(*TAG, description="web servers")]
    return cloud.add_cluster("orders", rules=rules)


def rule(source_type: str, value: str, **more: str) -> RuleJson:
    return {"type": source_type, "value": value, **more}


def without_description(one: RuleJson) -> RuleJson:
    return {key: value for key, value in one.items() if key != "description"}


def uuids(cloud: Cloud, cluster: str) -> dict[tuple[str, str], str]:
    return {(one["type"], one["value"]): one["uuid"] for one in cloud.rules(cluster)}


def test_doctl_appends_in_front_and_sends_every_field_but_the_description(
    cloud: Cloud, cluster: str
) -> None:
    read = cloud.rules(cluster)
    first, second, third = doctl_appended(read, cluster, *LENT)
    assert first == {
        "uuid": "",
        "cluster_uuid": cluster,
        "type": "ip_addr",
        "value": "203.0.113.4",
        "created_at": "0001-01-01T00:00:00Z",
    }
    assert [second, third] == [without_description(one) | {"created_at": NO_TIME} for one in read]


def test_what_is_read_only_and_sent_all_the_same_is_ignored(cloud: Cloud, cluster: str) -> None:
    before = cloud.rules(cluster)
    cloud.doctl_append(cluster, *LENT)
    added, *kept = cloud.rules(cluster)
    assert (added["type"], added["value"]) == LENT
    assert (added["cluster_uuid"], added["created_at"]) == (cluster, "2026-11-23T09:00:05Z")
    assert kept == [without_description(one) for one in before]


def test_doctl_does_not_look_whether_the_source_is_there_already(
    cloud: Cloud, cluster: str
) -> None:
    with pytest.raises(InvalidRulesError, match="duplicate"):
        cloud.doctl_append(cluster, *OFFICE)
    cloud.behaviour.duplicates = "first"
    before = uuids(cloud, cluster)
    cloud.doctl_append(cluster, *OFFICE)
    assert uuids(cloud, cluster)[OFFICE] != before[OFFICE]
    assert uuids(cloud, cluster)[TAG] == before[TAG]


def test_doctl_removes_by_uuid_and_the_last_rule_too(
    cloud: Cloud, cluster: str, changes: list[Change]
) -> None:
    cloud.doctl_remove(cluster, *OFFICE)
    assert cloud.sources(cluster) == {"tag:backend"}
    cloud.doctl_remove(cluster, *TAG)
    assert cloud.rules(cluster) == []
    assert cloud.ever_empty(cluster)
    assert [change.by for change in changes] == ["doctl", "doctl"]
    assert doctl_without([], "any") == []


def test_doctl_replaces_all_by_new_rules(cloud: Cloud, cluster: str) -> None:
    before = uuids(cloud, cluster)
    cloud.doctl_replace(cluster, [OFFICE, LENT])
    after = uuids(cloud, cluster)
    assert list(after) == [OFFICE, LENT]
    assert not set(after.values()) & set(before.values())
    assert doctl_replaced([OFFICE])[0]["cluster_uuid"] == ""


def test_terraform_sends_the_uuids_that_it_knows_ours_too_and_no_description(
    cloud: Cloud, cluster: str
) -> None:
    cloud.add_rule(cluster, *LENT, "dbaccess/prod #7")
    before = uuids(cloud, cluster)
    assert cloud.terraform_apply(cluster, [LENT, OFFICE, ("ip_addr", "198.51.100.8")])
    after = uuids(cloud, cluster)
    assert list(after) == [LENT, OFFICE, ("ip_addr", "198.51.100.8")]
    assert {source: after[source] for source in (LENT, OFFICE)} == {
        source: before[source] for source in (LENT, OFFICE)
    }
    assert all("description" not in one for one in cloud.rules(cluster))


def test_terraform_writes_nothing_where_it_sees_no_change(
    cloud: Cloud, cluster: str, changes: list[Change]
) -> None:
    assert not cloud.terraform_apply(cluster, [TAG, OFFICE])
    assert changes == []
    assert cloud.rules(cluster)[0]["description"] == "office"


def test_terraform_that_creates_its_resource_knows_no_uuid(cloud: Cloud, cluster: str) -> None:
    before = uuids(cloud, cluster)
    assert cloud.terraform_apply(cluster, [OFFICE, TAG], creates=True)
    after = uuids(cloud, cluster)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())


def test_terraform_overwrites_what_happened_since_it_read(cloud: Cloud, cluster: str) -> None:
    def meanwhile() -> None:
        cloud.add_rule(cluster, *LENT)

    cloud.terraform_apply(cluster, [OFFICE], meanwhile=meanwhile)
    assert cloud.sources(cluster) == {"ip_addr:198.51.100.7"}


def test_terraform_sends_each_source_of_its_configuration_once() -> None:
    sent = terraform_created([OFFICE, OFFICE])
    assert sent == terraform_applied([], [OFFICE])
    assert sent == [rule(*OFFICE, uuid="", cluster_uuid="", created_at=NO_TIME)]


def test_terraform_destroy_opens_the_cluster(
    cloud: Cloud, cluster: str, changes: list[Change]
) -> None:
    cloud.terraform_destroy(cluster)
    assert cloud.rules(cluster) == []
    assert [change.by for change in changes] == ["terraform"]


def test_app_platform_adds_its_app_once_and_touches_nothing_else(
    cloud: Cloud, cluster: str, changes: list[Change]
) -> None:
    cloud.behaviour.descriptions = "dropped"
    cloud.behaviour.uuids = "new"
    before, app = cloud.rules(cluster), cloud.add_app("shop")
    cloud.app_platform_trusts(cluster, app)
    cloud.app_platform_trusts(cluster, app)
    *others, added = cloud.rules(cluster)
    assert others == before
    assert (added["type"], added["value"]) == ("app", app)
    assert [change.by for change in changes] == ["app platform"]
