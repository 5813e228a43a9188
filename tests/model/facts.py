"""What tells a state from others, as far as its future goes, in one number."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bot.domain.lifecycle import Grant
from tests.model.knowledge import Knowledge
from tests.model.outside import Outside
from tests.model.truth import Entries, own_label_of

_FAR = 130.0  # seconds: further apart than any two times that are compared by their difference


class Facts:
    """The facts of a state, one after the other.

    Times count only by how far they lie apart, and what is further apart than `_FAR` is far apart:
    nothing in `plan` depends on how far. Uuids count by their order of appearance, since nobody
    looks into them. The number has 64 bits, which is enough for many million states.
    """

    def __init__(self) -> None:
        self.plain: list[Any] = []
        self.times: list[datetime | None] = []
        self.uuids: list[str | None] = []

    def number(self) -> int:
        """Return the number of all that was added."""
        moments = sorted({time for time in self.times if time is not None})
        place: dict[datetime | None, float | None] = {None: None}
        at = 0.0
        before = moments[0] if moments else None
        for moment in moments:
            at += min((moment - before).total_seconds(), _FAR) if before else 0.0
            place[moment] = at
            before = moment
        names: dict[str | None, int] = {}
        uuids = [names.setdefault(uuid, len(names)) if uuid else -7 for uuid in self.uuids]
        times = map(place.__getitem__, self.times)
        return hash((tuple(self.plain), tuple(times), tuple(uuids)))

    def add(self, value: Any) -> None:
        """Add a value of any sort."""
        if isinstance(value, datetime):
            self.times.append(value)
        elif isinstance(value, str) and value.startswith("u-"):
            self.uuids.append(value)
        else:
            self.plain.append(value)

    def add_outside(self, outside: Outside) -> None:
        """Add what is outside."""
        self.times.append(outside.now)
        self.add_entries(outside.entries)
        self.add_known(outside.known)
        self.plain.append(outside.connected is None)
        for entries in (outside.copy, outside.earlier):
            self.plain.append(entries is None)
            if entries is not None:
                self.add_entries(entries)
        for sent in outside.late or ():
            self.uuids.append(sent.uuid)
            self.plain += (sent.value, sent.ours, sent.theirs)
            self.add_description(sent.description)

    def add_entries(self, entries: Entries) -> None:
        """Add a list of rules."""
        self.plain.append(len(entries))
        for rule, ours, theirs in entries:
            self.uuids.append(rule.uuid)
            self.times.append(rule.created_at)
            self.plain += (rule.value, ours, theirs)
            self.add_description(rule.description)

    def add_description(self, words: str | None) -> None:
        """Add what a rule says."""
        label = own_label_of(words)
        if label is None:
            self.plain.append(words or None)
        else:
            self.plain += (label.grant_id, label.adopted)
            self.times.append(label.until)

    def add_rows(self, rows: Collection[Grant]) -> None:
        """Add grants."""
        self.plain.append(len(rows))
        for row in rows:
            self.plain += (
                row.id,
                row.cluster_id,
                row.source.value,
                row.requester,
                row.state._value_,
                row.owned,
                row.end_reason and row.end_reason._value_,
                row.adopted,
                row.earlier_description,
            )
            self.times += (
                row.approved_at,
                row.expires_at,
                row.sent_at,
                row.written_at,
                row.ended_at,
            )
            self.uuids.append(row.rule_uuid)

    def add_known(self, known: Knowledge) -> None:
        """Add what the oracle knows."""
        self.plain += (len(known.leases), known.is_lost, known.is_restored)
        for lease in known.leases:
            self.plain += (lease.grant_id, lease.source.value, lease.adopted, lease.confirmed)
            self.plain.append(lease.is_lost)
            self.times += (lease.approved_at, lease.until, lease.over_at)
            self.times += (lease.sent_at, lease.closed_at)
        self.add_uuids(known.proved)
        self.plain.append(tuple(sorted(str(source) for source in known.described)))

    def add_uuids(self, uuids: Collection[str | None]) -> None:
        """Add a set of uuids."""
        self.plain.append(len(uuids))
        self.uuids += sorted(uuids, key=str)
