"""The JSON of other resources, as in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

REGION = "fra1"


def account() -> dict[str, Any]:
    """Return the account that the token belongs to."""
    return {
        "droplet_limit": 25,
        "floating_ip_limit": 5,
        "email": "sammy@example.com",
        "name": "Sammy the Shark",
        "uuid": "b6f189dbf6d9156cace5f3c78dc9851d957381ef",
        "email_verified": True,
        "status": "active",
        "status_message": "",
        "team": {"uuid": "5df3e3004a17e242b7c20ca6c9fc25b701a47ece", "name": "Sandbox"},
    }


def droplet(
    droplet_id: int,
    name: str,
    created_at: str,
    *,
    address: str = "203.0.113.200",
    private: str = "10.110.0.2",
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a small running Droplet, with a public address and one in its VPC."""
    networks = [_network(private, "private"), _network(address, "public")]
    return {
        "id": droplet_id,
        "name": name,
        "memory": 1024,
        "vcpus": 1,
        "disk": 25,
        "locked": False,
        "status": "active",
        "created_at": created_at,
        "features": [],
        "backup_ids": [],
        "next_backup_window": {},
        "snapshot_ids": [],
        "volume_ids": [],
        "image": {"id": 63663980, "name": "24.04 (LTS) x64", "distribution": "Ubuntu"},
        "size": {
            "slug": "s-1vcpu-1gb",
            "memory": 1024,
            "vcpus": 1,
            "disk": 25,
            "transfer": 1.0,
            "price_monthly": 6.0,
            "price_hourly": 0.00893,
            "regions": [REGION],
            "available": True,
            "description": "Basic",
        },
        "size_slug": "s-1vcpu-1gb",
        "networks": {"v4": networks, "v6": []},
        "region": {
            "name": "Frankfurt 1",
            "slug": REGION,
            "features": [],
            "available": True,
            "sizes": ["s-1vcpu-1gb"],
        },
        "tags": list(tags),
    }


def _network(address: str, kind: str) -> dict[str, str]:
    gateway = f"{address.rpartition('.')[0]}.1"
    return {"ip_address": address, "netmask": "255.255.255.0", "gateway": gateway, "type": kind}


def kubernetes_cluster(cluster_id: str, name: str, created_at: str) -> dict[str, Any]:
    """Return a running Kubernetes cluster with one pool of nodes."""
    pool = {"id": str(uuid4()), "name": "pool", "size": "s-2vcpu-4gb", "count": 3, "nodes": []}
    return {
        "id": cluster_id,
        "name": name,
        "region": REGION,
        "version": "1.33.1-do.0",
        "node_pools": [pool],
        "status": {"state": "running"},
        "created_at": created_at,
        "updated_at": created_at,
    }


def tag(name: str) -> dict[str, Any]:
    """Return a tag without resources."""
    return {"name": name, "resources": {"count": 0}}


def app(app_id: str, name: str, created_at: str) -> dict[str, Any]:
    """Return an App Platform app."""
    return {"id": app_id, "spec": {"name": name}, "created_at": created_at}
