"""Row C: N grants that start, and end, together on one cluster, beside what doctl does."""

from datetime import timedelta
from typing import Any

import urllib3

from bench import seeding
from bench.findings import Figure, Finding, Scale, reasons
from bench.world import methods, still_world
from bot.domain.lifecycle import Grant, GrantState, Request, RequestState
from bot.domain.people import Person, Standing
from bot.domain.sources import SourceType, TrustedSource
from bot.store import clusters, grants, requests
from bot.store.tables import DecisionRow
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from tests.scenarios.world import ALICE, ORDERS, RITA, World

_HOUR = timedelta(hours=1)


def measure(scale: Scale) -> Finding:
    """Count the calls of both ways."""
    figures, unmet = [], []
    for count in (1, 10) if scale.quick else (1, 10, 90):
        ours, theirs = _ours(count), _doctls(count)
        for what, calls in ours.items():
            if calls != 3:
                unmet.append(f"{count} {what} cost {calls} calls")
        figures.append(Figure(f"N = {count}", *(_beside(ours, theirs, what) for what in ours)))
    goal = "3 calls for N grants that start or end together, whatever N (doctl: 2N)"
    columns = ("starts: dbaccess; doctl", "ends: dbaccess; doctl", "")
    return Finding("C", goal, tuple(figures), reasons(*unmet), columns=columns)


def _ours(count: int) -> dict[str, int]:
    with still_world() as world:
        before = len(world.digitalocean.calls)
        _approve(world, count)
        world.settle()
        started = len(methods(world, since=before))
        world.pass_time(minutes=30)  # the looks after the write are over
        before = len(world.digitalocean.calls)
        world.clock.advance(minutes=30)
        world.settle()
        ended = len(methods(world, since=before))
        if any(grant.state is not GrantState.ENDED for grant in world.grants()):
            ended = -1
    return {"starts": started, "ends": ended}


def _approve(world: World, count: int) -> None:
    now = world.clock.now()
    with world.service.components.database.transaction() as session:
        for number in range(1, count + 1):
            source = TrustedSource(SourceType.IP_ADDR, seeding.address(number))
            request = requests.add(
                session,
                Request(
                    id=requests.NEXT,
                    cluster="orders",
                    source=source,
                    duration=_HOUR,
                    requester=RITA,
                    created_at=now,
                    lapses_at=now + _HOUR,
                    state=RequestState.APPROVED,
                    concerned=(Person(RITA, Standing.MEMBER), Person(ALICE, Standing.MEMBER)),
                ),
            )
            session.add(DecisionRow(**seeding.approval(request.id, now)))
            grant: Grant = requests.new_grant(request, cluster_id=ORDERS, at=now)
            grants.add(session, grant)
        clusters.mark_due(session, ORDERS, "orders", now)


def _doctls(count: int) -> dict[str, int]:
    """Append and remove one after the other, as a script around doctl does."""
    with SandboxDigitalOcean() as digitalocean:
        cluster = digitalocean.add_cluster("orders")
        url = f"{digitalocean.url}/v2/databases/{cluster}/firewall"
        api = _Api(url, digitalocean.token)
        for number in range(1, count + 1):
            api.replace([*api.rules(), {"type": "ip_addr", "value": seeding.address(number)}])
        started = len(digitalocean.calls)
        for number in range(1, count + 1):
            api.replace([rule for rule in api.rules() if rule["value"] != seeding.address(number)])
        return {"starts": started, "ends": len(digitalocean.calls) - started}


class _Api:
    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(headers={"Authorization": f"Bearer {token}"})

    def rules(self) -> list[dict[str, str]]:
        read: dict[str, Any] = self._pool.request("GET", self._url).json()
        return [{key: rule[key] for key in ("uuid", "type", "value")} for rule in read["rules"]]

    def replace(self, rules: list[dict[str, str]]) -> None:
        self._pool.request("PUT", self._url, json={"rules": rules})


def _beside(ours: dict[str, int], theirs: dict[str, int], what: str) -> str:
    return f"{ours[what]}; {theirs[what]}"
