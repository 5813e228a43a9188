"""Replay: sends rows again that were delivered before, beside what is being sent anyway.

They have the ids that they had, so a receiver knows those that it has. The cursor stays where it
is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay

from bot.clock import Clock
from bot.domain.audit_chain import GENESIS
from bot.domain.standard_webhooks import signed
from bot.retry import Backoff, TemporaryError
from bot.store import stream
from bot.store.database import Database
from bot.store.tables import AuditRow
from bot.stream.events import Event, event_of
from bot.stream.receiver import Receiver, Unreachable

_AT_ONCE = 100
_PATIENCE_SECONDS = 300.0
_BACKOFF = Backoff(1.0, 30.0, longest_asked_seconds=_PATIENCE_SECONDS)


@dataclass(frozen=True)
class Replay:
    """Rows to send again, from the first to the last."""

    first: int
    last: int

    def __len__(self) -> int:
        """Return how many there are."""
        return max(self.last - self.first + 1, 0)


def delivered_from(session: Session, first: int) -> Replay:
    """Return the rows from a number on that were delivered; those behind them come by themselves.

    Nothing is sent ahead of its turn: otherwise the receiver would get new rows out of order.
    """
    return Replay(max(first, 1), stream.cursor(session).number)


def send_again(
    replay: Replay,
    database: Database,
    receiver: Receiver,
    keys: Sequence[bytes],
    instance: str,
    clock: Clock,
) -> Iterator[int]:
    """Send rows again, one after the other, and yield the number of each once it was taken.

    Raises:
        NotTaken: the receiver refuses one.
        Unreachable: it has not answered for five minutes.
    """
    for row, previous in _rows(database, replay):
        _post(receiver, keys, event_of(row, previous, instance), clock)
        yield row.id or 0


def _rows(database: Database, replay: Replay) -> Iterator[tuple[AuditRow, str]]:
    """Yield each row with the digest of the one before."""
    number, digest = replay.first - 1, GENESIS
    if number:
        with database.reading() as session:
            digest = stream.rows(session, number, most=1)[0].digest
    while number < replay.last:
        with database.reading() as session:
            found = stream.rows(session, number + 1, most=_AT_ONCE)
        for row in found:
            number = row.id or 0
            if number > replay.last:
                return
            yield row, digest
            digest = row.digest
        if not found:
            return


def _post(receiver: Receiver, keys: Sequence[bytes], event: Event, clock: Clock) -> None:
    for attempt in Retrying(
        retry=retry_if_exception_type(Unreachable),
        stop=stop_after_delay(_PATIENCE_SECONDS),
        wait=_wait,
        sleep=clock.sleep,
        reraise=True,
    ):
        with attempt:
            receiver.post(signed(keys, event.id, event.body, at=clock.now()), event.body)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, TemporaryError) else None
    return _BACKOFF.seconds(state.attempt_number, asked=asked)
