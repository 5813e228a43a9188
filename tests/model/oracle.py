"""The oracle: it knows who really added each rule, and judges each write and each rest by that.

It believes nothing of our plan, and of our rows only which there are. What no client of this API
can know, it does not ask for; that is written down once, in `nobody_can_tell`, and told in
docs/reliability.md.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from bot.domain.lifecycle import Grant, GrantState
from bot.domain.ownership import SETTLE
from bot.domain.rules import Rule
from bot.domain.sessions import DatabaseSession
from bot.domain.sources import GUARD, TrustedSource
from tests.model.knowledge import Knowledge, Lease
from tests.model.search import Violation
from tests.model.truth import SKEW, Entries, Entry, own_label, source_of


def judge_write(
    known: Knowledge, read: Entries, sent: Sequence[Rule], rows: Collection[Grant], now: datetime
) -> Violation | None:
    """Return what is wrong with a PUT of ours.

    Args:
        known: what happened before.
        read: the list that this write was made from. What changed since, nobody could know.
        sent: the rules of the PUT.
        rows: the grants in the database.
        now: the time of the write.
    """
    if not sent:
        return Violation("P2 empty list", "dbaccess writes an empty list, open to the world")
    if not read:
        return Violation("P2 first rule", "dbaccess adds a first rule to an open cluster")
    kept = {rule.uuid: rule for rule in sent if rule.uuid}
    for entry in read:
        after = kept.get(entry.rule.uuid or "")
        wrong = None
        if entry.is_surely_theirs:
            wrong = _wrong_with_theirs(known, entry, after, read, now)
        elif entry.is_surely_ours:
            wrong = _cuts_a_lease(known, entry, after, rows, now)
        if wrong is not None:
            return wrong
    return _adds_without_approval(known, sent, now)


def _wrong_with_theirs(
    known: Knowledge, entry: Entry, after: Rule | None, read: Entries, now: datetime
) -> Violation | None:
    if after is None:
        if _may_go_by_adoption(known, entry, now) or nobody_can_tell(known, entry, read):
            return None
        was_sent = any(lease.sent_at for lease in known.leases if lease.source == entry.source)
        sent = "" if was_sent else ", though we never sent one for it"
        kind = "P5 removed" if was_sent else "P5 nothing was ever sent"
        return Violation(kind, f"the rule {entry.source} that a person added is removed{sent}")
    if (after.type, after.value) != (entry.rule.type, entry.rule.value):
        return Violation("P1 changed", f"the rule {entry.source} of a person goes back as {after}")
    if (after.description or None) != (entry.rule.description or None):
        if _is_adopted(known, entry) or nobody_can_tell(known, entry, read):
            return None
        return Violation("P1 described", f"the rule {entry.source} of a person is described anew")
    return None


def _is_adopted(known: Knowledge, entry: Entry) -> bool:
    return any(lease.adopted and lease.source == entry.source for lease in known.leases)


def _may_go_by_adoption(known: Knowledge, entry: Entry, now: datetime) -> bool:
    """Tell whether people agreed that a rule of theirs goes by now.

    That the clock was stopped in the meantime may be lost with the database.
    """
    forgot = known.is_lost or known.is_restored
    return any(
        lease.adopted
        and lease.source == entry.source
        and lease.until <= now
        and (forgot or lease.until <= lease.ends_at)
        for lease in known.leases
    )


def nobody_can_tell(known: Knowledge, entry: Entry, read: Entries) -> bool:
    """Tell whether a person's rule looks just like one of ours that lost its label.

    It is bare, we had sent one for the same source, and it is newer than that, and no newer than
    SETTLE after we had found nothing more to take away. And something speaks for a writer that
    drops descriptions: those that were there at the last look are gone, or there were none to tell
    by, and ours was seen before.
    """
    if entry.rule.description or entry.rule.created_at is None:
        return False
    others = [one for one in read if one.source in known.described and one.source != entry.source]
    still_there = any(one.rule.description for one in others)
    vanished = bool(others) and not still_there
    for lease in known.leases:
        if lease.source != entry.source or lease.sent_at is None:
            continue
        end = lease.until if known.is_restored else lease.closed_at
        is_after = lease.sent_at - SKEW <= entry.rule.created_at
        is_near = is_after and (end is None or entry.rule.created_at <= end + SETTLE + SKEW)
        is_likely = vanished or (lease.confirmed and not still_there)
        if is_near and (is_likely or known.is_restored):
            return True
    return False


def doubtful(known: Knowledge, read: Entries) -> frozenset[str | None]:
    """Return the uuids of the rules of which nobody could tell at a look whose they are.

    What a look takes for ours it writes down, and later it need not find out again.
    """
    return frozenset(
        entry.rule.uuid
        for entry in read
        if entry.is_surely_theirs and nobody_can_tell(known, entry, read)
    )


def _cuts_a_lease(
    known: Knowledge, entry: Entry, after: Rule | None, rows: Iterable[Grant], now: datetime
) -> Violation | None:
    """Return what is wrong where a label without a row, of what is still lent, is ended early."""
    its_label = own_label(entry.rule)
    if its_label is None:
        return None
    lost = [
        lease
        for lease in known.leases
        if lease.source == entry.source
        and lease.until.replace(microsecond=0) == its_label.until
        and lease.ends_at > now
        and not any(lease.is_of(row) for row in rows)
    ]
    its_next = own_label(after) if after else None
    if not lost or (its_next and its_next.until >= its_label.until):
        return None
    words = f"what is lent to {entry.source} by its label alone is ended before its time"
    return Violation("P7 forgotten", words)


def _adds_without_approval(
    known: Knowledge, sent: Iterable[Rule], now: datetime
) -> Violation | None:
    for rule in sent:
        source = source_of(rule.type, rule.value)
        if rule.uuid or source == GUARD:
            continue
        if not any(_covers(known, lease, source, now) for lease in known.leases):
            return Violation("P4 added", f"{source} is added though nobody may have it now")
    return None


def _covers(known: Knowledge, lease: Lease, source: TrustedSource | None, now: datetime) -> bool:
    over = lease.until if known.is_restored else lease.ends_at
    return lease.source == source and not lease.adopted and over > now - SETTLE


def judge_rest(
    known: Knowledge, entries: Entries, rows: Collection[Grant], now: datetime
) -> Violation | None:
    """Return what is wrong after a look that nothing disturbed."""
    wanted = {grant.source for grant in rows if grant.wants_rule(now)}
    for entry in entries:
        if entry.source in wanted or entry.source == GUARD or not entry.is_surely_ours:
            continue
        if own_label(entry.rule) is not None:
            return Violation("P3 left behind", f"{entry.source} stays, with our label on it")
        if entry.rule.uuid in known.proved:
            words = f"{entry.source} stays, though we saw it right after we had written it"
            return Violation("P3 left behind, its label lost", words)
    for grant in rows:
        if grant.state in (GrantState.APPLYING, GrantState.REMOVING):
            return Violation("never rests", f"grant #{grant.id} is {grant.state} for ever")
        if grant.is_live and now >= grant.expires_at:
            return Violation("P3 not ended", f"grant #{grant.id} is over and still {grant.state}")
        if grant.is_live and grant.source not in {entry.source for entry in entries}:
            return Violation("active without a rule", f"grant #{grant.id} has no rule")
    return None


def judge_sessions(
    connected: DatabaseSession | None, known: Knowledge, entries: Entries, *, is_owed: bool
) -> Violation | None:
    """Return what is wrong where somebody stays connected whom nothing lets in any more.

    Args:
        connected: the session that is open.
        is_owed: whether it is still to be ended.
    """
    if connected is None or not entries or is_owed:
        return None
    let_in = {entry.rule.value for entry in entries}
    lent = {lease.source.value for lease in known.leases if lease.sent_at}
    if connected.address in let_in or connected.address not in lent:
        return None
    return Violation("P9 stays connected", f"a session from {connected.address} is never ended")
