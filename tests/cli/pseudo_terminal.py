"""A command at a pseudo-terminal: what it shows, and keys that are typed once it asks."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import PATIENCE_SECONDS

_RUN = """
import fcntl, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs behind a shell's & ignores it
from bot.cli import main
main()
"""
_COLUMNS = 80


class PseudoTerminal:
    """`dbaccess ARGUMENTS` in a folder, with just that environment, 80 columns wide."""

    def __init__(self, *arguments: str, folder: Path, env: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, _COLUMNS))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RUN, *arguments],
            cwd=folder,
            env={**env, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""
        self._answered = 0

    def asks(self, question: str) -> str:
        """Wait until it asks that; return what it has shown since the last answer.

        A hidden answer is read only after the blank behind the colon: what is typed before is lost.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while question not in (shown := self.shown[self._answered :]) or not shown.endswith(": "):
            assert self._read(until), f"{question!r} never came:\n{self.shown}"
        return shown

    def answers(self, question: str, typed: str = "") -> None:
        """Wait for a question, and type a line."""
        self.asks(question)
        self.types(f"{typed}\n")

    def types(self, keys: str) -> None:
        """Press keys; what comes now comes after them."""
        self._answered = len(self.shown)
        os.write(self._ours, keys.encode())

    def is_interrupted(self) -> int:
        """Press Ctrl-C, and once more if nothing comes of it; return its exit code.

        Python misses one that comes just before it begins to wait for a key.
        """
        self.types("\x03")
        soon = time.monotonic() + PATIENCE_SECONDS / 2
        while self._read(soon):
            pass
        if time.monotonic() >= soon:
            self.types("\x03")
        return self.ends()

    def ends(self) -> int:
        """Wait for its end; return its exit code."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self._read(until):
            pass
        return self._process.wait(timeout=PATIENCE_SECONDS)

    def _read(self, until: float) -> bool:
        """Read what it shows next; False at its end, or once it is too late."""
        ready, _, _ = select.select([self._ours], [], [], max(until - time.monotonic(), 0.0))
        try:
            read = os.read(self._ours, 65536) if ready else b""
        except OSError:  # so ends a pseudo-terminal on Linux
            read = b""
        self.shown += re.sub(r"\r+\n", "\n", read.decode())
        return bool(read)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)
