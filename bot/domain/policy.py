"""Policy, ClusterPolicy: who may ask, who may approve, for what and how long.

The models validate `dbaccess.toml`; `bot.config` reads the file.

Whatever tells or checks what a `Person` may do raises `NeedsDirectory` where Slack was not asked
about what it depends on (`bot.domain.people`).
"""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    Field,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.domain.labels import INSTANCE
from bot.domain.machines import Issuer, MachineName
from bot.domain.people import (
    Person,
    Standing,
    Unknowns,
    is_member,
    is_named,
    not_admitted,
    standing_of,
)
from bot.domain.policy_types import Alias, Duration, PolicyModel, Retained
from bot.domain.principals import ANYBODY, Channel, Requester, UserOrGroup, groups_in
from bot.domain.refusal import Field as Part
from bot.domain.refusal import NamesClusters, NotYours, Problems, Refused
from bot.domain.refusals.clusters import (
    EmergencyReasonRequired,
    NoClusters,
    NoEmergencyPolicy,
    NoSuchCluster,
    ReasonRequired,
)
from bot.domain.refusals.durations import (
    AdoptionOutOfRange,
    ExtendedFully,
    ExtendedTooFar,
    TooLong,
    TooLongForEmergency,
    TooShort,
)
from bot.domain.refusals.rights import (
    AskedThemselves,
    MayNotAdopt,
    MayNotBreakGlass,
    MayNotRequest,
    MayNotReview,
    NotAnApprover,
    OnlyMembersDecide,
    OwnEmergency,
    OwnRequest,
    TooFewApprovers,
)
from bot.domain.refusals.sources import TypeNotTaken
from bot.domain.sessions import SessionPolicy
from bot.domain.sources import SourceType, TrustedSource, check_address, parse_source
from bot.domain.stream import StreamPolicy
from bot.domain.written_policy import AutoApproval, Emergency

ALARM_AFTER = timedelta(minutes=5)
LONGEST_ADOPTION = timedelta(weeks=52)
RESERVED_RULES = 2
NOT_INHERITED = frozenset({"id", "sessions"})
"""The keys of a cluster that `defaults` does not take: they are about one cluster alone."""

_NEAR_PERCENT = 60


