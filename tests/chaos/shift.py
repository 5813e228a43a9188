"""A shift of workers: some are killed and replaced, some stand still for a while, all by a seed."""

import sys
from contextlib import ExitStack
from random import Random

from tests.chaos import standstill
from tests.chaos.line import Exchange, Record, Witness
from tests.processes import Place, Process


class Shift:
    """So many workers at any time, each with a witness of its own."""

    def __init__(self, place: Place, record: Record, *, workers: int, seed: int) -> None:
        self._place = place
        self._record = record
        self._open = ExitStack()
        self._rng = Random(seed)  # noqa: S311
        self.names: list[str] = []
        self._workers = [self._hire() for _ in range(workers)]
        self._frozen: Process | None = None
        self.deaths = 0

    def strike(self) -> None:
        """Kill one and start another, or let one stand still until the next strike."""
        if self._frozen is not None:
            self._frozen.thaw()
            self._frozen = None
        number = self._rng.randrange(len(self._workers))
        if self._rng.random() < 0.3:
            self._frozen = self._workers[number]
            self._frozen.freeze()
            return
        self._workers[number].kill()
        self._workers[number] = self._hire()
        self.deaths += 1

    def calm(self) -> None:
        """Strike no more."""
        if self._frozen is not None:
            self._frozen.thaw()

    def close(self) -> None:
        """Let the witnesses go."""
        self._open.close()

    def exchanges(self, cluster_id: str) -> dict[str, list[Exchange]]:
        """Return for each worker what it asked about a cluster."""
        return {name: self._record.of(name, cluster_id=cluster_id) for name in self.names}

    def _hire(self) -> Process:
        self.names.append(f"worker {len(self.names) + 1}")
        witness = Witness(self.names[-1], self._place.digitalocean.url, self._record)
        self._open.enter_context(witness)
        command = [sys.executable, standstill.__file__, "3", "0", "steps", "worker"]
        return self._place.begin_with(command, {"DIGITALOCEAN_API_URL": witness.url})
