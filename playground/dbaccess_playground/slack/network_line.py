"""A line through the network that can go silent: what is sent is lost, and nobody hangs up.

So does a firewall that forgets a connection, or a machine that loses power.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_CHUNK = 65_536


class NetworkLine:
    """Leads from a port of its own to a server; `silent` while it is cut.

    Who connects while it is silent gets a connection, too, and no answer.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._silent = threading.Event()
        self._ends: list[socket.socket] = []
        self._listening = socket.create_server((host, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, name="network-line", daemon=True).start()

    def cut(self) -> None:
        """Let nothing through any more, in either direction."""
        self._silent.set()

    def restore(self) -> None:
        """Let new connections through again; what went through the old ones is lost with them."""
        self._hang_up()
        self._silent.clear()

    def close(self) -> None:
        """Take no more connections, and hang up on those that there are."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._hang_up()

    def _hang_up(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._server)
            except OSError:
                return
            self._ends += (near, far)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(_CHUNK):
                if not self._silent.is_set():
                    other.sendall(data)
        if not self._silent.is_set():
            with suppress(OSError):
                other.shutdown(socket.SHUT_WR)
