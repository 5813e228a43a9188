"""Homes: each Home tab that somebody may be looking at is drawn again when something changes."""

import random
from collections.abc import Callable
from datetime import timedelta

import structlog
from slack_sdk.errors import SlackApiError
from structlog.contextvars import bind_contextvars

from bot.access.notifications import request_facts
from bot.clock import Clock
from bot.domain.lifecycle import Request
from bot.domain.people import Person, Standing
from bot.domain.policy import Policy
from bot.slack import messages
from bot.slack.client import NO_ANSWER, SlackClient, code_of
from bot.slack.messages import HomeTab
from bot.slack.outbound.delivery import Hopeless, TryLater, retry_after
from bot.slack.queries import groups_of
from bot.slack.users.directory import Directory, DirectoryUnavailable
from bot.store import grants, homes, requests
from bot.store.database import DATABASE_UNAVAILABLE, Database
from bot.store.homes import Home

_PATIENCE = timedelta(hours=1)  # it is only a view: the next opening draws it anyway
_SHORTEST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 2.0, 60.0
_HOPELESS = frozenset({"invalid_arguments", "invalid_blocks", "not_enabled", "view_too_large"})
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

    def carry_out(self, home: Home) -> None:
        """Draw one Home and note what became of it; nothing is raised for Slack's faults."""
        bind_contextvars(user=home.user_id)
        try:
            self._draw(home)
        except Gone:
            with self._database.transaction() as session:
                homes.forget(session, home.user_id)
        except Hopeless as error:
            self._give_up(home, error)
        except TryLater as error:
            self._put_off(home, error)
        except DATABASE_UNAVAILABLE:
            raise  # the database is away: the Home is still due when it is back
        except Exception as error:  # a fault of ours must not be repeated for ever
            log.exception("home failed")
            self._put_off(home, TryLater(type(error).__name__))
        else:
            with self._database.transaction() as session:
                homes.published(session, home, self._clock.now())

    def _draw(self, home: Home) -> None:
        """Read what is there only now: what changes from here on makes the Home due again."""
        policy = self._policy()
        person, unknown = self._person(home)
        own = {alias for alias, cluster in policy.clusters.items() if cluster.may_approve(person)}
        with self._database.transaction() as session:
            homes.approves(session, home, own)
        self._publish(person, self._read(person, own, policy, is_whole=unknown is None))
        if unknown is not None:
            raise TryLater(str(unknown)) from unknown

    def _person(self, home: Home) -> tuple[Person, DirectoryUnavailable | None]:
        """Return whose Home it is; where Slack does not say, they see only what is theirs."""
        groups = groups_of(self._policy())
        try:
            person = self._directory.person(home.user_id, home.team_id, groups)
        except DirectoryUnavailable as error:
            return Person(home.user_id), error
        if person.standing is Standing.DEACTIVATED:
            raise Gone
        return person, None

    def _read(self, person: Person, own: set[str], policy: Policy, *, is_whole: bool) -> HomeTab:
        with self._database.reading() as session:
            pending = requests.pending(session)
            to_decide = [r for r in pending if _waits_for(person, r, own, policy)]
            to_review = [
                emergency
                for emergency in requests.to_review(session)
                if emergency.cluster in own and emergency.requester != person.id
            ]
            mine = [request for request in pending if person.id in request.for_themselves]
            decide, review, asked = (
                [request_facts(session, request, policy) for request in some]
                for some in (to_decide, to_review, mine)
            )
            live = grants.live(session, requester=person.id)
        may_ask = {
            alias: cluster.max_duration
            for alias, cluster in policy.clusters.items()
            if cluster.may_request(person)
        }
        return HomeTab(
            self._clock.now(),
            decide,
            review,
            live,
            asked,
            may_ask,
            is_whole=is_whole,
            is_admitted=not is_whole or any(c.admits(person) for c in policy.clusters.values()),
        )

    def _publish(self, person: Person, tab: HomeTab) -> None:
        try:
            self._client.views_publish(user_id=person.id, view=messages.home(tab))
        except SlackApiError as error:
            code = code_of(error)
            if code in _NOT_THERE:
                raise Gone from error
            if code in _HOPELESS:
                raise Hopeless(code) from error
            raise TryLater(code, retry_after(error)) from error
        except NO_ANSWER as error:
            raise TryLater(type(error).__name__) from error

    def _put_off(self, home: Home, error: TryLater) -> None:
        """Try again after as long as it has been owed already, so less and less often."""
        now = self._clock.now()
        owed = now - home.owed_since
        if owed >= _PATIENCE:
            self._give_up(home, error)
            return
        wait_seconds = min(max(owed.total_seconds(), _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS)
        wait_seconds *= 0.75 + random.random() / 2  # noqa: S311  # jitter, not a secret
        if error.seconds is not None:
            wait_seconds = min(error.seconds, homes.LONGEST_WAIT_SECONDS)
        log.warning("home put off", error=str(error))
        with self._database.transaction() as session:
            homes.put_off(session, home, self._clock.in_seconds(wait_seconds))

    def _give_up(self, home: Home, error: Exception) -> None:
        log.error("home given up", error=str(error))
        with self._database.transaction() as session:
            homes.give_up(session, home)


def _waits_for(person: Person, request: Request, own: set[str], policy: Policy) -> bool:
    if request.cluster not in own or person.id in request.approvers:
        return False
    is_own = person.id in request.for_themselves
    return not is_own or policy.cluster(request.cluster).self_approval
