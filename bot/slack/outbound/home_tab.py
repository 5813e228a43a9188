"""Home tabs: each one that somebody may be looking at is redrawn when something changes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from slack_sdk.errors import SlackApiError
from structlog.contextvars import bind_contextvars

from bot.access.notifications import request_facts
from bot.clock import Clock
from bot.domain.lifecycle import Request
from bot.domain.people import Person, Standing, standing_of
from bot.domain.policy import Policy
from bot.retry import Backoff, PermanentError, TemporaryError
from bot.slack import messages
from bot.slack.client import NO_ANSWER, SlackClient, code_of
from bot.slack.errors import retry_after
from bot.slack.messages import HomeTab
from bot.slack.users.directory import Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import grants, homes, requests
from bot.store.database import DATABASE_UNAVAILABLE, Database
from bot.store.homes import Home

_GIVE_UP_AFTER = timedelta(hours=1)  # it is only a view: the next opening redraws it anyway
_BACKOFF = Backoff(2.0, 60.0, longest_asked_seconds=homes.LONGEST_WAIT_SECONDS)
_PERMANENT = frozenset({"invalid_arguments", "invalid_blocks", "not_enabled", "view_too_large"})
_NOT_THERE = frozenset({"not_found", "user_disabled", "user_not_found", "user_not_visible"})

log = structlog.get_logger()


class Gone(Exception):
    """There is nobody any more whose Home it is."""


class HomeTabs:
    """Draws Home tabs, one at a time for each person. Safe to call from several threads."""

    def __init__(
        self,
        database: Database,
        client: SlackClient,
        directory: Directory,
        policy: Callable[[], Policy],
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._client = client
        self._directory = directory
        self._policy = policy
        self._clock = clock
        self._wake = wake

    def open(self, user_id: str, team_id: str) -> None:
        """Have the Home drawn that somebody has just opened."""
        with self._database.transaction() as session:
            homes.opened(session, user_id, team_id, self._clock.now())
        self._wake()

    def claim(self, *, most: int) -> list[Home]:
        """Return Homes that this process now has to draw."""
        with self._database.transaction() as session:
            until = self._clock.in_seconds(homes.CLAIM_SECONDS)
            return homes.claim(session, self._clock.now(), until=until, most=most)

    def handle(self, home: Home) -> None:
        """Draw one Home and note what became of it; nothing is raised for Slack's faults."""
        bind_contextvars(user=home.user_id)
        try:
            self._draw(home)
        except Gone:
            with self._database.transaction() as session:
                homes.forget(session, home.user_id)
        except PermanentError as error:
            self._dead_letter(home, error)
        except TemporaryError as error:
            self._reschedule(home, error)
        except DATABASE_UNAVAILABLE:
            raise  # the database is away: the Home is still due when it is back
        except Exception as error:  # a fault of ours must not be repeated for ever
            log.exception("home failed")
            self._reschedule(home, TemporaryError(type(error).__name__))
        else:
            with self._database.transaction() as session:
                homes.published(session, home, self._clock.now())

    def _draw(self, home: Home) -> None:
        """Read the state only now: any later change makes the Home due again."""
        policy = self._policy()
        rights, unknown = self._rights(home, policy)
        with self._database.transaction() as session:
            homes.approves(session, home, rights.may_approve)
        self._publish(home.user_id, self._read(home.user_id, rights, policy))
        if unknown is not None:
            raise TemporaryError(str(unknown)) from unknown

    def _rights(self, home: Home, policy: Policy) -> tuple["_Rights", DirectoryUnavailable | None]:
        """Return what may be shown; if Slack does not say, only what is somebody's own."""
        try:
            return self._directory.decide(
                home.user_id, home.team_id, lambda person: _rights(person, policy)
            ), None
        except DirectoryUnavailable as error:
            nobody_asked = Person(home.user_id, is_final=True)
            return replace(_rights(nobody_asked, policy), is_known=False), error

    def _read(self, user_id: str, rights: "_Rights", policy: Policy) -> HomeTab:
        own = rights.may_approve
        with self._database.reading() as session:
            pending = requests.pending(session)
            to_decide = [r for r in pending if _waits_for(user_id, r, own, policy)]
            to_review = [
                emergency
                for emergency in requests.to_review(session)
                if emergency.cluster in own and emergency.requester != user_id
            ]
            mine = [request for request in pending if user_id in request.for_themselves]
            decide, review, asked = (
                [request_facts(session, request, policy) for request in some]
                for some in (to_decide, to_review, mine)
            )
            live = grants.live(session, requester=user_id)
        return HomeTab(
            self._clock.now(),
            decide,
            review,
            live,
            asked,
            rights.may_ask,
            is_whole=rights.is_known,
            is_admitted=rights.is_admitted or not rights.is_known,
        )

    def _publish(self, user_id: str, tab: HomeTab) -> None:
        try:
            self._client.views_publish(user_id=user_id, view=messages.home(tab))
        except SlackApiError as error:
            code = code_of(error)
            if code in _NOT_THERE:
                raise Gone from error
            if code in _PERMANENT:
                raise PermanentError(code) from error
            raise TemporaryError(code, retry_after(error)) from error
        except NO_ANSWER as error:
            raise TemporaryError(type(error).__name__) from error

    def _reschedule(self, home: Home, error: TemporaryError) -> None:
        """Try again after as long as it has been due already, so less and less often."""
        waited = self._clock.now() - home.due_since
        if waited >= _GIVE_UP_AFTER:
            self._dead_letter(home, error)
            return
        wait_seconds = _BACKOFF.seconds_since(waited.total_seconds(), asked=error.retry_after)
        log.warning("home rescheduled", error=str(error))
        with self._database.transaction() as session:
            homes.reschedule(session, home, self._clock.in_seconds(wait_seconds))

    def _dead_letter(self, home: Home, error: Exception) -> None:
        log.error("home dead-lettered", error=str(error))
        with self._database.transaction() as session:
            homes.dead_letter(session, home)


@dataclass(frozen=True)
class _Rights:
    """Where somebody approves; where they may ask, and for how long at most."""

    may_approve: Collection[str]
    may_ask: Mapping[str, timedelta]
    is_admitted: bool
    is_known: bool = True


def _rights(person: Person, policy: Policy) -> _Rights:
    """Return what somebody may do.

    Raises:
        Gone: their account was deactivated.
        NeedsDirectory: too little is known of them.
    """
    if standing_of(person) is Standing.DEACTIVATED:
        raise Gone
    may_approve = policy.where(lambda cluster: cluster.may_approve(person)).clusters
    may_ask = policy.where(lambda cluster: cluster.may_request(person)).clusters
    return _Rights(
        may_approve.keys(),
        {alias: cluster.max_duration for alias, cluster in may_ask.items()},
        is_admitted=any(cluster.admits(person) for cluster in policy.clusters.values()),
    )


def _waits_for(user_id: str, request: Request, own: Collection[str], policy: Policy) -> bool:
    if request.cluster not in own or user_id in request.approvers:
        return False
    is_own = user_id in request.for_themselves
    return not is_own or policy.cluster(request.cluster).self_approval
