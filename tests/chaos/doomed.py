"""A bot that is killed at one step of its work: `doomed.py STEP LOG serve`.

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


class Doom:
    """Counts the steps, and strikes at one of them."""

    def __init__(self, at: int, log: str, strike: signal.Signals = signal.SIGKILL) -> None:
        self._at = at
        self._strike = strike
        self._log = Path(log).open("a", buffering=1)  # noqa: SIM115  # it dies with the process
        self._count = 0
        self._lock = threading.Lock()

    def step(self, what: str) -> None:
        """Note a step; the one that was named is the last."""
        with self._lock:
            self._count += 1
            self._log.write(f"{self._count} {what}\n")
            if self._count == self._at:
                os.kill(os.getpid(), self._strike)


def watch_commits(doom: Doom) -> None:
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
            doom.step(f"before the commit of {changed}")
        do_commit(self, connection)
        if changed:
            doom.step(f"after the commit of {changed}")

    DefaultDialect.do_commit = commit  # type: ignore[method-assign]


def watch_requests(doom: Doom) -> None:
    """Make steps of the requests to both APIs."""
    connection = http.client.HTTPConnection
    put_request, get_response = connection.putrequest, connection.getresponse

    def before(self: Any, method: str, url: str, *more: Any, **options: Any) -> None:
        self.doomed = f"{method} {url}"
        doom.step(f"before {self.doomed}")
        put_request(self, method, url, *more, **options)

    def after(self: Any) -> http.client.HTTPResponse:
        doom.step(f"sent {self.doomed}")
        response = get_response(self)
        doom.step(f"answered {self.doomed}")
        return response

    connection.putrequest = before  # type: ignore[method-assign]
    connection.getresponse = after  # type: ignore[method-assign]


def watch_locks(doom: Doom) -> None:
    """Make steps of what concerns locks: whoever dies there loses them, whoever freezes may not."""

    def watch(when: str) -> None:
        @event.listens_for(Engine, f"{when}_cursor_execute")
        def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if what := re.search(r"pg\w*advisory\w*|idle_session\w*", statement):
                doom.step(f"{when} {what[0]}")

    watch("before")
    watch("after")


def shorten_claims(seconds: float) -> None:
    """Let what a dead process had claimed be free sooner: a test has less time than others."""
    from bot.store import errands, homes, outbox

    for claims in (errands, homes, outbox):
        claims.CLAIM_SECONDS = seconds  # type: ignore[attr-defined]


def main(
    arguments: list[str], run: Callable[[], None], strike: signal.Signals = signal.SIGKILL
) -> None:
    """Run the bot's command line under a doom."""
    doom = Doom(int(arguments[0]), arguments[1], strike)
    watch_commits(doom)
    watch_requests(doom)
    if strike is signal.SIGSTOP:
        watch_locks(doom)
    sys.argv = ["dbaccess", *arguments[2:]]
    run()


if __name__ == "__main__":
    from bot.cli import main as dbaccess

    shorten_claims(4)
    main(sys.argv[1:], dbaccess)
