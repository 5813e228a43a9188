"""The environment: the database, files that others may read, the public address, the clocks."""

import os
import shlex
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from urllib3.exceptions import HTTPError, NameResolutionError

from bot.checks.findings import Finding, fault, hint, ok
from bot.checks.secret_shapes import SECRETS, WrongShape, secret_of
from bot.config import Settings
from bot.connection_failures import CERTIFICATES, certificates
from bot.domain.web_addresses import LOOPBACK_HOSTS
from bot.secret_files import secret_files
from bot.store import audit, schema
from bot.store.connection_pool import SessionsShared, refuse_shared_sessions
from bot.store.database import Database, sqlite_file

_EVERYBODY, _GROUP = 0o007, 0o070
_PUBLIC_SECONDS = 5.0
_NOTICEABLE_SECONDS = 60
_SIGNATURE_SECONDS = 300  # Slack's requests are refused that long after they were signed
_NOT_RUNNING = frozenset({502, 503, 504})  # a proxy's word for nobody behind it


def check_file_modes(url: str) -> Iterator[Finding]:
    """Look whether others on this machine may read the secrets, or the database's file."""
    if os.name != "posix":
        return
    environment = Path(".env")
    if (mode := _mode(environment)) & _EVERYBODY:
        yield fault(".env", f"everybody may read it ({mode:04o}): type `chmod 600 .env`")
    if seen := [file for file in secret_files(Settings).values() if _mode(file) & _EVERYBODY]:
        typed = " ".join(shlex.quote(str(file)) for file in sorted(seen))
        yield hint("secrets", f"everybody on this machine may read {typed}")
    database = make_url(url)
    if database.get_backend_name() != "sqlite":
        return
    file = sqlite_file(database.database or "")
    if (mode := _mode(file)) & (_EVERYBODY | _GROUP):
        others = "everybody" if mode & _EVERYBODY else "its group"
        typed = f"chmod 600 {shlex.quote(str(file))}*"
        yield hint("database", f"{others} may read it ({mode:04o}): type `{typed}`")


def _mode(file: Path) -> int:
    """Return the permission bits of a file; 0 where there is none."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0


def check_database(settings: Settings) -> Iterator[Finding]:
    """Look at the schema and the audit's keys; a SQLite file that is not there is not made."""
    database = Database(settings.database_url)
    try:
        if database.is_sqlite and not _exists(database.url.database):
            yield _place_for_file(Path(database.url.database or ""))
            return
        refuse_shared_sessions(database)
        if schema.is_current(database):
            yield ok("database", "reachable, schema current")
            yield from _missing_audit_keys(database, settings)
        elif database.is_sqlite:
            yield ok("database", "schema not current: `dbaccess serve` updates it")
        else:
            yield fault("database", "schema not current: run `dbaccess migrate`")
    except SessionsShared as error:
        yield fault("database", str(error).removeprefix("database: "))
    except SQLAlchemyError as error:
        yield fault("database", f"{_first_line(error)}: is DATABASE_URL right, and is it up?")
    finally:
        database.close()


def _missing_audit_keys(database: Database, settings: Settings) -> Iterator[Finding]:
    with database.reading() as session:
        missing = audit.keys_used(session) - settings.audit_keys().by_name.keys()
    if missing:
        yield hint(
            "audit",
            f"rows are signed with {', '.join(sorted(missing))}, which DBACCESS_AUDIT_KEY lacks: "
            "add that key behind the current one, or these rows can no longer be verified",
        )


def check_secrets(settings: Settings) -> Iterator[Finding]:
    """Look whether each secret looks like one of its kind; whether it works is not looked at."""
    found = list(_of_other_kinds(settings))
    yield from found or [ok("environment", "complete")]


def _of_other_kinds(settings: Settings) -> Iterator[Finding]:
    for key in SECRETS:
        value = getattr(settings, key)
        try:
            if value is not None:
                secret_of(key, value.get_secret_value())
        except WrongShape as wrong:
            yield fault(
                "environment", f"{key.upper()} does not fit. {wrong}"
            )  # "TOKEN: x" is redacted


def check_rotation(settings: Settings) -> Iterator[Finding]:
    """Look whether an old secret is still accepted beside the new one."""
    if len(settings.signing_secrets()) > 1:
        yield hint(
            "signing secret",
            "an old one is accepted, too: take it out of SLACK_SIGNING_SECRET once Slack signs "
            "with the new one",
        )


def check_certificates() -> Iterator[Finding]:
    """Look whether the file of CAs that the environment names can be used."""
    file = certificates()
    if file is None:
        return
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        reason = "has no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
        yield fault(CERTIFICATES, f"{file}: {reason}")
    else:
        yield ok(CERTIFICATES, f"{file} has the CAs to trust")


def check_address(settings: Settings) -> Iterator[Finding]:
    """Look whether browsers reach this installation, and whether it will see who they are."""
    url = settings.dbaccess_public_url
    if url is None:
        yield hint("public address", "DBACCESS_PUBLIC_URL is not set, so there is no `myip`")
        return
    yield _reach(url)
    address = urlsplit(url)
    if address.hostname in LOOPBACK_HOSTS:
        return
    if address.scheme != "https":
        yield hint("public address", "is not https, so links and addresses travel in the open")
    elif settings.dbaccess_trusted_proxies == 0:
        yield hint(
            "proxies",
            "dbaccess speaks no https itself, so a proxy must, and `myip` would show that one's "
            "address: set DBACCESS_TRUSTED_PROXIES to how many there are",
        )


def check_clock(whose: str, date: str | None) -> Iterator[Finding]:
    """Compare this machine's clock with the Date header of an answer that came just now."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except (TypeError, ValueError):  # no such header, or one that nobody can read
        return
    seconds = round((datetime.now(UTC) - theirs).total_seconds())
    way = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} {whose}'s"
    if abs(seconds) >= _SIGNATURE_SECONDS:
        yield fault("clock", f"{way}: Slack's requests will be refused; set it (NTP)")
    elif abs(seconds) >= _NOTICEABLE_SECONDS:
        yield hint("clock", f"{way}: from 300 s on Slack's requests are refused; set it (NTP)")
    else:
        yield ok("clock", f"agrees with {whose}'s")


def _reach(url: str) -> Finding:
    what, page = "public address", f"{url}/healthz"
    try:
        answer = urllib3.request("GET", page, timeout=_PUBLIC_SECONDS, retries=False)
    except NameResolutionError:
        return fault(what, f"nobody knows {urlsplit(url).hostname}: is its name in the DNS?")
    except HTTPError as error:
        return hint(what, f"no answer ({type(error).__name__}): start dbaccess and check again")
    if answer.status == 200 and answer.data == b"alive\n":
        return ok(what, f"{url} leads here")
    if answer.status in _NOT_RUNNING:
        return hint(what, f"a proxy says {answer.status}: start dbaccess and check again")
    return fault(what, f"{page} answers {answer.status}, and not as dbaccess: where does it lead?")


def _exists(file: str | None) -> bool:
    return not file or file == ":memory:" or Path(file).exists()


def _place_for_file(file: Path) -> Finding:
    folder = file.parent
    if not folder.is_dir():
        return fault("database", f"there is no folder {folder}: make it, or set DATABASE_URL")
    if not os.access(folder, os.W_OK):
        return fault("database", f"{folder} cannot be written: correct that, or set DATABASE_URL")
    return ok("database", f"{file.name} is not there yet; `dbaccess serve` makes it")


def _first_line(error: SQLAlchemyError) -> str:
    """Return the driver's own words, which are of use to whoever set it up."""
    return str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0].strip()
