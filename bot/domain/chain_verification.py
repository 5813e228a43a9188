"""Verification of the audit's chain: every row from the first on, and what is erased of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.audit_chain import (
    GENESIS,
    NO_KEYS,
    Anchor,
    Keyring,
    Stretch,
    Verdict,
)
from bot.domain.audit_link import Link


def verify(
    links: Iterable[Link],
    keyring: Keyring = NO_KEYS,
    *,
    expected: Iterable[Anchor] = (),
    accepted: Iterable[range] = (),
    erased_before: datetime | None = None,
) -> Verdict:
    """Verify a chain from row 1, without a gap, to the first broken row.

    Args:
        links: the rows, read one by one.
        keyring: rows signed with other keys are followed, but not checked.
        expected: anchors that the chain must contain.
        accepted: rows that may be unsigned, or signed with a lost key; their digests are
            checked all the same, where that is possible.
        erased_before: the last erasure on record was of personal fields from before this time.
    """
    keys = keyring.by_name
    check = _Check(erased_before)
    for anchor in expected:
        check.anchors.setdefault(anchor.number, []).append(anchor)
    for link in links:
        key, personal = keys.get(link.key), None if link.is_complete else link.sealed
        is_foreign = key is None and link.key
        if (
            link.number != check.count + 1
            or not (is_foreign or link.follows(check.head, key))
            or not (personal is None or personal.holds)
        ):
            check.broken_at = link.number
            break
        check.note(link, is_erased=personal is not None and personal.is_erased)
    return Verdict(
        check.count,
        check.head,
        check.broken_at,
        stretches=tuple(check.stretches),
        keys=tuple(keys),
        missing=tuple(check.missing),
        accepted=tuple(accepted),
        erased=check.erased,
        erased_before=erased_before,
        unrecorded=tuple(check.unrecorded),
    )


@dataclass
class _Check:
    """How far a verification has come, and what it has found."""

    erased_before: datetime | None
    count: int = 0
    head: str = GENESIS
    broken_at: int | None = None
    anchors: dict[int, list[Anchor]] = field(default_factory=dict)
    erased: int = 0
    unrecorded: list[range] = field(default_factory=list)
    _closed: list[Stretch] = field(default_factory=list)
    _first: int = 1
    _key: str = ""
    _differing: list[Anchor] = field(default_factory=list)

    def note(self, link: Link, *, is_erased: bool) -> None:
        """Note a row that is as it was written."""
        if link.key != self._key:
            self._closed = self.stretches
            self._first, self._key = link.number, link.key
        self.count, self.head = link.number, link.digest
        for anchor in self.anchors.pop(link.number, ()):
            if anchor.digest != link.digest:
                self._differing.append(anchor)
        if is_erased:
            self._note_erased(link)

    @property
    def stretches(self) -> list[Stretch]:
        """Which rows in a row have the same key, so far."""
        if self.count < self._first:
            return self._closed
        return [*self._closed, Stretch(self._first, self.count, self._key)]

    @property
    def missing(self) -> list[Anchor]:
        """The anchors that the chain does not have; nothing after a broken row can be relied on."""
        beyond = [one for anchors in self.anchors.values() for one in anchors]
        return self._differing + (beyond if self.broken_at is None else [])

    def _note_erased(self, link: Link) -> None:
        self.erased += 1
        if self.erased_before and link.is_from_before(self.erased_before):
            return
        last = self.unrecorded.pop() if self.unrecorded else range(0)
        if last and last.stop != link.number:
            self.unrecorded.append(last)
        first = last.start if last.stop == link.number else link.number
        self.unrecorded.append(range(first, link.number + 1))
