"""Sessions: whether the logins that end them can do so, and nothing more."""

from collections.abc import Iterator
from contextlib import suppress

from bot.checks.findings import Finding, fault, hint, ok
from bot.config import Settings
from bot.core import open_sessions
from bot.database_url import is_unencrypted
from bot.domain.policy import Policy
from bot.domain.sessions import SessionRights
from bot.providers.base import ApiError, Provider
from bot.sessions.base import LoginMissing, SessionsError

_POSTGRESQL = "pg"
_HOW = "docs/setup/sessions.md says what to do if that is denied"
_FOR = {
    "pg_signal_backend": "end sessions",
    "pg_read_all_stats": "see where they come from",
}


def check_engines(provider: Provider, policy: Policy) -> Iterator[Finding]:
    """Yield the clusters whose sessions cannot be ended, since they are no PostgreSQL.

    Of a read replica, nobody tells the engine; nor of any cluster while the API is away.
    """
    for alias, cluster in policy.clusters.items():
        if cluster.sessions is None:
            continue
        with suppress(ApiError):
            engine = provider.connection(str(cluster.id)).engine
            if engine != _POSTGRESQL:
                yield fault(
                    f"sessions {alias}",
                    f"the cluster's engine is {engine}, and sessions are ended on PostgreSQL only: "
                    f"take [clusters.{alias}.sessions] out",
                )


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
    if rights.is_pooled:
        yield fault(
            what,
            f"{variable} leads to a connection pool, which hides where sessions come from: take "
            "the cluster's own port (25060 at DigitalOcean, pools have 25061)",
        )
        return
    yield _check_rights(what, rights)
    if is_unencrypted(settings.session_logins[variable].get_secret_value()):
        yield hint(what, f"{variable} does not insist on TLS: add sslmode=verify-full or require")


def _check_rights(what: str, rights: SessionRights) -> Finding:
    if rights.is_superuser:
        return fault(what, f"{rights.user} is a superuser: make a login that may only end sessions")
    lacks = [] if rights.may_end else ["pg_signal_backend"]
    lacks += [] if rights.may_see else ["pg_read_all_stats"]
    if lacks:
        cannot = " or ".join(_FOR[role] for role in lacks)
        line = f"GRANT {', '.join(lacks)} TO {rights.user};"
        return fault(what, f"{rights.user} cannot {cannot}. Run as doadmin: {line} {_HOW}")
    return ok(what, f"{rights.user} can see and end sessions")
