"""Connecting: where a cluster listens, and what to type to reach it; never a password (P8).

Each way verifies the server: its certificate and, if the client can, the host name in it. Each is
for a user of one's own: the administrator, whom DigitalOcean names, is nobody's to share.
"""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlencode

# docs.digitalocean.com, "How to Connect to Valkey Database Clusters": Let's Encrypt, no CA to load
_PUBLICLY_CERTIFIED = {"redis", "valkey"}
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_PEM = re.compile(
    r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n+)+"
)
PLACEHOLDER_USER = "YOUR_USER"
_END = "--END--"  # of the lines to paste: never a line of base64, which `EOF` may be


@dataclass(frozen=True)
class Connection:
    """How a cluster is reached with TLS.

    Args:
        engine: as DigitalOcean names it: `pg`, `mysql`, `redis`, `valkey`, `mongodb`, `kafka`,
            `opensearch`, or one that is new.
        version: of the engine, like `17`.
        host: the public name, which the server's certificate is made out to.
        port: the TCP port there and at `private_host`.
        database: the default database; empty where the engine has none.
        private_host: the name inside the cluster's VPC; empty where there is none.
    """

    engine: str
    version: str
    host: str
    port: int
    database: str
    private_host: str = ""

    @property
    def needs_ca_file(self) -> bool:
        """Whether the server's certificate is signed by the cluster's own CA.

        The other engines have one of a public authority, which that CA does not verify.
        """
        return self.engine not in _PUBLICLY_CERTIFIED


class Note(StrEnum):
    """What to say about the lines for a client.

    Most ask for the password: in Python by `getpass()`, in a shell by `read`, which shows no
    prompt. And a client may not verify the host name in the server's certificate.
    """

    ASKS = "asks"
    ASKS_CHECKS_NO_NAME = "asks_checks_no_name"
    ASKS_SILENTLY = "asks_silently"
    FOR_TOOLS = "for_tools"
    IN_PYTHON = "in_python"
    IN_PYTHON_CHECKS_NAME = "in_python_checks_name"


@dataclass(frozen=True)
class Way:
    """One way to connect: a client's name, the lines to type, and notes on them."""

    client: str
    lines: str
    note: Note = Note.ASKS


def ways(connection: Connection, ca_file: str) -> list[Way]:
    """Return the ways to connect, the usual client first; none for an engine that is new.

    The lines are quoted for a POSIX shell or for Python, whatever the API said.

    Args:
        connection: where to.
        ca_file: the name under which the CA certificate was saved.
    """
    make = _WAYS.get(connection.engine)
    return make(connection, ca_file) if make else []


def saving(pem: str, ca_file: str) -> str:
    """Return the lines for a POSIX shell that save a certificate; empty if it is no PEM text."""
    text = pem.strip().replace("\r\n", "\n") + "\n"
    if not _PEM.fullmatch(text):
        return ""
    return f"cat > {shlex.quote(ca_file)} <<'{_END}'\n{text}{_END}"


def _postgresql(to: Connection, ca_file: str) -> list[Way]:
    facts: dict[str, str | int] = {"host": to.host, "port": to.port}
    if to.database:
        facts["dbname"] = to.database
    facts["user"] = PLACEHOLDER_USER
    verified = {"sslmode": "verify-full", "sslrootcert": ca_file}
    conninfo = " ".join(f"{key}={_libpq(value)}" for key, value in (facts | verified).items())
    database = quote(to.database, safe="")
    uri = f"postgresql://{PLACEHOLDER_USER}@{to.host}:{to.port}/{database}?{urlencode(verified)}"
    return [
        Way("psql", f"psql {shlex.quote(conninfo)}"),
        Way("URI", uri, Note.FOR_TOOLS),
        Way(
            "psycopg",
            f"psycopg.connect({_python(facts)}, password=getpass(),\n"
            f"                {_python(verified)})",
            Note.IN_PYTHON,
        ),
    ]


def _mysql(to: Connection, ca_file: str) -> list[Way]:
    options = [
        "--ssl-mode=VERIFY_IDENTITY",
        f"--ssl-ca={ca_file}",
        f"--host={to.host}",
        f"--port={to.port}",
        f"--user={PLACEHOLDER_USER}",
        "--password",
    ]
    if to.database:
        options.append(f"--database={to.database}")
    return [Way("mysql", shlex.join(["mysql", *options]))]


def _redis(to: Connection, _: str) -> list[Way]:
    client = "valkey-cli" if to.engine == "valkey" else "redis-cli"
    where = ["-h", to.host, "-p", str(to.port), "--user", PLACEHOLDER_USER, "--askpass"]
    facts: dict[str, str | int] = {"host": to.host, "port": to.port, "username": PLACEHOLDER_USER}
    return [
        Way(
            client,
            shlex.join([client, "--tls", *where]),
            Note.ASKS_CHECKS_NO_NAME,
        ),
        Way(
            "redis-py",
            f"redis.Redis({_python(facts)}, password=getpass(),\n"
            "            ssl=True, ssl_cert_reqs='required', ssl_check_hostname=True)",
            Note.IN_PYTHON_CHECKS_NAME,
        ),
    ]


def _mongodb(to: Connection, ca_file: str) -> list[Way]:
    address = f"mongodb+srv://{to.host}/{quote(to.database, safe='')}"
    tls = ["--tls", "--tlsCAFile", ca_file]
    who = ["--username", PLACEHOLDER_USER, "--authenticationDatabase", "admin"]
    return [Way("mongosh", shlex.join(["mongosh", address, *tls, *who]))]


def _kafka(to: Connection, ca_file: str) -> list[Way]:
    settings = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-256",
        "sasl.username": PLACEHOLDER_USER,
        "ssl.ca.location": ca_file,
        "ssl.endpoint.identification.algorithm": "https",
    }
    options = " ".join(f"-X {shlex.quote(f'{key}={said}')}" for key, said in settings.items())
    broker = f"{to.host}:{to.port}"
    return [
        Way(
            "kcat",
            "read -rs KAFKA_PASSWORD\n"
            f'kcat -b {shlex.quote(broker)} {options} -X sasl.password="$KAFKA_PASSWORD" -L',
            Note.ASKS_SILENTLY,
        )
    ]


def _opensearch(to: Connection, ca_file: str) -> list[Way]:
    address = f"https://{to.host}:{to.port}/"
    return [
        Way("curl", shlex.join(["curl", "--cacert", ca_file, "--user", PLACEHOLDER_USER, address]))
    ]


def _libpq(value: str | int) -> str:
    """Return a value as libpq reads it in a connection string."""
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _python(arguments: dict[str, str] | dict[str, str | int]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


_WAYS: dict[str, Callable[[Connection, str], list[Way]]] = {
    "pg": _postgresql,
    "advanced_pg": _postgresql,
    "mysql": _mysql,
    "advanced_mysql": _mysql,
    "redis": _redis,
    "valkey": _redis,
    "mongodb": _mongodb,
    "kafka": _kafka,
    "opensearch": _opensearch,
}
