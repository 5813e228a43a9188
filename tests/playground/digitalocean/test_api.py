import base64
from collections.abc import Callable, Iterator
from typing import Any

import pydo
import pytest
import requests

from dbaccess_playground.calls import Call
from dbaccess_playground.digitalocean.clusters import Change, UnknownClusterError
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from tests.playground.still_clock import Clock

OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
NEW = {"type": "ip_addr", "value": "203.0.113.4"}
NOBODYS_ID = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
TIMEOUT_SECONDS = 10

Ask = Callable[..., requests.Response]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def do(clock: Clock) -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def cluster(do: SandboxDigitalOcean) -> str:
    return do.add_cluster("orders", rules=[OFFICE])


@pytest.fixture
def session(do: SandboxDigitalOcean) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {do.token}"
        yield session


@pytest.fixture
def ask(do: SandboxDigitalOcean, session: requests.Session) -> Ask:
    def ask(path: str, method: str = "GET", **more: Any) -> requests.Response:
        return session.request(method, do.url + path, timeout=TIMEOUT_SECONDS, **more)

    return ask


def test_the_rules_are_read_as_they_were_set(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    answer = ask(f"/v2/databases/{cluster}/firewall")
    assert answer.json() == {"rules": do.rules(cluster)}
    (rule,) = do.rules(cluster)
    assert rule | OFFICE == rule
    assert rule["created_at"] == "2026-11-23T09:00:05Z"
    assert rule["cluster_uuid"] == cluster


def test_a_write_answers_204_without_a_body_and_replaces_all(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    answer = ask(f"/v2/databases/{cluster}/firewall", "PUT", json={"rules": [NEW]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert do.sources(cluster) == {"ip_addr:203.0.113.4"}


def test_a_stale_read_shows_the_list_before_the_write(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    do.behaviour.stale_reads = 1
    path = f"/v2/databases/{cluster}/firewall"
    before = do.rules(cluster)
    assert ask(path, "PUT", json={"rules": [NEW]}).status_code == 204
    assert ask(path).json()["rules"] == before
    assert ask(path).json()["rules"] == do.rules(cluster) != before


def test_fields_that_nobody_knows_yet_come_and_go_over_http(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    more = {"labels": {"x": 1}}
    do.plant_rule(cluster, {"type": "ip_addr", "value": OFFICE["value"], **more})
    path = f"/v2/databases/{cluster}/firewall"
    read = ask(path).json()["rules"]
    assert read == [read[0] | more]
    assert ask(path, "PUT", json={"rules": read}).status_code == 204
    assert ask(path).json()["rules"] == read


def test_a_refused_write_says_why_and_changes_nothing(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    before = do.rules(cluster)
    wanted = {"rules": [NEW, {"type": "ip_addr", "value": "2001:db8::1"}]}
    answer = ask(f"/v2/databases/{cluster}/firewall", "PUT", json=wanted)
    assert answer.status_code == 422
    assert answer.json()["id"] == "unprocessable_entity"
    assert "IPv6" in answer.json()["message"]
    assert do.rules(cluster) == before


@pytest.mark.parametrize("body", [{}, [], "rules", {"rules": None}])
def test_a_write_without_a_list_of_rules_is_refused(
    do: SandboxDigitalOcean, cluster: str, ask: Ask, body: object
) -> None:
    assert ask(f"/v2/databases/{cluster}/firewall", "PUT", json=body).status_code == 422
    assert do.sources(cluster) == {"ip_addr:198.51.100.7"}


@pytest.mark.parametrize("body", [b"", b"{", b'{"rules": [' + b" " * 300_000 + b"]}"])
def test_a_body_that_is_no_json_or_far_too_long_is_a_bad_request(
    cluster: str, ask: Ask, body: bytes
) -> None:
    answer = ask(f"/v2/databases/{cluster}/firewall", "PUT", data=body)
    assert (answer.status_code, answer.json()["id"]) == (400, "bad_request")


@pytest.mark.parametrize("token", ["", "Bearer other", "Bearer ", "dop_v1_sandbox"])
def test_without_the_token_nobody_gets_in(cluster: str, ask: Ask, token: str) -> None:
    answer = ask(f"/v2/databases/{cluster}/firewall", headers={"Authorization": token})
    assert answer.status_code == 401
    assert answer.json()["id"] == "unauthorized"


@pytest.mark.parametrize("path", ["", "/ca", "/firewall"])
def test_an_unknown_cluster_is_not_found(ask: Ask, path: str) -> None:
    answer = ask(f"/v2/databases/{NOBODYS_ID}{path}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"id", "message", "request_id"}
    assert answer.json()["id"] == "not_found"


def test_writing_to_an_unknown_cluster_is_not_found(ask: Ask) -> None:
    answer = ask(f"/v2/databases/{NOBODYS_ID}/firewall", "PUT", json={"rules": [NEW]})
    assert answer.status_code == 404


def test_a_removed_cluster_is_gone_but_its_history_stays(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    do.remove_cluster(cluster)
    assert ask(f"/v2/databases/{cluster}").status_code == 404
    assert ask("/v2/databases").json()["databases"] == []
    assert len(do.history(cluster)) == 1
    with pytest.raises(UnknownClusterError):
        do.rules(cluster)


def test_there_is_no_way_to_append_a_rule(cluster: str, ask: Ask) -> None:
    answer = ask(f"/v2/databases/{cluster}/firewall", "POST", json=NEW)
    assert (answer.status_code, answer.json()["id"]) == (405, "method_not_allowed")


def test_the_certificate_is_a_pem_in_base64(cluster: str, ask: Ask) -> None:
    certificate = ask(f"/v2/databases/{cluster}/ca").json()["ca"]["certificate"]
    assert base64.b64decode(certificate).startswith(b"-----BEGIN CERTIFICATE-----\n")


def test_a_cluster_tells_how_to_connect(cluster: str, ask: Ask) -> None:
    database = ask(f"/v2/databases/{cluster}").json()["database"]
    connection = database["connection"]
    assert (database["name"], database["engine"]) == ("orders", "pg")
    assert f"{connection['host']}:{connection['port']}" in connection["uri"]


def test_long_lists_come_in_pages(do: SandboxDigitalOcean, ask: Ask) -> None:
    for number in range(1, 6):
        do.add_droplet(f"web-{number}", number)
    names: list[str] = []
    path: str | None = "/v2/droplets?per_page=2"
    while path:
        page = ask(path).json()
        assert page["meta"] == {"total": 5}
        names += [droplet["name"] for droplet in page["droplets"]]
        path = page["links"].get("pages", {}).get("next", "").removeprefix(do.url)
    assert names == [f"web-{number}" for number in range(1, 6)]


def test_the_pickers_find_what_was_added(do: SandboxDigitalOcean, ask: Ask) -> None:
    k8s, app = do.add_kubernetes_cluster("prod"), do.add_app("shop")
    do.add_tag("backend")
    assert ask("/v2/kubernetes/clusters").json()["kubernetes_clusters"][0]["id"] == k8s
    assert ask("/v2/apps").json()["apps"][0]["id"] == app
    assert ask("/v2/tags").json()["tags"][0]["name"] == "backend"
    assert ask("/v2/account").json()["account"]["status"] == "active"


def test_every_call_is_written_down(cluster: str, do: SandboxDigitalOcean, ask: Ask) -> None:
    path = f"/v2/databases/{cluster}/firewall"
    ask(path)
    ask(path, "PUT", json={"rules": []})
    ask(path, "PUT", data="no json")
    told = [(call.method, call.path, call.status, call.body) for call in do.calls]
    assert told == [
        ("GET", path, 200, None),
        ("PUT", path, 204, {"rules": []}),
        ("PUT", path, 400, "no json"),
    ]


def test_a_listener_hears_of_calls_and_changes_until_it_leaves(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    heard: list[Call | Change] = []
    leave = do.subscribe(heard.append)
    ask(f"/v2/databases/{cluster}/firewall", "PUT", json={"rules": [NEW]})
    do.add_rule(cluster, "tag", "backend")
    leave()
    do.add_rule(cluster, "tag", "frontend")
    change, call, by_hand = heard
    assert isinstance(change, Change)
    assert (change.by, change.rules[0]["value"]) == ("api", "203.0.113.4")
    assert isinstance(call, Call)
    assert call.status == 204
    assert isinstance(by_hand, Change)
    assert by_hand.by == "control panel"


def test_a_listener_can_change_the_rules_after_a_read_and_before_its_answer(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    def race(event: Call | Change) -> None:
        if isinstance(event, Call) and event.method == "GET":
            do.add_rule(cluster, "tag", "backend")

    do.subscribe(race)
    read = ask(f"/v2/databases/{cluster}/firewall").json()["rules"]
    assert len(read) == 1
    assert len(do.rules(cluster)) == 2


def test_an_outage_ends_at_the_same_address_with_everything_still_there(
    do: SandboxDigitalOcean, cluster: str, ask: Ask
) -> None:
    url = do.url
    ask("/v2/account")
    do.stop()
    with pytest.raises(requests.ConnectionError):
        ask(f"/v2/databases/{cluster}/firewall")
    do.start()
    assert do.url == url
    assert len(ask(f"/v2/databases/{cluster}/firewall").json()["rules"]) == 1


def test_pydo_reads_and_writes_the_rules(do: SandboxDigitalOcean, cluster: str) -> None:
    # azure-core refuses to send a bearer token over plain HTTP unless it is told not to
    plain = {"enforce_https": False}
    with pydo.Client(token=do.token, endpoint=do.url, timeout=30) as client:
        read = client.databases.list_firewall_rules(database_cluster_uuid=cluster, **plain)
        client.databases.update_firewall_rules(
            database_cluster_uuid=cluster, body={"rules": [*read["rules"], NEW]}, **plain
        )
        missing = client.databases.list_firewall_rules(database_cluster_uuid=NOBODYS_ID, **plain)
    assert do.sources(cluster) == {"ip_addr:198.51.100.7", "ip_addr:203.0.113.4"}
    assert do.rules(cluster)[0] == read["rules"][0]
    assert "rules" not in missing
