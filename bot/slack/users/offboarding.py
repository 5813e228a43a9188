"""Offboarding: has the access of people end whose accounts were deactivated.

Slack says so once, by an event, which is lost where the bot is away for too long. So those who
hold or wait for something are looked up now and then.
"""

from collections.abc import Callable
from datetime import timedelta

from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.access import AccessService
from bot.clock import Clock
from bot.domain.actors import Actor
from bot.domain.principals import is_machine
from bot.retry import Backoff
from bot.slack.users.directory import UNKNOWN_USER, Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import grants, jobs, requests
from bot.store.database import Database
from bot.store.jobs import Job, Kind

_APART = timedelta(seconds=1)  # Slack allows some hundred such questions a minute, for all of them
_ROUND = timedelta(seconds=jobs.LONGEST_WAIT_SECONDS)  # within that, all are asked about


class Offboarding:
    """Looks people up, each by a job of their own. Safe to call from several threads."""

    backoff = Backoff(60.0, 300.0, longest_asked_seconds=jobs.LONGEST_WAIT_SECONDS)

    def __init__(
        self, database: Database, access: AccessService, directory: Directory, clock: Clock
    ) -> None:
        self._database = database
        self._access = access
        self._directory = directory
        self._clock = clock

    def begin_round(self) -> None:
        """Have everybody looked up who holds or waits for something, or approved what does."""
        with self._database.transaction() as session:
            people, now = _concerned(session), self._clock.now()
            apart = min(_APART, _ROUND / max(len(people), 1))
            for place, user_id in enumerate(people):
                due_at = now + place * apart
                payload = {"user_id": user_id}
                jobs.add_latest(session, Kind.ACCOUNT, user_id, payload, at=now, due_at=due_at)

    def handle(self, job: Job) -> Callable[[Session], object]:
        """Have all that somebody has end, if Slack says clearly that they have left.

        Raises:
            TemporaryError: Slack cannot be asked, or gives no clear answer.
            InstallationError: Slack refuses this installation.
        """
        user_id = str(job.payload.get("user_id"))
        bind_contextvars(user=user_id)
        try:
            if self._directory.has_left(user_id):
                self._access.depart(user_id)
        except DirectoryUnavailable as error:
            if error.code not in UNKNOWN_USER:  # else the next round is early enough
                raise error.failure() from error
        return jobs.nothing_more

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Leave it to the next round."""


def _concerned(session: Session) -> list[str]:
    pending = requests.pending(session)
    for grant in grants.applying(session):
        pending += requests.behind(session, grant.id)
    waiting = {request.requester for request in pending}
    approved = {person for request in pending for person in request.approvers}
    named = waiting | approved - {Actor.POLICY, Actor.EMERGENCY}
    return sorted(name for name in grants.holders(session) | named if not is_machine(name))
