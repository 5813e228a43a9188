"""A real PgBouncer for the tests: Debian's, in front of the tests' PostgreSQL.

It refuses to run as root, so root starts it as another user.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Self

from tests.installed import needed
from tests.postgresql import PostgresServer, free_port
from tests.waiting import eventually

_USER = "postgres"


class PgBouncer:
    """A connection pool in front of a server.

    Args:
        server: the one behind it.
        mode: `transaction`, `statement` or `session`.
        size: how many connections it has to each database at most.
        more: other lines for its configuration.
    """

    def __init__(
        self, server: PostgresServer, mode: str, *, size: int = 20, more: tuple[str, ...] = ()
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="dbaccess-pgbouncer-"))
        self._port = free_port()
        lines = (
            "[databases]",
            f"* = host=127.0.0.1 port={server.port} user={_USER}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {self._port}",
            "unix_socket_dir =",
            "auth_type = any",
            f"pool_mode = {mode}",
            f"default_pool_size = {size}",
            *more,
        )
        (self._folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")

    def __enter__(self) -> Self:
        command = [needed("pgbouncer", "pgbouncer"), str(self._folder / "pgbouncer.ini")]
        if os.geteuid() == 0:
            shutil.chown(self._folder, _USER)
            command = ["setpriv", f"--reuid={_USER}", "--regid", _USER, "--clear-groups", *command]
        log = (self._folder / "log").open("w")
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        log.close()
        eventually(self._answers)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, direct: str) -> str:
        """Return the URL of a database through the pool, for the one without."""
        name = direct.rpartition("/")[2]
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{name}"

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
