"""Where a measurement takes place: a bot between two sandboxes, in this process."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from bench import company
from bot.service import Service
from bot.store import schema
from bot.store.database import Database
from dbaccess_playground.digitalocean.clusters import Change
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.postgresql import PostgresServer, binaries


@dataclass(frozen=True)
class Stage:
    """The two sandboxes, and a database whose schema is up to date."""

    slack: SandboxSlack
    digitalocean: SandboxDigitalOcean
    database: Database
    url: str
    folder: Path


@contextmanager
def stage(clusters: int, *, url: str | None = None, **digitalocean: Any) -> Iterator[Stage]:
    """Set it up, on SQLite unless told otherwise, and take it down in the end."""
    slack = company.sandbox_slack()
    cloud = company.sandbox_digitalocean(clusters, **digitalocean)
    with tempfile.TemporaryDirectory(prefix="dbaccess-bench-") as name, slack, cloud:
        folder = Path(name)
        url = url or company.sqlite_url(folder)
        database = Database(url)
        schema.upgrade(database)
        try:
            yield Stage(slack, cloud, database, url, folder)
        finally:
            database.close()


@contextmanager
def serving(place: Stage, clusters: int, **scheduler: Any) -> Iterator[Service]:
    """Let the whole bot run there."""
    settings = company.settings(place.slack, place.digitalocean, place.url)
    service = Service(settings, company.policy(clusters, **scheduler))
    service.start()
    place.slack.bot_url = service.url
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def databases() -> Iterator[dict[str, Callable[[Path], str]]]:
    """Yield what makes an empty database's URL, for SQLite and, where it is there, PostgreSQL."""
    makers: dict[str, Callable[[Path], str]] = {"SQLite": company.sqlite_url}
    with postgresql() as server:
        if server is not None:
            makers["PostgreSQL"] = lambda _folder: server.database()
        yield makers


@contextmanager
def postgresql() -> Iterator[PostgresServer | None]:
    """Yield a server, where PostgreSQL is there."""
    programs = binaries()
    if programs is None:
        yield None
        return
    with PostgresServer(programs) as server:
        yield server


class Written:
    """Tells when the API has taken a change of a cluster's rules."""

    def __init__(self, digitalocean: SandboxDigitalOcean) -> None:
        self.event = Event()
        digitalocean.subscribe(self._hear)

    def _hear(self, heard: object) -> None:
        if isinstance(heard, Change) and heard.by == "api":
            self.event.set()
