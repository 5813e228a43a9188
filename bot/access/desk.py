"""The desk where wishes are carried out: one transaction each, told once it is true."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import structlog
from sqlalchemy.exc import IntegrityError

from bot.access.adopting import adopt
from bot.access.alarming import alarm, alarm_of_open
from bot.access.anchoring import anchor
from bot.access.asking import cancel, extend, request
from bot.access.deciding import decide, tell_not_granted
from bot.access.emergency import answer, break_glass, review
from bot.access.ending import (
    close_for_gone_cluster,
    depart,
    expire,
    lapse,
    revoke,
    revoke_as_operator,
    warn,
)
from bot.access.extending import extension_terms
from bot.access.move import Move
from bot.access.putting_back import put_back
from bot.access.questions import Question, question_of
from bot.access.reminding import remind
from bot.clock import Clock
from bot.domain.extensions import ExtensionTerms
from bot.domain.lifecycle import Grant
from bot.domain.notices import Adopted, Asked, CallsMade, Cancelled, Notice, Reply, Revoking
from bot.domain.people import People, Person
from bot.domain.policy import Policy
from bot.domain.refusal import NoLongerHolds, NotTheCard, NotYours, Refused
from bot.domain.sources import TrustedSource
from bot.domain.wishes import (
    Adopt,
    AskFor,
    BreakGlass,
    Cancel,
    Decide,
    Extend,
    PutBack,
    Review,
    Revoke,
    Wish,
)
from bot.store import audit, errands, homes, requests
from bot.store.audit import Action
from bot.store.database import AWAY, Database
from bot.store.errands import Errand
from bot.telling import grant_facts, reply

log = structlog.get_logger()


class Access:
    """The use cases over one database. `wake` is called after each change that has followers.

    `name_of` says at once, from memory, what people call a source; `""` where that is not known.
    `calls_made` says what DigitalOcean was called for, which alarms tell.
    """

    def __init__(
        self,
        database: Database,
        policy: Callable[[], Policy],
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
        name_of: Callable[[TrustedSource], str] = lambda _source: "",
        calls_made: Callable[[], CallsMade] = CallsMade,
    ) -> None:
        self._name_of = name_of
        self._calls_made = calls_made
        self._database = database
        self._policy = policy
        self._clock = clock
        self._wake = wake

    def question(self, wish: Wish, user_id: str) -> Question | None:
        """Return what the directory must say first; None where nothing has to be asked."""
        with self._database.reading() as session:
            return question_of(session, self._policy(), wish, user_id)

    def carry_out(
        self,
        wish: Wish,
        person: Person,
        *,
        origin: str,
        errand: Errand | None = None,
        others: Iterable[Person] = (),
    ) -> Notice | None:
        """Carry a wish out and return the answer for the person who made it, if there is one.

        The answer to an *errand* is owed to its maker in the same transaction, a refusal too.
        *others* are people whom it concerns, as far as the directory was asked about them.

        Raises:
            Refused: it cannot be; only where there is no errand.
            CardNotRecorded: the card that was pressed is being posted just now; try again.
            NeedsDirectory: it depends on people of whom too little is known; nothing was changed.
        """
        people = People([*others, person])
        try:
            try:
                answer = self._once(wish, person, origin, errand, people)
            except IntegrityError:  # the same interaction was delivered twice at this moment
                answer = self._once(wish, person, origin, errand, people)
        except Refused as refused:
            notable = NotYours | NotTheCard | NoLongerHolds
            if isinstance(wish, Decide | Review) and isinstance(refused, notable):
                self._record_refusal(wish, person, refused)
            if errand is None:
                raise
            self.refuse(errand, refused)
            return None
        self._wake()
        return answer

    def _once(
        self, wish: Wish, person: Person, origin: str, errand: Errand | None, people: People
    ) -> Notice | None:
        with self._move(origin, people) as move:
            answer = _carry_out(move, wish, person)
            if errand is not None:
                errands.finish(move.session, errand.id, move.now, "done")
                if answer is not None:
                    reply(move.session, answer, errand.reply_to, at=move.now)
        return answer

    def rehearse(self, wish: Wish, person: Person) -> None:
        """Find out whether a wish would be refused now; nothing is changed.

        Raises:
            Refused: it would.
            NeedsDirectory: it depends on people of whom too little is known.
        """
        with suppress(_CurtainFall), self._move(None, People([person])) as move:
            _carry_out(move, wish, person)
            raise _CurtainFall

    def extension_terms(self, grant_id: int, mark: str | None, person: Person) -> ExtensionTerms:
        """Return what somebody may choose from for an extension; *mark* as in `Extend`.

        Raises:
            Refused: there is nothing that they may extend.
        """
        with self._move(None) as move:
            return extension_terms(move, grant_id, mark, person)

    def put_aside(
        self, wish: Wish, *, user_id: str, team_id: str, origin: str, response_url: str | None
    ) -> None:
        """Write a wish down that needs the directory first; the same *origin* counts once."""
        with self._database.transaction() as session:
            errands.add(
                session,
                wish,
                user_id=user_id,
                team_id=team_id,
                origin=origin,
                response_url=response_url,
                at=self._clock.now(),
            )
        self._wake()

    def refuse(self, errand: Errand, refused: Refused) -> None:
        """Close an errand with a sentence for its maker."""
        with self._move(errand.origin) as move:
            errands.finish(move.session, errand.id, move.now, "refused")
            answer = Reply(
                sentence=refused.sentence,
                ask=refused.ask,
                channel=refused.channel,
                could_end=refused.could_end,
            )
            reply(move.session, answer, errand.reply_to, at=move.now)
        self._wake()

    def depart(self, user_id: str) -> None:
        """Have all that somebody had who left the workspace end now."""
        with self._database.transaction() as session:  # by itself: others lock Homes last
            homes.forget(session, user_id)
        with self._move(None) as move:
            ended = depart(move, user_id)
        if ended:
            log.info("somebody left", user=user_id, grants=ended)
        self._wake()

    def revoke_as_operator(self, grant_id: int, *, actor: str) -> Grant:
        """Have a grant end now, from the command line.

        Raises:
            Refused: there is no such live grant.
        """
        with self._move(None) as move:
            grant = revoke_as_operator(move, grant_id, actor=actor)
        self._wake()
        return grant

    def close_for_gone_cluster(self, grant_id: int, *, actor: str) -> Grant:
        """End a grant whose cluster DigitalOcean no longer knows.

        Raises:
            Refused: there is no such grant, or it has ended.
        """
        with self._move(None) as move:
            grant = close_for_gone_cluster(move, grant_id, actor=actor)
        self._wake()
        return grant

    def keep_time(self) -> None:
        """Do what is due by the clock: grants expire, requests lapse, ends are announced …"""
        for step in (expire, lapse, warn, remind, self._alarm, alarm_of_open, anchor):
            try:
                with self._move(None) as move:
                    done = step(move)
            except AWAY:
                raise  # the database is away: all of it is tried again
            except Exception:  # a fault in one must not keep the others from their time
                log.exception("keeping time failed", step=step.__name__)
            else:
                if done:
                    self._wake()

    def _alarm(self, move: Move) -> int:
        return alarm(move, self._calls_made())

    @contextmanager
    def _move(self, origin: str | None, people: People | None = None) -> Iterator[Move]:
        people = people or People()
        with self._database.transaction() as session:
            policy, now = self._policy(), self._clock.now()
            yield Move(session, policy, now, origin, self._name_of, people)

    def _record_refusal(self, wish: Decide | Review, person: Person, refused: Refused) -> None:
        with self._move(None) as move:
            if isinstance(refused, NoLongerHolds):
                tell_not_granted(move, wish.request_id, refused.sentence)
            audit.record(
                move.session,
                Action.REFUSED,
                at=move.now,
                actor=person.id,
                request_id=wish.request_id,
                verdict=wish.verdict if isinstance(wish, Decide) else wish.kind,
                why=refused.sentence,
            )


class _CurtainFall(Exception):
    """The end of a rehearsal: rolls everything back."""


def _carry_out(move: Move, wish: Wish, person: Person) -> Notice | None:
    _check_standing(move, wish, person)
    known = requests.by_origin(move.session, move.origin) if move.origin else None
    match wish:
        case AskFor():
            return Asked(request=move.facts(known or request(move, wish, person)))
        case BreakGlass():
            return answer(move, known or break_glass(move, wish, person))
        case Extend():
            return Asked(request=move.facts(known or extend(move, wish, person)))
        case Adopt():
            return Adopted(request=move.facts(known or adopt(move, wish, person)))
        case PutBack():
            return Asked(request=move.facts(known or put_back(move, wish, person)))
        case Review():
            review(move, wish, person)
            return None
        case Cancel():
            return Cancelled(request=move.facts(cancel(move, wish, person)))
        case Revoke():
            return Revoking(grant=grant_facts(revoke(move, wish, person)))
        case Decide():
            decide(move, wish, person)
            return None


def _check_standing(move: Move, wish: Wish, person: Person) -> None:
    """Refuse guests and others where no cluster admits them; what is their own they may end.

    Who decides and who reviews is checked more strictly, and a refusal is written down.
    """
    match wish:
        case Decide() | Review():
            return
        case Revoke(grant_id=number) | Cancel(request_id=number):
            if person.id in requests.owners_of(move.session, number):
                return
    move.policy.check_standing(person)
