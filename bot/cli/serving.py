"""`serve`, `web`, `worker`: processes that run until they are told to stop."""

import signal
import socket
import sys
from contextlib import nullcontext
from enum import Enum

import structlog
import typer

from bot import __version__
from bot.checks.start_check import StartCheck
from bot.cli import frame
from bot.config import Settings
from bot.domain.policy import Policy
from bot.faults import Fault
from bot.service import Service
from bot.store.locks import WorksAlready, only_worker

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_EX_CONFIG = 78
"""The exit code that sysexits.h has for this, so that a supervisor does not start it again."""
_HANGING_UP = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()  # not there on Windows

log = structlog.get_logger()


class Role(Enum):
    """What one process does: answers Slack, does the work, or both."""

    SERVE = "serve"
    WEB = "web"
    WORKER = "worker"


class Signals:
    """Signals to this process, one after the other; none is lost.

    Python's own handlers run when the main thread next comes to it. If it is about to fall asleep
    just then, it sleeps on, so the handlers here do nothing, and a byte in a socket wakes it.
    """

    def __init__(self, *numbers: int) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        signal.set_wakeup_fd(self._theirs.fileno())
        for number in numbers:
            signal.signal(number, lambda *_: None)

    def wait(self, seconds: float | None = None) -> int | None:
        """Return the number of the next one, once it has come; None: none came in time."""
        self._ours.settimeout(seconds)
        try:
            return self._ours.recv(1)[0]
        except TimeoutError:
            return None


def serve_as(role: Role) -> None:
    """Run one process by environment and dbaccess.toml until it is told to stop.

    Raises:
        typer.Exit: 78 where either is wrong, which no restart corrects; 1 for another fault.
    """
    try:
        settings, policy = frame.configuration()
    except typer.Exit:
        raise typer.Exit(_EX_CONFIG) from None
    with frame.telling_faults():
        run(role, settings, policy)


def run(role: Role, settings: Settings, policy: Policy) -> None:
    """Run until SIGTERM or SIGINT; at SIGHUP, read dbaccess.toml again.

    Before it stops it may go on for a while, so that a balancer notices; another signal ends that.

    Raises:
        SessionsShared: the database cannot hold a lock.
        SchemaOutdated: the database has another schema than this version works with.
        Fault: another process works on the same SQLite file.
    """
    signals = Signals(*_STOPPING, *_HANGING_UP)
    service = Service(settings, policy, web=role is not Role.WORKER, worker=role is not Role.WEB)
    alone = nullcontext() if role is Role.WEB else only_worker(service.components.database)
    try:
        with alone:
            _run(role, settings, service, signals)
    except WorksAlready as file:
        raise Fault(
            f"Another dbaccess is running on {file}. Stop it first: a SQLite database takes one "
            "`serve` or `worker`. More need PostgreSQL."
        ) from None


def _run(role: Role, settings: Settings, service: Service, signals: Signals) -> None:
    has_terminal = sys.stderr.isatty()
    service.start(migrate=role is Role.SERVE and service.components.database.is_sqlite)
    log.info("started", role=role.value, version=__version__, url=service.url)
    components = service.components
    check = StartCheck(settings, components.policy(), components.provider)
    check.start()
    while signals.wait() in _HANGING_UP:
        if has_terminal and not sys.stderr.isatty():
            break  # its window was closed, which is told by the same signal
        service.reload()
    if seconds := service.drain():
        log.info("draining", seconds=seconds)
        signals.wait(seconds)
    log.info("stopping")
    check.stop()
    service.stop()
