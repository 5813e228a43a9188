"""Ends the sessions that came from where nobody is trusted any more (P9).

The rules are read again before anybody is cut off: a new grant, or a rule that somebody added, may
let the address in by now. Who is about to be cut off is noted first, so that the audit tells of it
even if the process is killed in between.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.access.alarms import longest_silence, silence
from bot.access.notifications import notify_of_grant, notify_operators
from bot.clock import Clock
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.notices import SessionCounts, SessionsClosed, SessionsRefused, SessionsStay
from bot.domain.policy import Policy
from bot.domain.sessions import DatabaseSession
from bot.providers.base import ApiError, Provider
from bot.retry import Backoff, NotYet, TemporaryError
from bot.sessions.base import OpenSessions, Sessions, SessionsError
from bot.sessions.closing import Closing, resolved
from bot.sessions.sparing import Sparing, StillOpen
from bot.sessions.unused import note_unused, tell_unused
from bot.store import audit, jobs, session_ends
from bot.store.database import Database
from bot.store.due import is_time
from bot.store.jobs import Job, Outcome
from bot.store.session_ends import SessionEnd

SECOND_LOOK = timedelta(seconds=75)  # PostgreSQL lets a login take a minute
_ROUNDS = 5
_ROUND_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.05
_SECONDS = 8.0  # with the last question, and connecting, less than a job's lease


class SessionEnding:
    """Does the jobs of kind `sessions`. Safe to call from several threads.

    Args:
        database: where jobs, grants and the audit are.
        provider: tells which rules there are.
        policy: returns the current one.
        clock: tells the time; between two looks, real seconds pass.
        open_sessions: connects to a cluster's server.
    """

    backoff = Backoff(2.0, 60.0, longest_asked_seconds=60.0)

    def __init__(
        self,
        database: Database,
        provider: Provider,
        policy: Callable[[], Policy],
        clock: Clock,
        open_sessions: OpenSessions,
    ) -> None:
        self._database = database
        self._provider = provider
        self._policy = policy
        self._clock = clock
        self._open = open_sessions
        self._sparing = Sparing(database, provider, policy)

    def handle(self, job: Job) -> Callable[[Session], object] | None:
        """End the sessions of one source, until none is left.

        Raises:
            TemporaryError: that did not work, or it is not decided yet who may be connected.
            PermanentError: another version saved the job.
        """
        end = session_ends.of_job(job)
        bind_contextvars(cluster=end.cluster, grant=end.grant_id)
        cluster = self._policy().by_id(end.cluster_id)
        if cluster is None or cluster.sessions is None:
            return jobs.nothing_more  # it is set up no more
        closing = Closing(end)
        try:
            closing.end = resolved(end, self._provider)
            if not closing.end.networks:
                return partial(self._leave, end=closing.end)
            with self._open(cluster.sessions.url_env) as sessions:
                self._close(job, closing, sessions)
        except NotYet:
            self._save(job, closing, error=None)
            raise
        except (SessionsError, ApiError) as error:
            self._save(job, closing, error=str(error))
            raise TemporaryError(str(error)) from error
        self._finish(job, closing)
        return None

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Tell the operators a last time."""
        end = session_ends.of_job(job)
        self._alarm(session, end, error)

    def _close(self, job: Job, closing: Closing, sessions: Sessions) -> None:
        """Cut sessions off in rounds, until nobody is there who may not be.

        Raises:
            SessionsError, ApiError: they cannot be cut off this time.
            NotYet: it is not decided yet who may be there.
        """
        for _ in range(_ROUNDS):
            there = closing.look(sessions)
            intruders = self._strangers(closing.end, there) if there else []
            if not intruders:
                return
            self._note(job, closing, intruders)
            for one in intruders:
                if not sessions.end(one):
                    closing.refused.append(one)
            self._wait_until_gone(closing, sessions)
            if monotonic() - closing.began > _SECONDS:
                break
        if closing.look(sessions):
            raise StillOpen(f"sessions from {closing.end.source} stay, although they were ended")

    def _strangers(
        self, end: SessionEnd, there: Sequence[DatabaseSession]
    ) -> list[DatabaseSession]:
        return self._sparing.strangers(end.cluster_id, end.source, end.networks, there)

    def _leave(self, session: Session, end: SessionEnd) -> None:
        """Tell that sessions may stay: nobody knows from where they would come."""
        self._tell(session, end, counts=None)

    def _wait_until_gone(self, closing: Closing, sessions: Sessions) -> None:
        until = monotonic() + _ROUND_SECONDS
        while True:
            closing.look(sessions)
            if set(closing.end.pending) <= set(closing.refused) or monotonic() > until:
                return
            time.sleep(_LOOK_AGAIN_SECONDS)  # real seconds, whatever the clock: a server's

    def _note(self, job: Job, closing: Closing, intruders: Sequence[DatabaseSession]) -> None:
        """Note who is about to be cut off, and record who was: a killed process tells nothing."""
        with self._database.transaction() as session:
            self._record(session, closing)
            closing.end = closing.end.model_copy(update={"pending": tuple(intruders)})
            if not session_ends.note(session, job, closing.end):
                raise NotYet("another worker is at it")

    def _save(self, job: Job, closing: Closing, *, error: str | None) -> None:
        """Record what was done although it is not over; tell of an *error* that lasts."""
        with self._database.transaction() as session:
            if not jobs.is_ours(session, job.id, job.attempts):
                return
            self._record(session, closing)
            if error is not None and self._is_time(closing.end):
                closing.end = self._alarm(session, closing.end, error)
            session_ends.note(session, job, closing.end)

    def _finish(self, job: Job, closing: Closing) -> None:
        """End the job with all that follows from it, unless another worker is at it by now."""
        now = self._clock.now()
        with self._database.transaction() as session:
            if not jobs.is_ours(session, job.id, job.attempts):
                return
            self._record(session, closing)
            end = closing.end
            if end.alarms:
                over = SessionsClosed(cluster=end.cluster, source=end.source, since=end.since)
                notify_operators(session, over, self._policy(), at=now)
                self._tell(session, end, _counts(end))
            if end.is_last:
                note_unused(session, end, now)
            else:
                end = tell_unused(session, end, self._policy(), now)
                again = {"is_last": True, "pending": (), "alarms": 0, "alarm_at": None}
                session_ends.add(session, end.model_copy(update=again), at=now, after=SECOND_LOOK)
            jobs.finish(session, job.id, now, Outcome.DONE)

    def _record(self, session: Session, closing: Closing) -> None:
        """Record who was cut off, in the audit and where people read of the end."""
        if not closing.has_news:
            return
        now, policy, end = self._clock.now(), self._policy(), closing.settled()
        audit.record(
            session,
            Action.SESSIONS_ENDED,
            at=now,
            actor=Actor.DBACCESS,
            cluster=end.cluster,
            request_id=end.grant_id,
            count=len(closing.closed),
            source=str(end.source),
            sessions=[_shown(one) for one in closing.closed],
            refused=[_shown(one) for one in closing.refused],
        )
        self._tell(session, end, _counts(end))
        if closing.refused:
            refused = SessionsRefused(
                cluster=end.cluster, source=end.source, sessions=tuple(closing.refused)
            )
            notify_operators(session, refused, policy, at=now)
        closing.end, closing.closed, closing.refused = end, [], []

    def _tell(self, session: Session, end: SessionEnd, counts: SessionCounts | None) -> None:
        """Change what people read of the end of its access."""
        if end.notice is not None:
            notice = end.notice.model_copy(update={"sessions": counts})
            notify_of_grant(session, notice, self._policy(), at=self._clock.now(), anew=False)

    def _is_time(self, end: SessionEnd) -> bool:
        alarm_after = self._policy().alarm_after(end.cluster_id)
        at = end.alarm_at or end.since + alarm_after
        return is_time(self._clock.now(), at, within=longest_silence(alarm_after))

    def _alarm(self, session: Session, end: SessionEnd, error: str) -> SessionEnd:
        now, policy = self._clock.now(), self._policy()
        audit.record(
            session,
            Action.SESSIONS_ALARMED,
            at=now,
            actor=Actor.DBACCESS,
            cluster=end.cluster,
            request_id=end.grant_id,
            since=end.since.isoformat(),
            source=str(end.source),
            error=error,
        )
        notice = SessionsStay(
            cluster=end.cluster,
            source=end.source,
            number=end.grant_id,
            since=end.since,
            error=error,
        )
        notify_operators(session, notice, policy, at=now)
        if not end.closed:
            self._tell(session, end, counts=None)
        wait = silence(policy.alarm_after(end.cluster_id), end.alarms)
        return end.model_copy(update={"alarms": end.alarms + 1, "alarm_at": now + wait})


def _counts(end: SessionEnd) -> SessionCounts:
    return SessionCounts(closed=end.closed, refused=len(end.refused))


def _shown(one: DatabaseSession) -> dict[str, str | int]:
    """Return a session as the audit tells of it."""
    since: datetime = one.since
    return {
        "pid": one.pid,
        "user": one.user,
        "application": one.application,
        "database": one.database,
        "since": since.isoformat(),
        "from": one.address,
    }
