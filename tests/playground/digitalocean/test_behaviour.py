"""What no source tells of the API, each way of it on its own."""

from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from dbaccess_playground.digitalocean.behaviour import Behaviour
from dbaccess_playground.digitalocean.cloud import Cloud
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.firewall import InvalidRulesError, RuleJson
from tests.playground.still_clock import Clock

OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "Ada's office / 2nd floor"}
NEW = {"type": "ip_addr", "value": "203.0.113.4", "description": "for ticket 7"}
K8S = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"
FORGOTTEN = "79f26d28-ea8a-41f2-8ad8-8cfcdd020095"
PAGE = Path(__file__).parents[3] / "docs" / "digitalocean-sandbox.md"
LABEL = "dbaccess/prod #7 until 2026-11-23T11:00:00Z"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(clock: Clock) -> Cloud:
    return Cloud(clock, lambda _: None)


@pytest.fixture
def cluster(cloud: Cloud) -> str:
    return cloud.add_cluster("orders", rules=[OFFICE])


def described(cloud: Cloud, cluster: str) -> list[str | None]:
    return [rule.get("description") for rule in cloud.rules(cluster)]


def write_back(cloud: Cloud, cluster: str, *added: RuleJson) -> None:
    cloud.replace_rules(cluster, [*cloud.rules(cluster), *added])


def test_a_name_that_does_not_exist_cannot_be_set(cloud: Cloud) -> None:
    with pytest.raises(AttributeError):
        cloud.behaviour.description = "cut"  # type: ignore[assignment,method-assign]


def test_descriptions_are_cut(cloud: Cloud, cluster: str) -> None:
    cloud.behaviour.descriptions = "cut"
    cloud.behaviour.description_length = 16
    write_back(cloud, cluster, NEW | {"description": LABEL})
    assert described(cloud, cluster) == ["Ada's office / 2", "dbaccess/prod #7"]


def test_descriptions_are_escaped_once(cloud: Cloud, cluster: str) -> None:
    cloud.behaviour.descriptions = "escaped"
    write_back(cloud, cluster, NEW | {"description": LABEL})
    escaped = ["Ada&#x27;s office &#x2F; 2nd floor", LABEL.replace("/", "&#x2F;")]
    assert described(cloud, cluster) == escaped
    write_back(cloud, cluster)
    assert described(cloud, cluster) == escaped


def test_descriptions_are_dropped(cloud: Cloud, cluster: str) -> None:
    cloud.behaviour.descriptions = "dropped"
    write_back(cloud, cluster, NEW)
    assert all("description" not in rule for rule in cloud.rules(cluster))


def test_uuids_and_ages_are_new_at_each_write(cloud: Cloud, cluster: str, clock: Clock) -> None:
    cloud.behaviour.uuids = "new"
    (office,) = cloud.rules(cluster)
    clock.now += timedelta(hours=1)
    write_back(cloud, cluster)
    (written,) = cloud.rules(cluster)
    assert written["uuid"] != office["uuid"]
    assert written["created_at"] == "2026-11-23T10:00:05Z"
    assert written | {key: office[key] for key in ("uuid", "created_at")} == office


def test_a_rule_that_was_removed_comes_back_by_its_old_uuid(cloud: Cloud, cluster: str) -> None:
    cloud.behaviour.uuids = "taken"
    (office,) = cloud.rules(cluster)
    cloud.replace_rules(cluster, [NEW])
    write_back(cloud, cluster, office)
    assert cloud.rules(cluster)[1]["uuid"] == office["uuid"]


@pytest.mark.parametrize(("uuids", "is_taken"), [("kept", False), ("new", False), ("taken", True)])
def test_a_uuid_that_the_list_does_not_have(
    cloud: Cloud, cluster: str, uuids: Any, is_taken: bool
) -> None:
    cloud.behaviour.uuids = uuids
    write_back(cloud, cluster, NEW | {"uuid": FORGOTTEN})
    assert (cloud.rules(cluster)[1]["uuid"] == FORGOTTEN) is is_taken


def test_what_is_no_uuid_is_never_taken(cloud: Cloud, cluster: str) -> None:
    cloud.behaviour.uuids = "taken"
    write_back(cloud, cluster, NEW | {"uuid": "mine"})
    assert cloud.rules(cluster)[1]["uuid"] != "mine"


