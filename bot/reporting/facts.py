"""The contents of a report, as plain values; nothing here reads a table or writes a page."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.domain.audit_chain import Verdict
from bot.domain.lifecycle import Grant, GrantState, Request, RequestKind
from bot.domain.principals import users_in
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.reporting.figures import Figures
from bot.store.report_queries import Period

LATE = timedelta(minutes=1)  # an end within this is in time: rules are removed one by one
MOST_SHOWN = 1000  # of each kind; the rest is only counted

T = TypeVar("T")


@dataclass
class Listing(Generic[T]):
    """The first items of a kind, as many as fit on a page, and how many there are in all."""

    shown: list[T] = field(default_factory=list)
    count: int = 0

    def add(self, *more: T) -> None:
        """Count *more*, and keep them while there is room."""
        for one in more:
            self.count += 1
            if len(self.shown) < MOST_SHOWN:
                self.shown.append(one)

    @property
    def left_out(self) -> int:
        """How many are counted, but not shown."""
        return self.count - len(self.shown)


@dataclass(frozen=True)
class Access:
    """One grant: a row of the table and a bar of the picture.

    `began_at` is when its source was first seen trusted, None if it never was. `why_failed` is why
    it could not be put in place, or stay. `ended_by` is who ended it by a command at a terminal.
    `recovered`: it was found by its label, and nobody knows who asked for it. `sessions_ended`: how
    many open sessions were ended with it.
    """

    grant: Grant
    request: Request
    began_at: datetime | None
    extensions: tuple[Request, ...] = ()
    put_back_as: int | None = None
    recovered: bool = False
    why_failed: AnyRefusal | None = None
    ended_by: str = ""
    sessions_ended: int = 0

    @property
    def is_emergency(self) -> bool:
        """Whether it began without anybody's approval."""
        return self.request.kind is RequestKind.EMERGENCY

    @property
    def is_over(self) -> bool:
        """Whether its rule is gone."""
        return self.grant.state is GrantState.ENDED

    def lasted(self, now: datetime) -> timedelta | None:
        """Return for how long there was access, up to *now*; None if there never was."""
        if self.began_at is None:
            return None
        return (self.grant.ended_at or now) - self.began_at

    def overdue(self, now: datetime) -> timedelta:
        """Return for how long it was there past its end, up to *now*."""
        if self.began_at is None:
            return timedelta()
        return max((self.grant.ended_at or now) - self.grant.expires_at, timedelta())

    def is_late(self, now: datetime) -> bool:
        """Tell whether it was there noticeably past its end."""
        return self.overdue(now) >= LATE


@dataclass(frozen=True)
class Happening:
    """Something that happened to a cluster or a message, in the audit's words."""

    at: datetime
    cluster: str
    words: str
    number: int | None = None
    actor: str = ""


@dataclass(frozen=True)
class Trouble:
    """A failure that an alarm told of: since when, when last told, and until when."""

    cluster: str
    since: datetime
    told_at: datetime
    error: str = ""
    alarms: int = 1
    cleared_at: datetime | None = None

    def touches(self, period: Period) -> bool:
        """Tell whether it lasted into a period; without all-clear, it ends with its last alarm."""
        over = self.cleared_at or self.told_at
        return self.since < period.until and over >= period.since


@dataclass(frozen=True)
class ForeignRule:
    """A rule that a cluster has now and that dbaccess did not add."""

    cluster: str
    source: str
    description: str
    created_at: datetime | None


@dataclass
class Live:
    """The foreign rules that the clusters have now, or why DigitalOcean does not tell."""

    rules: Listing[ForeignRule] = field(default_factory=Listing)
    unread: dict[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)


@dataclass
class Report:
    """All contents of the page. `made_at` is aware UTC; `chain` is about the whole audit."""

    installation: str
    period: Period
    made_at: datetime
    version: str
    chain: Verdict
    figures: Figures
    accesses: Listing[Access] = field(default_factory=Listing)
    unmet: Listing[Request] = field(default_factory=Listing)
    self_approved: Listing[Request] = field(default_factory=Listing)
    by_policy: Listing[Request] = field(default_factory=Listing)
    emergencies: Listing[Request] = field(default_factory=Listing)
    unreviewed: Listing[Request] = field(default_factory=Listing)
    adopted: Listing[Access] = field(default_factory=Listing)
    recovered: Listing[Access] = field(default_factory=Listing)
    still_there: Listing[Access] = field(default_factory=Listing)
    lost_attempts: Listing[Happening] = field(default_factory=Listing)
    uncertain_writes: Listing[Happening] = field(default_factory=Listing)
    unaccounted: Listing[Happening] = field(default_factory=Listing)
    guards: Listing[Happening] = field(default_factory=Listing)
    undelivered: Listing[Happening] = field(default_factory=Listing)
    refused: Listing[Happening] = field(default_factory=Listing)
    troubles: Listing[Trouble] = field(default_factory=Listing)
    people: set[str] = field(default_factory=set)
    machines: set[str] = field(default_factory=set)
    clusters: set[str] = field(default_factory=set)
    writes: int = 0
    waiting: int = 0
    live: Live | None = None

    def named(self) -> set[str]:
        """Return the ids of all people whom the page names."""
        listings: Iterable[Listing[Request]] = (
            self.unmet, self.self_approved, self.by_policy, self.emergencies, self.unreviewed,
        )  # fmt: skip
        requests = [one for listing in listings for one in listing.shown]
        for access in self.accesses.shown:
            requests += [access.request, *access.extensions]
        named = {one.requester for one in requests} | self.people
        named |= {said.approver for one in requests for said in one.decisions}
        named |= {one.reviewed_by for one in requests if one.reviewed_by}
        named |= {a.grant.revoked_by for a in self.accesses.shown if a.grant.revoked_by}
        named |= {one.actor for one in self.refused.shown}
        return set(users_in(named))
