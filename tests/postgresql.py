"""A real PostgreSQL for the tests: Debian's, started on a free port of the loopback interface.

PostgreSQL refuses to run as root, so root starts it as another user.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg

_USER = "postgres"
_SETTINGS = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=300")


def binaries() -> Path | None:
    """Where the newest installed PostgreSQL has its programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    anywhere = shutil.which("initdb")
    return Path(anywhere).resolve().parent if anywhere else None


class PostgresServer:
    """One server with as many databases as are asked for."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="dbaccess-postgresql-"))
        self._numbers = count(1)
        self.folder = str(self._folder)  # of its socket
        self._primary_port = 0
        self.port = free_port()

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, _USER)
        data = str(self._folder / "data")
        if self._primary_port:
            where = ("-h", "127.0.0.1", "-p", str(self._primary_port), "-U", _USER)
            self._run("pg_basebackup", "-D", data, *where, "-R", "-c", "fast", "--no-sync")
        else:
            self._run("initdb", "-D", data, "-U", _USER, "--auth=trust", "--no-sync", "-E", "UTF8")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def standby(self) -> "PostgresServer":
        """Return a server that will follow this one and take no writes, once it is entered."""
        made = PostgresServer(self._programs)
        made._primary_port = self.port
        return made

    def start(self) -> None:
        """Start it, and wait until it answers."""
        where = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}")
        options = [f"-p {self.port}", *(f"-c {setting}" for setting in (*where, *_SETTINGS))]
        log = str(self._folder / "log")
        self._control("start", "-l", log, "-o", " ".join(options))

    def stop(self, how: str = "immediate") -> None:
        """Stop it: `immediate` is what a crash looks like, `fast` hangs up on everybody."""
        self._control("stop", "-m", how)

    def promote(self) -> None:
        """Let a standby take writes from now on."""
        self._control("promote")

    def freeze(self) -> None:
        """Let it hang: connections are taken, and nothing is answered."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it stood."""
        self._signal_all(signal.SIGCONT)

    def processor_seconds(self) -> float:
        """Return how much processor time it has used, those of its processes that ended too."""
        postmaster, *children = self._processes()
        ticks = sum(_ticks(postmaster))
        for child in children:
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                ticks += sum(_ticks(child)[:2])  # its own
        return ticks / os.sysconf("SC_CLK_TCK")

    def _signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the postmaster, then to its children."""
        for process in self._processes():
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(process, number)

    def _processes(self) -> list[int]:
        """Return the postmaster, then its children."""
        postmaster = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [postmaster, *map(int, children)]

    def database(self, template: str = "template0") -> str:
        """Return the URL of a new database: an empty one, or a copy of another."""
        name = f"dbaccess_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {self._strategy}')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Let a database be gone, whoever still uses it: one of hundreds takes 8 MB of memory."""
        self.execute(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def url(self, name: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{name}"

    def login(self, user: str, password: str) -> None:
        """Have there be a user who needs a password to connect by TCP."""
        if (user,) not in self.ask("SELECT rolname FROM pg_roles"):
            self.execute(f"CREATE USER \"{user}\" PASSWORD '{password}'")
            rules = self._folder / "data" / "pg_hba.conf"
            asked = f"host all {user} all scram-sha-256\n"
            rules.write_text(asked + rules.read_text())
            self.execute("SELECT pg_reload_conf()")

    def trust_loopback(self) -> None:
        """Have each address of the loopback interface be let in, not 127.0.0.1 alone."""
        rules = self._folder / "data" / "pg_hba.conf"
        rule = "host all all 127.0.0.0/8 trust\n"
        if rule not in rules.read_text():
            rules.write_text(rules.read_text() + rule)
            self.execute("SELECT pg_reload_conf()")

    def ask(self, query: str) -> list[Any]:
        """Return the rows of a question of the administrator's."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def execute(self, statement: str, *values: Any) -> None:
        """Run a statement of the administrator's."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode(), values or None)

    @cached_property
    def _strategy(self) -> str:
        """How a template is copied: by files, which older servers do anyway, not by the log."""
        [(version,)] = self.ask("SELECT current_setting('server_version_num')::int")
        return "STRATEGY FILE_COPY" if version >= 150_000 else ""

    def _control(self, action: str, *more: str) -> None:
        self._run("pg_ctl", action, "-D", str(self._folder / "data"), "-w", "-s", *more)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={_USER}", "--regid", _USER, "--clear-groups", *command]
        _quietly(command, cwd=self._folder)


def _quietly(command: Sequence[str], *, cwd: Path) -> None:
    """Run a program; what it said shows only where it failed. A daemon may outlive the pipe."""
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, cwd=cwd, stdout=said, stderr=said, check=False)
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{command[-1]}: {said.read()}")


def _version(path: Path) -> float:
    try:
        return float(path.parent.parent.name)
    except ValueError:
        return 0.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ticks(process: int) -> list[int]:
    """Return a process's own time, user's and system's, and that of its children that ended."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return [int(ticks) for ticks in stat.rpartition(")")[2].split()[11:15]]
