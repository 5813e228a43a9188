"""The JSON of a database cluster, including its passwords, as in the API."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from dbaccess_playground.digitalocean.resource_json import REGION

PASSWORD = "AVNS_sandbox-password"
ACCESS_KEY = "-----BEGIN PRIVATE KEY-----\nc2FuZGJveC1rZXk=\n-----END PRIVATE KEY-----\n"
SECRETS = (PASSWORD, ACCESS_KEY)
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


@dataclass(frozen=True)
class Engine:
    """What clusters of one engine have in common."""

    version: str
    port: int
    uri: str
    database: str = ""
    user: str = "doadmin"
    domain: str = "g.db.ondigitalocean.com"


_DATABASE = "{user}:{password}@{host}:{port}/{database}"
ENGINES = {
    "pg": Engine("17", 25060, f"postgresql://{_DATABASE}?sslmode=require", "defaultdb"),
    "mysql": Engine("8", 25060, f"mysql://{_DATABASE}?ssl-mode=REQUIRED", "defaultdb"),
    "redis": Engine("7", 25061, "rediss://{user}:{password}@{host}:{port}", user="default"),
    "valkey": Engine("8", 25061, "rediss://{user}:{password}@{host}:{port}", user="default"),
    "mongodb": Engine(
        "7",
        27017,
        "mongodb+srv://{user}:{password}@{host}/{database}?tls=true&authSource=admin",
        "admin",
        domain="mongo.ondigitalocean.com",
    ),
    "kafka": Engine("3.8", 25073, "kafka+ssl://{user}:{password}@{host}:{port}"),
    "opensearch": Engine("2", 25060, "https://{user}:{password}@{host}:{port}"),
}


def certificate() -> dict[str, str]:
    """Return the CA certificate of every sandbox cluster, in base64 as in the API."""
    return {"certificate": base64.b64encode(CA_CERTIFICATE.encode()).decode()}


def database_cluster(cluster_id: str, name: str, engine: str, created_at: str) -> dict[str, Any]:
    """Return a cluster without its rules; KeyError for an unknown engine."""
    shown = ENGINES[engine]
    host = f"{name}-do-user-4915-0.{shown.domain}"
    cluster = {
        "id": cluster_id,
        "name": name,
        "engine": engine,
        "version": shown.version,
        "semantic_version": f"{shown.version}.0",
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
        "connection": _connection(shown, host),
        "private_connection": _connection(shown, f"private-{host}"),
        "users": [_user(engine, shown.user)],
    }
    if engine == "opensearch":
        cluster["ui_connection"] = _service(f"ui-{host}", 443)
    if engine == "kafka":
        cluster["schema_registry_connection"] = _service(host, 25065)
    return cluster


def _connection(engine: Engine, host: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "database": engine.database,
        "host": host,
        "port": engine.port,
        "user": engine.user,
        "password": PASSWORD,
        "ssl": True,
    }
    return {"uri": engine.uri.format(**said), **said}


def _service(host: str, port: int) -> dict[str, Any]:
    said = {"host": host, "port": port, "user": "doadmin", "password": PASSWORD, "ssl": True}
    return {"uri": f"https://doadmin:{PASSWORD}@{host}:{port}", **said}


def _user(engine: str, name: str) -> dict[str, Any]:
    user: dict[str, Any] = {"name": name, "role": "primary", "password": PASSWORD}
    if engine == "mysql":
        user["mysql_settings"] = {"auth_plugin": "caching_sha2_password"}
    if engine == "kafka":
        user |= {"access_cert": CA_CERTIFICATE, "access_key": ACCESS_KEY}
    return user
