"""Errands: wishes that were acknowledged and are carried out once Slack has said who asks."""

import structlog
from structlog.contextvars import bind_contextvars

from bot.access import Access
from bot.access.pressing import CardNotRecorded
from bot.clock import Clock
from bot.domain.people import Person
from bot.domain.refusal import Refused
from bot.domain.subjects import subject_of
from bot.slack.directory import Directory, DirectoryUnavailable, cannot_tell
from bot.slack.references import current_reference, new_reference
from bot.store import errands
from bot.store.database import AWAY, Database
from bot.store.errands import Errand

_PATIENCE_SECONDS = 30.0
_RETRY_SECONDS = 2.0
_ATTEMPTS = 5
_CARD_NOT_RECORDED = Refused(
    "Slack has not confirmed that card yet, so nothing was changed. Try again in a minute."
)

log = structlog.get_logger()


class Errands:
    """Carries errands out. Safe to call from several threads."""

    def __init__(
        self, database: Database, access: Access, directory: Directory, clock: Clock
    ) -> None:
        self._database = database
        self._access = access
        self._directory = directory
        self._clock = clock

    def claim(self, *, most: int) -> list[Errand]:
        """Return errands that this process now has to carry out."""
        with self._database.transaction() as session:
            until = self._clock.in_seconds(errands.CLAIM_SECONDS)
            return errands.claim(session, self._clock.now(), until=until, most=most)

    def carry_out(self, errand: Errand) -> None:
        """Carry one errand out, or say no: a right that cannot be established is no right (P4)."""
        bind_contextvars(
            errand=errand.id,
            origin=errand.origin,
            reference=new_reference(),
            **subject_of(errand.wish),
        )
        try:
            self._carry_out(errand)
        except AWAY:
            raise  # the database is away: the errand is still there when it is back
        except Exception as error:  # the person hears of it, and the log has it whole
            self._fail(errand, error)

    def _carry_out(self, errand: Errand) -> None:
        question = self._access.question(errand.wish, errand.user_id)
        person = Person(errand.user_id)
        if question is not None:
            try:
                person = self._directory.person(errand.user_id, errand.team_id, question.groups)
            except DirectoryUnavailable as error:
                log.warning("directory unavailable", error=str(error))
                self._not_now(errand, cannot_tell())
                return
        try:
            self._access.carry_out(errand.wish, person, origin=errand.origin, errand=errand)
        except CardNotRecorded:
            log.info("card not recorded yet")
            self._not_now(errand, _CARD_NOT_RECORDED)

    def _fail(self, errand: Errand, error: Exception) -> None:
        reference = current_reference()
        log.error("errand failed", reference=reference, exc_info=error)
        if errand.attempts < _ATTEMPTS:
            self._put_off(errand)
            return
        self._access.refuse(
            errand,
            Refused(
                "Something went wrong on my side, and nothing was changed. Please try again; if "
                f"it happens again, tell the people who run dbaccess this reference: {reference}"
            ),
        )

    def _put_off(self, errand: Errand) -> None:
        with self._database.transaction() as session:
            errands.put_off(session, errand.id, self._clock.in_seconds(_RETRY_SECONDS))

    def _not_now(self, errand: Errand, refused: Refused) -> None:
        """Try again in a moment; *refused* once it has taken too long."""
        waited = abs(self._clock.now() - errand.received_at)  # a clock may go backwards
        if waited < self._clock.now() - self._clock.in_seconds(-_PATIENCE_SECONDS):
            self._put_off(errand)
            return
        self._access.refuse(errand, refused)
