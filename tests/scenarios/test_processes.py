"""The real thing: processes of their own, real time, killed in the middle and started again."""

import json
import os
import pwd
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from bot.domain.labels import label
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.sandbox import utc_now
from dbaccess_playground.faults import Fault
from tests.processes import CONFIG, FOREIGN, TRUSTED, Place
from tests.scenarios.world import ALICE, IP, ORDERS, RITA
from tests.waiting import eventually


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with place.slack, place.digitalocean:
        yield place
        for process in place.processes:
            process.kill()
    assert not place.digitalocean.ever_empty(ORDERS)


# Stories.


def test_the_main_story_is_told_by_a_process_that_then_stops_cleanly(place: Place) -> None:
    process = place.serve(warm=False)
    place.lend("4s")
    place.until_it_ended()

    assert place.told("ends soon") == 1
    assert process.terminate() == 0
    assert place.slack.problems == []
    assert [json.loads(line)["event"] for line in process.lines][-1] == "stopping"
    said = "".join(process.lines)
    for secret in (place.slack.bot_token, place.slack.signing_secret, place.digitalocean.token):
        assert secret not in said


def test_web_and_worker_are_two_processes_on_one_database(place: Place) -> None:
    assert place.run("migrate").returncode == 0
    worker = place.begin("worker")
    web = place.serve("web")

    place.lend("1h")
    assert "#1" in place.reads("list")
    place.types("revoke 1")
    place.until_it_ended()

    assert place.slack.problems == []
    assert web.terminate() == 0
    assert worker.terminate() == 0


def test_a_second_worker_on_one_sqlite_file_does_not_start(place: Place) -> None:
    first = place.serve()

    for command in ("serve", "worker"):
        second = place.begin(command)
        eventually(lambda second=second: not second.lives)  # type: ignore[misc]
        assert second.terminate() == 1
        assert "Another dbaccess is running on " in "".join(second.lines)
        assert "dbaccess.db. Stop it first" in "".join(second.lines)
        assert second.said("started") == []

    first.kill()
    place.serve()  # what a killed process held is free


def test_a_process_that_is_stopped_serves_until_a_balancer_has_noticed(place: Place) -> None:
    process = place.serve(DBACCESS_DRAIN_SECONDS="300")
    assert requests.get(f"{place.slack.bot_url}/healthz", timeout=30).ok

    os.kill(process.pid, signal.SIGTERM)

    eventually(
        lambda: requests.get(f"{place.slack.bot_url}/healthz", timeout=30).status_code == 503
    )
    ready = requests.get(f"{place.slack.bot_url}/readyz", timeout=30)
    assert (ready.status_code, json.loads(ready.text.splitlines()[0])["check"]) == (503, "process")
    assert "No open access" in place.reads("list")
    assert process.said("draining")[0]["seconds"] == 300
    assert process.terminate() == 0  # the second signal: at once


def hold_the_click(place: Place) -> Callable[[], object]:
    """It was acknowledged, and nobody knows yet who clicked."""
    place.slack.faults.add(Fault.hang(target="users.info", times=None))
    return lambda: place.slack.faults.hanging


def hold_the_read(place: Place) -> Callable[[], object]:
    """The grant is there, and nothing was written."""
    place.digitalocean.faults.add(Fault.hang(method="GET", times=None))
    return lambda: place.digitalocean.faults.hanging and " approved*" in place.card().all_text


def hold_the_read_back(place: Place) -> Callable[[], object]:
    """The rule was written, and nothing was recorded."""

    def hang_after_a_write(event: object) -> None:
        if isinstance(event, Change):
            place.digitalocean.faults.add(Fault.hang(method="GET", times=None))
            stop()

    stop = place.digitalocean.subscribe(hang_after_a_write)
    return lambda: place.digitalocean.faults.hanging and TRUSTED in place.sources()


