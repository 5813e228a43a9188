"""The world of a scenario: the bot between a sandbox Slack and a sandbox DigitalOcean, over HTTP.

Time stands still until a test moves it; `settle` lets the worker do all that is due.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self, TypeVar

from pydantic import SecretStr
from sqlmodel import select

from bot.bootstrap.worker import build_worker
from bot.config import Settings, parse_policy
from bot.core import ProviderFactory
from bot.database_url import database_url
from bot.domain.lifecycle import Grant, Request
from bot.domain.policy import Policy
from bot.providers.base import Provider
from bot.providers.digitalocean import DigitalOcean
from bot.service import Service
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import audit, grants, requests
from bot.store.audit_entries import Entry
from bot.store.tables import AuditRow, DecisionRow, GrantRow, JobRow, RequestRow
from bot.worker import Worker
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.dispatch import Answer
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.storage import Storage
from tests.timetable import Expects, Inline, Timetable, nothing
from tests.waiting import PATIENCE_SECONDS, eventually

ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
ANALYTICS = "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"
APPROVALS, OPERATIONS = "C0APPROVALS", "C0OPS"
RITA, ALICE, BOB, OSCAR, GITA, EVE = "U0RITA", "U0ALICE", "U0BOB", "U0OSCAR", "U0GITA", "U0EVE"
_PEOPLE = (RITA, ALICE, BOB, OSCAR, GITA, EVE)
ADMINS = "S0DBADMINS"
IP = "203.0.113.4"
OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
BACKEND = {"type": "tag", "value": "backend"}

POLICY: dict[str, Any] = {
    "instance": "test",
    "operators": OPERATIONS,
    "defaults": {"channel": APPROVALS, "approvers": [ALICE, BOB]},
    "clusters": {"orders": {"id": ORDERS}},
}

ACK_SECONDS = 10  # the machine may be busy; how fast it is, others measure

T = TypeVar("T")


def policy(clusters: dict[str, Any] | None = None, **defaults: Any) -> dict[str, Any]:
    """Return the usual policy with other defaults, perhaps for other clusters."""
    changed = {**POLICY, "defaults": {**POLICY["defaults"], **defaults}}
    return changed if clusters is None else {**changed, "clusters": clusters}


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._asleep = timedelta()

    def now(self) -> datetime:
        return self._now

    def seconds_until(self, at: datetime) -> float:
        return (at - self._now).total_seconds()

    def in_seconds(self, seconds: float) -> datetime:
        return self._now + timedelta(seconds=seconds)

    def elapsed(self) -> float:
        return (self._now - self._asleep).timestamp()

    def sleep(self, seconds: float) -> None:
        self.advance(seconds=seconds)

    def advance(self, **by: float) -> None:
        self._now += timedelta(**by)

    def suspend(self, **by: float) -> None:
        """Let the machine sleep: the wall clock goes on, but not the seconds that are counted."""
        self.advance(**by)
        self._asleep += timedelta(**by)


class World:
    """Everything that there is, put together as the real thing is.

    `expects` tells which failures of a job are part of the story.
    """

    def __init__(self, storage: Storage, policy: dict[str, Any] | None = None) -> None:
        self.clock = ManualClock()
        self.policy: Policy = parse_policy(policy or POLICY)
        self.digitalocean = SandboxDigitalOcean(clock=self.clock.now)
        self.slack = SandboxSlack(clock=lambda: self.clock.now().timestamp())
        self.slack.ack_seconds = ACK_SECONDS
        self.make_provider: ProviderFactory = self._make_digitalocean
        self.expects: Expects = nothing
        self.session_logins: dict[str, SecretStr] = {}
        self._client_options: dict[str, Any] = {}
        self._storage = storage
        self._forgotten: set[str] = set()
        self._populate()

    def __enter__(self) -> Self:
        self._storage.prepare()
        self.digitalocean.start()
        self.slack.start()
        self.boot(for_the_first_time=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()
        self.slack.stop()
        self.digitalocean.stop()

    @property
    def settings(self) -> Settings:
        """Without the environment, which takes as long to be read as a request does."""
        return Settings.model_construct(
            slack_bot_token=SecretStr(self.slack.bot_token),
            slack_signing_secret=SecretStr(self.slack.signing_secret),
            slack_api_url=self.slack.api_url,
            digitalocean_token=SecretStr(self.digitalocean.token),
            digitalocean_api_url=self.digitalocean.url,
            database_url=database_url(self._storage.url),
            session_logins=self.session_logins,
            port=0,
        )

    def boot(self, *, migrate: bool = False, for_the_first_time: bool = False) -> None:
        """Start the bot; a second time, it is a restart on the same database."""
        self.service = Service(
            self.settings,
            self.policy,
            worker=False,
            clock=self.clock,
            make_provider=self.make_provider,
        )
        self.service.start(migrate=migrate)
        self.worker = build_worker(self.service.components, lambda *_: Inline(self._expected))
        self.worker.take_over()
        self._timetable = Timetable(
            self.worker, self.clock, self._expected, with_nothing_to_do=for_the_first_time
        )
        self.slack.bot_url = self.service.url
        if for_the_first_time:
            self._begin_with_people()
        self.introduce(*_PEOPLE)
        self.settle()

    def client_waits_for_nothing(self, *, timeout_seconds: float = 10.0) -> None:
        """From the next start on, have DigitalOcean's client go by this world's clock alone."""
        self._client_options = {
            "sleep": lambda _seconds: None,
            "monotonic": self.clock.elapsed,
            "timeout_seconds": timeout_seconds,
        }

    def _make_digitalocean(self, settings: Settings, **told: Any) -> Provider:
        token = settings.digitalocean_token.get_secret_value()
        options = told | self._client_options
        return DigitalOcean(token, endpoint=settings.digitalocean_api_url, **options)

    def _begin_with_people(self) -> None:
        """Have the bot begin by knowing people, as if Slack had just said who they are."""
        directory = self.service.components.directory
        for user in _PEOPLE:
            directory._users.get(user, partial(self.slack.account, user))

    def introduce(self, *users: str) -> None:
        """Have Slack say what people are, as after anything that they did within a minute."""
        self._forgotten -= set(users)
        for user in users:
            with suppress(DirectoryUnavailable):
                self.service.components.directory.person(user, self.slack.team_id, [])

    def forget(self, *users: str) -> None:
        """Have it that nobody knows what people are, until Slack is asked for what they do."""
        self._forgotten |= set(users)
        for user in users:
            self.service.components.directory.outdate(user)

    def restart(self, **away: float) -> None:
        """Stop the bot, let time pass while it is away, and start it again."""
        self.service.stop()
        self.clock.advance(**away)
        self.boot()

    def lose_database(self, **away: float) -> None:
        """As `restart`, but with nothing left of the database."""
        self.service.stop()
        self._storage.lose()
        self.clock.advance(**away)
        self.boot(migrate=True)

    def govern(self, written: dict[str, Any]) -> None:
        """Put another policy in force; the bot starts again with it."""
        self.policy = parse_policy(written)
        self.restart()

    @contextmanager
    def at_work(self) -> Iterator[Worker]:
        """The worker as it really is, with threads and APScheduler; then all jobs end."""
        inline, self.worker = self.worker, build_worker(self.service.components)
        self.worker.start()
        try:
            yield self.worker
        finally:
            self.slack.faults.clear()
            self.digitalocean.faults.clear()
            self.eventually(lambda: not self.worker.in_progress())
            self.worker.stop()
            self.worker = inline

    def beat(self) -> None:
        """Let the worker note that it runs, and when each periodic job ran last."""
        self.worker.run_periodic_job("heartbeat")

    def settle(self) -> None:
        self._timetable.settle()

    def pass_time(self, **by: float) -> None:
        """Let time pass, and let the worker do what became due."""
        self.clock.advance(**by)
        self.settle()

    def types(self, user: str, text: str, *, channel: str = "C0GENERAL") -> Answer:
        """Let somebody type `/dbaccess …`, and the worker do what follows.

        They did something else a moment before, unless it was said that nobody knows them.
        """
        if user not in self._forgotten:
            self.introduce(user)
        answer = self.slack.command(user, text, channel_id=channel)
        self.settle()
        return answer

    def presses(self, user: str, message: Message, button: str) -> Answer:
        answer = self.slack.click(user, message, button)
        self.settle()
        return answer

    def denies(self, user: str, message: Message, reason: str) -> Answer:
        """Press Deny and send the form off."""
        self.slack.click(user, message, "Deny")
        self.eventually(lambda: self.slack.modal(user))
        answer = self.slack.submit(user, {"Reason": reason})
        self.settle()
        return answer

    @property
    def card(self) -> Message:
        """The newest approval message, as it stands now."""
        return self.slack.messages(APPROVALS, replies=False)[-1]

    def thread(self) -> list[str]:
        return [reply.all_text for reply in self.slack.thread(APPROVALS, self.card.ts)]

    def told(self, user: str) -> list[str]:
        """What somebody was told by direct message, oldest first."""
        return [message.all_text for message in self.slack.dms(user)]

    def heard(self, user: str) -> list[str]:
        """The same, with what each message said before it was changed."""
        return [text for message in self.slack.dms(user) for text in message.all_versions]

    def whispered(self, user: str) -> list[str]:
        """What only that person saw, oldest first."""
        return [message.all_text for message in self.slack.ephemerals(user)]

    def operators(self) -> list[str]:
        return [message.all_text for message in self.slack.messages(OPERATIONS)]

    def sources(self, cluster: str = ORDERS) -> set[str]:
        return self.digitalocean.sources(cluster)

    def grant(self, number: int = 1) -> Grant:
        with self.service.components.database.reading() as session:
            found = grants.get(session, number)
        assert found is not None, f"no grant #{number}"
        return found

    def request(self, number: int = 1) -> Request:
        with self.service.components.database.reading() as session:
            found = requests.look_at(session, number)
        assert found is not None, f"no request #{number}"
        return found

    def grants(self) -> list[Grant]:
        with self.service.components.database.reading() as session:
            return grants.listing(session, ended_too=True)

    def audited(self) -> list[tuple[str, str]]:
        """What was done and by whom, oldest first."""
        with self.service.components.database.reading() as session:
            return [(row.action, row.actor) for row in audit.rows(session)]

    def audit_rows(self, action: str) -> list[Entry]:
        """The audit's rows of one kind, oldest first."""
        with self.service.components.database.reading() as session:
            return [row for row in audit.rows(session) if row.action == action]

    def rows(self) -> dict[str, int]:
        """Count what is written down."""
        tables = (RequestRow, DecisionRow, GrantRow, AuditRow, JobRow)
        with self.service.components.database.reading() as session:
            return {table.__name__: len(session.exec(select(table)).all()) for table in tables}

    def footprint(self) -> dict[str, int]:
        """Count all that a change would leave behind: rows, messages, calls of either API."""
        return {
            **self.rows(),
            "messages": sum(len(self.slack.messages(c.id)) for c in self.slack.channels()),
            "Slack": len(self.slack.calls),
            "DigitalOcean": len(self.digitalocean.calls),
        }

    def granted(
        self, text: str = f"request {IP} 2h orders fixing the nightly job", *, to: str = RITA
    ) -> Message:
        """Let somebody ask and Alice approve; return the card."""
        self.types(to, text)
        self.presses(ALICE, self.card, "Approve")
        return self.card

    def writes(self, cluster: str = ORDERS) -> int:
        """How many times the rules were written over HTTP."""
        return sum(c.method == "PUT" and cluster in c.path for c in self.digitalocean.calls)

    def eventually(self, ask: Callable[[], T | None], *, seconds: float = PATIENCE_SECONDS) -> T:
        """Wait for what happens in another thread; real time."""
        return eventually(ask, seconds=seconds)

    def adopts(self, user: str, text: str) -> str:
        """Type `/dbaccess adopt …`, and return the answer: DigitalOcean is asked first."""
        before = len(self.whispered(user))
        self.types(user, text)

        def answer() -> str | None:
            self.settle()
            return next(iter(self.whispered(user)[before:]), None)

        said = self.eventually(answer)
        self.settle()  # the answer may have come after the worker had looked
        return said

    def answered_later(self, user: str, text: str) -> str:
        """Type a command, and return what follows its acknowledgement, which says nothing."""
        before = len(self.whispered(user))
        assert self.types(user, text).text == ""
        return self.eventually(lambda: next(iter(self.whispered(user)[before:]), None))

    def _expected(self, error: BaseException) -> bool:
        return self.expects(error)

    def _populate(self) -> None:
        self.digitalocean.add_cluster("orders", cluster_id=ORDERS, rules=[OFFICE, BACKEND])
        self.digitalocean.add_cluster("analytics", cluster_id=ANALYTICS, rules=[OFFICE])
        self.slack.add_user(RITA, "rita")
        self.slack.add_user(ALICE, "alice")
        self.slack.add_user(BOB, "bob")
        self.slack.add_user(OSCAR, "oscar")
        self.slack.add_user(GITA, "gita", is_restricted=True)
        self.slack.add_user(EVE, "eve", team_id="T0ELSEWHERE")
        self.slack.add_group(ADMINS, "db-admins", [BOB])
        self.slack.add_channel(APPROVALS, "db-approvals")
        self.slack.add_channel(OPERATIONS, "ops")
        self.slack.add_channel("C0GENERAL", "general")
