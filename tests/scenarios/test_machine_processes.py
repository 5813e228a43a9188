"""Machines and processes of their own: curl alone, real time, and a process that is killed."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from dbaccess_playground.faults import Fault
from tests.processes import CONFIG, FOREIGN, TRUSTED, Place
from tests.scenarios.jobs import MAIN, Jobs
from tests.scenarios.test_processes import hold_the_read_back
from tests.scenarios.world import IP, ORDERS
from tests.waiting import eventually

CONFIG_OF_MACHINES = """
[machines.github]
issuer = "{issuer}"
audience = "dbaccess"

[[clusters.orders.auto_approve]]
machines = ["{machine}"]
max_duration = "1h"
"""
BODY = {"cluster": "orders", "source": IP, "duration": "20m"}


@pytest.fixture
def place(tmp_path: Path, jobs: Jobs) -> Iterator[Place]:
    place = Place(tmp_path)
    machines = CONFIG_OF_MACHINES.format(issuer=jobs.issuer.url, machine=MAIN)
    place.configure(CONFIG + machines)
    with place.slack, place.digitalocean:
        yield place
        for process in place.processes:
            process.kill()
    assert not place.digitalocean.ever_empty(ORDERS)


def hold_the_write(place: Place) -> Callable[[], object]:
    """Access was approved, and nothing was written."""
    place.digitalocean.faults.add(Fault.hang(method="GET", times=None))
    return lambda: place.digitalocean.faults.hanging


def token_of(jobs: Jobs) -> str:
    jobs.issuer.now = int(time.time())
    return jobs.issuer.token()


def curl(place: Place, jobs: Jobs, path: str, *arguments: str) -> dict[str, Any]:
    """Call the API as a job does, with curl and nothing else; return what it printed."""
    program = shutil.which("curl")
    assert program is not None
    headers = ["-H", f"Authorization: Bearer {token_of(jobs)}", "-H", "Prefer: wait=20"]
    url = f"{place.slack.bot_url}/v1/requests{path}"
    command = [program, "-sS", "--fail-with-body", *headers, *arguments, url]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return dict(json.loads(said.stdout))


def test_a_job_on_a_fresh_machine_gets_in_and_out_with_curl_alone(place: Place, jobs: Jobs) -> None:
    place.serve(DBACCESS_TRUSTED_PROXIES="1")
    body = json.dumps({**BODY, "source": "caller"})
    sent = ("-H", "Content-Type: application/json", "-H", f"X-Forwarded-For: {IP}", "-d", body)

    access = curl(place, jobs, "", *sent)

    assert access["state"] == "active"
    assert place.sources() == {*FOREIGN, TRUSTED}
    assert curl(place, jobs, f"/{access['id']}", "-X", "DELETE")["state"] in ("removing", "ended")
    eventually(lambda: place.sources() == FOREIGN)


@pytest.mark.parametrize(
    "hold", [hold_the_write, hold_the_read_back], ids=["before-the-write", "after-the-write"]
)
def test_what_a_killed_process_began_for_a_machine_is_finished_by_the_next(
    place: Place, jobs: Jobs, hold: Callable[[Place], Callable[[], object]]
) -> None:
    process = place.serve()
    held = hold(place)
    headers = {"Authorization": f"Bearer {token_of(jobs)}", "Idempotency-Key": "run 812"}
    url = f"{place.slack.bot_url}/v1/requests"
    first = requests.post(url, json=BODY, headers=headers, timeout=30)
    eventually(held)
    process.kill()
    place.digitalocean.faults.clear()

    place.serve()
    headers["Authorization"] = f"Bearer {token_of(jobs)}"
    url = f"{place.slack.bot_url}/v1/requests"
    again = requests.post(url, json=BODY, headers=headers, timeout=30)

    assert (again.status_code, again.json()) == (202, first.json())
    assert curl(place, jobs, "/1")["state"] == "active"
    assert place.sources() == {*FOREIGN, TRUSTED}
    assert len(json.loads(place.run("grants", "--all", "--json").stdout)) == 1


def test_a_token_stands_in_no_log(place: Place, jobs: Jobs) -> None:
    process = place.serve()
    token = token_of(jobs)
    for given in (token, f"{token}x"):
        headers = {"Authorization": f"Bearer {given}"}
        requests.get(f"{place.slack.bot_url}/v1/requests/1", headers=headers, timeout=30)

    assert process.terminate() == 0

    said = "".join(process.lines)
    assert process.said("token refused")
    for part in token.split("."):
        assert part not in said
