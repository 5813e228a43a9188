"""What DigitalOcean says about the things in an account, as believable JSON objects."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

REGION = "fra1"
PASSWORD = "sandbox-password"
CA_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBojCCAUmgAwIBAgIUDMzjJ4kStso/ZHviDpH4j3YACtcwCgYIKoZIzj0EAwIw
JjEkMCIGA1UEAwwbZGJhY2Nlc3Mgc2FuZGJveCBQcm9qZWN0IENBMCAXDTI2MTEy
NTAxMjgyNFoYDzIxMjYxMTAxMDEyODI0WjAmMSQwIgYDVQQDDBtkYmFjY2VzcyBz
YW5kYm94IFByb2plY3QgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ7XTIR
7mqgojMHwL6Ym3E5jQaj3FaB2ek6qx3slSNMliCly5zA7T2q+LVtekAgaFN66ERm
RHKl/aRNiZjRItIYo1MwUTAdBgNVHQ4EFgQUMgJPKhTKpdg1Qs3DvdnBPgC68FAw
HwYDVR0jBBgwFoAUMgJPKhTKpdg1Qs3DvdnBPgC68FAwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNHADBEAiBlb1ttOUyzRdXFUf+SFM2vuE3zmys0LsOMEqeY
Z9QDLAIgbynWU9AvO3qbAVQ2V/EQ6ojJniQiheuJ2b6urpAGmD8=
-----END CERTIFICATE-----
"""
# engine: version, port, database, start of the URI, its options
ENGINES = {
    "pg": ("17", 25060, "defaultdb", "postgresql", "?sslmode=require"),
    "mysql": ("8", 25060, "defaultdb", "mysql", "?ssl-mode=REQUIRED"),
    "valkey": ("8", 25061, "", "rediss", ""),
    "mongodb": ("7", 27017, "admin", "mongodb+srv", "?tls=true&authSource=admin"),
    "kafka": ("3.8", 25073, "", "kafka+ssl", ""),
    "opensearch": ("2", 25060, "", "https", ""),
}


def account() -> dict[str, Any]:
    """The account that the token belongs to."""
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


def certificate() -> dict[str, str]:
    """The CA certificate of every sandbox cluster, in base64 as the API gives it."""
    return {"certificate": base64.b64encode(CA_CERTIFICATE.encode()).decode()}


def database_cluster(cluster_id: str, name: str, engine: str, created_at: str) -> dict[str, Any]:
    """A cluster without its rules; KeyError for an engine the sandbox does not know."""
    version, port, *_ = ENGINES[engine]
    host = f"{name}-do-user-4915-0.g.db.ondigitalocean.com"
    return {
        "id": cluster_id,
        "name": name,
        "engine": engine,
        "version": version,
        "semantic_version": f"{version}.0",
        "num_nodes": 1,
        "size": "db-s-1vcpu-2gb",
        "region": REGION,
        "status": "online",
        "created_at": created_at,
        "storage_size_mib": 30720,
        "db_names": ["defaultdb"],
        "tags": [],
        "private_network_uuid": str(uuid4()),
        "project_id": str(uuid4()),
        "maintenance_window": {"day": "sunday", "hour": "03:00:00", "pending": False},
        "connection": _connection(engine, host, port),
        "private_connection": _connection(engine, f"private-{host}", port),
        "users": [{"name": "doadmin", "role": "primary", "password": PASSWORD}],
    }


def droplet(droplet_id: int, name: str, created_at: str) -> dict[str, Any]:
    """A small running Droplet with one public address."""
    network = {"ip_address": "203.0.113.200", "netmask": "255.255.255.0", "type": "public"}
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
        "networks": {"v4": [{**network, "gateway": "203.0.113.1"}], "v6": []},
        "region": {
            "name": "Frankfurt 1",
            "slug": REGION,
            "features": [],
            "available": True,
            "sizes": ["s-1vcpu-1gb"],
        },
        "tags": [],
    }


def kubernetes_cluster(cluster_id: str, name: str, created_at: str) -> dict[str, Any]:
    """A running Kubernetes cluster with one pool of nodes."""
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
    """A tag on nothing so far."""
    return {"name": name, "resources": {"count": 0}}


def app(app_id: str, name: str, created_at: str) -> dict[str, Any]:
    """An App Platform app."""
    return {"id": app_id, "spec": {"name": name}, "created_at": created_at}


def _connection(engine: str, host: str, port: int) -> dict[str, Any]:
    _, _, database, scheme, options = ENGINES[engine]
    return {
        "uri": f"{scheme}://doadmin:{PASSWORD}@{host}:{port}/{database}{options}",
        "database": database,
        "host": host,
        "port": port,
        "user": "doadmin",
        "password": PASSWORD,
        "ssl": True,
    }
