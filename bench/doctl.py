"""The calls of `doctl databases firewalls`, replayed: each reads the whole list, and writes it.

    python -m bench.doctl append|remove CLUSTER ADDRESS

`DIGITALOCEAN_API_URL` and `DIGITALOCEAN_ACCESS_TOKEN` say where and as whom. `remove` lists the
rules first, as a script has to that knows only the address.
"""

import json
import os
import sys
from typing import Any
from urllib.request import Request, urlopen

Rules = list[dict[str, Any]]


def main() -> None:
    """Do what the command line says."""
    verb, cluster, address = sys.argv[1:]
    if verb == "append":
        _write(cluster, [*_read(cluster), {"type": "ip_addr", "value": address}])
    else:
        chosen = {rule["uuid"] for rule in _read(cluster) if rule["value"] == address}
        _write(cluster, [rule for rule in _read(cluster) if rule["uuid"] not in chosen])


def _read(cluster: str) -> Rules:
    rules: Rules = json.loads(_call(cluster, "GET"))["rules"]
    return rules


def _write(cluster: str, rules: Rules) -> None:
    _call(cluster, "PUT", json.dumps({"rules": rules}).encode())


def _call(cluster: str, method: str, body: bytes | None = None) -> bytes:
    url = f"{os.environ['DIGITALOCEAN_API_URL']}/v2/databases/{cluster}/firewall"
    headers = {
        "Authorization": f"Bearer {os.environ['DIGITALOCEAN_ACCESS_TOKEN']}",
        "Content-Type": "application/json",
    }
    with urlopen(Request(url, body, headers, method=method), timeout=30) as answer:  # noqa: S310
        received: bytes = answer.read()
        return received


if __name__ == "__main__":
    main()
