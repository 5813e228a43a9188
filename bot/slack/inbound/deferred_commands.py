"""Deferred commands: acknowledged and saved, they are carried out by the worker.

A command is deferred where a right depends on people of whom Slack's directory has to be asked.
"""

from collections.abc import Mapping
from contextlib import suppress
from math import ceil

from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.access import AccessService
from bot.access.notifications import reply
from bot.access.pressed_button import CardNotRecorded
from bot.clock import Clock
from bot.domain.notices import Reply
from bot.domain.people import NeedsDirectory, Person
from bot.domain.refusal import Refused
from bot.domain.refusals.lookups import WentWrong
from bot.domain.refusals.requests import CardNotConfirmed
from bot.log_context import current_reference, new_reference, subject_of
from bot.retry import Backoff, PermanentError, TemporaryError
from bot.slack.users.directory import ROUNDS, Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store.deferred import DeferredCommand, deferred_command
from bot.store.jobs import Job

_REFUSE_AFTER_SECONDS = 30.0  # of not being able to tell whether somebody may
_WAIT_FOR_SECONDS = 300.0  # where Slack says itself when it can tell
_TELL_FROM_SECONDS = 5.0


class DeferredCommands:
    """Carries deferred commands out. Safe to call from several threads."""

    backoff = Backoff(2.0, 2.0, longest_asked_seconds=60.0)  # somebody waits for the answer

    def __init__(self, access: AccessService, directory: Directory, clock: Clock) -> None:
        self._access = access
        self._directory = directory
        self._clock = clock

    def handle(self, job: Job) -> None:
        """Carry one command out; a right that cannot be established is no right (P4).

        Raises:
            TemporaryError: it cannot be established now, or the card was not recorded yet.
            PermanentError: another version saved the command.
        """
        deferred = deferred_command(job)
        bind_contextvars(
            origin=deferred.origin, reference=new_reference(), **subject_of(deferred.command)
        )
        self._carry_out(deferred)

    def give_up(self, session: Session, job: Job, _error: str) -> None:
        """Tell who gave the command that something went wrong; the log has the reference."""
        with suppress(PermanentError):
            went_wrong = Reply(refusal=WentWrong(reference=current_reference()))
            reply(session, went_wrong, deferred_command(job).reply_to, at=self._clock.now())

    def _carry_out(self, deferred: DeferredCommand) -> None:
        """Try with what is known of people; where that is too little, ask Slack and try again."""
        people = {deferred.user_id: self._directory.known(deferred.user_id, deferred.team_id)}
        for _ in range(ROUNDS):
            try:
                self._access.carry_out(
                    deferred.command,
                    people[deferred.user_id],
                    origin=deferred.origin,
                    job=deferred,
                    others=people.values(),
                )
            except NeedsDirectory as needs:
                if not self._ask(deferred, needs.groups, people):
                    return
            except CardNotRecorded:
                self._not_now(deferred, Refused(CardNotConfirmed()), "card not recorded yet")
                return
            else:
                return
        raise TemporaryError("while some were asked about, others came to be concerned")

    def _ask(
        self,
        deferred: DeferredCommand,
        wanted: Mapping[str, frozenset[str]],
        people: dict[str, Person],
    ) -> bool:
        """Ask Slack for what is *wanted*, into *people*; False if the command was refused."""
        for user_id, groups in wanted.items():
            known = people.get(user_id, Person(user_id))
            try:
                people[user_id] = self._person(deferred, known, groups)
            except DirectoryUnavailable as error:
                refused = Refused(error.refusal(of_others=user_id != deferred.user_id))
                if error.is_permanent:
                    self._access.refuse(deferred, refused)
                else:
                    self._not_now(deferred, refused, str(error), error.retry_after)
                return False
        return True

    def _person(self, deferred: DeferredCommand, known: Person, groups: frozenset[str]) -> Person:
        """Return more about somebody; unless it is who acts, nothing older than the command."""
        if known.id == deferred.user_id:
            return self._directory.person(known.id, deferred.team_id, known.asked | groups)
        return self._directory.concerned(known, groups, since=deferred.received_at)

    def _not_now(
        self,
        deferred: DeferredCommand,
        refused: Refused,
        why: str,
        retry_after: float | None = None,
    ) -> None:
        """Refuse the command if it has taken too long.

        Raises:
            TemporaryError: it has not.
        """
        patience = _REFUSE_AFTER_SECONDS if retry_after is None else _WAIT_FOR_SECONDS
        waited = abs(self._clock.now() - deferred.received_at)  # a clock may go backwards
        left = self._clock.in_seconds(patience - (retry_after or 0.0)) - self._clock.now()
        if waited >= left:
            self._access.refuse(deferred, refused)
            return
        if retry_after is not None and retry_after >= _TELL_FROM_SECONDS:
            self._access.tell_waiting(deferred, ceil(retry_after))
        raise TemporaryError(why, retry_after)
