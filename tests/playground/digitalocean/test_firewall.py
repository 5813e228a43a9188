from datetime import UTC, datetime
from typing import Any

import pytest

from dbaccess_playground.digitalocean.behaviour import MAX_RULES
from dbaccess_playground.digitalocean.firewall import InvalidRulesError, Rule, replace

CLUSTER = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
K8S = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def written(
    wanted: object, rules: tuple[Rule, ...] = (), now: datetime = MONDAY
) -> tuple[Rule, ...]:
    return replace(rules, wanted, cluster_uuid=CLUSTER, now=now)


def address(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "ip_addr", "value": value, **more}


@pytest.mark.parametrize(
    ("source_type", "value"),
    [
        ("ip_addr", "203.0.113.4"),
        ("ip_addr", "203.0.113.0/24"),
        ("ip_addr", "203.0.113.4/32"),
        ("ip_addr", "0.0.0.0/0"),
        ("droplet", "163973392"),
        ("k8s", K8S),
        ("app", K8S.upper()),
        ("tag", "env:prod_web-1"),
    ],
)
def test_every_kind_of_trusted_source_is_taken(source_type: str, value: str) -> None:
    (rule,) = written([{"type": source_type, "value": value}])
    assert rule.source == f"{source_type}:{value}"


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"type": "vpc", "value": "x"}, "invalid firewall rule type: vpc"),
        ({"value": "203.0.113.4"}, "type is required"),
        ({"type": "ip_addr"}, "value is required"),
        ({"type": "ip_addr", "value": ""}, "value is required"),
        ({"type": "droplet", "value": 163973392}, "value must be a string"),
        ("ip_addr:203.0.113.4", "must be an object"),
        (address("2001:db8::1"), "IPv6 addresses are not supported"),
        (address("203.0.113"), "invalid IP address"),
        (address("203.0.113.256"), "invalid IP address"),
        (address("203.0.113.04"), "invalid IP address"),
        (address(" 203.0.113.4"), "invalid IP address"),
        (address("203.0.113.4/24"), "invalid IP address"),
        (address("203.0.113.0/33"), "invalid IP address"),
        (address("10.0.0.0/08"), "invalid IP address"),
        (address("10.0.0.0/255.0.0.0"), "invalid IP address"),
        (address("10.0.0.0/"), "invalid IP address"),
        ({"type": "droplet", "value": "web-1"}, "invalid droplet id"),
        ({"type": "k8s", "value": "prod"}, "invalid k8s id"),
        ({"type": "app", "value": K8S.replace("-", "")}, "invalid app id"),
        ({"type": "tag", "value": "two words"}, "invalid tag name"),
        ({"type": "tag", "value": "x" * 256}, "invalid tag name"),
        (address("203.0.113.4", description=5), "description must be a string"),
    ],
)
def test_a_malformed_rule_is_refused_with_its_reason(entry: object, sentence: str) -> None:
    with pytest.raises(InvalidRulesError, match=sentence):
        written([entry])


@pytest.mark.parametrize("wanted", [None, {}, "203.0.113.4"])
def test_rules_that_are_no_list_are_refused(wanted: object) -> None:
    with pytest.raises(InvalidRulesError, match="must be a list"):
        written(wanted)


def test_the_same_source_twice_is_refused() -> None:
    with pytest.raises(InvalidRulesError, match=r"duplicate .* ip_addr:203\.0\.113\.4"):
        written([address("203.0.113.4"), address("203.0.113.4", description="again")])


def test_the_same_uuid_twice_is_refused() -> None:
    (rule,) = written([address("203.0.113.4")])
    wanted = [address("203.0.113.4", uuid=rule.uuid), address("203.0.113.5", uuid=rule.uuid)]
    with pytest.raises(InvalidRulesError, match="duplicate firewall rule uuid"):
        written(wanted, (rule,))


def test_a_hundred_rules_fit_and_one_more_does_not() -> None:
    full = [address(f"203.0.113.{number}") for number in range(MAX_RULES)]
    assert len(written(full)) == MAX_RULES
    with pytest.raises(InvalidRulesError, match="at most 100"):
        written([*full, address("203.0.113.200")])


def test_a_write_replaces_everything_in_the_order_written() -> None:
    before = written([address("203.0.113.1"), address("203.0.113.2")])
    after = written([address("203.0.113.3"), address("203.0.113.2")], before)
    assert [rule.value for rule in after] == ["203.0.113.3", "203.0.113.2"]


def test_an_empty_list_is_taken_and_leaves_nothing() -> None:
    assert written([], written([address("203.0.113.1")])) == ()


def test_a_rule_sent_with_its_uuid_keeps_uuid_and_age() -> None:
    before = written([address("203.0.113.1", description="office")])
    after = written([before[0].as_json()], before, TUESDAY)
    assert after == before


@pytest.mark.parametrize("uuid", [None, "", "79f26d28-ea8a-41f2-8ad8-8cfcdd020095"])
def test_a_known_source_sent_without_its_uuid_is_a_new_rule(uuid: str | None) -> None:
    before = written([address("203.0.113.1", description="office")])
    (after,) = written([address("203.0.113.1", uuid=uuid)], before, TUESDAY)
    assert after.uuid not in {before[0].uuid, uuid}
    assert after.created_at == "2026-11-24T09:00:00Z"
    assert after.description is None


def test_a_description_that_is_not_sent_is_gone() -> None:
    before = written([address("203.0.113.1", description="office")])
    (after,) = written([address("203.0.113.1", uuid=before[0].uuid)], before)
    assert "description" not in after.as_json()


def test_what_is_read_only_is_ignored_when_sent() -> None:
    (rule,) = written([address("203.0.113.1", cluster_uuid=K8S, created_at="2001-01-01T00:00:00Z")])
    assert rule.cluster_uuid == CLUSTER
    assert rule.created_at == "2026-11-23T09:00:00Z"
