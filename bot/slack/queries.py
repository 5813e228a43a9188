"""Queries: what one person may see, read from the store; nothing is changed."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.access.pressed_button import check_is_grant_shown
from bot.access.request_facts import facts_of_all, request_facts
from bot.domain.extensions import at_maximum
from bot.domain.labels import guard_label
from bot.domain.lifecycle import GrantState, RequestState
from bot.domain.notices import RequestFacts
from bot.domain.people import Person
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.refusal import NotYours, Refused
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.clusters import NoSuchRule
from bot.domain.refusals.delays import ClusterUnknown, TokenNotTaken
from bot.domain.refusals.grants import NoSuchGrant
from bot.domain.refusals.lookups import CallsSpent, HostNotShown, NotLookedUp
from bot.domain.refusals.rights import MayNotListAll
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.providers.base import (
    ApiError,
    ClusterNotFound,
    NamedSource,
    NotAuthorised,
    RateLimited,
)
from bot.providers.shared_reads import SharedReads
from bot.sessions.base import SessionsError
from bot.sessions.connected import Connected, connected_by
from bot.sessions.lookups import Lookup, SessionLookups
from bot.slack import messages
from bot.slack.messages import Happened, Message, SourceLine
from bot.slack.query_limit import QueryLimit
from bot.store import grants, requests
from bot.store.database import Database

_MOST_ENTRIES = 20


class Queries:
    """Reads the store, and the provider for `sources`, `connect` and `adopt`.

    For `sources`, it looks who is connected, too, where that is set up.

    `elapsed` returns seconds that only grow. A query of which somebody may see
    only a part raises `NeedsDirectory` where too little is known of them.
    """

    def __init__(
        self,
        database: Database,
        reads: SharedReads,
        lookups: SessionLookups,
        policy: Callable[[], Policy],
        elapsed: Callable[[], float],
    ) -> None:
        self._database = database
        self._reads = reads
        self._lookups = lookups
        self._policy = policy
        self._limit = QueryLimit(elapsed)

    def mine(self, person: Person) -> Message:
        """`list`: somebody's open requests and live grants."""
        policy, user_id = self._policy(), person.id
        with self._database.reading() as session:
            pending = [r for r in requests.pending(session) if user_id in r.for_themselves]
            live = grants.live(session, requester=user_id)
            facts = facts_of_all(session, pending, policy)
        return messages.listing(facts, live, at_maximum=at_maximum(live, policy))

    def everybodys(self, person: Person) -> Message:
        """`list all`: open requests and live grants on the clusters that somebody approves for.

        Raises:
            Refused: they approve for none.
        """
        policy = self._policy()
        own = policy.where(lambda cluster: cluster.may_approve(person)).clusters
        if not own:
            raise NotYours(MayNotListAll())
        with self._database.reading() as session:
            pending = [r for r in requests.pending(session) if r.cluster in own]
            live = [grant for grant in grants.live(session) if grant.cluster in own]
            facts = facts_of_all(session, pending, policy)
        return messages.listing(facts, live, everybody=True, at_maximum=at_maximum(live, policy))

    def clusters(self, person: Person) -> Message:
        """`clusters`: those that somebody may ask for."""
        theirs = self._policy().where(lambda cluster: cluster.may_request(person))
        return messages.clusters_page(theirs.clusters)

    def sources(self, alias: str, person: Person) -> Message:
        """`sources`: the trusted sources of a cluster, ours and foreign.

        Raises:
            Refused: not a cluster of theirs, or DigitalOcean does not answer.
        """
        policy, cluster = self._policy(), self._looked_up(alias, person)
        lookup = self._lookups.begin(cluster.sessions.url_env) if cluster.sessions else None
        rules = self._rules(cluster)
        connected = self._connected(lookup, rules) if lookup else None
        with self._database.reading() as session:
            owned = {g.source: g for g in grants.live(session, cluster=alias) if g.owned}
        lines = []
        for rule in rules:
            grant = owned.get(rule.source) if rule.source else None
            lines.append(
                SourceLine(
                    source=rule.value if rule.type == "ip_addr" else f"{rule.type}:{rule.value}",
                    description=rule.description or "",
                    created_at=rule.created_at,
                    grant=grant or None,
                    is_guard=rule.description == guard_label(policy.instance),
                    connected=connected.count(rule.source) if connected else None,
                )
            )
        return messages.sources_page(
            alias,
            lines,
            others=connected.others if connected else (),
            is_unseen=lookup is not None and connected is None,
        )

    def _connected(self, lookup: Lookup, rules: Sequence[Rule]) -> Connected | None:
        """Return who is connected, by what lets them in; None if that is not known in time."""
        sources = {rule.source for rule in rules if rule.source}
        droplets: list[NamedSource] | None = None
        if any(source.lets_in_droplets for source in sources):
            with suppress(ApiError):  # their connections are unknown then
                droplets = self._reads.droplets()
        try:
            return connected_by(sources, self._lookups.wait(lookup), droplets)
        except SessionsError:
            return None

    def check_rule(self, alias: str, source: TrustedSource, person: Person) -> None:
        """Check that a cluster has a rule for a source, as it was a few seconds ago at most.

        Raises:
            Refused: it has none, it is not a cluster of theirs, or DigitalOcean does not answer.
        """
        rules = self._rules(self._looked_up(alias, person))
        if source not in {rule.source for rule in rules}:
            raise Refused(NoSuchRule(cluster=alias))

    def _looked_up(self, alias: str, person: Person) -> ClusterPolicy:
        """Return a cluster of which somebody may have something looked up now."""
        cluster = self._policy().seen_by(person).cluster(alias)
        self._limit.check(person.id)
        return cluster

    def _rules(self, cluster: ClusterPolicy) -> list[Rule]:
        try:
            return self._reads.rules(str(cluster.id))
        except ApiError as error:
            raise Refused(_why_not(error)) from error

    def connect(self, alias: str, person: Person, *, in_form: bool = False) -> Message:
        """`connect`: how to reach a cluster, with everything but the password.

        *in_form* as in `ShowConnect`.

        Raises:
            Refused: not a cluster that they may see or have access to, or DigitalOcean does not
                answer.
        """
        cluster = self._connectable(alias, person).cluster(alias)
        self._limit.check(person.id)
        try:
            connection = self._reads.connection(str(cluster.id))
        except ApiError as error:
            is_there = isinstance(error, ClusterNotFound) and self._has_rules(str(cluster.id))
            raise Refused(HostNotShown(cluster=alias) if is_there else _why_not(error)) from error
        certificate = ""
        if connection.needs_ca_file:
            with suppress(ApiError):  # the page then says where else to find it
                certificate = self._reads.certificate(str(cluster.id))
        with self._database.reading() as session:
            live = grants.live(session, requester=person.id, cluster=alias)
        own = [one for one in live if one.state is GrantState.ACTIVE and not one.adopted]
        return messages.connect_page(alias, connection, certificate, own, titled=not in_form)

    def _has_rules(self, cluster_id: str) -> bool:
        """Tell whether a cluster is there after all; a read replica may be known by these alone."""
        with suppress(ApiError):
            self._reads.rules(cluster_id)
            return True
        return False

    def cluster_of_grant(self, number: int, mark: str) -> str:
        """Return the cluster of a grant whose button was pressed, which may have ended.

        Raises:
            Refused: there is no such grant, or the button was of another one.
        """
        with self._database.reading() as session:
            grant = grants.get(session, number)
        if grant is None:
            raise Refused(NoSuchGrant(number=number))
        check_is_grant_shown(grant, mark)
        return grant.cluster

    def _connectable(self, alias: str, person: Person) -> Policy:
        """Return the policy with the clusters that somebody may see, or with that they have."""
        policy = self._policy()
        cluster = policy.clusters.get(alias)
        with self._database.reading() as session:
            live = grants.live(session, requester=person.id, cluster=alias)
        if cluster is None or not any(one.cluster_id == str(cluster.id) for one in live):
            return policy.seen_by(person)
        cluster.check_standing(person)
        return policy.only({alias})

    def history(self, alias: str | None, person: Person) -> Message:
        """`history`: the last decisions and grants; of everybody, where somebody is an approver.

        Raises:
            Refused: not a cluster of theirs.
        """
        seen = self._policy().seen_by(person)
        if alias is not None:
            seen.cluster(alias)
            seen = seen.only({alias})
        own = list(seen.where(lambda cluster: cluster.may_approve(person)).clusters)
        with self._database.reading() as session:
            closed = requests.closed(
                session,
                requester=person.id,
                of_everybody=own,
                clusters=seen.clusters.keys(),
                most=_MOST_ENTRIES,
            )
            became = grants.of_requests(session, [request.id for request in closed])
        entries = [Happened(request, became.get(request.id)) for request in closed]
        return messages.history_page(entries, cluster=alias, of_everybody=own)

    def undecided(self, request_id: int, person: Person) -> RequestFacts | None:
        """Return an undecided request; None for those who may not see it.

        Raises:
            NeedsDirectory: too little is known of them.
        """
        with self._database.reading() as session:
            request = requests.get(session, request_id)
            if request is None or request.state is not RequestState.PENDING:
                return None
            if not self._is_shown(request.cluster, person):
                return None
            return request_facts(session, request, self._policy())

    def last_address(self, user_id: str, cluster: str) -> str:
        """Return the address from which somebody asked last, shown to them alone; else empty."""
        with self._database.reading() as session:
            return requests.last_address(session, user_id, cluster)

    def _is_shown(self, alias: str, person: Person) -> bool:
        cluster = self._policy().clusters.get(alias)
        return cluster is not None and cluster.is_shown_to(person)


def _why_not(error: ApiError) -> AnyRefusal:
    """Return why DigitalOcean did not say what was asked."""
    match error:
        case RateLimited(retry_after=seconds):
            return CallsSpent(seconds=math.ceil(seconds))
        case NotAuthorised():
            return TokenNotTaken()
        case ClusterNotFound():
            return ClusterUnknown()
        case _:
            return NotLookedUp(status=error.status)