def test_only_the_ages_are_new(cloud: Cloud, cluster: str, clock: Clock) -> None:
    cloud.behaviour.created_at = "new"
    (office,) = cloud.rules(cluster)
    clock.now += timedelta(hours=1)
    write_back(cloud, cluster)
    assert cloud.rules(cluster) == [office | {"created_at": "2026-11-23T10:00:05Z"}]


@pytest.mark.parametrize(
    ("addresses", "comes_back"),
    [
        ("kept", ["203.0.113.4", "203.0.113.5/32", "203.0.113.8/29"]),
        ("with_prefix", ["203.0.113.4/32", "203.0.113.5/32", "203.0.113.8/29"]),
        ("without_prefix", ["203.0.113.4", "203.0.113.5", "203.0.113.8/29"]),
    ],
)
def test_a_single_address_has_a_prefix_or_none(
    cloud: Cloud, cluster: str, addresses: Any, comes_back: list[str]
) -> None:
    cloud.behaviour.addresses = addresses
    values = ["203.0.113.4", "203.0.113.5/32", "203.0.113.8/29"]
    cloud.replace_rules(cluster, [{"type": "ip_addr", "value": value} for value in values])
    assert [rule["value"] for rule in cloud.rules(cluster)] == comes_back


def test_letters_come_back_small(cloud: Cloud, cluster: str) -> None:
    written = [{"type": "tag", "value": "Backend"}, {"type": "k8s", "value": K8S.upper()}]
    cloud.replace_rules(cluster, written)
    assert cloud.sources(cluster) == {"tag:Backend", f"k8s:{K8S.upper()}"}
    cloud.behaviour.letters = "lower"
    cloud.replace_rules(cluster, written)
    assert cloud.sources(cluster) == {"tag:backend", f"k8s:{K8S}"}


@pytest.mark.parametrize(("duplicates", "kept"), [("first", "for ticket 7"), ("last", "again")])
def test_one_of_two_rules_for_a_source_is_kept(
    cloud: Cloud, cluster: str, duplicates: Any, kept: str
) -> None:
    cloud.behaviour.duplicates = duplicates
    write_back(cloud, cluster, NEW, NEW | {"description": "again"})
    assert described(cloud, cluster) == [OFFICE["description"], kept]


def test_two_spellings_of_an_address_are_one_source_where_they_come_back_alike(
    cloud: Cloud, cluster: str
) -> None:
    cloud.behaviour.addresses = "with_prefix"
    with pytest.raises(InvalidRulesError, match="duplicate"):
        write_back(cloud, cluster, NEW, {"type": "ip_addr", "value": f"{NEW['value']}/32"})


def test_as_many_rules_as_support_allows(cloud: Cloud, cluster: str) -> None:
    many = [{"type": "droplet", "value": str(number)} for number in range(1, 102)]
    with pytest.raises(InvalidRulesError, match="at most 100"):
        cloud.replace_rules(cluster, many)
    cloud.behaviour.max_rules = 101
    cloud.replace_rules(cluster, many)
    assert len(cloud.rules(cluster)) == 101


def test_reads_are_stale_for_some_seconds(cloud: Cloud, cluster: str, clock: Clock) -> None:
    cloud.behaviour.stale_seconds = 3
    before = cloud.rules(cluster)
    clock.now += timedelta(minutes=1)
    cloud.replace_rules(cluster, [NEW])
    clock.now += timedelta(seconds=2)
    cloud.replace_rules(cluster, [OFFICE, NEW])
    assert cloud.read_rules(cluster) == before
    clock.now += timedelta(seconds=1)
    assert len(cloud.read_rules(cluster)) == 1, "the first write is seen, and not yet the second"
    clock.now += timedelta(seconds=2)
    assert cloud.read_rules(cluster) == cloud.rules(cluster)


def test_so_many_reads_after_a_write_are_stale(cloud: Cloud, cluster: str) -> None:
    cloud.behaviour.stale_reads = 2
    before = cloud.rules(cluster)
    cloud.replace_rules(cluster, [NEW])
    assert cloud.sources(cluster) == {"ip_addr:203.0.113.4"}, "what is in force is told at once"
    assert cloud.database(cluster)["rules"] == before, "which is no read that counts"
    assert cloud.read_rules(cluster) == before
    assert cloud.read_rules(cluster) == before
    assert cloud.read_rules(cluster) == cloud.rules(cluster)


