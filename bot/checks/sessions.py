"""Sessions: whether the logins that end them can do so, and nothing more."""

from collections.abc import Iterator

from bot.checks.findings import Finding, fault, hint, ok
from bot.config import Settings
from bot.core import open_sessions
from bot.database_url import is_unencrypted
from bot.domain.policy import Policy
from bot.domain.sessions import SessionRights
from bot.sessions.base import LoginMissing, SessionsError

_ROLES = "GRANT pg_signal_backend, pg_read_all_stats TO"


def check_sessions(settings: Settings, policy: Policy) -> Iterator[Finding]:
    """Yield what is to be said of each login that the policy names, and of those that it does not.

    Sessions that are open are neither listed nor ended.
    """
    named = {c.sessions.url_env: alias for alias, c in policy.clusters.items() if c.sessions}
    for variable, alias in named.items():
        yield from _check_login(settings, f"sessions {alias}", variable)
    for variable in sorted(settings.session_logins.keys() - named.keys()):
        yield hint("sessions", f"{variable} is set, but no cluster names it")


def _check_login(settings: Settings, what: str, variable: str) -> Iterator[Finding]:
    try:
        with open_sessions(settings, variable) as sessions:
            rights = sessions.rights()
    except LoginMissing as error:
        yield fault(what, f"{error}: put in the login's URL, or take [sessions] out")
        return
    except SessionsError as error:
        yield fault(what, f"no login by {variable}: {error}")
        return
    yield _check_rights(what, rights)
    if is_unencrypted(settings.session_logins[variable].get_secret_value()):
        yield hint(what, f"{variable} does not insist on TLS: add sslmode=verify-full or require")


def _check_rights(what: str, rights: SessionRights) -> Finding:
    if rights.is_superuser:
        return fault(what, f"{rights.user} is a superuser: make a login that may only end sessions")
    if not (rights.may_end and rights.may_see):
        return fault(what, f"{rights.user} lacks a right. Run as doadmin: {_ROLES} {rights.user};")
    return ok(what, f"{rights.user} can see and end sessions")
