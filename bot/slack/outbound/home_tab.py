"""Home tabs: each one that somebody may be looking at is redrawn when something changes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from slack_sdk.errors import SlackApiError
from sqlmodel import Session
from structlog.contextvars import bind_contextvars

from bot.access.request_facts import facts_of_all
from bot.clock import Clock
from bot.domain.extensions import at_maximum
from bot.domain.lifecycle import Request
from bot.domain.people import Person, Standing, standing_of
from bot.domain.policy import Policy
from bot.retry import Backoff, TemporaryError
from bot.slack import messages
from bot.slack.client import NO_ANSWER, SlackClient, code_of
from bot.slack.errors import failure_of
from bot.slack.messages import HomeTab
from bot.slack.users.directory import Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import grants, homes, jobs, requests
from bot.store.database import Database
from bot.store.homes import Home
from bot.store.jobs import Job

_NOT_THERE = frozenset({"not_found", "user_disabled", "user_not_found", "user_not_visible"})


class Gone(Exception):
    """There is nobody any more whose Home it is."""


class HomeTabs:
    """Draws Home tabs, one at a time for each person. Safe to call from several threads."""

    backoff = Backoff(2.0, 60.0, longest_asked_seconds=jobs.LONGEST_WAIT_SECONDS)

    def __init__(
        self,
        database: Database,
        client: SlackClient,
        directory: Directory,
        policy: Callable[[], Policy],
        clock: Clock,
        wake: Callable[[], None],
        *,
        finds_ip: bool,
    ) -> None:
        self._database = database
        self._client = client
        self._directory = directory
        self._policy = policy
        self._clock = clock
        self._wake = wake
        self._finds_ip = finds_ip

    def open(self, user_id: str, team_id: str) -> None:
        """Have the Home drawn that somebody has just opened."""
        with self._database.transaction() as session:
            homes.opened(session, user_id, team_id, self._clock.now())
        self._wake()

    def handle(self, job: Job) -> Callable[[Session], object]:
        """Draw one Home.

        Raises:
            TemporaryError: Slack cannot be reached, does not say who they are, or asks to wait.
            InstallationError: Slack refuses this installation.
            PermanentError: Slack will never take it.
        """
        home = homes.home_of(job)
        bind_contextvars(user=home.user_id)
        try:
            self._draw(home)
        except Gone:
            return lambda session: homes.forget(session, home.user_id)
        return jobs.nothing_more

    def give_up(self, session: Session, job: Job, error: str) -> None:
        """Leave a Home as it is, until it is opened again or something else changes."""

    def _draw(self, home: Home) -> None:
        """Read the state only now: any later change makes the Home due again."""
        policy = self._policy()
        rights, unknown = self._rights(home, policy)
        with self._database.transaction() as session:
            homes.approves(session, home, rights.may_approve)
        self._publish(home.user_id, self._read(home.user_id, rights, policy))
        if unknown is not None and not unknown.is_permanent:
            raise unknown.failure() from unknown

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
            shown = list({one.id: one for one in (*to_decide, *to_review, *mine)}.values())
            facts = {one.id: one for one in facts_of_all(session, shown, policy)}
            live = grants.live(session, requester=user_id)
        return HomeTab(
            self._clock.now(),
            [facts[request.id] for request in to_decide],
            [facts[request.id] for request in to_review],
            live,
            [facts[request.id] for request in mine],
            rights.may_ask,
            is_whole=rights.is_known,
            is_admitted=rights.is_admitted or not rights.is_known,
            at_maximum=at_maximum(live, policy),
            emergency=rights.has_emergency,
            finds_ip=self._finds_ip,
        )

    def _publish(self, user_id: str, tab: HomeTab) -> None:
        try:
            self._client.views_publish(user_id=user_id, view=messages.home(tab))
        except SlackApiError as error:
            if code_of(error) in _NOT_THERE:
                raise Gone from error
            raise failure_of(error) from error
        except NO_ANSWER as error:
            raise TemporaryError(type(error).__name__) from error


@dataclass(frozen=True)
class _Rights:
    """Where somebody approves; where they may ask, and for how long; whether in an emergency."""

    may_approve: Collection[str]
    may_ask: Mapping[str, timedelta]
    is_admitted: bool
    has_emergency: bool
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
        has_emergency=bool(policy.where(lambda one: one.may_use_emergency(person)).clusters),
    )


def _waits_for(user_id: str, request: Request, own: Collection[str], policy: Policy) -> bool:
    if request.cluster not in own or user_id in request.approvers:
        return False
    is_own = user_id in request.for_themselves
    return not is_own or policy.cluster(request.cluster).self_approval
