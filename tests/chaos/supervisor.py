"""A supervisor: restarts the bot whenever it is gone, and tells Slack its new address."""

import sys
import threading
from pathlib import Path
from typing import Self

from tests.processes import Place, Process

_CRASHING = (sys.executable, str(Path(__file__).with_name("crash_injection.py")))
_POLL_SECONDS = 0.02


class Supervisor:
    """Keeps one bot running; the first process crashes at a step of its work (0: never)."""

    def __init__(self, place: Place, *, crash_at: int, log: Path) -> None:
        self._place = place
        self._first = [*_CRASHING, str(crash_at), str(log), "serve"]
        self._process: Process | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self.crashes = 0

    def __enter__(self) -> Self:
        self._process = self._place.begin_with(self._first)
        self._thread.start()
        return self

    @property
    def process(self) -> Process:
        """The one that runs now, or did until a moment ago."""
        assert self._process is not None
        return self._process

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        if self._process is not None:
            self._process.kill()

    def _run(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            if self._process is None or not self._process.lives:
                self.crashes += 1
                self._process = self._place.begin("serve")
            elif self._process.address:
                self._place.slack.bot_url = self._process.address