def test_a_tool_reads_what_is_stale_too(cloud: Cloud, cluster: str) -> None:
    cloud.behaviour.stale_reads = 1
    cloud.add_rule(cluster, "ip_addr", "203.0.113.4")
    cloud.doctl_append(cluster, "tag", "backend")
    assert cloud.sources(cluster) == {"ip_addr:198.51.100.7", "tag:backend"}


class TestRulesOfALaterApi:
    def test_a_rule_of_an_unknown_type_may_be_sent_back_but_not_added(
        self, cloud: Cloud, cluster: str
    ) -> None:
        cloud.plant_rule(cluster, {"type": "vpc", "value": "shop", "description": "our VPC"})
        before = cloud.rules(cluster)
        assert [rule["type"] for rule in before] == ["ip_addr", "vpc"]
        write_back(cloud, cluster)
        assert cloud.rules(cluster) == before
        with pytest.raises(InvalidRulesError, match="type: vpc"):
            write_back(cloud, cluster, {"type": "vpc", "value": "other"})

    def test_unknown_fields_are_kept_where_they_are_sent_and_lost_where_not(
        self, cloud: Cloud, cluster: str
    ) -> None:
        more = {"labels": {"x": 1}, "expires_at": "2027-01-01T00:00:00Z"}
        (office,) = cloud.rules(cluster)
        cloud.plant_rule(cluster, {"type": "ip_addr", "value": OFFICE["value"], **more})
        assert cloud.rules(cluster) == [office | more]
        write_back(cloud, cluster)
        assert cloud.rules(cluster) == [office | more]
        cloud.replace_rules(cluster, [office])
        assert cloud.rules(cluster) == [office]

    def test_fields_that_no_api_knows_are_ignored(self, cloud: Cloud, cluster: str) -> None:
        cloud.plant_rule(cluster, {"type": "tag", "value": "backend", "labels": {}})
        write_back(cloud, cluster, NEW | {"labels": {"x": 1}, "colour": "red"})
        assert cloud.rules(cluster)[2]["labels"] == {"x": 1}
        assert "colour" not in cloud.rules(cluster)[2]

    def test_it_is_told_as_digitaloceans_own_act(self, clock: Clock) -> None:
        changes: list[Change] = []
        cloud = Cloud(clock, changes.append)
        cloud.plant_rule(cloud.add_cluster("orders"), {"type": "vpc", "value": "shop"})
        assert [change.by for change in changes] == ["digitalocean"]


@pytest.mark.parametrize(
    "write",
    [
        lambda cloud, cluster: cloud.add_rule(cluster, "tag", "Backend", LABEL),
        lambda cloud, cluster: cloud.doctl_append(cluster, "tag", "Backend"),
        lambda cloud, cluster: cloud.terraform_apply(cluster, [("tag", "Backend")]),
    ],
)
def test_the_api_treats_all_writers_alike(
    cloud: Cloud, cluster: str, write: Callable[[Cloud, str], object]
) -> None:
    cloud.behaviour.letters = "lower"
    cloud.behaviour.descriptions = "dropped"
    write(cloud, cluster)
    assert "tag:backend" in cloud.sources(cluster)
    assert set(described(cloud, cluster)) == {None}


def test_the_page_has_each_field_with_its_default_and_its_other_ways() -> None:
    told = {
        line.split("|")[1].strip(" `"): line
        for line in PAGE.read_text().splitlines()
        if line.startswith("| `")
    }
    kinds = get_type_hints(Behaviour)
    for field in fields(Behaviour):
        if field.name == "description_length":
            assert "`description_length` (30)" in told["descriptions"]
        elif ways := get_args(kinds[field.name]):
            assert told[field.name].split("|")[2].strip().startswith(f'`"{field.default}"`')
            assert all(f'`"{way}"`' in told[field.name] for way in ways)
        else:
            assert told[field.name].split("|")[2].strip() == f"{field.default:g}"
