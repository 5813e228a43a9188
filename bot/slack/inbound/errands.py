"""Errands: commands that were acknowledged and saved, and are carried out by the worker.

A command is deferred where a right depends on people of whom Slack's directory has to be asked.
"""

from collections.abc import Mapping

import structlog
from structlog.contextvars import bind_contextvars

from bot.access import AccessService
from bot.access.pressed_button import CardNotRecorded
from bot.clock import Clock
from bot.domain.people import NeedsDirectory, Person
from bot.domain.refusal import Refused
from bot.domain.refusals.lookups import WentWrong
from bot.domain.refusals.requests import CardNotConfirmed
from bot.log_context import current_reference, new_reference, subject_of
from bot.slack.users.directory import ROUNDS, Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import errands
from bot.store.database import DATABASE_UNAVAILABLE, Database
from bot.store.errands import Errand

_REFUSE_AFTER_SECONDS = 30.0  # of not being able to tell whether somebody may
_RETRY_SECONDS = 2.0  # somebody waits for the answer: as soon each time
_ATTEMPTS = 5  # of what fails for a fault of ours

log = structlog.get_logger()


class Errands:
    """Carries deferred commands out. Safe to call from several threads."""

    def __init__(
        self, database: Database, access: AccessService, directory: Directory, clock: Clock
    ) -> None:
        self._database = database
        self._access = access
        self._directory = directory
        self._clock = clock

    def claim(self, *, most: int) -> list[Errand]:
        """Return errands for this process to carry out now."""
        with self._database.transaction() as session:
            until = self._clock.in_seconds(errands.CLAIM_SECONDS)
            return errands.claim(session, self._clock.now(), until=until, most=most)

    def handle(self, errand: Errand) -> None:
        """Carry one errand out; a right that cannot be established is no right (P4)."""
        bind_contextvars(
            errand=errand.id,
            origin=errand.origin,
            reference=new_reference(),
            **subject_of(errand.command),
        )
        try:
            self._carry_out(errand)
        except DATABASE_UNAVAILABLE:
            raise  # it is still there when the database is back
        except Exception as error:  # the person hears of it, and the log has it whole
            self._fail(errand, error)

    def _carry_out(self, errand: Errand) -> None:
        """Try with what is known of people; where that is too little, ask Slack and try again."""
        people = {errand.user_id: self._directory.known(errand.user_id, errand.team_id)}
        for _ in range(ROUNDS):
            try:
                self._access.carry_out(
                    errand.command,
                    people[errand.user_id],
                    origin=errand.origin,
                    errand=errand,
                    others=people.values(),
                )
            except NeedsDirectory as needs:
                if not self._ask(errand, needs.groups, people):
                    return
            except CardNotRecorded:
                log.info("card not recorded yet")
                self._not_now(errand, Refused(CardNotConfirmed()))
                return
            else:
                return
        self._reschedule(errand)  # while some were asked about, others came to be concerned

    def _ask(
        self, errand: Errand, wanted: Mapping[str, frozenset[str]], people: dict[str, Person]
    ) -> bool:
        """Ask Slack for what is *wanted*, into *people*; False if the errand has to wait."""
        for user_id, groups in wanted.items():
            known = people.get(user_id, Person(user_id))
            try:
                people[user_id] = self._person(errand, known, groups)
            except DirectoryUnavailable as error:
                log.warning("directory unavailable", error=str(error))
                refused = Refused(error.refusal(of_others=user_id != errand.user_id))
                if error.is_permanent:
                    self._access.refuse(errand, refused)
                else:
                    self._not_now(errand, refused)
                return False
        return True

    def _person(self, errand: Errand, known: Person, groups: frozenset[str]) -> Person:
        """Return more about somebody; unless it is who acts, nothing older than the errand."""
        if known.id == errand.user_id:
            return self._directory.person(known.id, errand.team_id, known.asked | groups)
        return self._directory.concerned(known, groups, since=errand.received_at)

    def _fail(self, errand: Errand, error: Exception) -> None:
        reference = current_reference()
        log.error("errand failed", reference=reference, exc_info=error)
        if errand.attempts < _ATTEMPTS:
            self._reschedule(errand)
            return
        self._access.refuse(errand, Refused(WentWrong(reference=reference)))

    def _reschedule(self, errand: Errand) -> None:
        with self._database.transaction() as session:
            errands.reschedule(session, errand.id, self._clock.in_seconds(_RETRY_SECONDS))

    def _not_now(self, errand: Errand, refused: Refused) -> None:
        """Try again in a moment; refuse once it has taken too long."""
        waited = abs(self._clock.now() - errand.received_at)  # a clock may go backwards
        if waited < self._clock.now() - self._clock.in_seconds(-_REFUSE_AFTER_SECONDS):
            self._reschedule(errand)
            return
        self._access.refuse(errand, refused)
