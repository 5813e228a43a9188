"""Errands: wishes that were acknowledged and are carried out once Slack has said who asks."""

import structlog

from bot.access import Access
from bot.clock import Clock
from bot.domain.policy import Person
from bot.domain.refusal import Refused
from bot.slack.directory import Directory, DirectoryUnavailable
from bot.store import errands
from bot.store.database import Database
from bot.store.errands import Errand

_PATIENCE_SECONDS = 30.0
_RETRY_SECONDS = 2.0

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
        question = self._access.question(errand.wish, errand.user_id)
        person = Person(errand.user_id)
        if question is not None:
            try:
                person = self._directory.person(errand.user_id, errand.team_id, question.groups)
            except DirectoryUnavailable as error:
                self._not_now(errand, error)
                return
        self._access.carry_out(errand.wish, person, origin=errand.origin, errand=errand)

    def _not_now(self, errand: Errand, error: DirectoryUnavailable) -> None:
        log.warning("directory unavailable", errand=errand.id, error=str(error))
        if errand.received_at > self._clock.in_seconds(-_PATIENCE_SECONDS):
            with self._database.transaction() as session:
                errands.put_off(session, errand.id, self._clock.in_seconds(_RETRY_SECONDS))
            return
        self._access.refuse(
            errand,
            Refused(
                "Slack did not tell me whether you may do this, so the answer is no for now. "
                "Nothing was changed. Please try again in a moment."
            ),
        )
