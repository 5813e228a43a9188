import threading
import time
from collections.abc import Iterator

import pytest
import requests

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault

OFFICE = {"type": "ip_addr", "value": "198.51.100.7"}
NEW = {"type": "ip_addr", "value": "203.0.113.4"}
PATIENCE_SECONDS = 10


class Client:
    """A caller of one cluster's firewall that keeps its connection."""

    def __init__(self, do: SandboxDigitalOcean, cluster_id: str) -> None:
        self._url = f"{do.url}/v2/databases/{cluster_id}/firewall"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {do.token}"

    def get(self, timeout: float = PATIENCE_SECONDS) -> requests.Response:
        return self._session.get(self._url, timeout=timeout)

    def put(self, *rules: dict[str, str]) -> requests.Response:
        return self._session.put(self._url, json={"rules": rules}, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def do() -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean() as sandbox:
        yield sandbox


@pytest.fixture
def cluster(do: SandboxDigitalOcean) -> str:
    return do.add_cluster("orders", rules=[OFFICE])


@pytest.fixture
def client(do: SandboxDigitalOcean, cluster: str) -> Iterator[Client]:
    client = Client(do, cluster)
    yield client
    client.close()


def wait_until_one_hangs(do: SandboxDigitalOcean) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not do.faults.hanging:
        assert time.monotonic() < deadline, "no call hangs"
        time.sleep(0.005)


def test_a_status_fault_answers_in_the_apis_words_and_does_nothing(
    do: SandboxDigitalOcean, cluster: str, client: Client
) -> None:
    do.faults.add(Fault.status(500))
    answer = client.put(NEW)
    assert answer.status_code == 500
    assert answer.json()["id"] == "server_error"
    assert do.sources(cluster) == {"ip_addr:198.51.100.7"}


def test_a_429_says_when_to_come_back(do: SandboxDigitalOcean, client: Client) -> None:
    do.faults.add(Fault.status(429, retry_after=7))
    answer = client.get()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["id"] == "too_many_requests"
    assert answer.headers["ratelimit-limit"] == "5000"


def test_something_else_may_be_said_and_nothing_is_done(
    do: SandboxDigitalOcean, cluster: str, client: Client
) -> None:
    do.faults.add(Fault.answer("<p>Sign in</p>", content_type="text/html", times=2))
    answer = client.put(NEW)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert client.get().text == "<p>Sign in</p>"
    assert do.sources(cluster) == {"ip_addr:198.51.100.7"}


def test_a_fault_strikes_as_often_as_it_says_and_only_its_method(
    do: SandboxDigitalOcean, client: Client
) -> None:
    do.faults.add(Fault.status(503, times=2, method="PUT"))
    codes = [client.get().status_code, *(client.put(OFFICE).status_code for _ in range(3))]
    assert codes == [200, 503, 503, 204]
    assert do.faults.pending() == []


def test_a_fault_for_one_cluster_spares_the_others(
    do: SandboxDigitalOcean, cluster: str, client: Client
) -> None:
    other = Client(do, do.add_cluster("billing"))
    do.faults.add(Fault.status(500, target=cluster))
    assert other.get().status_code == 200
    assert client.get().status_code == 500
    other.close()


def test_faults_strike_in_the_order_they_were_added(
    do: SandboxDigitalOcean, client: Client
) -> None:
    for code in (500, 401, 404):
        do.faults.add(Fault.status(code))
    assert [client.get().status_code for _ in range(4)] == [500, 401, 404, 200]


def test_a_fault_without_end_strikes_until_it_is_cleared(
    do: SandboxDigitalOcean, client: Client
) -> None:
    do.faults.add(Fault.status(500, times=None))
    assert {client.get().status_code for _ in range(3)} == {500}
    do.faults.clear()
    assert client.get().status_code == 200


def test_a_fault_that_never_strikes_is_a_mistake(do: SandboxDigitalOcean) -> None:
    with pytest.raises(ValueError, match="at least once"):
        do.faults.add(Fault.reset(times=0))


def test_a_slow_answer_is_the_right_one(do: SandboxDigitalOcean, client: Client) -> None:
    do.faults.add(Fault.slow(0.02))
    assert client.get().json()["rules"][0]["value"] == "198.51.100.7"
    assert do.calls[-1].seconds >= 0.02


def test_a_reset_does_nothing_and_answers_nothing(
    do: SandboxDigitalOcean, cluster: str, client: Client
) -> None:
    client.get()
    do.faults.add(Fault.reset())
    with pytest.raises(requests.ConnectionError):
        client.put(NEW)
    assert do.sources(cluster) == {"ip_addr:198.51.100.7"}
    assert [call.status for call in do.calls] == [200, 0]


def test_after_a_lost_answer_the_write_is_done(
    do: SandboxDigitalOcean, cluster: str, client: Client
) -> None:
    do.faults.add(Fault.lost_answer())
    with pytest.raises(requests.ConnectionError):
        client.put(NEW)
    assert do.sources(cluster) == {"ip_addr:203.0.113.4"}
    assert do.calls[-1].status == 0


def test_a_write_may_be_done_although_the_answer_says_500(
    do: SandboxDigitalOcean, cluster: str, client: Client
) -> None:
    do.faults.add(Fault.lost_answer(code=500))
    assert client.put(NEW).status_code == 500
    assert do.sources(cluster) == {"ip_addr:203.0.113.4"}


def test_half_a_body_breaks_off(do: SandboxDigitalOcean, client: Client) -> None:
    do.faults.add(Fault.half_body())
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="more expected"):
        client.get()
    assert [call.status for call in do.calls] == [0]
    assert client.get().status_code == 200


def test_half_of_an_empty_answer_is_none(
    do: SandboxDigitalOcean, cluster: str, client: Client
) -> None:
    do.faults.add(Fault.half_body())
    with pytest.raises(requests.ConnectionError):
        client.put(NEW)
    assert do.sources(cluster) == {"ip_addr:203.0.113.4"}


def test_a_hanging_call_is_written_down_once_and_as_unanswered(
    do: SandboxDigitalOcean, client: Client
) -> None:
    do.faults.add(Fault.hang())
    with pytest.raises(requests.ReadTimeout):
        client.get(timeout=0.05)
    wait_until_one_hangs(do)
    do.faults.clear()
    assert client.get().status_code == 200
    assert [call.status for call in do.calls] == [0, 200]


def test_a_hanging_call_ends_when_the_faults_are_cleared(
    do: SandboxDigitalOcean, client: Client
) -> None:
    do.faults.add(Fault.hang(times=None))
    errors: list[Exception] = []

    def hang() -> None:
        try:
            client.get()
        except requests.ConnectionError as error:
            errors.append(error)

    caller = threading.Thread(target=hang)
    caller.start()
    wait_until_one_hangs(do)
    do.faults.clear()
    caller.join(PATIENCE_SECONDS)
    assert len(errors) == 1


def test_stopping_releases_the_calls_that_hang() -> None:
    do = SandboxDigitalOcean()
    do.start()
    client = Client(do, do.add_cluster("orders"))
    do.faults.add(Fault.hang(times=None))
    with pytest.raises(requests.ReadTimeout):
        client.get(timeout=0.05)
    wait_until_one_hangs(do)
    do.stop()
    assert do.faults.hanging == 0
    client.close()
