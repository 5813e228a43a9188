"""The unit of work: one open transaction, with what a use case needs to know."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from sqlmodel import Session

from bot.access.read_once import ReadOnce
from bot.access.request_facts import request_facts
from bot.domain.audit_actions import Action
from bot.domain.lifecycle import Grant, Request
from bot.domain.notices import RequestFacts
from bot.domain.people import People, Person
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.refusal import NotYours, Refused
from bot.domain.refusals.clusters import LeftPolicy
from bot.domain.refusals.rights import NotTheirs
from bot.domain.sources import TrustedSource
from bot.store import audit, grants


@dataclass(frozen=True)
class UnitOfWork:
    """`now` is the aware UTC time at which it all happens; `origin` names the interaction.

    `name_of` returns what people call a source, if that is known. `people` are those about whom
    Slack's directory was asked: who acts, and others concerned.
    """

    session: Session
    policy: Policy
    now: datetime
    origin: str | None = None
    name_of: Callable[[TrustedSource], str] = lambda _source: ""
    people: People = field(default_factory=People)
    _told: dict[tuple[Request, str | None], RequestFacts] = field(default_factory=dict)

    @cached_property
    def found(self) -> ReadOnce:
        """What there was before anything was changed."""
        return ReadOnce(self.session)

    def record(
        self, action: Action, cluster: str, request_id: int, *, actor: str, **detail: Any
    ) -> None:
        """Write an audit row."""
        audit.record(
            self.session,
            action,
            at=self.now,
            actor=actor,
            cluster=cluster,
            request_id=request_id,
            **detail,
        )

    def cluster(
        self, alias: str, person: Person, right: Callable[[ClusterPolicy, Person], bool]
    ) -> ClusterPolicy:
        """Return the policy of a cluster that somebody may see.

        The *right* that they use is looked at first: if they have it, nothing else is asked.

        Raises:
            Refused: there is none of that name, as far as they are concerned.
            NeedsDirectory: that depends on who they are.
        """
        cluster = self.policy.clusters.get(alias)
        if cluster is not None and (right(cluster, person) or cluster.is_shown_to(person)):
            return cluster
        return self.policy.seen_by(person).cluster(alias)

    def cluster_of(self, subject: Request | Grant) -> ClusterPolicy:
        """Return the current policy for the cluster of a request or grant.

        Raises:
            Refused: it was taken out of the policy.
        """
        cluster = self.policy.clusters.get(subject.cluster)
        if cluster is None:
            raise Refused(LeftPolicy(cluster=subject.cluster))
        return cluster

    def check_may_touch(self, subject: Request | Grant, person: Person) -> None:
        """Refuse somebody who neither owns a request or grant nor approves for its cluster.

        Raises:
            NotYours: they do neither.
            NeedsDirectory: it is not their own, and not known whether they approve.
        """
        cluster = self.policy.clusters.get(subject.cluster)
        owners = subject.for_themselves if isinstance(subject, Request) else (subject.requester,)
        if person.id not in owners and not (cluster and cluster.may_approve(person)):
            what: Literal["request", "access"] = (
                "request" if isinstance(subject, Request) else "access"
            )
            raise NotYours(NotTheirs(number=subject.id, what=what))

    def revoked_lately(self, cluster: ClusterPolicy, user_id: str, alias: str) -> Grant | None:
        """Return the access that somebody else revoked from a user recently, so that people decide.

        It counts for `max_duration` of that cluster.
        """
        since = self.now - cluster.max_duration
        return grants.revoked_by_another(
            self.session, requester=user_id, cluster=alias, since=since
        )

    def facts(self, request: Request, *, closed_by: str | None = None) -> RequestFacts:
        """Return the facts of a request for notices; computed once for each state of it."""
        key = (request, closed_by)
        if key not in self._told:
            self._told[key] = request_facts(
                self.session, request, self.policy, closed_by=closed_by, found=self.found
            )
        return self._told[key]
