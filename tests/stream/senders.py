"""A worker's stream on a database of its own, asked to send as its queue asks it."""

from typing import Any

from sqlmodel import col, select

from bot.config import parse_policy
from bot.domain.audit_actions import Action
from bot.domain.notices import NOTICE
from bot.domain.policy import Policy
from bot.store import audit, stream
from bot.store.database import Database
from bot.store.tables import JobRow
from bot.stream.delivery import Stream
from tests.scenarios.world import ORDERS, ManualClock
from tests.stream.siem import KEY

RITA, ALICE = "U0RITA", "U0ALICE"


def policy_for(url: str | None, **more: Any) -> Policy:
    written: dict[str, Any] = {
        "instance": "prod",
        "operators": "C0OPS",
        "clusters": {"orders": {"id": ORDERS, "channel": "C0A", "approvers": [ALICE]}},
    }
    return parse_policy(written | ({"stream": {"url": url}} if url else {}) | more)


class Sender:
    """A worker's stream, which is asked to send as its queue asks it."""

    def __init__(self, database: Database, url: str | None, *keys: bytes) -> None:
        self.database = database
        self.clock = ManualClock()
        self.policy = policy_for(url)
        self.outcomes: list[str] = []
        self._streams: list[Stream] = []
        self.stream = self.another(*keys)

    def another(self, *keys: bytes) -> Stream:
        """The same, in another process."""
        self._streams.append(
            Stream(
                self.database,
                lambda: self.policy,
                self.clock,
                keys or (KEY,),
                self.outcomes.append,
            )
        )
        return self._streams[-1]

    def close(self) -> None:
        for one in self._streams:
            one.stop()

    def write(self, count: int = 1, **detail: Any) -> None:
        for _ in range(count):
            with self.database.transaction() as session:
                audit.record(
                    session,
                    Action.REQUESTED,
                    at=self.clock.now(),
                    actor=RITA,
                    cluster="orders",
                    request_id=17,
                    source="ip_addr:203.0.113.4",
                    **detail,
                )

    def send(self, stream_: Stream | None = None) -> None:
        """Let it send all that is due."""
        while claimed := (stream_ or self.stream).claim(most=1):
            before = self.cursor()
            for policy in claimed:
                (stream_ or self.stream).handle(policy)
            if self.cursor() == before:
                return

    def cursor(self) -> stream.Cursor:
        with self.database.reading() as session:
            return stream.cursor(session)

    def told(self) -> list[Any]:
        """What the operators were told."""
        with self.database.reading() as session:
            found = session.exec(select(JobRow.payload).order_by(col(JobRow.id))).all()
        return [NOTICE.validate_python(payload["notice"]) for payload in found]

    def actions(self) -> list[str]:
        with self.database.reading() as session:
            return [entry.action for entry in audit.rows(session)]
