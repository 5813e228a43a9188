"""Ends sessions in the whole model: the real handler, with a double of the database server."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Protocol

from bot.domain.addresses import Network
from bot.domain.rules import Rule
from bot.domain.sessions import DatabaseSession, SessionRights
from bot.providers.base import Purpose
from bot.sessions.base import ServerAway, Sessions
from bot.sessions.ending import SessionEnding
from bot.store import jobs
from bot.store.jobs import Kind
from bot.worker.stored_jobs import StoredJobs
from tests.model.double import Hands, Point
from tests.model.faults import Fault
from tests.model.outside import BEGINNING
from tests.model.scene import ORDERS, Scene
from tests.providers.memory import MemoryProvider

_MOST = 4


class Around(Protocol):
    """What is around the server: who is connected, and who acts when."""

    scene: Scene

    def judge_cut(self, session: DatabaseSession, rules: Sequence[Rule]) -> None:
        """Judge that a session is about to be ended, by the list that was read before."""
        ...

    def happens(self, point: Point, faults: Sequence[Fault], hands: Hands) -> Fault | None:
        """Let others act at a point; return how the call that comes next fails, if it does."""
        ...


class SessionWorker:
    """Does the jobs of kind `sessions` that are due; `run` may be cut off at any point."""

    def __init__(self, around: Around) -> None:
        self._database = around.scene.memory.database
        self._server = _Server(around)
        ending = SessionEnding(
            self._database,
            self._server.rules,
            lambda: around.scene.policy,
            around.scene,
            self._server.open,
        )
        self._jobs = StoredJobs(
            Kind.SESSIONS, ending, self._database, around.scene, concurrency=_MOST
        )

    def run(self, hands: Hands) -> None:
        """Handle what is due, as a process that has just started: what was leased is free."""
        self._server.hands = hands
        self._server.rules.read = None
        with self._database.transaction() as session:
            jobs.release_leases(session)
        for job in self._jobs.claim(most=_MOST):
            self._jobs.handle(job)


class _Rules(MemoryProvider):
    """The list, as somebody reads it who writes nothing and whom the oracle need not follow."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(lambda: BEGINNING)
        self.add_cluster(ORDERS)
        self._scene = scene
        self.read: list[Rule] | None = None

    def read_rules(self, cluster_id: str, *, purpose: Purpose = Purpose.PAGES) -> list[Rule]:  # noqa: ARG002
        self.read = self.listed()
        return self.read

    def listed(self) -> list[Rule]:
        """Return what it would read now."""
        return [entry.rule for entry in self._scene.outside.entries]


class _Server(Sessions):
    """A database server with one client at the most."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self.rules = _Rules(around.scene)
        self.hands = Hands("the worker")

    @contextmanager
    def open(self, url_env: str) -> Iterator[Sessions]:  # noqa: ARG002
        if self._around.happens(Point.LOOKING, (Fault.NO_CONNECTION,), self.hands):
            raise ServerAway("no answer")
        yield self

    def rights(self) -> SessionRights:
        return SessionRights("dbaccess_sessions", is_superuser=False, may_end=True, may_see=True)

    def of(self, network: Network) -> Sequence[DatabaseSession]:
        one = self._around.scene.outside.connected
        found = [one] if one is not None and ip_address(one.address) in network else []
        self._around.happens(Point.LOOKED, (), self.hands)
        return found

    def end(self, session: DatabaseSession) -> bool:
        self._around.happens(Point.CUTTING, (), self.hands)
        scene = self._around.scene
        if scene.outside.connected == session:
            self._around.judge_cut(session, self.rules.read or self.rules.listed())
            scene.tell(f"it ends the session from {session.address}")
            scene.outside = scene.outside._replace(connected=None)
        self._around.happens(Point.CUT, (), self.hands)
        return True
