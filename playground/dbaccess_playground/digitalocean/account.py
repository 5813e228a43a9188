"""What an account has besides its database clusters, as the API lists it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from dbaccess_playground.digitalocean import resource_json
from dbaccess_playground.digitalocean.firewall import api_time


class Account:
    """Droplets, Kubernetes clusters, tags and apps; `clock` returns aware UTC datetimes."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._resources: dict[str, dict[str, dict[str, Any]]] = {}

    def add_droplet(self, name: str, droplet_id: int, **more: Any) -> None:
        """List a Droplet under `/v2/droplets`; *more*: its `address`, `private` and `tags`."""
        droplet = resource_json.droplet(droplet_id, name, api_time(self._clock()), **more)
        self._add_resource("droplets", str(droplet_id), droplet)

    def remove_droplet(self, droplet_id: int) -> None:
        """Destroy a Droplet."""
        with self._lock:
            del self._resources["droplets"][str(droplet_id)]

    def tag_droplet(self, droplet_id: int, *tags: str) -> None:
        """Give a Droplet these tags and no others."""
        with self._lock:
            self._resources["droplets"][str(droplet_id)]["tags"] = list(tags)

    def add_kubernetes_cluster(self, name: str, cluster_id: str | None = None) -> str:
        """List a Kubernetes cluster under `/v2/kubernetes/clusters`; return its UUID."""
        cluster_id = cluster_id or str(uuid4())
        cluster = resource_json.kubernetes_cluster(cluster_id, name, api_time(self._clock()))
        self._add_resource("kubernetes_clusters", cluster_id, cluster)
        return cluster_id

    def add_tag(self, name: str) -> None:
        """List a tag under `/v2/tags`."""
        self._add_resource("tags", name, resource_json.tag(name))

    def add_app(self, name: str, app_id: str | None = None) -> str:
        """List an app under `/v2/apps`; return its UUID."""
        app_id = app_id or str(uuid4())
        self._add_resource("apps", app_id, resource_json.app(app_id, name, api_time(self._clock())))
        return app_id

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return a list of `/v2/`: databases, droplets, kubernetes_clusters, tags or apps."""
        with self._lock:
            return list(self._resources.get(kind, {}).values())

    def _add_resource(self, kind: str, name: str, thing: dict[str, Any]) -> None:
        with self._lock:
            self._resources.setdefault(kind, {})[name] = thing
