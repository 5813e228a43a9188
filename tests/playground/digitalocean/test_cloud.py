import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from dbaccess_playground.digitalocean.cloud import Cloud
from dbaccess_playground.digitalocean.clusters import Change, UnknownClusterError
from dbaccess_playground.digitalocean.firewall import InvalidRulesError
from tests.playground.still_clock import Clock

OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
NEW = {"type": "ip_addr", "value": "203.0.113.4"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[Change]:
    return []


@pytest.fixture
def cloud(clock: Clock, changes: list[Change]) -> Cloud:
    return Cloud(clock, changes.append)


@pytest.fixture
def cluster(cloud: Cloud) -> str:
    return cloud.add_cluster("orders", rules=[OFFICE])


def test_the_control_panel_leaves_the_other_rules_alone(cloud: Cloud, cluster: str) -> None:
    before = cloud.rules(cluster)
    added = cloud.add_rule(cluster, "tag", "backend", "the web servers")
    assert cloud.rules(cluster) == [*before, added]
    cloud.remove_rule(cluster, "tag", "backend")
    assert cloud.rules(cluster) == before
    with pytest.raises(LookupError):
        cloud.remove_rule(cluster, "tag", "backend")


def test_doctl_keeps_the_rules_but_loses_every_description(cloud: Cloud, cluster: str) -> None:
    (office,) = cloud.rules(cluster)
    del office["description"]
    cloud.doctl_append(cluster, "ip_addr", "203.0.113.4")
    assert cloud.sources(cluster) == {"ip_addr:198.51.100.7", "ip_addr:203.0.113.4"}
    cloud.doctl_remove(cluster, "ip_addr", "203.0.113.4")
    assert cloud.rules(cluster) == [office]


def test_doctl_overwrites_what_happened_since_it_read(cloud: Cloud, cluster: str) -> None:
    cloud.doctl_append(
        cluster, "tag", "backend", meanwhile=lambda: cloud.replace_rules(cluster, [OFFICE, NEW])
    )
    assert cloud.sources(cluster) == {"ip_addr:198.51.100.7", "tag:backend"}


def test_terraform_leaves_only_what_it_knows_and_no_description(cloud: Cloud, cluster: str) -> None:
    (office,) = cloud.rules(cluster)
    del office["description"]
    cloud.add_rule(cluster, "tag", "backend")
    cloud.terraform_apply(cluster, [("ip_addr", "198.51.100.7")])
    assert cloud.rules(cluster) == [office]


def test_the_history_shows_every_state_and_whether_one_was_empty(
    cloud: Cloud, cluster: str, clock: Clock
) -> None:
    cloud.add_rule(cluster, "tag", "backend")
    assert not cloud.ever_empty(cluster)
    clock.now += timedelta(minutes=1)
    cloud.replace_rules(cluster, [])
    cloud.replace_rules(cluster, [NEW])
    history = cloud.history(cluster)
    assert [len(rules) for _, rules in history] == [1, 2, 0, 1]
    assert history[-1][0] - history[0][0] == timedelta(minutes=1)
    assert cloud.ever_empty(cluster)


def test_many_writers_at_once_leave_one_of_their_lists(cloud: Cloud, cluster: str) -> None:
    lists = [[{"type": "droplet", "value": str(number)}] for number in range(1, 9)]
    writers = [
        threading.Thread(target=cloud.replace_rules, args=(cluster, wanted)) for wanted in lists
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(cloud.history(cluster)) == 9
    assert len(cloud.rules(cluster)) == 1


def test_each_change_is_told_with_its_author(
    cloud: Cloud, cluster: str, changes: list[Change]
) -> None:
    cloud.replace_rules(cluster, [NEW])
    cloud.add_rule(cluster, "tag", "backend")
    cloud.doctl_remove(cluster, "tag", "backend")
    cloud.terraform_apply(cluster, [])
    assert [(change.by, len(change.rules)) for change in changes] == [
        ("api", 1),
        ("control panel", 2),
        ("doctl", 1),
        ("terraform", 0),
    ]


def test_a_refused_change_leaves_no_trace(
    cloud: Cloud, cluster: str, changes: list[Change]
) -> None:
    with pytest.raises(InvalidRulesError):
        cloud.add_rule(cluster, "ip_addr", "2001:db8::1")
    assert cloud.sources(cluster) == {"ip_addr:198.51.100.7"}
    assert len(cloud.history(cluster)) == 1
    assert changes == []


@pytest.mark.parametrize(
    "act",
    [
        lambda cloud: cloud.rules("gone"),
        lambda cloud: cloud.add_rule("gone", "tag", "backend"),
        lambda cloud: cloud.remove_cluster("gone"),
        lambda cloud: cloud.database("gone"),
    ],
)
def test_nothing_can_be_done_with_an_unknown_cluster(
    cloud: Cloud, act: Callable[[Cloud], object]
) -> None:
    with pytest.raises(UnknownClusterError):
        act(cloud)
