"""The list of trusted sources, with what no API tells: who really added each rule.

`PUT /v2/databases/{uuid}/firewall` replaces the whole list. What that does to uuids, times and
descriptions nobody has published, so it is a `Nature` here, and dbaccess must be right for each.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from bot.domain.labels import Label, read_label
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource

INSTANCE = "test"
SKEW = timedelta(seconds=2)


class Entry(NamedTuple):
    """A rule and the truth about it.

    `ours`: it stands there since a write of ours added it, whoever copied it since. `theirs`: a
    person means it to be there. Terraform takes rules over by their uuid, so that both may hold.
    """

    rule: Rule
    ours: bool
    theirs: bool

    @property
    def source(self) -> TrustedSource | None:
        """What is trusted."""
        return source_of(self.rule.type, self.rule.value)

    @property
    def is_surely_theirs(self) -> bool:
        """Whether a person added it, and we never did."""
        return self.theirs and not self.ours

    @property
    def is_surely_ours(self) -> bool:
        """Whether we added it, and no person ever meant it to be there."""
        return self.ours and not self.theirs


Entries = tuple[Entry, ...]


class Sent(NamedTuple):
    """A rule of a PUT, and whose it will be if the API does not know its uuid."""

    uuid: str | None
    type: str
    value: str
    description: str | None
    ours: bool
    theirs: bool


@dataclass(frozen=True)
class Nature:
    """What the API does with what it is sent; no source tells.

    `keeps_uuids`: a rule that is sent with the uuid of a standing one stays that one. `revives`: a
    uuid of a rule that is gone by now is taken as it is sent. `label_length`: how much of a
    description is kept; None for all of it.
    """

    keeps_uuids: bool = True
    revives: bool = False
    label_length: int | None = None

    def put(self, standing: Entries, sent: Iterable[Sent], now: datetime, new: int) -> Entries:
        """Return the list after a PUT; uuids are numbered from *new* on."""
        before = {entry.rule.uuid: entry for entry in standing}
        return tuple(self._stored(one, before, now, new + n) for n, one in enumerate(sent))

    def _stored(
        self, sent: Sent, before: dict[str | None, Entry], now: datetime, new: int
    ) -> Entry:
        known = before.get(sent.uuid) if sent.uuid else None
        said = sent.description[: self.label_length] if sent.description else None
        uuid, created_at = f"u-{new}", now
        if known is not None and self.keeps_uuids:
            uuid, created_at = str(sent.uuid), known.rule.created_at or now
        elif sent.uuid is not None and self.revives:
            uuid = sent.uuid
        rule = Rule(sent.type, sent.value, uuid, said, created_at)
        return Entry(rule, sent.ours, sent.theirs)


def as_sent(entry: Entry, description: str | None) -> Sent:
    """Return an entry as somebody sends it back."""
    rule = entry.rule
    return Sent(rule.uuid, rule.type, rule.value, description, entry.ours, entry.theirs)


def from_us(rules: Iterable[Rule], *seen: Entries) -> Iterator[Sent]:
    """Yield what dbaccess sends; whose a rule is that it knows by its uuid was *seen* before.

    A rule that it has labelled as its own is its own from then on, and a person's, too, if it was
    that: the oracle has judged whether it might be labelled.
    """
    known = {entry.rule.uuid: entry for entries in seen for entry in entries}
    for rule in rules:
        entry = known.get(rule.uuid) if rule.uuid else None
        label = own_label(rule)
        ours = entry is None or entry.ours or (label is not None and not label.adopted)
        theirs = entry is not None and entry.theirs
        yield Sent(rule.uuid, rule.type, rule.value, rule.description, ours, theirs)


def replaced(
    read: Entries, written: Iterable[Rule], before: Collection[str | None]
) -> frozenset[str | None]:
    """Return the uuids of which nobody can tell after our write was answered and read back.

    A rule without a description that was not there *before*, for a source that we have just
    *written* a label on, counts as ours: that somebody has replaced ours by theirs in between,
    nobody can know.
    """
    ours = {rule.source for rule in written if own_label(rule)}
    return frozenset(
        entry.rule.uuid
        for entry in read
        if entry.source in ours and entry.rule.uuid not in before and not entry.rule.description
    )


def in_doubt(entries: Entries, uuids: Collection[str | None]) -> Entries:
    """Return a list in which these rules count as ours, too."""
    return tuple(
        entry._replace(ours=True) if entry.rule.uuid in uuids else entry for entry in entries
    )


def own_label_of(words: str | None) -> Label | None:
    """Return the label of this installation that a description is."""
    label = _label_of(words) if words else None
    return label if label and label.instance == INSTANCE else None


def own_label(rule: Rule) -> Label | None:
    """Return the label of this installation that a rule bears."""
    return own_label_of(rule.description)


@lru_cache(maxsize=4096)
def _label_of(description: str) -> Label | None:
    return read_label(description)


@lru_cache(maxsize=4096)
def source_of(type_: str, value: str) -> TrustedSource | None:
    """Return the source of a rule in its normal form."""
    return Rule(type_, value).source
