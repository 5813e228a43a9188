"""One running process: HTTP server, Socket Mode, worker, started and stopped together."""

import threading
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from bot.clock import Clock
from bot.config import Settings
from bot.domain.policy import Policy
from bot.parts import (
    build_app,
    build_listener,
    build_parts,
    build_probes_app,
    build_slack,
    build_worker,
)
from bot.policy_in_force import Reload
from bot.store import schema
from bot.store.database import SchemaOutdated
from bot.web import MAX_BODY_BYTES

_THREADS = 16
_GRACE_SECONDS = 3.0


class HttpServer:
    """Waitress in a thread of its own; the port is open once the object is made."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._sockets,
            host=host,
            port=port,
            threads=_THREADS,
            ident=None,
            max_request_body_size=MAX_BODY_BYTES,
            clear_untrusted_proxy_headers=False,  # what is believed of them is told in `bot.web`
        )
        self._listening = [s for s in self._sockets.values() if hasattr(s, "effective_port")]
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that was opened, where 0 was asked for too."""
        return int(self._listening[0].effective_port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what has been asked, for a few seconds at most, then close."""
        dispatcher = self._server.task_dispatcher
        until = monotonic() + _GRACE_SECONDS
        while (dispatcher.active_count or dispatcher.queue) and monotonic() < until:
            sleep(0.01)
        with suppress(OSError):  # the loop was awake and has closed the trigger under our hands
            self._listening[0].trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets))
        self._thread.join(timeout=_GRACE_SECONDS)
        dispatcher.shutdown(timeout=1)


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
    ) -> None:
        self._settings = settings
        self.parts = build_parts(settings, policy, clock)
        self.worker = build_worker(self.parts) if worker else None
        self._listener = build_listener(self.parts, self.worker) if self.worker else None
        self._slack = build_slack(self.parts) if web else None
        self._http: HttpServer | None = None

    @property
    def url(self) -> str | None:
        """Where this process answers HTTP, if it does."""
        return f"http://{self._settings.host}:{self._http.port}" if self._http else None

    def start(self, *, migrate: bool = False) -> None:
        """Check the schema (or bring it up to date), begin to work, open the port.

        Raises:
            SchemaOutdated: the schema is another one, and `migrate` was not asked for.
            OSError: the port is taken.
        """
        if migrate:
            schema.upgrade(self.parts.database)
        elif not schema.is_current(self.parts.database):
            raise SchemaOutdated("database: the schema is not current; run `dbaccess migrate`")
        self.parts.metrics.begin()
        self.parts.learn_names()
        if self._slack is not None:
            self._open(build_app(self.parts, self._slack, self.worker), self._settings.port)
            if self._settings.slack_app_token is not None:
                self._slack.connect(self._settings.slack_app_token.get_secret_value())
        elif self._settings.metrics_port is not None:
            self._open(build_probes_app(self.parts, self.worker), self._settings.metrics_port)
        if self.worker is not None:
            self.worker.start()
        if self._listener is not None:
            self._listener.start()

    def _open(self, app: Flask, port: int) -> None:
        self._http = HttpServer(app, self._settings.host, port)
        self._http.start()

    def reload(self) -> None:
        """Read dbaccess.toml again; what it says holds from the next act on, if it makes sense."""
        outcome = self.parts.policy.reload()
        self.parts.metrics.note_reload(outcome)
        if outcome is not Reload.APPLIED:
            return
        self.parts.learn_names()
        if self.worker is not None:
            self.worker.follow(tick=self.parts.policy().scheduler.tick)

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
        self.parts.close()