class ClusterPolicy(PolicyModel):
    """What holds for one cluster: its own words over the defaults."""

    id: UUID
    """The database cluster's UUID, as `doctl databases list` shows it."""

    channel: Channel
    """The channel where requests are decided, by its ID."""

    approvers: tuple[UserOrGroup, ...] = Field(min_length=1)
    """Who may approve: IDs of users and user groups."""

    requesters: tuple[Requester, ...] = Field(default=(ANYBODY,), min_length=1)
    """Who may ask: IDs of users and user groups, or "*" for everybody."""

    guests: StrictBool = False
    """Whether guests and people of other organisations may ask and see anything at all."""

    approvals: int = Field(default=1, ge=1, le=10, strict=True)
    """How many different approvers are needed, also to have a rule removed that is not ours."""

    self_approval: StrictBool = False
    """Whether a requester's own approval counts."""

    source_types: tuple[SourceType, ...] = Field(default=(SourceType.IP_ADDR,), min_length=1)
    """The kinds of trusted source that one may ask for."""

    min_prefix: int = Field(default=32, ge=8, le=32, strict=True)
    """The widest network one may ask for, as a prefix length; 32 is a single address."""

    allow_private: StrictBool = False
    """Whether private addresses (RFC 1918, 100.64.0.0/10) are taken, as in a VPC."""

    allow_open: StrictBool = False
    """Whether a cluster without rules, open to everybody, may get a first one, which closes it."""

    require_reason: StrictBool = False
    """Whether one has to say why."""

    default_duration: Duration = timedelta(hours=1)
    """How long a request is for that names no duration."""

    min_duration: Duration = timedelta(minutes=1)
    """The shortest that one may ask for."""

    max_duration: Duration = timedelta(hours=8)
    """The longest that access may last, extensions included."""

    request_ttl: Duration = timedelta(hours=4)
    """After that, an undecided request lapses."""

    max_open_requests: int = Field(default=5, ge=1, strict=True)
    """How many undecided requests, of all clusters, one person may have when they ask for this."""

    max_live_grants: int = Field(default=10, ge=1, strict=True)
    """How many live grants one person may have on this cluster, those they wait for counted in."""

    max_rules: int = Field(default=100, ge=1, strict=True)
    """How many trusted sources there may be; where there are more, DigitalOcean alone says no."""

    warn_before: Duration = timedelta(minutes=10)
    """How long before the end its holder is warned."""

    alarm_after: Duration = ALARM_AFTER
    """After that much trouble the operators hear of it, again and again."""

    on_outside_removal: Literal["end", "restore"] = "end"
    """What a rule that somebody else removed comes to: the grant's end, or being restored."""

    auto_approve: tuple[AutoApproval, ...] = ()
    """Written approvals, which take the place of an approver's."""

    emergency: Emergency | None = None
    """Break glass: who is granted access at once, to be reviewed afterwards."""

    sessions: SessionPolicy | None = None
    """How open sessions are ended when access ends. Unset: they may stay open."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if not self.min_duration <= self.max_duration:
            raise ValueError("min_duration is longer than max_duration")
        if self.default_duration < self.min_duration:
            raise ValueError("default_duration is shorter than min_duration")
        if not groups_in(self.approvers) and self.approvals > len(set(self.approvers)):
            raise ValueError(
                f"{self.approvals} approvals are needed, but only {len(set(self.approvers))} "
                "approvers are named"
            )
        return self

    @property
    def named(self) -> frozenset[str]:
        """Everybody whom it names, in any place: users and user groups."""
        written = [approval.requesters for approval in self.auto_approve]
        emergency = self.emergency.requesters if self.emergency else ()
        return frozenset().union(self.approvers, self.requesters, emergency, *written) - {ANYBODY}

    @property
    def issuers_named(self) -> frozenset[str]:
        """The keys of the issuers whose machines a written policy is for."""
        return frozenset(one.issuer for written in self.auto_approve for one in written.machines)

    @property
    def usual_duration(self) -> timedelta:
        """How long a request is for that names no duration."""
        return min(self.default_duration, self.max_duration)

    @property
    def usual_emergency(self) -> timedelta:
        """How long emergency access is for that names no duration."""
        return min(self.usual_duration, self.longest_emergency)

    @property
    def longest_emergency(self) -> timedelta:
        """The longest that emergency access may be for."""
        written = self.emergency.max_duration if self.emergency else self.max_duration
        return min(written, self.max_duration)

    @property
    def reserved_rules(self) -> int:
        """How many of its last places are reserved for emergencies, if it allows any."""
        return min(RESERVED_RULES, self.max_rules // 2) if self.emergency else 0

    def check_source(self, source: TrustedSource) -> None:
        """Refuse a source that this cluster does not take."""
        if source.type not in self.source_types:
            raise Refused(TypeNotTaken(type=source.type, taken=self.source_types))
        check_address(source, min_prefix=self.min_prefix, allow_private=self.allow_private)

    def takes(self, source: TrustedSource) -> bool:
        """Tell whether one may ask for *source*, written as it is."""
        try:
            self.check_source(source)
            return parse_source(str(source)) == source
        except Refused:
            return False

    def check_duration(self, duration: timedelta, *, already: timedelta = timedelta()) -> None:
        """Refuse a duration that is too short, or with what was granted *already* too long."""
        if duration < self.min_duration:
            raise Refused(TooShort(asked=duration, shortest=self.min_duration))
        if already + duration <= self.max_duration:
            return
        if not already:
            raise Refused(TooLong(asked=duration, longest=self.max_duration))
        left = self.max_duration - already
        if left < self.min_duration:
            raise Refused(ExtendedFully(longest=self.max_duration))
        raise Refused(ExtendedTooFar(asked=duration, longest=self.max_duration, left=left))

    def check_reason(self, reason: str) -> None:
        """Refuse a missing reason where one is required."""
        if self.require_reason and not reason:
            raise Refused(ReasonRequired())

    def check_may_request(self, person: Person) -> None:
        """Refuse somebody who may not ask for this cluster."""
        self.check_standing(person)
        if not is_named(person, self.requesters):
            raise NotYours(MayNotRequest())

    def check_standing(self, person: Person) -> None:
        """Refuse somebody whose standing alone keeps them from even seeing this cluster (P4)."""
        if not self.admits(person):
            raise not_admitted(person)

    def admits(self, person: Person) -> bool:
        """Tell whether people of somebody's standing may use this cluster at all."""
        standing = standing_of(person)
        return standing is Standing.MEMBER or (self.guests and standing.is_guest)

    def may_request(self, person: Person) -> bool:
        """Tell whether somebody may ask for this cluster."""
        return self.admits(person) and is_named(person, self.requesters)

    def may_use_emergency(self, person: Person) -> bool:
        """Tell whether the written emergency policy names somebody."""
        rule = self.emergency
        return rule is not None and is_member(person) and is_named(person, rule.requesters)

    def is_shown_to(self, person: Person) -> bool:
        """Tell whether somebody may ask for this cluster in any way, or approve."""
        return (
            self.may_request(person) or self.may_approve(person) or self.may_use_emergency(person)
        )

    def check_emergency(self, person: Person, duration: timedelta, reason: str) -> None:
        """Refuse what the emergency policy does not cover.

        That may be for lack of a right, for too long a duration, or for a missing reason.
        """
        rule = self.emergency
        if rule is None:
            raise Refused(NoEmergencyPolicy())
        if not self.may_use_emergency(person):
            raise NotYours(MayNotBreakGlass())
        problems = Problems()
        with problems.about(Part.DURATION):
            self.check_emergency_duration(duration)
        with problems.about(Part.REASON):
            self.check_emergency_reason(reason)
        problems.check()

    def check_emergency_duration(self, duration: timedelta) -> None:
        """Refuse a duration that is too long for an emergency, or out of range altogether."""
        self.check_duration(duration)
        if self.emergency and duration > self.emergency.max_duration:
            raise Refused(TooLongForEmergency(asked=duration, longest=self.emergency.max_duration))

    def check_emergency_reason(self, reason: str) -> None:
        """Refuse an emergency without a reason."""
        if not reason:
            raise Refused(EmergencyReasonRequired())

    def check_may_review(self, person: Person, *, requester: str) -> None:
        """Refuse somebody who may not close an emergency of *requester*."""
        if not self.may_approve(person):
            raise NotYours(MayNotReview(ask=self.approvers))
        if person.id == requester:
            others = tuple(name for name in self.approvers if name != person.id)
            raise NotYours(OwnEmergency(ask=others))

    def check_may_adopt(self, person: Person) -> None:
        """Refuse somebody who may not set an expiry on rules that others added."""
        if not self.may_approve(person):
            raise NotYours(MayNotAdopt(ask=self.approvers))

    def check_adoption(self, duration: timedelta) -> None:
        """Refuse an expiry that comes too soon to be noticed, or too late to be remembered."""
        shortest = max(self.min_duration, self.warn_before)
        if not shortest <= duration <= LONGEST_ADOPTION:
            raise Refused(
                AdoptionOutOfRange(asked=duration, shortest=shortest, longest=LONGEST_ADOPTION)
            )

    def check_may_approve(
        self, person: Person, *, requester: str, asked_by: str | None = None
    ) -> None:
        """Refuse somebody who may not decide on a request of *requester* (P4).

        Where somebody else asked on their behalf, *asked_by* may not decide on it either.
        """
        if not is_member(person):
            raise NotYours(OnlyMembersDecide())
        if not is_named(person, self.approvers):
            raise NotYours(NotAnApprover(ask=self.approvers))
        if person.id == requester and not self.self_approval:
            others = tuple(name for name in self.approvers if name != person.id)
            raise NotYours(OwnRequest(ask=others))
        if person.id == asked_by and not self.self_approval:
            others = tuple(n for n in self.approvers if n not in (requester, asked_by))
            raise NotYours(AskedThemselves(ask=others))

    def check_can_be_decided(self, *, requester: str, asked_by: str | None = None) -> None:
        """Refuse a request for which there are not enough approvers besides its requesters."""
        if groups_in(self.approvers):
            return
        asking = () if self.self_approval else (requester, asked_by)
        others = {name for name in self.approvers if name not in asking}
        if len(others) < self.approvals:
            raise Refused(
                TooFewApprovers(
                    needed=self.approvals, others=len(others), for_another=asked_by is not None
                )
            )

    def may_approve(self, person: Person) -> bool:
        """Tell whether somebody is an approver of this cluster at all."""
        return is_member(person) and is_named(person, self.approvers)

    def written_approval(
        self, who: Person | str, source: TrustedSource, duration: timedelta
    ) -> AutoApproval | None:
        """Return the written policy that approves, if one does.

        *who* is a person, or the principal of a machine.
        """
        unknowns = Unknowns()
        for approval in self.auto_approve:
            with unknowns.gathered():
                if approval.covers(who, source, duration):
                    return approval
        unknowns.ask()
        return None


