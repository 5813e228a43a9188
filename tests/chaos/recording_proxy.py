"""A proxy between one caller and the sandbox DigitalOcean that records all traffic.

Each caller has one of its own, so that the traffic of all of them tells who asked what and when,
what they carried, and what they were answered.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import urllib3

from dbaccess_playground.digitalocean.sandbox import utc_now
from dbaccess_playground.server import LoopbackServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Rules = list[dict[str, Any]]
_CARRIED = {"Authorization": "HTTP_AUTHORIZATION", "Content-Type": "CONTENT_TYPE"}


@dataclass(frozen=True)
class Exchange:
    """One call: when it came in, and when its answer was handed out; None without an answer."""

    who: str
    method: str
    path: str
    asked_at: datetime
    answered_at: datetime
    status: int
    carried: Rules
    answer: Rules

    @property
    def is_write(self) -> bool:
        """Whether it replaced a list of rules."""
        return self.method == "PUT" and self.status == 204


class TrafficLog:
    """All recorded traffic, of every caller."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        """Write one exchange down."""
        with self._lock:
            self._exchanges.append(exchange)

    def of(self, *who: str, cluster_id: str) -> list[Exchange]:
        """Return the exchanges about the rules of a cluster, in the order they came in."""
        with self._lock:
            found = list(self._exchanges)
        path = f"/v2/databases/{cluster_id}/firewall"
        mine = [e for e in found if e.path == path and (not who or e.who in who)]
        return sorted(mine, key=lambda e: e.asked_at)


class RecordingProxy(LoopbackServer):
    """Passes calls on to `api_url` and answers back, and writes them down under a name.

    `on_response` is told of each exchange before its caller is: what it does happens after a read,
    and before the reader knows what it has read.
    """

    def __init__(self, who: str, api_url: str, traffic: TrafficLog) -> None:
        super().__init__(self._pass_on)
        self._who = who
        self._api_url = api_url
        self._traffic = traffic
        self._pool = urllib3.PoolManager(maxsize=32, retries=False)
        self.on_response: Callable[[Exchange], None] = lambda _: None

    def stop(self) -> None:
        """Stop serving, and hang up."""
        super().stop()
        self._pool.clear()

    def _pass_on(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        asked_at = utc_now()
        method, path, body = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["wsgi.input"]
        carried = body.read()
        if len(carried) < int(environ.get("CONTENT_LENGTH") or 0):
            raise ConnectionAbortedError("the caller thought better of it in the middle")
        try:
            answer = self._pool.request(
                method,
                f"{self._api_url}{path}?{environ['QUERY_STRING']}",
                body=carried,
                headers={name: environ[key] for name, key in _CARRIED.items() if key in environ},
            )
        except urllib3.exceptions.HTTPError as error:
            raise ConnectionAbortedError("the sandbox cut the line") from error
        exchange = Exchange(
            who=self._who,
            method=method,
            path=path,
            asked_at=asked_at,
            answered_at=utc_now(),
            status=answer.status,
            carried=_rules(carried),
            answer=_rules(answer.data),
        )
        self._traffic.add(exchange)
        self.on_response(exchange)
        kind = answer.headers.get("Content-Type", "application/json")
        headers = [("Content-Type", kind), ("Content-Length", str(len(answer.data)))]
        status = f"{answer.status} {answer.reason}"
        start_response(status, [] if answer.status == 204 else headers)
        return [answer.data]


def sources(rules: Rules) -> set[str]:
    """Return the trusted sources of a list as `type:value`."""
    return {f"{rule['type']}:{rule['value']}" for rule in rules}


def _rules(text: bytes) -> Rules:
    try:
        body = json.loads(text)
    except ValueError:
        return []
    found = body.get("rules") if isinstance(body, dict) else None
    return found if isinstance(found, list) else []