def hold_the_messages(place: Place) -> Callable[[], object]:
    """It works, and nobody was told."""
    place.slack.faults.add(Fault.hang(target="chat.", times=None))
    return lambda: place.slack.faults.hanging and TRUSTED in place.sources()


@pytest.mark.parametrize(
    "hold",
    [hold_the_click, hold_the_read, hold_the_read_back, hold_the_messages],
    ids=["before-the-decision", "before-the-write", "after-the-write", "before-the-messages"],
)
def test_what_a_killed_process_began_is_finished_by_the_next(
    place: Place, hold: Callable[[Place], Callable[[], object]]
) -> None:
    process = place.serve()
    place.types(f"request {IP} 1h orders")
    card = place.card()
    held = hold(place)
    assert place.slack.click(ALICE, card, "Approve").error is None
    eventually(held)
    process.kill()
    place.slack.faults.clear()
    place.digitalocean.faults.clear()

    place.serve()
    place.until_it_works()
    eventually(lambda: place.card().buttons == [])
    assert place.sources() == {*FOREIGN, TRUSTED}

    place.types("revoke 1")
    place.until_it_ended()


def test_what_ran_out_while_nobody_was_there_goes_at_the_next_start(place: Place) -> None:
    process = place.serve()
    place.lend("3s")
    process.kill()
    assert TRUSTED in place.sources()
    time.sleep(3)
    place.serve()
    place.until_it_ended()
    [grant] = json.loads(place.run("grants", "--all", "--json").stdout)
    assert grant["end_reason"] == "expired"


def test_a_worker_answers_who_watches_it_on_a_port_of_its_own(place: Place) -> None:
    assert place.run("migrate").returncode == 0
    worker = place.begin("worker", METRICS_PORT="0")
    url = worker.url()

    ready = eventually(lambda: _when_ok(f"{url}/readyz"))
    assert {json.loads(line)["ok"] for line in ready.text.splitlines()} == {True}
    assert requests.get(f"{url}/healthz", timeout=30).text == "alive\n"
    eventually(lambda: 'dbaccess_reconciles_total{outcome="done"}' in _text(f"{url}/metrics"))
    assert requests.post(f"{url}/slack/events", timeout=30).status_code == 404
    assert worker.terminate() == 0


def _when_ok(url: str) -> requests.Response | None:
    answer = requests.get(url, timeout=30)
    return answer if answer.ok else None


def _text(url: str) -> str:
    return requests.get(url, timeout=30).text


# The command line.


def test_an_operator_sees_and_ends_grants_from_the_command_line(place: Place) -> None:
    place.serve()
    place.lend("1h")

    listed = place.run("grants", "--json")
    [grant] = json.loads(listed.stdout)
    assert listed.returncode == 0
    assert grant | {"id": 1, "cluster": "orders", "source_type": "ip_addr", "source_value": IP} == (
        grant
    )
    assert grant["requester"] == RITA
    assert grant["state"] == "active"
    assert grant["end_reason"] is None
    assert grant["ended_at"] is None
    assert grant["approved_at"] < grant["expires_at"]

    revoked = place.run("revoke", "1", SUDO_USER="alice\x1b[2J\u202e")
    assert revoked.returncode == 0
    place.until_it_ended()
    [ended] = json.loads(place.run("grants", "--all", "--json").stdout)
    assert ended["state"] == "ended"
    assert ended["end_reason"] == "revoked"
    assert ended["ended_at"] is not None

    noted = place.run("audit", "--format", "jsonl").stdout.splitlines()
    [typed] = [row for row in map(json.loads, noted) if row["actor"] == "operator"]
    assert typed["action"] == "grant.ending"
    operator = typed["detail"]["operator"]
    assert operator["account"] == pwd.getpwuid(os.geteuid()).pw_name
    assert operator["host"] == socket.gethostname()
    assert operator["sudo_user"] == "alice [2J", "what an environment says moves no cursor"

    again = place.run("revoke", "1")
    assert again.returncode == 1
    assert "#1 has ended" in again.stderr
    assert place.run("revoke", "one").returncode == 2


