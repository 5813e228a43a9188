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

from dbaccess_playground.slack.network_line import NetworkLine
from dbaccess_playground.slack.people import APP_ID

HOST = "127.0.0.1"
HELLO_LIFE_SECONDS = 3600
CLOSE_SECONDS = 0.2
_CLOSED = object()


class SocketModeServer:
    """Issues addresses to connect to, and sends envelopes to the bot."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logger = logging.getLogger(__name__)
        self._logger.setLevel(logging.CRITICAL + 1)
        self._server: Server | None = None
        self._line: NetworkLine | None = None
        self._thread: threading.Thread | None = None
        self._tickets: set[str] = set()
        self._connections: list[ServerConnection] = []
        self._waiting: dict[str, tuple[ServerConnection, queue.SimpleQueue[Any]]] = {}

    @property
    def connected(self) -> bool:
        """Whether a bot is connected."""
        with self._lock:
            return bool(self._connections)

    def open(self) -> str:
        """Return an address for one connection, as `apps.connections.open` does."""
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            line = self._line = self._line or self._begin()
            self._tickets.add(ticket)
        return f"ws://{HOST}:{line.port}/link/?ticket={ticket}&app_id={APP_ID}"

    def ask(self, kind: str, payload: Mapping[str, Any], timeout_seconds: float) -> Any:
        """Send an envelope over the latest connection; return the payload of its answer.

        TimeoutError without an answer in that time, ConnectionError without a connection.
        """
        envelope_id = str(uuid.uuid4())
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            if not self._connections:
                raise ConnectionError("no bot is connected by Socket Mode")
            connection = self._connections[-1]
            self._waiting[envelope_id] = (connection, answer)
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": dict(payload),
            "accepts_response_payload": kind != "events_api",
        }
        try:
            connection.send(json.dumps(envelope))
            said = answer.get(timeout=timeout_seconds)
        except queue.Empty:
            raise TimeoutError("the envelope was not acknowledged") from None
        except ConnectionClosed as closed:
            raise ConnectionError("the connection closed") from closed
        finally:
            with self._lock:
                del self._waiting[envelope_id]
        if said is _CLOSED:
            raise ConnectionError("the bot closed the connection")
        return said

    def disconnect(self) -> None:
        """Ask every bot to connect again, as Slack does now and then, and close the connections."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
            connection.close()

    def go_silent(self) -> None:
        """Let nothing through between bot and Slack from now on, without hanging up."""
        if self._line is not None:
            self._line.cut()

    def speak_again(self) -> None:
        """Let new connections through."""
        if self._line is not None:
            self._line.restore()

    def stop(self) -> None:
        """Close all connections and take no more."""
        with self._lock:
            server, thread, line = self._server, self._thread, self._line
            self._server = self._thread = self._line = None
        if line is not None:
            line.close()
        if server is not None and thread is not None:
            server.shutdown()
            thread.join()

    def _begin(self) -> NetworkLine:
        """Start to serve, and return the line that leads there."""
        self._server = serve(
            self._serve,
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
        return NetworkLine(HOST, self._server.socket.getsockname()[1])

    def _serve(self, connection: ServerConnection) -> None:
        if not self._accept(connection):
            connection.close(1008, "the ticket is not valid")
            return
        try:
            for said in connection:
                self._receive(said)
        except ConnectionClosed:
            return
        finally:
            with self._lock:
                self._connections.remove(connection)
                for asked, waiting in self._waiting.values():
                    if asked is connection:
                        waiting.put(_CLOSED)

    def _accept(self, connection: ServerConnection) -> bool:
        path = connection.request.path if connection.request else ""
        ticket = path.partition("ticket=")[2].partition("&")[0]
        with self._lock:
            if ticket not in self._tickets:
                return False
            self._tickets.remove(ticket)
            number = len(self._connections) + 1
        hello = {
            "type": "hello",
            "num_connections": number,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": HELLO_LIFE_SECONDS},
        }
        connection.send(json.dumps(hello))
        with self._lock:
            self._connections.append(connection)
        return True

    def _receive(self, said: str | bytes) -> None:
        try:
            answer = json.loads(said)
        except ValueError:
            return
        with self._lock:
            asked = self._waiting.get(answer.get("envelope_id", ""))
        if asked is not None:
            asked[1].put(answer.get("payload"))
