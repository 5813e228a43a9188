"""Machines that may reach a cluster: Droplets, Kubernetes clusters, tags and apps."""

from collections.abc import Callable
from typing import Any

from dbaccess_playground.faults import Fault
from tests.scenarios.forms import chooses, opened
from tests.scenarios.world import ANALYTICS, ORDERS, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
SHOP, JOBS = 418230517, 423907118
KUBERNETES = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"
APP = "4f6c71e2-1e90-4762-9fee-6cc4a0a9f2cf"
MACHINES = ["ip_addr", "droplet", "k8s", "tag", "app"]


def with_machines(
    worlds: Worlds, fault: Fault | None = None, only: str | None = None, **analytics: Any
) -> World:
    """Return a world in which `analytics` may be reached from machines, *only* of one kind."""
    kinds = [only] if only else MACHINES
    clusters = {
        "orders": {"id": ORDERS},
        "analytics": {"id": ANALYTICS, "source_types": kinds, **analytics},
    }
    world = worlds(policy(clusters))
    world.digitalocean.add_droplet("shop-web-1", SHOP)
    world.digitalocean.add_droplet("nightly-jobs", JOBS)
    world.digitalocean.add_tag("reporting")
    world.digitalocean.add_kubernetes_cluster("shop-production", KUBERNETES)
    world.digitalocean.add_app("invoice-portal", APP)
    if fault:
        world.digitalocean.faults.add(fault)
    world.restart()  # the names are read when the bot starts
    return world


def picks(world: World, kind: str, *, by: str = RITA) -> dict[str, Any]:
    """Open the form and choose a kind of source; return the form."""
    opened(world, by=by)
    chooses(world, "cluster", "analytics", by=by)
    return chooses(world, "kind", kind, by=by)


def texts(options: list[dict[str, Any]]) -> list[str]:
    return [option["text"]["text"] for option in options]
