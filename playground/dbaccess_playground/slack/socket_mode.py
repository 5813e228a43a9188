"""Slack's end of Socket Mode: a WebSocket server that hands envelopes to a connected bot."""

from __future__ import annotations

import json
import logging
import queue
import secrets
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from dbaccess_playground.slack.people import APP_ID

HOST = "127.0.0.1"
HELLO_LIFE_SECONDS = 3600
CLOSE_SECONDS = 0.2
_HUNG_UP = object()


class SlackSocket:
    """Issues addresses to connect to, and asks whoever is connected. It starts when first asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logger = logging.getLogger(__name__)
        self._logger.setLevel(logging.CRITICAL + 1)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._tickets: set[str] = set()
        self._lines: list[ServerConnection] = []
        self._waiting: dict[str, tuple[ServerConnection, queue.SimpleQueue[Any]]] = {}

    @property
    def connected(self) -> bool:
        """Whether a bot listens."""
        with self._lock:
            return bool(self._lines)

    def open(self) -> str:
        """An address for one connection, as `apps.connections.open` answers it."""
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            if self._server is None:
                self._server = serve(
                    self._talk,
                    HOST,
                    0,
                    compression=None,
                    ping_interval=None,
                    close_timeout=CLOSE_SECONDS,
                    logger=self._logger,
                )
                self._thread = threading.Thread(
                    target=self._server.serve_forever, name="sandbox-slack-socket", daemon=True
                )
                self._thread.start()
            self._tickets.add(ticket)
            port = self._server.socket.getsockname()[1]
        return f"ws://{HOST}:{port}/link/?ticket={ticket}&app_id={APP_ID}"

    def ask(self, kind: str, payload: Mapping[str, Any], timeout_seconds: float) -> Any:
        """Send an envelope over the latest connection; returns the payload of its answer.

        TimeoutError without an answer in that time, ConnectionError without a connection.
        """
        envelope_id = str(uuid.uuid4())
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            if not self._lines:
                raise ConnectionError("no bot is connected by Socket Mode")
            line = self._lines[-1]
            self._waiting[envelope_id] = (line, answer)
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": dict(payload),
            "accepts_response_payload": kind != "events_api",
        }
        try:
            line.send(json.dumps(envelope))
            said = answer.get(timeout=timeout_seconds)
        except queue.Empty:
            raise TimeoutError("the envelope was not acknowledged") from None
        except ConnectionClosed as closed:
            raise ConnectionError("the connection closed") from closed
        finally:
            with self._lock:
                del self._waiting[envelope_id]
        if said is _HUNG_UP:
            raise ConnectionError("the bot hung up")
        return said

    def disconnect(self) -> None:
        """Tell every bot to connect again, as Slack does now and then, and hang up."""
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
            line.close()

    def stop(self) -> None:
        """Hang up and take no more connections."""
        with self._lock:
            server, thread = self._server, self._thread
            self._server = self._thread = None
        if server is not None and thread is not None:
            server.shutdown()
            thread.join()

    def _talk(self, line: ServerConnection) -> None:
        if not self._admit(line):
            line.close(1008, "the ticket is no good")
            return
        try:
            for said in line:
                self._hear(said)
        except ConnectionClosed:
            return
        finally:
            with self._lock:
                self._lines.remove(line)
                for asked, waiting in self._waiting.values():
                    if asked is line:
                        waiting.put(_HUNG_UP)

    def _admit(self, line: ServerConnection) -> bool:
        path = line.request.path if line.request else ""
        ticket = path.partition("ticket=")[2].partition("&")[0]
        with self._lock:
            if ticket not in self._tickets:
                return False
            self._tickets.remove(ticket)
            number = len(self._lines) + 1
        hello = {
            "type": "hello",
            "num_connections": number,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": HELLO_LIFE_SECONDS},
        }
        line.send(json.dumps(hello))
        with self._lock:
            self._lines.append(line)
        return True

    def _hear(self, said: str | bytes) -> None:
        try:
            answer = json.loads(said)
        except ValueError:
            return
        with self._lock:
            asked = self._waiting.get(answer.get("envelope_id", ""))
        if asked is not None:
            asked[1].put(answer.get("payload"))
