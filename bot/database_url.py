"""The database's URL: the driver named, the faults that people make named without quoting them."""

import re

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_NEAR = {"localhost", "127.0.0.1", "::1"}
_WITH_TLS = {"require", "verify-ca", "verify-full"}
_PSYCOPG = "postgresql+psycopg://"
_HOST = re.compile(r"[\w.\-]*(,[\w.\-]*)*|[\da-fA-F:.%]+|[\w.\-]+:\d*|/[\w.\-/:]*")
_UNREADABLE = (
    "cannot be read; it looks like postgresql://user:password@host:5432/name, and in user and "
    "password @ is written %40, : %3A, / %2F, ? %3F and % %25"
)
_SEVERAL_HOSTS = (
    "names several hosts in a form that is not taken; write "
    "postgresql://user:password@/name?host=one:5432&host=two:5432"
)


def database_url(url: str) -> str:
    """Return *url* with the driver named: SQLite's own, psycopg 3 for PostgreSQL.

    Errors do not quote any part of it: if a password contains a separator, any part may contain
    some of it (P8).

    Raises:
        ValueError: another kind of database, one that cannot be read, or one in memory.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite":
        return _sqlite_url(url)
    if separator and scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        return _postgresql_url(_PSYCOPG + rest)
    raise ValueError("must begin with sqlite:///, postgresql:// or postgres://")


def _sqlite_url(url: str) -> str:
    try:
        file = make_url(url).database or ""
    except (ValueError, ArgumentError):
        file = ""
    if file in ("", ":memory:") or file.startswith("file::memory:") or "mode=memory" in url:
        raise ValueError("must name a file, like sqlite:///dbaccess.db: memory is not kept")
    return url


def _postgresql_url(url: str) -> str:
    if url.count("@") > 1:
        raise ValueError(_UNREADABLE)
    authority = url.partition("://")[2].rpartition("@")[2].partition("/")[0].partition("?")[0]
    try:
        parsed = make_url(url)
    except (ValueError, ArgumentError):
        raise ValueError(_SEVERAL_HOSTS if "," in authority else _UNREADABLE) from None
    hosts = [parsed.host or "", *(listed(parsed.query.get("host", ())))]
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError(_UNREADABLE)
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise ValueError(_UNREADABLE)
    try:
        parsed.get_dialect()().create_connect_args(parsed)
    except (ValueError, ArgumentError):
        raise ValueError(_SEVERAL_HOSTS) from None
    return url


def listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return what one part of a URL's query says, once or several times."""
    return (value,) if isinstance(value, str) else value


def is_unencrypted(url: str) -> bool:
    """Tell whether a PostgreSQL login may travel to another machine without TLS."""
    parsed = make_url(url)
    hosts = {parsed.host or "", *listed(parsed.query.get("host", ()))} - {""}
    is_near = all(host.startswith("/") or host in _NEAR for host in hosts)
    return not is_near and not set(listed(parsed.query.get("sslmode", ()))) & _WITH_TLS
