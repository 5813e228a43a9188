"""Python processes that start warm: forked from one that has imported the bot already.

A process has its own memory, number, signals and death, as if it had been started by its command
line. Only Python's own start and the imports, over a second of processor time, happen once. A test
that is about the start itself uses `subprocess`.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import types
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])
_ROOT = str(Path(__file__).parents[1])


class WarmProcess:
    """What `python ARGUMENTS` does, in a folder, with just that environment.

    *arguments* are `-c CODE …` or `FILE …`, as Python itself takes them. What it prints goes to
    `stdout` if it is *heard*, else nowhere.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        *,
        heard: bool = False,
    ) -> None:
        errors, their_errors = _CONTEXT.Pipe(duplex=False)
        output, their_output = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(
            target=_become,
            args=(list(arguments), str(folder), dict(env), their_output, their_errors, heard),
            daemon=True,
        )
        with _importable():
            self._process.start()
        their_errors.close()
        their_output.close()
        self.stderr = _text(errors)
        self.stdout = _text(output)
        if not heard:
            self.stdout.close()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit code; None while it lives. A signal's number is negative."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Return its exit code once it has ended.

        Raises:
            TimeoutExpired: it did not end in so many seconds.
        """
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("warm process", timeout)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Let it die where it stands."""
        self.send_signal(signal.SIGKILL)


def _text(connection: Connection) -> TextIO:
    """Return one end of a pipe as a text file."""
    with connection:
        return os.fdopen(os.dup(connection.fileno()), encoding="utf-8", errors="replace")


class _importable:  # noqa: N801  # used as a statement
    """The first start makes the server, which finds our modules by the environment."""

    def __enter__(self) -> None:
        self._before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = _ROOT

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = self._before


def _become(
    arguments: list[str],
    folder: str,
    env: dict[str, str],
    output: Connection,
    errors: Connection,
    heard: bool,
) -> None:
    """Be what the arguments say, in the process that was forked for it."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    os.dup2(errors.fileno(), 2)
    if heard:
        os.dup2(output.fileno(), 1)
    else:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
    output.close()
    errors.close()
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        main = types.ModuleType("__main__")
        exec(compile(arguments[1], "<string>", "exec"), main.__dict__)  # noqa: S102
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
