from datetime import UTC, datetime, timedelta

import requests

from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean

TIMEOUT_SECONDS = 10


def ask(do: SandboxDigitalOcean) -> requests.Response:
    headers = {"Authorization": f"Bearer {do.token}"}
    return requests.get(f"{do.url}/v2/account", headers=headers, timeout=TIMEOUT_SECONDS)


def test_the_headers_count_the_allowance_of_an_hour_down() -> None:
    nine = datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)
    with SandboxDigitalOcean(clock=lambda: nine) as do:
        answers = [ask(do) for _ in range(3)]
    remaining = [int(answer.headers["ratelimit-remaining"]) for answer in answers]
    assert remaining == [4999, 4998, 4997]
    ten = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert int(answers[0].headers["ratelimit-reset"]) == ten.timestamp()


def test_past_the_rate_limit_calls_are_refused_until_the_window_ends() -> None:
    now = datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)
    with SandboxDigitalOcean(clock=lambda: now, rate_limit_per_minute=2) as do:
        assert [ask(do).status_code for _ in range(2)] == [200, 200]
        refused = ask(do)
        assert (refused.status_code, refused.json()["id"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "55"
        assert refused.headers["ratelimit-remaining"] == "0"
        now += timedelta(seconds=55)
        assert ask(do).status_code == 200


def test_refused_calls_are_written_down_and_do_nothing() -> None:
    with SandboxDigitalOcean(rate_limit_per_minute=0) as do:
        cluster = do.add_cluster("orders", rules=[{"type": "tag", "value": "backend"}])
        answer = requests.put(
            f"{do.url}/v2/databases/{cluster}/firewall",
            headers={"Authorization": f"Bearer {do.token}"},
            json={"rules": []},
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.status_code == 429
        assert [call.status for call in do.calls] == [429]
        assert do.sources(cluster) == {"tag:backend"}
