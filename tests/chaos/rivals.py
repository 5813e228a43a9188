"""Rivals: other tools and people that write the same list of rules, each in its own way.

They go over HTTP, as the bot does. What a rival does is drawn from a seed; when it does it is up to
the machine.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from random import Random
from typing import Self

import requests

from dbaccess_playground.digitalocean import tool_bodies
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from tests.chaos.line import Record, Rules, Witness

Act = Callable[["Rival"], None]
_THEIRS = [f"198.51.100.{number}" for number in range(100, 106)]
_PERSONS = [f"198.51.100.{number}" for number in range(200, 206)]
_OWNED_BY_TERRAFORM = [("ip_addr", "198.51.100.7"), ("tag", "backend")]


class Rival:
    """Acts again and again, with pauses, until it is to rest."""

    def __init__(
        self, name: str, act: Act, rng: Random, url: str, cluster_id: str, token: str
    ) -> None:
        self._act = act
        self._url = f"{url}/v2/databases/{cluster_id}/firewall"
        self.cluster_id = cluster_id
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {token}", "User-Agent": name})
        self._resting = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.rng = rng
        self.refused = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def rest(self) -> None:
        """Finish what is under way, and stop."""
        self._resting.set()
        self._thread.join()
        self._session.close()

    def read(self) -> Rules:
        """Return the list as the API has it."""
        rules: Rules = self._session.get(self._url, timeout=10).json()["rules"]
        return rules

    def write(self, rules: Rules) -> None:
        """Replace the list."""
        self.refused += not self._session.put(self._url, json={"rules": rules}, timeout=10).ok

    def think(self, least: float, most: float) -> None:
        """Let some time pass, in seconds."""
        self._resting.wait(self.rng.uniform(least, most))

    def _run(self) -> None:
        while not self._resting.is_set():
            self._act(self)
            self.think(0.2, 1.2)


def doctl(rival: Rival) -> None:
    """`doctl databases firewalls append` or `remove`: reads, and writes without descriptions."""
    value = rival.rng.choice(_THEIRS)
    read = rival.read()
    rival.think(0.0, 0.6)
    uuids = {rule["value"]: rule["uuid"] for rule in read}
    if value in uuids:
        rival.write(tool_bodies.doctl_without(read, uuids[value]))
    else:
        rival.write(tool_bodies.doctl_appended(read, rival.cluster_id, "ip_addr", value))


def terraform(rival: Rival) -> None:
    """`terraform apply`: only what its configuration has, if anything else is there.

    It was told of the foreign rules, so it keeps them; of the bot nobody told it.
    """
    rival.think(1.0, 3.0)
    known = {*_THEIRS, *_PERSONS}
    read = rival.read()
    foreign = [("ip_addr", rule["value"]) for rule in read if rule["value"] in known]
    wanted = tool_bodies.terraform_applied(read, [*_OWNED_BY_TERRAFORM, *foreign])
    if wanted is not None:
        rival.write(wanted)


def person(rival: Rival) -> None:
    """Somebody in the control panel, who describes what they add."""
    value = rival.rng.choice(_PERSONS)
    read = rival.read()
    others = [rule for rule in read if rule["value"] != value]
    note = f"for ticket {rival.rng.randrange(1000)}"
    added: Rules = [{"type": "ip_addr", "value": value, "description": note}]
    rival.write(others if len(others) < len(read) else [*read, *added])


class Rivals:
    """All of them at one cluster, each with a witness; they rest at the end of the block."""

    def __init__(
        self, cloud: SandboxDigitalOcean, cluster_id: str, record: Record, *, seed: int
    ) -> None:
        self._open = ExitStack()
        self._cloud = cloud
        self._cluster_id = cluster_id
        self._record = record
        acts: Sequence[Act] = (doctl, doctl, terraform, person)
        self._acts = [(act, Random(f"{seed} {n}")) for n, act in enumerate(acts)]  # noqa: S311

    def __enter__(self) -> Self:
        for number, (act, rng) in enumerate(self._acts):
            name = f"{act.__name__} {number}"
            witness = self._open.enter_context(Witness(name, self._cloud.url, self._record))
            rival = Rival(name, act, rng, witness.url, self._cluster_id, self._cloud.token)
            self._open.callback(rival.rest)
            rival.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
