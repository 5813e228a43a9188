"""Whose sessions have to end after an attempt: those of sources that are trusted no more (P9)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.lifecycle import Grant
from bot.domain.notices import GrantEnded, SessionCounts
from bot.domain.policy import Policy
from bot.domain.sources import TrustedSource
from bot.reconcile.attempt import Attempt
from bot.store import droplet_addresses, session_ends, usage
from bot.store.session_ends import SessionEnd


@dataclass(frozen=True)
class SessionEnds:
    """Has sessions ended, in the transaction that records why."""

    session: Session
    policy: Policy
    attempt: Attempt
    now: datetime

    def of_ended(self, notice: GrantEnded) -> GrantEnded:
        """Have the sessions of access that ended be ended; return what people read of it."""
        if not self._may_have_any(notice.grant.source):
            return notice
        notice = notice.model_copy(update={"sessions": SessionCounts()})
        known = usage.find(self.session, notice.grant.id)
        self._add(
            notice.grant.source,
            notice,
            unseen_until=known.never_seen_until if known else None,
            addresses=self._addresses_of(notice.grant),
        )
        return notice

    def watch(self, grant: Grant) -> None:
        """Watch from now on whether anybody connects through a grant that opens."""
        cluster = self.policy.by_id(self.attempt.cluster_id)
        if cluster is not None and cluster.sessions is not None and grant.source.network:
            usage.begin(self.session, grant.id, self.now)

    def of_removed(self, removed: Collection[TrustedSource]) -> None:
        """Have the sessions be ended of sources whose rules belonged to no access."""
        for source in sorted(removed):
            if self._may_have_any(source):
                self._add(source, None)

    def _addresses_of(self, ended: Grant) -> tuple[str, ...]:
        """Return from where the Droplets of a grant could connect that are no longer there."""
        if not ended.source.lets_in_droplets:
            return ()
        return droplet_addresses.known(self.session, ended)

    def note_droplets(self, open_now: Iterable[Grant]) -> None:
        """Have the addresses noted of Droplets that have access: at its end some may be gone."""
        if self._is_set_up() and any(
            one.is_live and one.source.lets_in_droplets for one in open_now
        ):
            droplet_addresses.add_job(self.session, self.attempt.cluster_id, at=self.now)

    def _is_set_up(self) -> bool:
        cluster = self.policy.by_id(self.attempt.cluster_id)
        return cluster is not None and cluster.sessions is not None

    def _may_have_any(self, source: TrustedSource) -> bool:
        """Tell whether there may be sessions that have to end: not where all of it is let in."""
        has_addresses = source.network is not None or source.lets_in_droplets
        if not (self._is_set_up() and has_addresses and self.attempt.rules):
            return False
        return not any(
            rule.source.covers(source) for rule in self.attempt.rules if rule.source is not None
        )

    def _add(
        self,
        source: TrustedSource,
        notice: GrantEnded | None,
        *,
        unseen_until: datetime | None = None,
        addresses: tuple[str, ...] = (),
    ) -> None:
        end = SessionEnd(
            cluster_id=self.attempt.cluster_id,
            cluster=self.attempt.alias,
            source=source,
            since=self.now,
            notice=notice,
            unseen_until=unseen_until,
            addresses=addresses,
        )
        session_ends.add(self.session, end, at=self.now)
