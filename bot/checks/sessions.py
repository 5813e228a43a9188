"""Sessions: whether the logins that end them can do so, and nothing more."""

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy.engine import make_url

from bot.checks.findings import Finding, fault, hint, ok
from bot.config import Settings
from bot.core import open_sessions
from bot.database_url import is_unencrypted
from bot.domain.connecting import Connection
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


def check_session_servers(
    provider: Provider, settings: Settings, policy: Policy
) -> Iterator[Finding]:
    """Yield what is wrong with the clusters themselves: no PostgreSQL, or not where a login leads.

    Of a read replica, nobody tells that; nor of any cluster while the API is away.
    """
    for alias, cluster in policy.clusters.items():
        if cluster.sessions is None:
            continue
        with suppress(ApiError):
            found = provider.connection(str(cluster.id))
            login = settings.session_logins.get(cluster.sessions.url_env)
            if found.engine != _POSTGRESQL:
                yield fault(
                    f"sessions {alias}",
                    f"the cluster's engine is {found.engine}, and sessions are ended on PostgreSQL "
                    f"only: take [clusters.{alias}.sessions] out",
                )
            elif login is not None and _leads_elsewhere(login.get_secret_value(), found):
                yield hint(
                    f"sessions {alias}",
                    f"{cluster.sessions.url_env} does not name {found.host}, where the cluster is: "
                    "is it the login of another one? Its sessions would be ended",
                )


def _leads_elsewhere(url: str, cluster: Connection) -> bool:
    """Tell whether a URL names other hosts; one in the query stands before that in its place."""
    parsed = make_url(url)
    in_query = parsed.query.get("host", ())
    named = [in_query] if isinstance(in_query, str) else list(in_query)
    hosts = {host.partition(":")[0] for host in named or [parsed.host or ""]}
    return not hosts & {cluster.host, cluster.private_host}


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
