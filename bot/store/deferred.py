"""Deferred commands: those that were acknowledged and wait for Slack's directory, as jobs."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.commands import COMMAND, Command
from bot.domain.reply_to import ReplyTo
from bot.store import jobs
from bot.store.jobs import Job, Kind, reply_to_of


@dataclass(frozen=True)
class DeferredCommand:
    """A command to carry out for somebody, and the interaction that it came from (`origin`).

    `id` and `attempts` are those of the job.
    """

    id: int
    team_id: str
    command: Command
    reply_to: ReplyTo
    received_at: datetime
    origin: str
    attempts: int

    @property
    def user_id(self) -> str:
        """Who gave the command."""
        return self.reply_to.user_id


def defer(
    session: Session,
    command: Command,
    *,
    reply_to: ReplyTo,
    team_id: str,
    origin: str,
    at: datetime,
) -> bool:
    """Save a command; False if this interaction (*origin*) was saved already."""
    return jobs.add(
        session,
        Kind.COMMAND,
        {
            "command": COMMAND.dump_python(command, mode="json"),
            "user_id": reply_to.user_id,
            "in_place": reply_to.in_place,
            "team_id": team_id,
            "origin": origin,
        },
        ordering_key=origin,
        at=at,
        unique_key=origin,
        reply_address=reply_to.address,
    )


def deferred_command(job: Job) -> DeferredCommand:
    """Return the command of a job.

    Raises:
        PermanentError: another version saved it.
    """
    with jobs.reading_payload():
        command = COMMAND.validate_python(job.payload.get("command"))
    return DeferredCommand(
        id=job.id,
        team_id=str(job.payload.get("team_id")),
        command=command,
        reply_to=reply_to_of(job),
        received_at=job.created_at,
        origin=str(job.payload.get("origin")),
        attempts=job.attempts,
    )
