"""A double of the database server: people connect from where the rules let them in.

Nobody can connect to a real server from the addresses of these scenarios. It is away at times.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from random import Random

from bot.domain.addresses import Network
from bot.domain.labels import read_label
from bot.domain.lifecycle import GrantState
from bot.domain.sessions import DatabaseSession, SessionRights
from bot.sessions.base import ServerAway, Sessions
from tests.scenarios.world import ORDERS, World


class DatabaseServer(Sessions):
    """The server of `orders`, and what its clients may expect of dbaccess (P9).

    A session is *spared* if something else than our rule let it in, for a moment at least: nobody
    promises to end that. So are those of the time when the database of the bot was lost.

    Attributes:
        opened, ended: how many sessions there were, and how many dbaccess has ended.
        violations: sessions that were ended although a rule let them in.
    """

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._open: list[DatabaseSession] = []
        self._spared: set[DatabaseSession] = set()
        self.is_away = False
        self.opened = self.ended = 0
        self.violations: list[str] = []

    @contextmanager
    def connect(self, url: str) -> Iterator[Sessions]:  # noqa: ARG002
        """Take the place of `bot.sessions.postgresql.connect`."""
        if self.is_away:
            raise ServerAway("no answer")
        yield self

    def rights(self) -> SessionRights:
        return SessionRights("dbaccess_sessions", is_superuser=False, may_end=True, may_see=True)

    def of(self, network: Network) -> Sequence[DatabaseSession]:
        return [one for one in self._open if ip_address(one.address) in network]

    def end(self, session: DatabaseSession) -> bool:
        if session in self._open:
            self._open.remove(session)
            self.ended += 1
            if session.address in self._listed() and not self._is_stale():
                self.violations.append(f"P9: {session} was ended, though a rule lets it in")
        return True

    def let_somebody_in(self) -> None:
        """Have somebody connect by access that is open just now, if any is."""
        lent = {
            grant.source.value
            for grant in self._world.grants()
            if grant.cluster_id == ORDERS and grant.state is GrantState.ACTIVE
        }
        addresses = sorted(lent & set(self._listed()))
        if addresses:
            self.opened += 1
            address, now = self._rng.choice(addresses), self._world.clock.now()
            session = DatabaseSession(self.opened, now, "bob", "psql", "postgres", address)
            self._open.append(session)

    def look(self) -> None:
        """Note who is let in by something else than a rule of ours."""
        listed = self._listed()
        for session in self._open:
            described = listed.get(session.address, [])
            if not listed or any(read_label(one) is None for one in described):
                self._spared.add(session)

    def note_database_loss(self) -> None:
        """What the bot knew of those who are connected is gone."""
        self._spared |= set(self._open)

    def left(self) -> list[DatabaseSession]:
        """Return who is connected though nothing lets them in any more."""
        listed = self._listed()
        return [one for one in self._open if one not in self._spared and one.address not in listed]

    def _listed(self) -> dict[str, list[str | None]]:
        listed: dict[str, list[str | None]] = {}
        for rule in self._world.digitalocean.rules(ORDERS):
            listed.setdefault(rule["value"], []).append(rule.get("description"))
        return listed

    def _is_stale(self) -> bool:
        behaviour = self._world.digitalocean.behaviour
        return bool(behaviour.stale_seconds or behaviour.stale_reads)
