"""A pool of workers: some are killed and replaced, some frozen for a while, as a seed decides."""

import sys
from contextlib import ExitStack
from random import Random

from tests.chaos import frozen_process
from tests.chaos.recording_proxy import Exchange, RecordingProxy, TrafficLog
from tests.processes import Place, Process


class WorkerPool:
    """A fixed number of workers, each with a proxy of its own."""

    def __init__(self, place: Place, traffic: TrafficLog, *, workers: int, seed: int) -> None:
        self._place = place
        self._traffic = traffic
        self._open = ExitStack()
        self._rng = Random(seed)  # noqa: S311
        self.names: list[str] = []
        self._workers = [self._start_one() for _ in range(workers)]
        for worker in self._workers:
            worker.url()
        self._frozen: Process | None = None
        self.crashes = 0

    def disrupt(self) -> None:
        """Kill one and start another, or freeze one until the next disruption.

        Another is at work before this returns, so that a busy machine gets no more than it bears.
        """
        if self._frozen is not None:
            self._frozen.thaw()
            self._frozen = None
        number = self._rng.randrange(len(self._workers))
        if self._rng.random() < 0.3:
            self._frozen = self._workers[number]
            self._frozen.freeze()
            return
        self._workers[number].kill()
        self._workers[number] = self._start_one()
        self._workers[number].url()
        self.crashes += 1

    def stop_disrupting(self) -> None:
        """Let all of them work on."""
        if self._frozen is not None:
            self._frozen.thaw()

    def close(self) -> None:
        """Stop the proxies."""
        self._open.close()

    def exchanges(self, cluster_id: str) -> dict[str, list[Exchange]]:
        """Return for each worker what it asked about a cluster."""
        return {name: self._traffic.of(name, cluster_id=cluster_id) for name in self.names}

    def _start_one(self) -> Process:
        self.names.append(f"worker {len(self.names) + 1}")
        proxy = RecordingProxy(self.names[-1], self._place.digitalocean.url, self._traffic)
        self._open.enter_context(proxy)
        command = [sys.executable, frozen_process.__file__, "3", "0", "steps", "worker"]
        return self._place.begin_with(command, {"DIGITALOCEAN_API_URL": proxy.url})
