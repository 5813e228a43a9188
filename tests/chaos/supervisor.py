"""Whoever looks after the bot: starts it again whenever it is gone, and tells Slack where it is."""

import sys
import threading
from pathlib import Path
from typing import Self

from tests.processes import Place, Process

_DOOMED = (sys.executable, str(Path(__file__).with_name("doomed.py")))
_LOOK_SECONDS = 0.02


class Supervisor:
    """Keeps one bot running; the first one dies at a step of its work (0: never)."""

    def __init__(self, place: Place, *, doomed_at: int, log: Path) -> None:
        self._place = place
        self._first = [*_DOOMED, str(doomed_at), str(log), "serve"]
        self._process: Process | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self.deaths = 0

    def __enter__(self) -> Self:
        self._process = self._place.begin_with(self._first)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        if self._process is not None:
            self._process.kill()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            if self._process is None or not self._process.lives:
                self.deaths += 1
                self._process = self._place.begin("serve")
            elif self._process.address:
                self._place.slack.bot_url = self._process.address
