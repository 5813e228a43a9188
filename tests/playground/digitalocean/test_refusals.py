"""Writes that are refused as things are now, over HTTP as the bot meets them."""

from collections.abc import Iterator

import pytest
import requests

from dbaccess_playground.digitalocean.firewall import InvalidRulesError
from dbaccess_playground.digitalocean.refusals import RefusedError
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault

OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
DROPLET = {"type": "droplet", "value": "163973392"}
NEW = {"type": "ip_addr", "value": "203.0.113.4"}
NAMES = {409: "conflict", 412: "precondition_failed", 422: "unprocessable_entity", 423: "locked"}
TIMEOUT_SECONDS = 10


@pytest.fixture
def do() -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean() as sandbox:
        yield sandbox


@pytest.fixture
def cluster(do: SandboxDigitalOcean) -> str:
    return do.add_cluster("orders", rules=[OFFICE, DROPLET])


@pytest.fixture
def session(do: SandboxDigitalOcean) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {do.token}"
        yield session


def status(do: SandboxDigitalOcean, session: requests.Session, cluster: str) -> str:
    """What both the cluster and the list of clusters say."""
    path = f"{do.url}/v2/databases"
    (listed,) = session.get(path, timeout=TIMEOUT_SECONDS).json()["databases"]
    one = session.get(f"{path}/{cluster}", timeout=TIMEOUT_SECONDS).json()["database"]
    assert listed["status"] == one["status"]
    return str(one["status"])


def written(
    do: SandboxDigitalOcean, session: requests.Session, cluster: str, *rules: dict[str, str]
) -> requests.Response:
    path = f"{do.url}/v2/databases/{cluster}/firewall"
    return session.put(path, json={"rules": rules}, timeout=TIMEOUT_SECONDS)


@pytest.mark.parametrize("code", NAMES)
def test_a_busy_cluster_says_so_and_refuses(
    do: SandboxDigitalOcean, session: requests.Session, cluster: str, code: int
) -> None:
    assert status(do, session, cluster) == "online"
    do.set_busy(cluster, "forking", code=code)
    before = do.rules(cluster)
    answer = written(do, session, cluster, NEW)
    assert (answer.status_code, answer.json()["id"]) == (code, NAMES[code])
    assert answer.json()["message"] == "database cluster is forking"
    assert answer.json()["request_id"]
    assert status(do, session, cluster) == "forking"
    assert do.rules(cluster) == before
    do.set_online(cluster)
    assert status(do, session, cluster) == "online"
    assert written(do, session, cluster, NEW).status_code == 204


def test_a_cluster_is_online_again_after_so_many_refusals(
    do: SandboxDigitalOcean, session: requests.Session, cluster: str
) -> None:
    do.set_busy(cluster, times=2, message="try again later")
    codes = [written(do, session, cluster, NEW).status_code for _ in range(3)]
    assert codes == [412, 412, 204]
    assert status(do, session, cluster) == "online"


def test_a_busy_cluster_may_say_that_it_is_online(
    do: SandboxDigitalOcean, session: requests.Session, cluster: str
) -> None:
    do.set_busy(cluster, code=422, says_online=True)
    assert status(do, session, cluster) == "online"
    assert written(do, session, cluster, NEW).status_code == 422


def test_a_busy_cluster_may_take_writes_and_is_read_in_any_case(
    do: SandboxDigitalOcean, session: requests.Session, cluster: str
) -> None:
    do.set_busy(cluster, "migrating", code=None)
    assert status(do, session, cluster) == "migrating"
    assert written(do, session, cluster, NEW).status_code == 204
    do.set_busy(cluster)
    path = f"{do.url}/v2/databases/{cluster}/firewall"
    assert session.get(path, timeout=TIMEOUT_SECONDS).status_code == 200


def test_a_cluster_that_is_busy_for_no_time_is_a_mistake(
    do: SandboxDigitalOcean, cluster: str
) -> None:
    with pytest.raises(ValueError, match="at least one"):
        do.set_busy(cluster, times=0)


def test_people_and_tools_are_refused_too_but_not_app_platform(
    do: SandboxDigitalOcean, cluster: str
) -> None:
    do.set_busy(cluster)
    with pytest.raises(RefusedError, match="resizing") as refused:
        do.add_rule(cluster, "tag", "backend")
    assert refused.value.code == 412
    with pytest.raises(RefusedError):
        do.doctl_append(cluster, "tag", "backend")
    with pytest.raises(RefusedError):
        do.terraform_destroy(cluster)
    app = do.add_app("shop")
    do.app_platform_trusts(cluster, app)
    assert f"app:{app}" in do.sources(cluster)


@pytest.mark.parametrize(
    ("message", "said"),
    [(None, "invalid firewall rule: droplet:163973392"), ("a resource is gone", "a resource")],
)
def test_one_source_that_is_no_longer_taken_makes_the_whole_write_fail(
    do: SandboxDigitalOcean, session: requests.Session, cluster: str, message: str, said: str
) -> None:
    do.reject_source("droplet:163973392", message)
    before = do.rules(cluster)
    answer = written(do, session, cluster, *before, NEW)
    assert (answer.status_code, answer.json()["id"]) == (422, "unprocessable_entity")
    assert said in answer.json()["message"]
    assert do.rules(cluster) == before
    with pytest.raises(InvalidRulesError):
        do.add_rule(cluster, "tag", "backend")
    assert written(do, session, cluster, NEW).status_code == 204, "without it, all is well"
    do.accept_source("droplet:163973392")
    assert written(do, session, cluster, *before).status_code == 204


@pytest.mark.parametrize("code", NAMES)
def test_a_fault_answers_in_the_same_form(
    do: SandboxDigitalOcean, session: requests.Session, cluster: str, code: int
) -> None:
    do.faults.add(Fault.status(code, method="PUT"))
    answer = written(do, session, cluster, NEW)
    assert (answer.status_code, answer.json()["id"]) == (code, NAMES[code])
    assert set(answer.json()) == {"id", "message", "request_id"}
    assert written(do, session, cluster, NEW).status_code == 204
