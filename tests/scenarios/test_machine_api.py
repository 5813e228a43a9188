"""The API for machines, by the wire: what it takes, what it refuses, and how often."""

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from openapi_spec_validator import validate
from sqlalchemy.exc import OperationalError
from sqlmodel import select
from structlog.testing import capture_logs

from bot.store.tables import IdempotencyKeyRow
from tests.scenarios.jobs import MAIN, Job, Jobs
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import IP, World

Worlds = Callable[[dict[str, Any]], World]
Opens = Callable[..., OpenWorld]
BODY = {"cluster": "orders", "source": IP, "duration": "20m"}


@pytest.fixture
def world(worlds: Worlds, jobs: Jobs) -> World:
    return worlds(jobs.policy())


@pytest.fixture
def job(world: World, jobs: Jobs) -> Job:
    return jobs.job(world)


def kind_of(answer: Any) -> str:
    """Return what kind of problem was answered; that it is a whole problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    return str(problem["type"]).removeprefix("/v1/problems/")


def test_p8_a_wrong_token_is_refused_without_a_word(world: World) -> None:
    calls = [("POST", "/v1/requests"), ("GET", "/v1/requests/1"), ("DELETE", "/v1/requests/1")]
    wrong = (None, "", "Bearer", "Bearer ", "Bearer forged", "Basic Z2l0aHViOng=", "forged")
    for (method, path), header in itertools.product(calls, wrong):
        headers = {} if header is None else {"Authorization": header}
        url = f"{world.service.url}{path}"

        refused = requests.request(method, url, headers=headers, data="{", timeout=30)

        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert refused.json() == {"type": "about:blank", "title": "Unauthorized", "status": 401}


def test_an_issuer_that_is_away_is_said_and_when_to_try_again(job: Job, jobs: Jobs) -> None:
    jobs.issuer.is_away = True

    refused = job.asks()

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert "its issuer doesn't answer" in refused.json()["detail"]


def test_a_database_that_is_away_is_said_and_when_to_try_again(
    world: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("SELECT", None, Exception("connection refused"))

    monkeypatch.setattr("bot.access.machine_service.request_as_machine", away)
    refused = job.asks()

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0


def test_access_that_was_opened_is_said_though_the_database_goes_away_while_a_machine_waits(
    world: World, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("SELECT", None, Exception("connection refused"))

    monkeypatch.setattr("bot.access.machine_service.grants.of_requests", away)
    asked = job.asks(headers={"Prefer": "wait=10"})

    assert (asked.status_code, asked.json()["state"]) == (202, "applying")


def test_what_is_not_there_is_a_problem_document(job: Job) -> None:
    for method, path, status in (
        ("GET", "/v1/requests", 405),
        ("PUT", "/v1/requests/1", 405),
        ("OPTIONS", "/v1/requests", 405),
        ("GET", "/v1/requests/1", 404),
        ("GET", "/v1/requests/99999999999999999999", 404),
        ("DELETE", "/v1/requests/99999999999999999999", 404),
        ("GET", f"/v1/requests/{'9' * 5_000}", 404),
        ("GET", "/v1/requests/-1", 404),
        ("GET", "/v1/requests/\u0661", 404),
        ("GET", "/v1/requests/one", 404),
        ("DELETE", "/v1/requests/1", 404),
        ("GET", "/v1/other", 404),
    ):
        refused = job.calls(method, path)

        assert refused.status_code == status
        kind_of(refused)
        assert status != 405 or refused.headers["Allow"]


def test_a_wrong_body_is_refused_and_all_that_is_wrong_is_said(job: Job) -> None:
    for body, status, kind, pointers in (
        ("", 400, "not_json", []),
        ("{", 400, "not_json", []),
        (b"\xff\xfe", 400, "not_json", []),
        ("[]", 422, "invalid_request", ["#"]),
        ("{}", 422, "invalid_request", ["#/cluster", "#/source", "#/duration"]),
        (
            json.dumps({**BODY, "source": 17, "approve": True, "a/b~": 1}),
            422,
            "invalid_request",
            ["#/source", "#/approve", "#/a~1b~0"],
        ),
        (json.dumps({**BODY, "reason": "x" * 501}), 422, "invalid_request", ["#/reason"]),
        (json.dumps({**BODY, "cluster": "\0" * 8}), 403, "no_machine_policy", []),
        (json.dumps({**BODY, "reason": "x" * 20_000}), 413, "about:blank", []),
    ):
        refused = job.calls("POST", data=body, headers={"Content-Type": "application/json"})

        assert refused.status_code == status
        assert kind_of(refused) == kind
        assert [error["pointer"] for error in refused.json().get("errors", [])] == pointers


def test_what_is_wrong_with_a_body_is_said_in_words(job: Job) -> None:
    refused = job.calls("POST", json={**BODY, "duration": 600, "source": "", "ttl": 5})

    problem = refused.json()
    assert "`errors` says" in problem["detail"]
    assert {one["pointer"]: one["detail"] for one in problem["errors"]} == {
        "#/source": "This is required.",
        "#/duration": 'Write it as text, in double quotes, like "20m".',
        "#/ttl": "No such field. There are cluster, source, duration, reason.",
    }


@pytest.mark.parametrize(
    ("source", "title"), [("2001:db8::1", "IPv6 not taken"), ("10.1.2.3", "Not public")]
)
def test_a_problem_has_a_title_that_can_be_read(job: Job, source: str, title: str) -> None:
    assert job.asks(source).json()["title"] == title


def test_a_refusal_is_in_the_log_with_its_machine(job: Job) -> None:
    with capture_logs() as logs:
        job.asks("10.1.2.3")

    [said] = [one for one in logs if one["event"] == "machine refused"]
    assert (said["why"], said["machine"].startswith("github:")) == ("not_public", True)


def test_only_json_is_read(job: Job) -> None:
    refused = job.calls("POST", data=json.dumps(BODY), headers={"Content-Type": "text/plain"})

    assert refused.status_code == 415


def test_hostile_text_is_kept_on_one_line_and_nothing_else(world: World, job: Job) -> None:
    asked = job.asks(reason="<!channel>\u0000\n`x` <@U0EVE> *y*\u202e")

    assert asked.status_code == 202
    assert "<!channel>" not in world.card.all_text
    assert "<@U0EVE>" not in world.card.all_text


def test_the_caller_is_who_the_proxies_say(opens: Opens, jobs: Jobs) -> None:
    world = opens(jobs.policy(), proxies=1)
    headers = {"X-Forwarded-For": f"198.51.100.66, {IP}"}

    asked = jobs.job(world).asks("caller", headers=headers)

    assert asked.json()["source"] == IP
    assert f"ip_addr:{IP}" in world.sources()


def test_a_caller_that_cannot_be_trusted_is_refused(opens: Opens, jobs: Jobs) -> None:
    job = jobs.job(opens(jobs.policy(), proxies=1))
    for headers, detail in (
        ({}, "Your address isn't known here. Write it, like 203.0.113.4."),
        ({"X-Forwarded-For": "2001:db8::1"}, "2001:db8::1 is an IPv6 address."),
        ({"X-Forwarded-For": "10.1.2.3"}, "10.1.2.3 is a private address."),
    ):
        refused = job.asks("caller", headers=headers)

        assert refused.status_code == 422
        [error] = refused.json()["errors"]
        assert error["pointer"] == "#/source"
        assert detail in error["detail"]


def test_without_proxies_the_caller_is_the_other_end(opens: Opens, jobs: Jobs) -> None:
    world = opens(jobs.policy(allow_private=True), proxies=0)

    refused = jobs.job(world).asks("caller", headers={"X-Forwarded-For": IP})

    assert "127.0.0.1 is a loopback address" in refused.json()["detail"]


@pytest.mark.both_databases
def test_the_same_key_gets_the_same_answer(world: World, job: Job) -> None:
    key = {"Idempotency-Key": '"run 812, attempt 1"'}
    first = job.asks(headers=key)
    job.ends()

    again = job.asks(headers=key)

    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert len(world.grants()) == 1


def test_the_same_key_for_something_else_is_refused(world: World, job: Job) -> None:
    key = {"Idempotency-Key": "812"}
    job.asks(headers=key)

    refused = job.asks(duration="25m", headers=key)

    assert (refused.status_code, kind_of(refused)) == (422, "key_reused")


def test_a_caller_from_elsewhere_asks_for_something_else(opens: Opens, jobs: Jobs) -> None:
    """Otherwise it would read that the address is trusted from which it came before."""
    job = jobs.job(opens(jobs.policy(), proxies=1))
    key = {"Idempotency-Key": "812"}
    assert job.asks("caller", headers={**key, "X-Forwarded-For": IP}).status_code == 202

    again = job.asks("caller", headers={**key, "X-Forwarded-For": IP})
    elsewhere = job.asks("caller", headers={**key, "X-Forwarded-For": "198.51.100.7"})

    assert again.json()["source"] == IP
    assert (elsewhere.status_code, kind_of(elsewhere)) == (422, "key_reused")


def test_a_key_is_its_machines_own(worlds: Worlds, jobs: Jobs) -> None:
    world = worlds(jobs.policy({"machines": [f"{MAIN}*", MAIN], "max_duration": "30m"}))
    key = {"Idempotency-Key": "812"}

    ids = {jobs.job(world, one).asks(headers=key).json()["id"] for one in (MAIN, f"{MAIN}-2")}

    assert ids == {1, 2}


def test_what_was_refused_is_decided_anew(worlds: Worlds, jobs: Jobs) -> None:
    world = worlds(jobs.policy({"machines": ["github:repo:acme/other:*"], "max_duration": "30m"}))
    key = {"Idempotency-Key": "812"}
    assert jobs.job(world).asks(headers=key).status_code == 403

    world.govern(jobs.policy())

    assert jobs.job(world).asks(headers=key).status_code == 202


@pytest.mark.both_databases
def test_a_key_is_kept_for_a_day(world: World, job: Job) -> None:
    key = {"Idempotency-Key": "812"}
    job.asks(headers=key)
    world.pass_time(hours=24, seconds=1)
    world.worker.run_periodic_job("retention")

    assert job.asks(duration="25m", headers=key).json()["id"] == 2
    with world.service.components.database.reading() as session:
        assert len(session.exec(select(IdempotencyKeyRow)).all()) == 1


def test_a_key_that_cannot_be_one_is_refused(job: Job) -> None:
    for key in ('""', "x" * 256, "a\tb"):
        refused = job.asks(headers={"Idempotency-Key": key})

        assert (refused.status_code, kind_of(refused)) == (400, "bad_idempotency_key")


@pytest.mark.both_databases
def test_two_requests_with_one_key_at_once_open_access_once(world: World, job: Job) -> None:
    answers = at_once(world, lambda: post(job, {"Idempotency-Key": "812"}))

    assert set(answers) <= {202, 409}
    assert 202 in answers
    assert len(world.grants()) == 1


@pytest.mark.both_databases
def test_two_requests_at_once_open_access_once(world: World, job: Job) -> None:
    answers = at_once(world, lambda: post(job, {}))

    assert max(answers) == 202
    assert answers.count(202) == 1
    assert len(world.grants()) == 1


def test_a_machine_that_asks_too_often_waits(world: World, job: Job) -> None:
    answers = [post(job, {}) for _ in range(121)]

    assert answers[-1] == 429
    refused = job.asks()
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    world.clock.advance(seconds=61)
    assert job.asks().status_code == 200


def test_who_has_no_token_cannot_ask_for_ever(world: World, job: Job) -> None:
    url = f"{world.service.url}/v1/requests"
    with requests.Session() as session:
        answers = [session.get(f"{url}/1", timeout=30).status_code for _ in range(601)]

    assert (answers[0], answers[-1]) == (401, 429)


def test_whoever_has_a_network_of_ipv6_addresses_is_one_caller(
    opens: Opens, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.api.endpoints._OF_AN_ADDRESS", 3)
    url = f"{opens(jobs.policy(), proxies=1).service.url}/v1/requests/1"

    def answers(*addresses: str) -> list[int]:
        headers = [{"X-Forwarded-For": address} for address in addresses]
        return [requests.get(url, headers=one, timeout=30).status_code for one in headers]

    assert answers(*(f"2001:db8::{host}" for host in range(1, 6))) == [401] * 3 + [429] * 2
    assert answers("2001:db8:0:1::1", "203.0.113.1", "203.0.113.2", IP) == [401] * 4


def test_a_machine_may_wait_for_access_to_open(world: World, job: Job) -> None:
    with world.at_work():
        asked = post_body(job, {"Prefer": "respond-async, wait=10"})

    assert asked["state"] == "active"


def test_who_does_not_ask_to_wait_does_not(job: Job) -> None:
    for prefer in ("", "wait", "wait=", "wait=-1", "respond-async", "await=9"):
        assert post_body(job, {"Prefer": prefer})["state"] == "applying"


def test_the_document_describes_what_there_is(world: World, job: Job) -> None:
    answer = job.calls("GET", "/v1/openapi.json")

    document = answer.json()
    validate(document)
    assert set(document["paths"]) == {"/v1/requests", "/v1/requests/{id}"}
    asked = document["components"]["schemas"]["AccessRequest"]["properties"]
    assert set(asked) == {*BODY, "reason"}


def at_once(world: World, act: Callable[[], int]) -> list[int]:
    """Have several threads do something at the same moment; return what each got."""
    answers: list[int] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        answers.append(act())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.settle()
    return answers


def post(job: Job, headers: dict[str, str]) -> int:
    """Ask, and let nobody work."""
    return int(_post(job, headers).status_code)


def post_body(job: Job, headers: dict[str, str]) -> dict[str, Any]:
    return dict(_post(job, headers).json())


def _post(job: Job, headers: dict[str, str]) -> Any:
    url = f"{job.world.service.url}/v1/requests"
    headers = {"Authorization": f"Bearer {job.token}", **headers}
    return requests.post(url, json=BODY, headers=headers, timeout=30)
