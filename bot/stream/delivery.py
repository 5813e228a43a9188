"""Delivery: sends what the receiver has not got yet, one row after the other.

One worker of all sends at a time. A row is sent once the one before it was taken, and never
skipped, whatever the receiver answers. The cursor is saved after some rows: if the process is
killed before, they are sent again.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

import structlog
from sqlmodel import Session

from bot.access.notifications import notify_operators
from bot.clock import Clock
from bot.domain.audit_actions import Action
from bot.domain.audit_chain import GENESIS
from bot.domain.notices import StreamResumed, StreamStopped
from bot.domain.policy import Policy
from bot.domain.standard_webhooks import signed
from bot.retry import Backoff, TemporaryError
from bot.store import audit, stream
from bot.store.database import Database
from bot.store.due import is_time
from bot.store.locks import ClusterLocks, Held
from bot.store.stream import Cursor
from bot.store.tables import AuditRow
from bot.stream.events import Event, event_of
from bot.stream.receiver import Receiver, Unreachable

ALARM_AFTER = timedelta(minutes=15)  # where it may heal by itself; and from one alarm to the next
_BACKOFF = Backoff(1.0, 300.0, longest_asked_seconds=3600.0)
_LOCK = "stream"
_AT_ONCE = 100  # rows between two writes of the cursor
_AT_ONCE_SECONDS = 1.0
_BUSY_SECONDS = 1.0  # while another worker sends

log = structlog.get_logger()


class NotSendable(TemporaryError):
    """A row was not sent, through a fault of ours or of the database's: somebody has to look."""


