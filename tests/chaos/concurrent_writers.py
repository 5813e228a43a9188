"""Concurrent writers: other tools and people that write the same list, each in its own way.

They go over HTTP, as the bot does. A seed decides what each of them does, but not when.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from random import Random
from typing import Self

import requests

from dbaccess_playground.digitalocean import tool_bodies
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from tests.chaos.recording_proxy import RecordingProxy, Rules, TrafficLog

Act = Callable[["Writer"], None]
_THEIRS = [f"198.51.100.{number}" for number in range(100, 106)]
_PERSONS = [f"198.51.100.{number}" for number in range(200, 206)]
_OWNED_BY_TERRAFORM = [("ip_addr", "198.51.100.7"), ("tag", "backend")]


class Writer:
    """Acts again and again, with pauses, until it is to stop."""

    def __init__(
        self, name: str, act: Act, rng: Random, url: str, cluster_id: str, token: str
    ) -> None:
        self._act = act
        self._url = f"{url}/v2/databases/{cluster_id}/firewall"
        self.cluster_id = cluster_id
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {token}", "User-Agent": name})
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.rng = rng
        self.refused = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, and stop."""
        self._stopping.set()
        self._thread.join()
        self._session.close()

    def read(self) -> Rules:
        """Return the list as the API has it."""
        rules: Rules = self._session.get(self._url, timeout=10).json()["rules"]
        return rules

    def write(self, rules: Rules) -> None:
        """Replace the list."""
        self.refused += not self._session.put(self._url, json={"rules": rules}, timeout=10).ok

    def pause(self, least: float, most: float) -> None:
        """Let some time pass, in seconds."""
        self._stopping.wait(self.rng.uniform(least, most))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._act(self)
            self.pause(0.2, 1.2)


def doctl(writer: Writer) -> None:
    """`doctl databases firewalls append` or `remove`: reads, and writes without descriptions."""
    value = writer.rng.choice(_THEIRS)
    read = writer.read()
    writer.pause(0.0, 0.6)
    uuids = {rule["value"]: rule["uuid"] for rule in read}
    if value in uuids:
        writer.write(tool_bodies.doctl_without(read, uuids[value]))
    else:
        writer.write(tool_bodies.doctl_appended(read, writer.cluster_id, "ip_addr", value))


def terraform(writer: Writer) -> None:
    """`terraform apply`: only what its configuration has, if anything else is there.

    It was told of the foreign rules, so it keeps them; of the bot nobody told it.
    """
    writer.pause(1.0, 3.0)
    known = {*_THEIRS, *_PERSONS}
    read = writer.read()
    foreign = [("ip_addr", rule["value"]) for rule in read if rule["value"] in known]
    wanted = tool_bodies.terraform_applied(read, [*_OWNED_BY_TERRAFORM, *foreign])
    if wanted is not None:
        writer.write(wanted)


def person(writer: Writer) -> None:
    """Somebody in the control panel, who describes what they add."""
    value = writer.rng.choice(_PERSONS)
    read = writer.read()
    others = [rule for rule in read if rule["value"] != value]
    note = f"for ticket {writer.rng.randrange(1000)}"
    added: Rules = [{"type": "ip_addr", "value": value, "description": note}]
    writer.write(others if len(others) < len(read) else [*read, *added])


class Writers:
    """All of them at one cluster, each with a proxy; they stop at the end of the block."""

    def __init__(
        self, cloud: SandboxDigitalOcean, cluster_id: str, traffic: TrafficLog, *, seed: int
    ) -> None:
        self._open = ExitStack()
        self._cloud = cloud
        self._cluster_id = cluster_id
        self._traffic = traffic
        acts: Sequence[Act] = (doctl, doctl, terraform, person)
        self._acts = [(act, Random(f"{seed} {n}")) for n, act in enumerate(acts)]  # noqa: S311

    def __enter__(self) -> Self:
        for number, (act, rng) in enumerate(self._acts):
            name = f"{act.__name__} {number}"
            proxy = self._open.enter_context(RecordingProxy(name, self._cloud.url, self._traffic))
            writer = Writer(name, act, rng, proxy.url, self._cluster_id, self._cloud.token)
            self._open.callback(writer.stop)
            writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
