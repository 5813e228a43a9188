"""The access service: each command is carried out in one transaction, with its notifications."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import structlog
from sqlalchemy.exc import IntegrityError

from bot.access.adopt import adopt
from bot.access.alarms import shortest_patience
from bot.access.ask_again import what_to_ask_again
from bot.access.break_glass import answer, break_glass
from bot.access.cancel import cancel
from bot.access.decide import decide, notify_not_granted
from bot.access.expiry import longest_warning
from bot.access.extend import extend, extension_terms
from bot.access.idle import keep
from bot.access.notifications import forget_home, reply
from bot.access.offboarding import depart
from bot.access.put_back import put_back
from bot.access.request_access import request
from bot.access.review import review
from bot.access.revoke import close_for_gone_cluster, revoke, revoke_as_operator
from bot.access.unit_of_work import UnitOfWork
from bot.clock import Clock
from bot.domain.audit_actions import Action
from bot.domain.commands import (
    Adopt,
    BreakGlass,
    Cancel,
    Command,
    Decide,
    Extend,
    Keep,
    PutBack,
    RequestAccess,
    Review,
    Revoke,
)
from bot.domain.extensions import ExtensionTerms
from bot.domain.lifecycle import Grant, Request
from bot.domain.notices import Adopted, Asked, Cancelled, CommandWaits, Notice, Reply, Revoking
from bot.domain.people import People, Person
from bot.domain.policy import Policy
from bot.domain.queries import OpenExtensionForm, OpenForm
from bot.domain.refusal import NoLongerHolds, NotTheCard, NotYours, Refused
from bot.domain.refusals.any_refusal import as_detail
from bot.domain.reply_to import ReplyTo
from bot.domain.sources import TrustedSource
from bot.store import audit, deferred, jobs, requests
from bot.store.database import Database
from bot.store.deferred import DeferredCommand
from bot.store.jobs import Outcome
from bot.store.next_due import LeadTimes, NextDue, read_next_due

T = TypeVar("T")

log = structlog.get_logger()


class AccessService:
    """The use cases over one database. `wake` is called after each change for the worker.

    `name_of` returns at once what people call a source, `""` if that is not known.
    """

    def __init__(
        self,
        database: Database,
        policy: Callable[[], Policy],
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
        name_of: Callable[[TrustedSource], str] = lambda _source: "",
    ) -> None:
        self._name_of = name_of
        self._database = database
        self._policy = policy
        self._clock = clock
        self._wake = wake

    def carry_out(
        self,
        command: Command,
        person: Person,
        *,
        origin: str,
        job: DeferredCommand | None = None,
        others: Iterable[Person] = (),
    ) -> Notice | None:
        """Carry a command out and return the answer for whoever gave it, if there is one.

        The answer to a *job*, or its refusal, is enqueued in the same transaction; if the job was
        dropped meanwhile, nothing happens. *others* are people whom it concerns, as far as the
        directory was asked about them.

        Raises:
            Refused: it is not allowed or not possible; only if there is no job.
            CardNotRecorded: the card that was pressed is just being posted; try again.
            NeedsDirectory: it depends on people of whom too little is known; nothing was changed.
        """
        people = People([*others, person])
        try:
            try:
                answer = self._once(command, person, origin, job, people)
            except IntegrityError:  # the same interaction was delivered twice at this moment
                answer = self._once(command, person, origin, job, people)
        except Refused as refused:
            notable = NotYours | NotTheCard | NoLongerHolds
            if isinstance(command, Decide | Review) and isinstance(refused, notable):
                self._record_refusal(command, person, refused)
            if job is None:
                raise
            self.refuse(job, refused)
            return None
        self._wake()
        return answer

    def _once(
        self,
        command: Command,
        person: Person,
        origin: str,
        job: DeferredCommand | None,
        people: People,
    ) -> Notice | None:
        with self._unit_of_work(origin, people) as uow:
            if job is not None and not jobs.is_ours(uow.session, job.id, job.attempts):
                return None
            answer = _carry_out(uow, command, person)
            if job is not None:
                jobs.finish(uow.session, job.id, uow.now, Outcome.DONE)
                if answer is not None:
                    reply(uow.session, answer, job.reply_to, at=uow.now)
        return answer

    def dry_run(
        self, command: Command, person: Person, *, origin: str | None = None
    ) -> Notice | None:
        """Return what would be answered to a command now; nothing is changed.

        One that was carried out already, by its *origin*, is not refused.

        Raises:
            Refused: it would.
            NeedsDirectory: it depends on people of whom too little is known.
        """
        people = People([person])
        return self._rolled_back(lambda uow: _carry_out(uow, command, person), origin, people)

    def dry_run_of(self, act: Callable[[UnitOfWork], T]) -> T:
        """Return what *act* returns; nothing is changed."""
        return self._rolled_back(act)

    def _rolled_back(
        self,
        act: Callable[[UnitOfWork], T],
        origin: str | None = None,
        people: People | None = None,
    ) -> T:
        found: list[T] = []
        with suppress(_RolledBack), self._unit_of_work(origin, people) as uow:
            found.append(act(uow))
            raise _RolledBack
        return found[0]

    def extension_terms(self, grant_id: int, mark: str | None, person: Person) -> ExtensionTerms:
        """Return what somebody may choose from for an extension; *mark* as in `Extend`.

        Raises:
            Refused: there is nothing that they may extend.
            NeedsDirectory: that depends on who they are.
        """
        with self._unit_of_work(None) as uow:
            return extension_terms(uow, grant_id, mark, person)

    def what_to_ask_again(
        self, number: int, mark: str, person: Person
    ) -> OpenForm | OpenExtensionForm:
        """Return the form that asks again for what was asked for under that number."""
        with self._unit_of_work(None) as uow:
            return what_to_ask_again(uow, number, mark, person)

    def defer(self, command: Command, reply_to: ReplyTo, *, team_id: str, origin: str) -> None:
        """Save a command that needs the directory first; the same *origin* counts once."""
        with self._database.transaction() as session:
            deferred.defer(
                session,
                command,
                reply_to=reply_to,
                team_id=team_id,
                origin=origin,
                at=self._clock.now(),
            )
        self._wake()

    def refuse(self, job: DeferredCommand, refused: Refused) -> None:
        """Finish a deferred command, and tell who gave it why it is refused."""
        with self._unit_of_work(job.origin) as uow:
            if not jobs.is_ours(uow.session, job.id, job.attempts):
                return
            jobs.finish(uow.session, job.id, uow.now, Outcome.REFUSED)
            reply(uow.session, Reply(refusal=refused.refusal), job.reply_to, at=uow.now)
        self._wake()

    def tell_waiting(self, job: DeferredCommand, seconds: int) -> None:
        """Tell who gave a deferred command, once, that it has to wait for Slack."""
        with self._unit_of_work(job.origin) as uow:
            notice, once = CommandWaits(seconds=seconds), f"waits:{job.origin}"
            reply(uow.session, notice, job.reply_to, at=uow.now, once=once)
        self._wake()

    def depart(self, user_id: str) -> None:
        """Have all that somebody had who left the workspace end now."""
        with self._database.transaction() as session:  # by itself: others lock Homes last
            forget_home(session, user_id)
        with self._unit_of_work(None) as uow:
            ended = depart(uow, user_id)
        if ended:
            log.info("somebody left", user=user_id, grants=ended)
        self._wake()

    def revoke_as_operator(self, grant_id: int, *, actor: str) -> Grant:
        """Have a grant end now, from the command line.

        Raises:
            Refused: there is no such live grant.
        """
        with self._unit_of_work(None) as uow:
            grant = revoke_as_operator(uow, grant_id, actor=actor)
        self._wake()
        return grant

    def close_for_gone_cluster(self, grant_id: int, *, actor: str) -> Grant:
        """End a grant whose cluster DigitalOcean no longer knows.

        Raises:
            Refused: there is no such grant, or it has ended.
        """
        with self._unit_of_work(None) as uow:
            grant = close_for_gone_cluster(uow, grant_id, actor=actor)
        self._wake()
        return grant

    def next_due(self) -> NextDue:
        """Return when the next thing of each kind is due."""
        policy = self._policy()
        lead = LeadTimes(
            warning=longest_warning(policy, adopted=False),
            warning_of_adopted=longest_warning(policy, adopted=True),
            alarm=shortest_patience(policy),
        )
        with self._database.reading() as session:
            return read_next_due(session, lead)

    def run_step(self, step: Callable[[UnitOfWork], int]) -> int:
        """Carry out one step of what is due by the clock; return how much there was to do."""
        with self._unit_of_work(None) as uow:
            done = step(uow)
        if done:
            self._wake()
        return done

    def in_one_transaction(self, act: Callable[[UnitOfWork], T]) -> T:
        """Return what *act* returns, once it is committed."""
        with self._unit_of_work(None) as uow:
            done = act(uow)
        self._wake()
        return done

    @contextmanager
    def _unit_of_work(
        self, origin: str | None, people: People | None = None
    ) -> Iterator[UnitOfWork]:
        people = people or People()
        with self._database.transaction() as session:
            policy, now = self._policy(), self._clock.now()
            yield UnitOfWork(session, policy, now, origin, self._name_of, people)

    def _record_refusal(self, command: Decide | Review, person: Person, refused: Refused) -> None:
        with self._unit_of_work(None) as uow:
            if isinstance(refused, NoLongerHolds):
                notify_not_granted(uow, command.request_id, refused.refusal)
            audit.record(
                uow.session,
                Action.REFUSED,
                at=uow.now,
                actor=person.id,
                request_id=command.request_id,
                verdict=command.verdict if isinstance(command, Decide) else command.kind,
                **as_detail(refused.refusal),
            )


class _RolledBack(Exception):
    """Ends a dry run: everything is rolled back."""


def _carry_out(  # noqa: C901  # a case for each
    uow: UnitOfWork, command: Command, person: Person
) -> Notice | None:
    _check_standing(uow, command, person)
    match command:
        case RequestAccess():
            uow.found.take_turn(person.id)  # first, so that what is read of theirs is read once
            made = _made_already(uow, person) or request(uow, command, person)
            return Asked(request=uow.facts(made))
        case BreakGlass():
            return answer(uow, _made_already(uow, person) or break_glass(uow, command, person))
        case Extend():
            made = _made_already(uow, person) or extend(uow, command, person)
            return Asked(request=uow.facts(made))
        case Adopt():
            made = _made_already(uow, person) or adopt(uow, command, person)
            return Adopted(request=uow.facts(made))
        case Keep():
            keep(uow, command, person)
            return None
        case PutBack():
            if _made_already(uow, person) is None:
                put_back(uow, command, person)
            return None
        case Review():
            review(uow, command, person)
            return None
        case Cancel():
            return _answer_to_cancel(uow, cancel(uow, command, person), command)
        case Revoke():
            return _answer_to_end(revoke(uow, command, person), command)
        case Decide():
            decide(uow, command, person)
            return None


def _made_already(uow: UnitOfWork, person: Person) -> Request | None:
    """Return what came of the same interaction when it was delivered before, if it was."""
    return uow.found.made_by(uow.origin, person.id) if uow.origin else None


def _answer_to_end(leaving: Grant, command: Revoke) -> Revoking | None:
    """Return what whoever ended a grant hears; nothing where what they pressed says it itself."""
    if leaving.revoked_by == leaving.requester and command.container.stays:
        return None
    return Revoking(grant=leaving)


def _answer_to_cancel(uow: UnitOfWork, request: Request, command: Cancel) -> Cancelled | None:
    """Return what whoever cancelled hears; their Home tab is drawn anew, which says enough."""
    return None if command.container.is_home else Cancelled(request=uow.facts(request))


def _check_standing(uow: UnitOfWork, command: Command, person: Person) -> None:
    """Refuse guests and others whom no cluster admits; but they may end what is their own.

    Decisions and reviews are checked more strictly elsewhere, and their refusals are recorded.
    """
    match command:
        case Decide() | Review():
            return
        case Revoke(grant_id=number) | Keep(grant_id=number) | Cancel(request_id=number):
            if person.id in requests.owners_of(uow.session, number):
                return
    uow.policy.check_standing(person)
