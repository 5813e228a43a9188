"""Ends the sessions that came from where nobody is trusted any more (P9).

The rules are read again before anybody is cut off: a new grant, or a rule that somebody added, may
let the address in by now. Who is about to be cut off is noted first, so that the audit tells of it
even if the process is killed in between.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from time import monotonic

from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.access.alarms import silence
from bot.access.notifications import notify_of_grant, notify_operators
from bot.clock import Clock
from bot.domain.actors import Actor
from bot.domain.addresses import Network
from bot.domain.audit_actions import Action
from bot.domain.lifecycle import GrantState
from bot.domain.notices import SessionCounts, SessionsClosed, SessionsRefused, SessionsStay
from bot.domain.policy import Policy
from bot.domain.sessions import DatabaseSession
from bot.providers.base import ApiError, Provider, Purpose
from bot.retry import Backoff, NotYet, TemporaryError
from bot.sessions.base import OpenSessions, Sessions, SessionsError
from bot.sessions.machines import addresses_of_machines
from bot.sessions.unused import note_unused, tell_unused
from bot.store import audit, grants, jobs, session_ends
from bot.store.database import Database
from bot.store.jobs import Job, Outcome
from bot.store.session_ends import SessionEnd

SECOND_LOOK = timedelta(seconds=75)  # PostgreSQL lets a login take a minute
_ROUNDS = 5
_ROUND_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.05
_SECONDS = 8.0  # with the last question, and connecting, less than a job's lease
_UNDECIDED_SECONDS = 5.0


class StillOpen(SessionsError):
    """Sessions that were ended are still there, or so is the rule that lets them in."""


@dataclass
class _Closing:
    """One attempt: what was seen since the job's payload was written."""

    end: SessionEnd
    network: Network
    began: float = field(default_factory=monotonic)
    closed: list[DatabaseSession] = field(default_factory=list)
    refused: list[DatabaseSession] = field(default_factory=list)

    @property
    def has_news(self) -> bool:
        return bool(self.closed or self.refused)

    def see(self, there: Sequence[DatabaseSession]) -> list[DatabaseSession]:
        """Take in who is there; return those of them that are not known to stay."""
        if there:
            self.end = self.end.model_copy(update={"unseen_until": None})
        gone = [one for one in self.end.pending if one not in there]
        self.closed += gone
        left = tuple(one for one in self.end.pending if one in there)
        self.end = self.end.model_copy(update={"pending": left})
        return [one for one in there if one not in (*self.end.refused, *self.refused)]

    def settled(self) -> SessionEnd:
        """Return what the job has done once this is in the audit."""
        done = {
            "closed": self.end.closed + len(self.closed),
            "refused": (*self.end.refused, *self.refused),
        }
        return self.end.model_copy(update=done)


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

    def handle(self, job: Job) -> Callable[[Session], object] | None:
        """End the sessions of one source, until none is left.

        Raises:
            TemporaryError: that did not work, or it is not decided yet who may be connected.
            PermanentError: another version saved the job.
        """
        end = session_ends.of_job(job)
        bind_contextvars(cluster=end.cluster, grant=end.grant_id)
        cluster = self._policy().by_id(end.cluster_id)
        network = end.source.network
        if cluster is None or cluster.sessions is None or network is None:
            return jobs.nothing_more  # it is set up no more
        closing = _Closing(end, network)
        try:
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

    def _close(self, job: Job, closing: _Closing, sessions: Sessions) -> None:
        """Cut sessions off in rounds, until nobody is there who may not be.

        Raises:
            SessionsError, ApiError: they cannot be cut off this time.
            NotYet: it is not decided yet who may be there.
        """
        for _ in range(_ROUNDS):
            there = closing.see(sessions.of(closing.network))
            intruders = self._not_let_in(closing, there) if there else []
            if not intruders:
                return
            self._note(job, closing, intruders)
            for one in intruders:
                if not sessions.end(one):
                    closing.refused.append(one)
            self._wait_until_gone(closing, sessions)
            if monotonic() - closing.began > _SECONDS:
                break
        if closing.see(sessions.of(closing.network)):
            raise StillOpen(f"sessions from {closing.end.source} stay, although they were ended")

    def _not_let_in(
        self, closing: _Closing, there: Sequence[DatabaseSession]
    ) -> list[DatabaseSession]:
        """Return those whom neither a rule nor a live grant lets in, as it is just now."""
        cluster_id, ended = closing.end.cluster_id, closing.network
        rules = self._provider.read_rules(cluster_id, purpose=Purpose.ENDS)
        with self._database.reading() as session:
            live = [g for g in grants.listing(session, cluster_id=cluster_id) if g.is_live]
        if not rules:
            return []  # the cluster is open to everybody
        lent = {grant.source for grant in live}
        instance = self._policy().instance
        for rule in rules:
            network = rule.source.network if rule.source else None
            is_ours = rule.label_of(instance) is not None and rule.source not in lent
            if is_ours and _overlap(network, ended):
                raise StillOpen(f"a rule of ours for {rule.source} is still there")
        starting = [grant.source.network for grant in live if grant.state is GrantState.APPLYING]
        if any(_overlap(network, ended) for network in starting):
            raise NotYet("access from there is being opened", _UNDECIDED_SECONDS)
        sources = lent | {rule.source for rule in rules if rule.source}
        let_in = [source.network for source in sources if source.network]
        strangers = [
            one for one in there if not any(ip_address(one.address) in net for net in let_in)
        ]
        machines = addresses_of_machines(self._provider, sources) if strangers else ()
        return [one for one in strangers if one.address not in machines]

    def _wait_until_gone(self, closing: _Closing, sessions: Sessions) -> None:
        until = monotonic() + _ROUND_SECONDS
        while True:
            closing.see(sessions.of(closing.network))
            if set(closing.end.pending) <= set(closing.refused) or monotonic() > until:
                return
            time.sleep(_LOOK_AGAIN_SECONDS)  # real seconds, whatever the clock: a server's

    def _note(self, job: Job, closing: _Closing, intruders: Sequence[DatabaseSession]) -> None:
        """Note who is about to be cut off, and record who was: a killed process tells nothing."""
        with self._database.transaction() as session:
            self._record(session, closing)
            closing.end = closing.end.model_copy(update={"pending": tuple(intruders)})
            if not session_ends.note(session, job, closing.end):
                raise NotYet("another worker is at it")

    def _save(self, job: Job, closing: _Closing, *, error: str | None) -> None:
        """Record what was done although it is not over; tell of an *error* that lasts."""
        with self._database.transaction() as session:
            if not jobs.is_ours(session, job.id, job.attempts):
                return
            self._record(session, closing)
            if error is not None and self._is_time(closing.end):
                closing.end = self._alarm(session, closing.end, error)
            session_ends.note(session, job, closing.end)

    def _finish(self, job: Job, closing: _Closing) -> None:
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
            if end.is_last:
                note_unused(session, end, now)
            else:
                end = tell_unused(session, end, self._policy(), now)
                again = {"is_last": True, "pending": (), "alarms": 0, "alarm_at": None}
                session_ends.add(session, end.model_copy(update=again), at=now, after=SECOND_LOOK)
            jobs.finish(session, job.id, now, Outcome.DONE)

    def _record(self, session: Session, closing: _Closing) -> None:
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
        if end.notice is not None:
            counts = SessionCounts(closed=end.closed, refused=len(end.refused))
            notice = end.notice.model_copy(update={"sessions": counts})
            notify_of_grant(session, notice, policy, at=now, anew=False)
        if closing.refused:
            refused = SessionsRefused(
                cluster=end.cluster, source=end.source, sessions=tuple(closing.refused)
            )
            notify_operators(session, refused, policy, at=now)
        closing.end, closing.closed, closing.refused = end, [], []

    def _is_time(self, end: SessionEnd) -> bool:
        alarm_after = self._policy().alarm_after(end.cluster_id)
        return self._clock.now() >= (end.alarm_at or end.since + alarm_after)

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
        wait = silence(policy.alarm_after(end.cluster_id), end.alarms)
        return end.model_copy(update={"alarms": end.alarms + 1, "alarm_at": now + wait})


def _overlap(one: Network | None, other: Network) -> bool:
    return one is not None and one.version == other.version and one.overlaps(other)


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
