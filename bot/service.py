"""One running process: HTTP server, Socket Mode, worker, started and stopped together.

Each role loads what it uses: a worker no web framework unless monitoring asks it by HTTP.
"""

from typing import TYPE_CHECKING

from bot.bootstrap.components import build_components, watch_database
from bot.clock import Clock
from bot.config import Settings
from bot.core import ProviderFactory, build_provider
from bot.domain.policy import Policy
from bot.faults import Fault
from bot.live_policy import Reload
from bot.store import schema
from bot.store.connection_pool import refuse_shared_sessions
from bot.store.database import SchemaOutdated

if TYPE_CHECKING:
    from flask import Flask

    from bot.slack.inbound.bolt_app import SlackApp
    from bot.store.signals import Listener
    from bot.web.http_server import HttpServer
    from bot.worker import Worker


class Service:
    """The running parts of one process."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        *,
        web: bool = True,
        worker: bool = True,
        clock: Clock | None = None,
        make_provider: ProviderFactory = build_provider,
    ) -> None:
        self._settings = settings
        self.components = build_components(settings, policy, clock, make_provider)
        self.worker: Worker | None = None
        self._listener: Listener | None = None
        self._slack: SlackApp | None = None
        self._http: HttpServer | None = None
        if worker:
            self._add_worker()
        if web:
            from bot.bootstrap.web import build_slack

            self._slack = build_slack(self.components)

    def _add_worker(self) -> None:
        from bot.bootstrap.worker import build_listener, build_worker

        self.worker = build_worker(self.components)
        self._listener = build_listener(self.components, self.worker)

    @property
    def url(self) -> str | None:
        """Where this process answers HTTP, if it does."""
        return f"http://{self._settings.host}:{self._http.port}" if self._http else None

    def start(self, *, migrate: bool = False) -> None:
        """Check the database (or bring its schema up to date), start working, open the port.

        Raises:
            SessionsShared: the database cannot hold a lock: it is behind a connection pool.
            SchemaOutdated: the schema is another one, and `migrate` was not asked for.
            Fault: the port is taken.
        """
        refuse_shared_sessions(self.components.database)
        if migrate:
            schema.upgrade(self.components.database)
        elif not schema.is_current(self.components.database):
            raise SchemaOutdated("database: the schema is not current; run `dbaccess migrate`")
        watch_database(self.components, self.worker)
        self.components.metrics.begin()
        self.components.learn_names()
        if self._slack is not None:
            from bot.bootstrap.web import build_app

            self._open(build_app(self.components, self._slack, self.worker), self._settings.port)
            if self._settings.slack_app_token is not None:
                self._slack.connect(self._settings.slack_app_token.get_secret_value())
        elif self._settings.metrics_port is not None:
            from bot.bootstrap.probes import build_probes_app

            self._open(build_probes_app(self.components, self.worker), self._settings.metrics_port)
        if self.worker is not None:
            self.worker.start()
        if self._listener is not None:
            self._listener.start()

    def _open(self, app: "Flask", port: int) -> None:
        from bot.web.http_server import HttpServer

        host = self._settings.host
        try:
            self._http = HttpServer(app, host, port)
        except OSError as error:
            raise Fault(f"Can't open {host}:{port}: {error.strerror or error}.") from error
        self._http.start()

    def reload(self) -> None:
        """Read dbaccess.toml again; if it is valid, it holds from the next operation on."""
        outcome = self.components.policy.reload()
        self.components.metrics.note_reload(outcome)
        if outcome is Reload.UNCHANGED and self.worker is not None:
            self.worker.retry_stream()
        if outcome is not Reload.APPLIED:
            return
        self.components.learn_names()
        if self.worker is not None:
            self.worker.follow(tick=self.components.policy().scheduler.tick)

    def drain(self) -> int:
        """Have a balancer send nothing more; return for how many seconds to go on meanwhile."""
        self.components.draining.set()
        return self._settings.dbaccess_drain_seconds

    def stop(self) -> None:
        """Stop taking anything in, then stop working."""
        if self._http is not None:
            self._http.stop()
        if self._slack is not None:
            self._slack.close()
        if self._listener is not None:
            self._listener.stop()
        if self.worker is not None:
            self.worker.stop()
        self.components.close()
