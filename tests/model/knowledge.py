"""What the oracle knows: what was approved, what was really sent, and what a look could prove."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.lifecycle import Grant, GrantState
from bot.domain.ownership import SETTLE
from bot.domain.sources import TrustedSource
from tests.model.truth import Entries, Entry, own_label

_SECOND = timedelta(seconds=1)


class Lease(NamedTuple):
    """What people approved. `over_at`: revoked, or its rule was taken away by others.

    `sent_at`: since when a PUT that adds its rule was sent and not definitely refused. `confirmed`:
    a look saw the rule that we had added for it. `closed_at`: a look has found nothing more to take
    away for it. `is_lost`: its row may be gone, and its label speak for it alone.
    """

    grant_id: int
    approved_at: datetime
    source: TrustedSource
    until: datetime
    adopted: bool = False
    over_at: datetime | None = None
    sent_at: datetime | None = None
    confirmed: bool = False
    closed_at: datetime | None = None
    is_lost: bool = False

    @property
    def ends_at(self) -> datetime:
        """When it was, or will be, over."""
        return min(self.over_at or self.until, self.until)

    def is_of(self, grant: Grant) -> bool:
        """Tell whether a grant is this lease, or what became of it after the database was lost."""
        if grant.is_recovered:
            same_end = abs(self.until - grant.expires_at) < _SECOND
            return self.is_lost and self.source == grant.source and same_end
        return (self.grant_id, self.approved_at) == (grant.id, grant.approved_at)


class Knowledge(NamedTuple):
    """What happened so far, as far as it matters for judging.

    `proved`: the uuids that a finished look has seen on rules that were provably ours.
    `described`: the sources whose rules had descriptions when a look was last recorded, or since
    then before a write of ours.
    `is_lost`, `is_restored`: the database is empty, or a copy, from before something that happened.
    """

    leases: tuple[Lease, ...] = ()
    proved: frozenset[str | None] = frozenset()
    described: frozenset[TrustedSource | None] = frozenset()
    is_lost: bool = False
    is_restored: bool = False

    def lend(self, lease: Lease) -> "Knowledge":
        """Note what was approved."""
        return self._replace(leases=(*self.leases, lease))

    def give_back(self, grant: Grant, now: datetime) -> "Knowledge":
        """Note that somebody ended a grant."""
        return self._each(
            lambda one: one._replace(over_at=now) if one.is_of(grant) and not one.over_at else one
        )

    def extend(self, grant: Grant, until: datetime) -> "Knowledge":
        """Note that a grant lasts longer."""
        return self._each(lambda one: one._replace(until=until) if one.is_of(grant) else one)

    def send(
        self, added: Collection[TrustedSource | None], read: Entries, at: datetime
    ) -> "Knowledge":
        """Note that a PUT went out that adds these, and was not definitely refused.

        Args:
            added: the sources of the rules without a uuid.
            read: what it was made from.
            at: when that was read.
        """
        return self._replace(described=self.described | _described(read))._each(
            lambda one: (
                one._replace(sent_at=at)
                if one.source in added and one.sent_at is None and self._may_last(one, at)
                else one
            )
        )

    def _may_last(self, lease: Lease, at: datetime) -> bool:
        end = lease.until if self.is_restored else lease.ends_at
        return end > at - SETTLE

    def see(self, read: Entries) -> "Knowledge":
        """Note that a look saw our rules, whether it knew them or not."""
        seen = {entry.source for entry in read if entry.ours}
        return self._each(lambda one: one._replace(confirmed=True) if one.source in seen else one)

    def record(
        self,
        read: Entries,
        before: Collection[str | None] | None,
        grants: Iterable[Grant],
        now: datetime,
    ) -> "Knowledge":
        """Note that a look was finished and written down.

        Args:
            read: what it saw in the end.
            before: the uuids that were there before its first write; None where it did not write,
                or an answer was lost, so that what is new need not be ours.
            grants: the rows as they are now.
            now: the time.
        """
        proved = {entry.rule.uuid for entry in read if _is_proof(entry, before)}
        ended = [grant for grant in grants if grant.state is GrantState.ENDED]
        recorded = self._replace(proved=self.proved | proved, described=_described(read))
        return recorded.see(read)._each(
            lambda one: (
                one._replace(over_at=one.over_at or now, closed_at=one.closed_at or now)
                if any(one.is_of(grant) for grant in ended)
                else one
            )
        )

    def lose(self) -> "Knowledge":
        """Note that the database is empty."""
        lost = self._replace(proved=frozenset(), described=frozenset(), is_lost=True)
        return lost._each(lambda one: one._replace(is_lost=True))

    def restore(self) -> "Knowledge":
        """Note that the database is an old copy of itself."""
        lost = self._replace(proved=frozenset(), described=frozenset(), is_restored=True)
        return lost._each(lambda one: one._replace(is_lost=True))

    def _each(self, change: Callable[[Lease], Lease]) -> "Knowledge":
        return self._replace(leases=tuple(change(one) for one in self.leases))


def _described(read: Entries) -> frozenset[TrustedSource | None]:
    return frozenset(entry.source for entry in read if entry.rule.description)


def _is_proof(entry: Entry, before: Collection[str | None] | None) -> bool:
    """Tell whether a look can prove that a rule is ours: by its label, or since it is new."""
    is_new = before is not None and entry.rule.uuid not in before
    return entry.ours and (own_label(entry.rule) is not None or is_new)