class Stream:
    """The queue of one: what is to be sent, if the policy has a stream.

    Args:
        database: where the audit and the cursor are.
        policy: returns the current one.
        clock: tells when to try again.
        keys: sign what is sent; there is one at least where the policy has a stream.
        on_delivery: called after each try with its outcome: `delivered`, `not_taken` or
            `unreachable`.
    """

    def __init__(
        self,
        database: Database,
        policy: Callable[[], Policy],
        clock: Clock,
        keys: Sequence[bytes],
        on_delivery: Callable[[str], object] = lambda _outcome: None,
    ) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self._keys = keys
        self._on_delivery = on_delivery
        self._locks = ClusterLocks(database)
        self._receiver: Receiver | None = None
        self._stopping = threading.Event()

    def claim(self, *, most: int) -> Sequence[Policy]:
        """Return the policy by which to send; nothing where it has no stream."""
        policy = self._policy()
        is_wanted = policy.stream is not None and not self._stopping.is_set()
        return [policy] if most and is_wanted else []

    def handle(self, item: Policy) -> None:
        """Send some rows; the rest is for the next time."""
        with self._locks.hold(_LOCK) as held:
            if held is not None:
                self._send(item, held)
                return
        self._stopping.wait(_BUSY_SECONDS)

    def hurry(self) -> None:
        """Have what failed tried again now: somebody has started or changed something."""
        with self._database.transaction() as session:
            stream.hurry(session, self._clock.now())

    def stop(self) -> None:
        """Send nothing more, and wait for no answer."""
        self._stopping.set()
        if self._receiver is not None:
            self._receiver.abort()

    def _is_due(self, cursor: Cursor) -> bool:
        within = timedelta(seconds=_BACKOFF.longest_asked_seconds)
        return cursor.due_at is None or is_time(self._clock.now(), cursor.due_at, within=within)

    def _send(self, policy: Policy, held: Held) -> None:
        cursor, rows = self._unsent()
        if not rows or not self._is_due(cursor):
            return
        receiver = self._receiver_of(policy)
        held.renew()  # whoever stood still for longer than the rows below take has lost it
        sent, error, began = cursor, None, monotonic()
        try:
            for row in rows:
                self._deliver(receiver, event_of(row, sent.digest, policy.instance))
                sent = replace(sent, number=row.id or 0, digest=row.digest)
                if self._stopping.is_set() or monotonic() - began > _AT_ONCE_SECONDS:
                    break
        except TemporaryError as failed:
            error = failed
        except Exception:  # it would be tried again at once, for ever, and nobody told
            log.exception("row not sent", after=sent.number)
            error = NotSendable(f"the row after {sent.number} can't be sent, the log says why")
        if self._stopping.is_set():
            error = None  # it is we who hung up
        if error is not None or sent != cursor:
            self._save(policy, cursor, sent, error)

    def _unsent(self) -> tuple[Cursor, Sequence[AuditRow]]:
        """Return the cursor, and rows behind it.

        If the row that was delivered last is gone or another one, the audit is another one, too:
        then all of it is sent again. The receiver knows what it has.
        """
        with self._database.reading() as session:
            cursor = stream.cursor(session)
            rows = stream.rows(session, max(cursor.number, 1), most=_AT_ONCE + 1)
        if not cursor.number:
            return self._begin(cursor), rows
        if rows and (rows[0].id, rows[0].digest) == (cursor.number, cursor.digest):
            return cursor, rows[1:]
        log.error("audit changed behind the stream", row=cursor.number)
        with self._database.transaction() as session:
            stream.save(session, cursor, replace(cursor, number=0, digest=GENESIS))
        return cursor, ()

    def _begin(self, cursor: Cursor) -> Cursor:
        if cursor.due_at is not None:
            return cursor
        with self._database.transaction() as session:
            stream.begin(session, self._clock.now())
            return stream.cursor(session)

    def _receiver_of(self, policy: Policy) -> Receiver:
        url = policy.stream.url if policy.stream else ""
        if self._receiver is not None and self._receiver.url != url:
            self._receiver.close()
            self._receiver = None
        if self._receiver is None:
            self._receiver = Receiver(url)
        return self._receiver

    def _deliver(self, receiver: Receiver, event: Event) -> None:
        headers = signed(self._keys, event.id, event.body, at=self._clock.now())
        try:
            receiver.post(headers, event.body)
        except TemporaryError as error:
            self._on_delivery("unreachable" if isinstance(error, Unreachable) else "not_taken")
            raise
        self._on_delivery("delivered")

    def _save(
        self, policy: Policy, before: Cursor, sent: Cursor, error: TemporaryError | None
    ) -> None:
        """Move the cursor, and tell the operators of what is over and of what begins."""
        now = self._clock.now()
        after = before
        if sent != before:
            if before.failures:
                log.info("stream resumed", failures=before.failures)
            after = Cursor(
                sent.number, sent.digest, delivered_at=now, due_at=now, told_at=before.told_at
            )
        if error is not None:
            after = self._failed(after, error)
        with self._database.transaction() as session:
            if not stream.save(session, before, after):
                log.warning("stream cursor moved by another worker")
                return
            if before.is_told and sent != before:
                over = replace(sent, failing_since=before.failing_since)
                self._tell(session, policy, over, is_over=True)
            if after.told_at != before.told_at:
                self._tell(session, policy, after, is_over=False)

    def _failed(self, cursor: Cursor, error: TemporaryError) -> Cursor:
        now, failures = self._clock.now(), cursor.failures + 1
        since = cursor.failing_since or now
        if cursor.error != str(error):
            log.warning("stream failed", error=str(error))
        seconds = _BACKOFF.seconds(failures, asked=error.retry_after)
        heals_by_itself = isinstance(error, Unreachable) and now - since < ALARM_AFTER
        is_news = not cursor.is_told and not _is_recent(cursor.told_at, now)
        return replace(
            cursor,
            failures=failures,
            failing_since=since,
            due_at=self._clock.in_seconds(seconds),
            error=str(error),
            told_at=now if is_news and not heals_by_itself else cursor.told_at,
        )

    def _tell(self, session: Session, policy: Policy, cursor: Cursor, *, is_over: bool) -> None:
        now, place = self._clock.now(), self._receiver_of(policy).place
        since = cursor.failing_since or now
        rows = stream.lag(session, cursor).rows
        notice: StreamStopped | StreamResumed
        if is_over:
            notice = StreamResumed(place=place, since=since, rows=rows)
            audit.record(session, Action.STREAM_RESUMED, at=now, since=since.isoformat())
        else:
            notice = StreamStopped(place=place, since=since, rows=rows, error=cursor.error)
            audit.record(
                session, Action.STREAM_ALARMED, at=now, since=since.isoformat(), error=cursor.error
            )
        notify_operators(session, notice, policy, at=now)


def _is_recent(told_at: datetime | None, now: datetime) -> bool:
    """Tell whether the operators heard so lately that they hear no more for now.

    Each alarm is a row to be sent, too: of a receiver that now takes one and now does not, there
    would be no end.
    """
    return told_at is not None and timedelta() <= now - told_at < ALARM_AFTER
