"""The port to a database server: what is needed to end the sessions that somebody has open there.

Another kind of server (MySQL, say) is a module beside `postgresql`, with a class that does what
`Sessions` says. Nothing here waits without an end.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from ipaddress import ip_network
from typing import Protocol

from bot.domain.addresses import Network
from bot.domain.sessions import DatabaseSession, SessionRights
from bot.faults import Fault

EVERYWHERE = ip_network("0.0.0.0/0")
LOOK_SECONDS = 5.0  # the longest that one question to the server takes


class SessionsError(Fault):
    """Sessions could not be looked for or ended this time."""


class LoginMissing(SessionsError):
    """The variable that the policy names is not set."""


class ServerAway(SessionsError):
    """The server did not answer in time, or does not take the login."""


class MayNotEnd(SessionsError):
    """The login lacks a right that it needs."""


class Sessions(Protocol):
    """An open connection to a server, by the login that may end sessions.

    Every method raises `ServerAway` if the server does not answer within `LOOK_SECONDS`.
    """

    def rights(self) -> SessionRights:
        """Return what the login may do."""
        ...

    def of(self, network: Network) -> Sequence[DatabaseSession]:
        """Return the sessions of clients that come from there, but for this one.

        Raises:
            MayNotEnd: the login may not see where sessions come from, or not end any.
        """
        ...

    def end(self, session: DatabaseSession) -> bool:
        """Have a session end, if it is still there; False if only a superuser may end it.

        Raises:
            MayNotEnd: the login may not end it, though it is no superuser's.
        """
        ...


OpenSessions = Callable[[str], AbstractContextManager[Sessions]]
"""Connects by the login in that variable; raises SessionsError."""
