"""`serve`, `web`, `worker`: processes that run until they are told to stop."""

import signal
import threading
from enum import Enum

import structlog

from bot import __version__
from bot.config import Settings
from bot.domain.policy import Policy
from bot.service import Service

log = structlog.get_logger()


class Role(Enum):
    """What one process does: answers Slack, does the work, or both."""

    SERVE = "serve"
    WEB = "web"
    WORKER = "worker"


def run(role: Role, settings: Settings, policy: Policy) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        SchemaOutdated: the database has another schema than this version works with.
    """
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    service = Service(settings, policy, web=role is not Role.WORKER, worker=role is not Role.WEB)
    service.start(migrate=role is Role.SERVE and service.parts.database.is_sqlite)
    log.info("started", role=role.value, version=__version__, url=service.url)
    told_to_stop.wait()
    log.info("stopping")
    service.stop()
