"""Shared reads: what a page shows is read once for everybody who asks within seconds (P3)."""

import math
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from bot.domain.connecting import Connection
from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.providers.base import NamedSource, Provider, Purpose

FRESH_SECONDS = 5.0

T = TypeVar("T")


@dataclass
class _Read:
    """A read that is under way or over; `due_at` is when to read anew, in elapsed seconds."""

    outcome: Future[Any] = field(default_factory=Future)
    due_at: float = math.inf


class SharedReads:
    """What pages show of the provider, for any number of threads at once.

    A failure is cached like an answer: otherwise everybody who tries again makes it worse.

    Args:
        elapsed: seconds that only grow.
    """

    def __init__(self, provider: Provider, elapsed: Callable[[], float]) -> None:
        self._provider = provider
        self._elapsed = elapsed
        self._lock = Lock()
        self._reads: dict[Hashable, _Read] = {}

    def rules(self, cluster_id: str) -> list[Rule]:
        """Return the rules of a cluster, as they were a few seconds ago at most."""
        read_rules = self._provider.read_rules
        return self._once(
            ("rules", cluster_id), lambda: read_rules(cluster_id, purpose=Purpose.PAGES)
        )

    def connection(self, cluster_id: str) -> Connection:
        """Return how a cluster is reached."""
        connection = self._provider.connection
        return self._once(("connection", cluster_id), lambda: connection(cluster_id))

    def certificate(self, cluster_id: str) -> str:
        """Return the CA certificate of a cluster as PEM text."""
        certificate = self._provider.certificate
        return self._once(("certificate", cluster_id), lambda: certificate(cluster_id))

    def droplets(self) -> list[NamedSource]:
        """Return all Droplets that there are."""
        list_sources = self._provider.list_sources
        return self._once("droplets", lambda: list_sources(SourceType.DROPLET))

    def _once(self, key: Hashable, call: Callable[[], T]) -> T:
        read, is_mine = self._take(key)
        if is_mine:
            try:
                read.outcome.set_result(call())
            except Exception as error:
                read.outcome.set_exception(error)
            read.due_at = self._elapsed() + FRESH_SECONDS
        outcome: T = read.outcome.result()
        return outcome

    def _take(self, key: Hashable) -> tuple[_Read, bool]:
        """Return the read to wait for, and whether it is the caller's to make."""
        with self._lock:
            now = self._elapsed()
            self._reads = {k: read for k, read in self._reads.items() if now < read.due_at}
            if key in self._reads:
                return self._reads[key], False
            self._reads[key] = _Read()
            return self._reads[key], True
