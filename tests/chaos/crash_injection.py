"""Crash injection: the bot is killed at one step of its work, `crash_injection.py STEP LOG serve`.

A step is what an outside world can see or a disk can keep: before and after each commit that
changes something, before a request to an API leaves, after it has left, and after its answer came.
The bot itself knows nothing of this. Every step is written to LOG; at number STEP (0: never), the
process kills itself with SIGKILL.
"""

import http.client
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

_CHANGES = ("INSERT", "UPDATE", "DELETE")
_QUIET = ("heartbeats", "periodic_jobs")  # they come by the clock, and nobody acts on them


class CrashInjector:
    """Counts the steps, and sends its own process a signal at one of them."""

    def __init__(self, at: int, log: str, with_signal: signal.Signals = signal.SIGKILL) -> None:
        self._at = at
        self._signal = with_signal
        self._log = Path(log).open("a", buffering=1)  # noqa: SIM115  # closed with the process
        self._count = 0
        self._lock = threading.Lock()

    def step(self, what: str) -> None:
        """Note a step; the one that was named is the last."""
        with self._lock:
            self._count += 1
            self._log.write(f"{self._count} {what}\n")
            if self._count == self._at:
                os.kill(os.getpid(), self._signal)


def watch_commits(injector: CrashInjector) -> None:
    """Make steps of the commits of both databases' drivers."""

    @event.listens_for(Engine, "before_cursor_execute")
    def note_change(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = statement.lstrip().upper()
        if words.startswith(_CHANGES) and not any(table in statement for table in _QUIET):
            connection.connection.info["changed"] = words.split("(")[0][:40]

    do_commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit

    def commit(self: DefaultDialect, connection: Any) -> None:
        changed = connection.info.pop("changed", None)
        if changed:
            injector.step(f"before the commit of {changed}")
        do_commit(self, connection)
        if changed:
            injector.step(f"after the commit of {changed}")

    DefaultDialect.do_commit = commit  # type: ignore[method-assign]


def watch_requests(injector: CrashInjector) -> None:
    """Make steps of the requests to both APIs."""
    connection = http.client.HTTPConnection
    put_request, get_response = connection.putrequest, connection.getresponse

    def before(self: Any, method: str, url: str, *more: Any, **options: Any) -> None:
        self.request_line = f"{method} {url}"
        injector.step(f"before {self.request_line}")
        put_request(self, method, url, *more, **options)

    def after(self: Any) -> http.client.HTTPResponse:
        injector.step(f"sent {self.request_line}")
        response = get_response(self)
        injector.step(f"answered {self.request_line}")
        return response

    connection.putrequest = before  # type: ignore[method-assign]
    connection.getresponse = after  # type: ignore[method-assign]


def watch_locks(injector: CrashInjector) -> None:
    """Make steps of what concerns locks: whoever dies there loses them, whoever freezes may not."""

    def watch(when: str) -> None:
        @event.listens_for(Engine, f"{when}_cursor_execute")
        def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if what := re.search(r"pg\w*advisory\w*|idle_session\w*", statement):
                injector.step(f"{when} {what[0]}")

    watch("before")
    watch("after")


def shorten_claims(seconds: float) -> None:
    """Let what a dead process had claimed be free sooner: a test has less time than others."""
    from bot.store import jobs

    jobs.LEASE_SECONDS = seconds  # type: ignore[assignment]


def main(
    arguments: list[str], run: Callable[[], None], with_signal: signal.Signals = signal.SIGKILL
) -> None:
    """Run the bot's command line with a crash injected."""
    injector = CrashInjector(int(arguments[0]), arguments[1], with_signal)
    watch_commits(injector)
    watch_requests(injector)
    if with_signal is signal.SIGSTOP:
        watch_locks(injector)
    sys.argv = ["dbaccess", *arguments[2:]]
    run()


if __name__ == "__main__":
    from bot.cli import main as dbaccess

    shorten_claims(4)
    main(sys.argv[1:], dbaccess)
