"""When what was lent is taken back: each end beside the write that removes its rule."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dbaccess_playground.calls import Call
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean


@dataclass
class Removals:
    """Watches a sandbox: `due` says when each address is to end, by address."""

    digitalocean: SandboxDigitalOcean
    due: Mapping[str, datetime]
    removed: list[tuple[str, float]] = field(default_factory=list)
    writes: list[list[str]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _left: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left = set(self.due)
        self.digitalocean.subscribe(self._hear)

    @property
    def all_gone(self) -> bool:
        """Whether nothing that was due stands any more."""
        return not self._left

    @property
    def delays(self) -> list[float]:
        """How many seconds after its end each rule went, in the order of the writes."""
        return [seconds for _, seconds in self.removed]

    def refused(self) -> int:
        """How many calls were refused for being too many."""
        return sum(call.status == 429 for call in self.calls)

    def most_within(self, seconds: int) -> int:
        """Return the highest number of calls within any so many seconds."""
        times = sorted(call.at.timestamp() for call in self.calls)
        first, most = 0, 0
        for last, at in enumerate(times):
            while times[first] <= at - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

    def out_of_order_seconds(self) -> float:
        """Return by how much, at worst, one was removed before another that ended earlier."""
        worst, latest = 0.0, None
        for address, _ in self.removed:
            at = self.due[address].timestamp()
            latest = at if latest is None else max(latest, at)
            worst = max(worst, latest - at)
        return worst

    def passed_over_seconds(self) -> float:
        """Return by how much, at worst, a write was for a later end than one that stood then.

        A write takes away all that is over on its cluster, so its earliest end counts.
        """
        worst, left = 0.0, sorted(self.due.values(), reverse=True)
        gone = Counter[datetime]()
        for written in self.writes:
            while left and gone[left[-1]]:
                gone[left.pop()] -= 1
            first, *_ = ends = sorted(self.due[address] for address in written)
            worst = max(worst, (first - left[-1]).total_seconds())
            gone.update(ends)
        return worst

    def _hear(self, heard: object) -> None:
        if isinstance(heard, Call):
            with self._lock:
                self.calls.append(heard)
        elif isinstance(heard, Change) and heard.by == "api":
            self._note(heard)

    def _note(self, change: Change) -> None:
        there = {rule["value"] for rule in change.rules}
        cluster = change.cluster_id
        with self._lock:
            gone = sorted(self._of(cluster) - there)
            if gone:
                self.writes.append(gone)
            for address in gone:
                self._left.discard(address)
                late = (change.at - self.due[address]).total_seconds()
                self.removed.append((address, late))

    def _of(self, cluster: str) -> set[str]:
        before = self.digitalocean.history(cluster)[-2][1]
        return {rule["value"] for rule in before} & self._left