class Scheduler(PolicyModel):
    """How often the worker checks what is due, and how many API calls may be made."""

    tick: Duration = timedelta(seconds=1)
    """The longest that the worker sleeps."""

    drift: Duration = timedelta(minutes=5)
    """How often every cluster with live grants is read."""

    calls_per_minute: int = Field(default=250, ge=20, strict=True)
    """How many calls of the API all processes on one database make in a minute together."""

    calls_per_hour: int = Field(default=5_000, ge=20, strict=True)
    """How many calls of the API all processes on one database make in an hour together."""


class Retention(PolicyModel):
    """How long is kept what nobody needs any more."""

    finished: Retained = timedelta(days=30)
    """Finished jobs, posts of what has ended, links, heartbeats: deleted after that time."""

    personal: Retained | None = None
    """Who, from where and why, in the audit and in what has ended: erased then; unset: kept."""


def nearest_of(alias: str, aliases: Collection[str]) -> str | None:
    """Return the one of *aliases* that *alias* was probably meant to be."""
    from rapidfuzz import fuzz, process

    best = process.extractOne(
        alias.lower(), list(aliases), scorer=fuzz.ratio, score_cutoff=_NEAR_PERCENT
    )
    return best[0] if best else None


class Policy(PolicyModel):
    """All that `dbaccess.toml` says."""

    instance: Annotated[str, StringConstraints(pattern=f"^{INSTANCE}$")]
    """Names this installation in the descriptions of its rules; changing it takes a restart."""

    operators: Channel
    """The channel for alarms, by its ID."""

    machines: Mapping[MachineName, Issuer] = {}
    """The OIDC issuers whose tokens let machines ask, each by a name of its own."""

    clusters: Mapping[Alias, ClusterPolicy] = Field(min_length=1)
    """The clusters, each by the short name that people type."""

    scheduler: Scheduler = Scheduler()
    """How often the worker checks what is due."""

    retention: Retention = Retention()
    """How long finished rows and personal data are kept."""

    stream: StreamPolicy | None = None
    """Where every row of the audit is sent; unset: nowhere."""

    @field_validator("clusters")
    @classmethod
    def _each_cluster_once(
        cls, clusters: Mapping[str, ClusterPolicy]
    ) -> Mapping[str, ClusterPolicy]:
        by_id: dict[UUID, str] = {}
        for alias, cluster in clusters.items():
            if cluster.id in by_id:
                raise ValueError(f"{by_id[cluster.id]} and {alias} have the same id")
            by_id[cluster.id] = alias
        return clusters

    @field_validator("clusters")
    @classmethod
    def _each_login_once(cls, clusters: Mapping[str, ClusterPolicy]) -> Mapping[str, ClusterPolicy]:
        """Refuse one login for two clusters: sessions would be ended on the wrong one."""
        by_login: dict[str, str] = {}
        for alias, cluster in clusters.items():
            if cluster.sessions is None:
                continue
            other = by_login.setdefault(cluster.sessions.url_env, alias)
            if other != alias:
                raise ValueError(f"{other} and {alias} have the same sessions.url_env")
        return clusters

    @field_validator("machines")
    @classmethod
    def _each_issuer_once(cls, machines: Mapping[str, Issuer]) -> Mapping[str, Issuer]:
        by_url: dict[str, str] = {}
        for name, one in machines.items():
            other = by_url.setdefault(one.issuer, name)
            if other != name:
                raise ValueError(f"{other} and {name} have the same issuer")
        return machines

    @field_validator("clusters")
    @classmethod
    def _machines_are_known(
        cls, clusters: Mapping[str, ClusterPolicy], info: ValidationInfo
    ) -> Mapping[str, ClusterPolicy]:
        """Refuse patterns of unknown issuers, and those that strangers' machines match (P4)."""
        issuers: Mapping[str, Issuer] = info.data.get("machines", {})
        for alias, cluster in clusters.items() if "machines" in info.data else ():
            for pattern in (one for written in cluster.auto_approve for one in written.machines):
                issuer = issuers.get(pattern.issuer)
                if issuer is None:
                    raise ValueError(f"{alias}: {pattern}: there is no [machines.{pattern.issuer}]")
                if not pattern.names_owner(issuer.issuer):
                    raise ValueError(
                        f"{alias}: {pattern} matches strangers' machines, too: everybody can get "
                        f"tokens of {issuer.issuer}, so it has to begin with the owner"
                    )
        return clusters

    def cluster(self, alias: str) -> ClusterPolicy:
        """Return the policy of a cluster.

        Raises:
            Refused: there is none; the nearest alias is offered.
        """
        found = self.clusters.get(alias.lower())
        if found is None:
            if not self.clusters:
                raise NamesClusters(NoClusters())
            raise NamesClusters(
                NoSuchCluster(typed=alias, nearest=self.nearest(alias), known=tuple(self.clusters))
            )
        return found

    def seen_by(self, person: Person) -> "Policy":
        """Return this policy with only the clusters that somebody may ask for or approve."""
        return self.where(lambda cluster: cluster.is_shown_to(person))

    def where(self, holds: Callable[[ClusterPolicy], bool]) -> "Policy":
        """Return this policy with only the clusters that meet a condition.

        Raises:
            NeedsDirectory: that depends on people; it names what all clusters together need.
        """
        unknowns, found = Unknowns(), set()
        for alias, cluster in self.clusters.items():
            with unknowns.gathered():
                if holds(cluster):
                    found.add(alias)
        unknowns.ask()
        return self.only(found)

    def only(self, aliases: Collection[str]) -> "Policy":
        """Return this policy with only these clusters, perhaps none."""
        some = {alias: one for alias, one in self.clusters.items() if alias in aliases}
        return self.model_copy(update={"clusters": some})

    def check_standing(self, person: Person) -> None:
        """Refuse somebody whose standing no cluster admits (P4)."""
        if not any(cluster.admits(person) for cluster in self.clusters.values()):
            raise not_admitted(person)

    @property
    def named(self) -> frozenset[str]:
        """Everybody whom a cluster names, in any place: users and user groups."""
        return frozenset().union(*(cluster.named for cluster in self.clusters.values()))

    def by_id(self, cluster_id: str) -> ClusterPolicy | None:
        """Return the policy of the cluster with that UUID, if there is one."""
        return next((c for c in self.clusters.values() if str(c.id) == cluster_id), None)

    def alarm_after(self, cluster_id: str) -> timedelta:
        """Return how long trouble on a cluster lasts before the operators hear of it.

        A cluster that has left the policy has the default.
        """
        cluster = self.by_id(cluster_id)
        return cluster.alarm_after if cluster else ALARM_AFTER

    @property
    def issuers_in_use(self) -> frozenset[str]:
        """The keys of the issuers whose machines some cluster takes."""
        return frozenset().union(*(one.issuers_named for one in self.clusters.values()))

    def alarm_after_of_issuer(self, issuer: str) -> timedelta:
        """Return how long its keys cannot be read before the operators hear of it."""
        using = (one for one in self.clusters.values() if issuer in one.issuers_named)
        return min((one.alarm_after for one in using), default=ALARM_AFTER)

    def nearest(self, alias: str) -> str | None:
        """Return the alias that *alias* was probably meant to be."""
        return nearest_of(alias, self.clusters)

    def cluster_of_channel(self, channel: str) -> str | None:
        """Return the cluster that a request from *channel* is for if it names none."""
        here = [name for name, cluster in self.clusters.items() if cluster.channel == channel]
        candidates = here or list(self.clusters)
        return candidates[0] if len(candidates) == 1 else None
