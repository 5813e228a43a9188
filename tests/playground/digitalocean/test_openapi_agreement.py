"""Whether the sandbox and DigitalOcean's published specification say the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.validation.request.exceptions import InvalidRequestBody

from dbaccess_playground.digitalocean.cluster_json import ENGINES
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.digitalocean.tool_bodies import doctl_appended, terraform_applied
from dbaccess_playground.faults import Fault

SPECIFICATION = (
    Path(__file__).parents[3].parent / "shared" / "openapi" / "digitalocean-databases.json"
)
NOBODYS_ID = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
TIMEOUT_SECONDS = 10

pytestmark = pytest.mark.skipif(
    not SPECIFICATION.exists(), reason=f"there is no copy of the specification at {SPECIFICATION}"
)


class CheckedClient:
    """A caller that holds each request and each answer against the specification."""

    def __init__(self, do: SandboxDigitalOcean, specification: dict[str, Any]) -> None:
        self.url = do.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {do.token}"
        served_here = specification | {"servers": [{"url": do.url}]}
        self._specification = OpenAPI.from_dict(served_here)

    def ask(self, path: str, method: str = "GET", body: object = None) -> requests.Response:
        request = self.session.prepare_request(requests.Request(method, self.url + path, json=body))
        asked = RequestsOpenAPIRequest(request)
        self._specification.validate_request(asked)
        answer = self.session.send(request, timeout=TIMEOUT_SECONDS)
        self._specification.validate_response(asked, RequestsOpenAPIResponse(answer))
        return answer


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    return dict(json.loads(SPECIFICATION.read_text()))


@pytest.fixture
def do() -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean() as sandbox:
        sandbox.add_droplet("web-1", 3164444)
        sandbox.add_kubernetes_cluster("prod")
        sandbox.add_tag("backend")
        sandbox.add_app("shop")
        yield sandbox


@pytest.fixture
def client(do: SandboxDigitalOcean, specification: dict[str, Any]) -> Iterator[CheckedClient]:
    client = CheckedClient(do, specification)
    yield client
    client.session.close()


@pytest.mark.parametrize(
    "path",
    [
        "/v2/account",
        "/v2/databases",
        "/v2/droplets?page=1&per_page=1",
        "/v2/kubernetes/clusters",
        "/v2/tags",
        "/v2/apps",
    ],
)
def test_the_lists_are_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient, path: str
) -> None:
    do.add_cluster("orders")
    assert client.ask(path).status_code == 200


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cluster_of_each_engine_is_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient, engine: str
) -> None:
    cluster = do.add_cluster("orders", engine=engine, rules=[{"type": "tag", "value": "backend"}])
    assert client.ask(f"/v2/databases/{cluster}").status_code == 200
    assert client.ask(f"/v2/databases/{cluster}/ca").status_code == 200


def test_reading_and_writing_rules_is_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient
) -> None:
    office = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
    path = f"/v2/databases/{do.add_cluster('orders', rules=[office])}/firewall"
    rules: list[dict[str, str]] = client.ask(path).json()["rules"]
    for rule in rules:
        del rule["cluster_uuid"], rule["created_at"]
    rules.append({"type": "ip_addr", "value": "203.0.113.4"})
    assert client.ask(path, "PUT", {"rules": rules}).status_code == 204
    assert len(client.ask(path).json()["rules"]) == 2


def test_a_request_that_sends_what_is_read_only_does_not_agree(
    client: CheckedClient,
) -> None:
    rule = {"type": "tag", "value": "backend", "created_at": "2019-01-11T18:37:36Z"}
    with pytest.raises(InvalidRequestBody):
        client.ask(f"/v2/databases/{NOBODYS_ID}/firewall", "PUT", {"rules": [rule]})


def test_a_list_over_several_pages_is_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient
) -> None:
    for number in range(1, 4):
        do.add_tag(f"tag-{number}")
    for page in (1, 2, 4):
        assert client.ask(f"/v2/tags?page={page}&per_page=1").status_code == 200


def test_a_refused_list_of_rules_is_answered_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient
) -> None:
    path = f"/v2/databases/{do.add_cluster('orders')}/firewall"
    wrong = {"type": "ip_addr", "value": "2001:db8::1"}
    assert client.ask(path, "PUT", {"rules": [wrong]}).status_code == 422


@pytest.mark.parametrize("status", ["creating", "resizing", "migrating", "forking"])
@pytest.mark.parametrize("code", [409, 412, 422, 423])
def test_a_busy_cluster_and_its_refusal_are_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient, status: str, code: int
) -> None:
    cluster = do.add_cluster("orders", rules=[{"type": "tag", "value": "backend"}])
    do.set_busy(cluster, status, code=code)
    assert client.ask(f"/v2/databases/{cluster}").json()["database"]["status"] == status
    assert client.ask("/v2/databases").status_code == 200
    path = f"/v2/databases/{cluster}/firewall"
    rule = {"type": "ip_addr", "value": "203.0.113.4"}
    assert client.ask(path, "PUT", {"rules": [rule]}).status_code == code


def test_a_source_that_is_no_longer_taken_is_refused_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient
) -> None:
    rule = {"type": "droplet", "value": "3164444"}
    path = f"/v2/databases/{do.add_cluster('orders', rules=[rule])}/firewall"
    do.reject_source("droplet:3164444")
    assert client.ask(path, "PUT", {"rules": [rule]}).status_code == 422


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("descriptions", "cut"),
        ("descriptions", "escaped"),
        ("descriptions", "dropped"),
        ("uuids", "new"),
        ("uuids", "taken"),
        ("created_at", "new"),
        ("addresses", "with_prefix"),
        ("letters", "lower"),
        ("stale_reads", 1),
    ],
)
def test_however_the_api_behaves_it_is_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient, name: str, value: object
) -> None:
    office = {"type": "ip_addr", "value": "198.51.100.7", "description": "office & co"}
    path = f"/v2/databases/{do.add_cluster('orders', rules=[office])}/firewall"
    setattr(do.behaviour, name, value)
    rules = [office | {"uuid": NOBODYS_ID}, {"type": "k8s", "value": NOBODYS_ID.upper()}]
    assert client.ask(path, "PUT", {"rules": rules}).status_code == 204
    for _ in range(2):
        assert client.ask(path).status_code == 200


def test_what_doctl_and_terraform_send_agrees_but_for_what_is_read_only(
    do: SandboxDigitalOcean, client: CheckedClient
) -> None:
    cluster = do.add_cluster("orders", rules=[{"type": "tag", "value": "backend"}])
    read, new = do.rules(cluster), ("ip_addr", "203.0.113.4")
    for sent in (doctl_appended(read, cluster, *new), terraform_applied(read, [new])):
        assert sent
        path = f"/v2/databases/{cluster}/firewall"
        with pytest.raises(InvalidRequestBody):
            client.ask(path, "PUT", {"rules": sent})
        for rule in sent:
            del rule["cluster_uuid"], rule["created_at"]
        assert client.ask(path, "PUT", {"rules": sent}).status_code == 204


@pytest.mark.parametrize("path", ["", "/ca", "/firewall"])
def test_an_unknown_cluster_is_answered_as_specified(client: CheckedClient, path: str) -> None:
    assert client.ask(f"/v2/databases/{NOBODYS_ID}{path}").status_code == 404


def test_a_wrong_token_is_answered_as_specified(client: CheckedClient) -> None:
    client.session.headers["Authorization"] = "Bearer other"
    assert client.ask("/v2/databases").status_code == 401


@pytest.mark.parametrize("code", [400, 401, 404, 409, 412, 422, 423, 429, 500, 502, 503])
def test_the_errors_of_faults_are_as_specified(
    do: SandboxDigitalOcean, client: CheckedClient, code: int
) -> None:
    do.faults.add(Fault.status(code))
    assert client.ask(f"/v2/databases/{do.add_cluster('orders')}/firewall").status_code == code


def test_a_refusal_by_the_rate_limit_is_as_specified(specification: dict[str, Any]) -> None:
    with SandboxDigitalOcean(rate_limit_per_minute=0) as do:
        client = CheckedClient(do, specification)
        assert client.ask("/v2/databases").status_code == 429
        client.session.close()