def test_a_reconcile_works_where_no_worker_ever_ran(place: Place) -> None:
    place.run("migrate")
    place.digitalocean.add_rule(ORDERS, "ip_addr", IP, str(label("test", 7, utc_now())))
    assert place.run("reconcile").returncode == 0
    assert TRUSTED not in place.sources()


def test_a_dry_run_shows_and_changes_nothing_and_a_reconcile_does_it(place: Place) -> None:
    assert place.run("migrate").returncode == 0
    old = str(label("test", 7, utc_now()))
    place.digitalocean.add_rule(ORDERS, "ip_addr", IP, old)
    process = place.serve()
    eventually(lambda: TRUSTED not in place.sources())
    assert process.terminate() == 0
    place.digitalocean.add_rule(ORDERS, "ip_addr", IP, old)
    before = place.digitalocean.rules(ORDERS)

    dry = place.run("reconcile", "--dry-run")
    assert dry.returncode == 0
    assert f"remove  {IP}" in dry.stdout
    assert place.digitalocean.rules(ORDERS) == before

    done = place.run("reconcile", "--cluster", "orders")
    assert done.returncode == 0
    assert place.sources() == FOREIGN

    place.digitalocean.add_rule(ORDERS, "ip_addr", IP, old)
    place.digitalocean.faults.add(Fault.status(500, method="PUT", times=None))
    failed = place.run("reconcile")
    assert failed.returncode == 1
    assert "orders" in failed.stderr


def test_the_schema_is_made_by_migrate_and_missed_by_those_who_need_it(place: Place) -> None:
    early = place.run("worker")
    assert early.returncode == 1
    assert "dbaccess migrate" in early.stderr

    first, second = place.run("migrate"), place.run("migrate")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "empty" in first.stdout
    assert "empty" not in second.stdout


def test_check_tells_line_by_line_what_is_wrong(place: Place) -> None:
    good = place.run("check")
    assert good.returncode == 0, good.stdout
    assert "FAULT" not in good.stdout

    place.slack.scopes.discard("usergroups:read")
    bad = place.run("check", DIGITALOCEAN_TOKEN="dop_v1_wrong")
    assert bad.returncode == 1
    faults = [line for line in bad.stdout.splitlines() if line.startswith("FAULT")]
    assert any("usergroups:read" in line for line in faults)
    assert any("orders" in line for line in faults)
    assert "dop_v1_wrong" not in bad.stdout + bad.stderr


@pytest.mark.parametrize(
    ("config", "env", "complaint"),
    [
        (CONFIG + 'colour = "red"\n', {}, "dbaccess.toml:13: clusters.orders.colour: unknown key"),
        (CONFIG.replace('"1s"', '"soon"', 1), {}, "dbaccess.toml:8: defaults.min_duration: "),
        (CONFIG.replace('instance = "test"', ""), {}, "dbaccess.toml: instance: is missing"),
        ("[[", {}, "dbaccess.toml: "),
        (CONFIG, {"DBACCESS_CONFIG": "elsewhere.toml"}, "elsewhere.toml: there is no such file"),
        (CONFIG, {"DATABASE_URL": "mysql://h/d"}, "environment: DATABASE_URL: "),
        (CONFIG, {"PORT": "http"}, "environment: PORT: "),
    ],
    ids=["unknown-key", "bad-value", "missing-key", "no-toml", "no-file", "database", "port"],
)
def test_nothing_starts_with_a_configuration_that_makes_no_sense(
    place: Place, config: str, env: dict[str, str], complaint: str
) -> None:
    place.configure(config)
    stopped = place.run("serve", **env)
    assert stopped.returncode == 78, "sysexits.h: a supervisor need not start it again"
    assert complaint in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not (place.folder / "dbaccess.db").exists()
