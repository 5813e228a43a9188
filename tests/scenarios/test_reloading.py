"""SIGHUP: a running process reads dbaccess.toml again, and holds on to the old if it must."""

import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from bot.domain.labels import label
from dbaccess_playground.digitalocean.sandbox import utc_now
from tests.machines.issuer import OidcIssuer, serving
from tests.processes import CONFIG, DBACCESS, FOREIGN, TRUSTED, Place, Process
from tests.scenarios.world import ALICE, ANALYTICS, IP, OFFICE, ORDERS
from tests.stream.siem import SECRET, answers
from tests.stream.siem import serving as serving_siem
from tests.waiting import eventually

ANALYTICS_TOO = f'\n[clusters.analytics]\nid = "{ANALYTICS}"\n'
MACHINES = """
[machines.ci]
issuer = "{url}"
audience = "dbaccess"

[[clusters.orders.auto_approve]]
machines = ["ci:repo:acme/shop:ref:refs/heads/main"]
max_duration = "10m"
"""
RELOADED, REFUSED = "policy reloaded", "policy refused, the old one stays in force"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.digitalocean.add_cluster("analytics", cluster_id=ANALYTICS, rules=[OFFICE])
    with place.slack, place.digitalocean:
        yield place
        for process in place.processes:
            process.kill()
    assert place.slack.problems == []


def reload(place: Place, process: Process, config: str, said: str = RELOADED) -> str:
    """Write another dbaccess.toml, hang up, and return what was logged about it."""
    before = len(process.said(said))
    place.configure(config)
    process.hang_up()
    eventually(lambda: len(process.said(said)) > before)
    return str(process.said(said)[-1])


def reloads(place: Place, outcome: str) -> float:
    metrics = requests.get(f"{place.slack.bot_url}/metrics", timeout=30).text
    start = f'dbaccess_policy_reloads_total{{outcome="{outcome}"}} '
    return float(next(x for x in metrics.splitlines() if x.startswith(start))[len(start) :])


def leave_an_overdue_rule(place: Place) -> Callable[[], bool]:
    """On the cluster analytics, as a worker that watches it would not."""
    old = str(label("test", 7, utc_now()))
    place.digitalocean.add_rule(ANALYTICS, "ip_addr", IP, old)
    return lambda: TRUSTED not in place.digitalocean.sources(ANALYTICS)


def test_who_may_approve_changes_with_the_next_click(place: Place) -> None:
    process = place.serve()
    reload(place, process, CONFIG.replace(ALICE, "U0SOMEONE"))
    place.types(f"request {IP} 1h orders")
    place.slack.click(ALICE, place.card(), "Approve")
    eventually(lambda: "not an approver" in str(place.slack.ephemerals(ALICE)))
    assert place.sources() == FOREIGN

    reload(place, process, CONFIG)
    place.slack.click(ALICE, place.card(), "Approve")

    place.until_it_works()
    assert reloads(place, "applied") == 2


def test_a_cluster_that_comes_into_the_policy_is_watched_at_once(place: Place) -> None:
    process = place.serve()
    went = leave_an_overdue_rule(place)

    reload(place, process, CONFIG + ANALYTICS_TOO)

    eventually(went)
    assert "no cluster" not in place.types(f"request {IP} 1h analytics")


def test_the_grants_of_a_cluster_that_leaves_the_policy_still_end(place: Place) -> None:
    process = place.serve()
    place.lend("1h")
    reload(place, process, CONFIG.replace("orders", "analytics").replace(ORDERS, ANALYTICS))
    assert TRUSTED in place.sources()
    assert "no cluster `orders`" in place.types(f"request {IP} 1h orders")

    place.types("revoke 1")

    place.until_it_ended()


def test_time_runs_out_on_a_cluster_that_has_left_the_policy(place: Place) -> None:
    process = place.serve()
    place.lend("6s")
    reload(place, process, CONFIG.replace("orders", "analytics").replace(ORDERS, ANALYTICS))

    place.until_it_ended()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (CONFIG + 'colour = "red"\n', "dbaccess.toml:13: clusters.orders.colour: unknown key"),
        ("[[", "dbaccess.toml: "),
        (CONFIG.replace('"test"', '"other"'), "instance: cannot change from test to other"),
    ],
    ids=["unknown-key", "no-toml", "instance"],
)
def test_the_old_policy_stays_in_force_where_the_new_one_makes_no_sense(
    place: Place, config: str, reason: str
) -> None:
    process = place.serve()

    assert reason in reload(place, process, config, REFUSED)

    place.lend("1h")
    assert reloads(place, "refused") == 1
    assert reloads(place, "applied") == 0
    assert process.lives


def test_machines_of_an_issuer_that_comes_into_the_policy_get_in(place: Place) -> None:
    with serving(OidcIssuer(now=int(time.time()))) as issuer:
        process = place.serve()
        asked = {"cluster": "orders", "source": IP, "duration": "10m"}

        def status() -> int:
            answer = requests.post(
                f"{place.slack.bot_url}/v1/requests",
                json=asked,
                headers={"Authorization": f"Bearer {issuer.token()}"},
                timeout=30,
            )
            return answer.status_code

        assert status() == 401
        assert issuer.reads == []
        reload(place, process, CONFIG + MACHINES.format(url=issuer.url))
        assert status() == 202
        eventually(lambda: TRUSTED in place.sources())

        reload(place, process, CONFIG)
        assert status() == 401


def test_a_file_that_says_the_same_changes_nothing(place: Place) -> None:
    process = place.serve()
    reload(place, process, CONFIG + "# nothing new\n", "policy unchanged")
    assert reloads(place, "unchanged") == 1


def test_the_stream_is_tried_again_at_once_though_the_file_says_the_same(place: Place) -> None:
    with serving_siem() as siem:
        config = f'{CONFIG}\n[stream]\nurl = "{siem.url}"\n'
        place.configure(config)
        siem.answer = answers(503, Retry_After="3000")
        process = place.serve(DBACCESS_STREAM_SECRET=SECRET)
        place.types(f"request {IP} 1h orders to fill the audit")
        eventually(lambda: siem.arrivals)

        siem.answer = answers(204)
        reload(place, process, config, "policy unchanged")

        eventually(lambda: siem.taken)


def test_web_and_worker_each_read_it_again(place: Place) -> None:
    assert place.run("migrate").returncode == 0
    worker = place.begin("worker")
    web = place.serve("web")
    went = leave_an_overdue_rule(place)

    reload(place, worker, CONFIG + ANALYTICS_TOO)
    eventually(went)
    assert "no cluster `analytics`" in place.reads(f"request {IP} 1h analytics")
    reload(place, web, CONFIG + ANALYTICS_TOO)
    place.types(f"request {IP} 1h analytics")
    place.slack.click(ALICE, place.card(), "Approve")

    place.until_it_works(ANALYTICS)
    assert (web.terminate(), worker.terminate()) == (0, 0)


def test_the_worker_looks_as_often_as_the_new_policy_says(place: Place) -> None:
    """What another process leaves to be told on SQLite is found at a tick, and not before."""
    slow = CONFIG + '\n[scheduler]\ntick = "52w"\ndrift = "52w"\n'
    place.configure(slow)
    process = place.serve()
    place.lend("1h")
    reload(place, process, CONFIG)

    assert place.run("revoke", "1").returncode == 0

    eventually(lambda: place.told("was ended"))


def test_a_process_whose_terminal_is_closed_ends(place: Place) -> None:
    """The same signal tells of that."""
    assert place.run("migrate").returncode == 0
    ours, theirs = pty.openpty()
    take_it = "import fcntl, termios; fcntl.ioctl(2, termios.TIOCSCTTY, 0); " + DBACCESS[-1]
    process = subprocess.Popen(
        [*DBACCESS[:-1], take_it, "serve"],
        cwd=place.folder,
        env=place.env,
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    while b"started" not in said:
        said += os.read(ours, 4096)

    os.close(ours)

    assert process.wait(timeout=20) >= 0, "killed by the signal"  # its last words go nowhere
