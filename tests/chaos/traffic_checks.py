"""Checks of recorded traffic: what was read and written, in which order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tests.chaos.recording_proxy import Exchange, Rules, sources

Period = tuple[datetime, datetime, datetime]  # approved, known to work, over
Periods = dict[str, list[Period]]
_AT_ONCE = timedelta(seconds=1)
_A_MOMENT = timedelta(seconds=1)  # what changes so close to a read, it may see either way


@dataclass(frozen=True)
class WritePair:
    """A write of ours, and the read before it."""

    read: Exchange
    write: Exchange

    @property
    def window_ms(self) -> float:
        """For how long somebody else's write would have been lost."""
        return (self.write.asked_at - self.read.answered_at) / timedelta(milliseconds=1)

    def writes_between(self, others: Sequence[Exchange]) -> list[Exchange]:
        """Return the writes of others that came after our read and before our write."""
        return [
            other
            for other in others
            if other.is_write and self.read.answered_at < other.asked_at < self.write.asked_at
        ]


def write_pairs(ours: Sequence[Exchange]) -> list[WritePair]:
    """Pair each write of one process with its read; AssertionError for anything in between."""
    pairs = []
    for before, after in pairwise(ours):
        if after.method == "PUT":
            assert before.method == "GET", f"{before.method} came between a read and its write"
            assert before.status == 200
            pairs.append(WritePair(before, after))
    return pairs


def check_foreign_kept(pairs: Sequence[WritePair], ours: Collection[str]) -> None:
    """P1: a write keeps every foreign rule of the read before it, unchanged."""
    for pair in pairs:
        before = _foreign(pair.read.answer, ours)
        after = _foreign(pair.write.carried, ours)
        assert after == before, f"P1: {before} became {after}"


def check_never_emptied(pairs: Sequence[WritePair]) -> None:
    """P2: no list of ours was empty."""
    assert all(pair.write.carried for pair in pairs), "P2: an empty list was written"


def check_repairs(
    ours: Sequence[Exchange], mine: Collection[str], periods: Periods
) -> tuple[int, int]:
    """Check that the call after a read repairs what it found; count rules missing, and restored.

    The missing rule of a live grant is written again: it was lost in a race, since no grant here
    lasts long enough for anything else. A rule that no grant needs is removed (P3). Another read
    may come first, at once, where a grant that was to be added has ended meanwhile, or where a read
    shows what was there before our own write, since it may lag.
    """
    vanished = came_back = 0
    before: Rules = []  # what was read before the last write
    for earlier, (read, then) in zip([None, *ours], pairwise(ours), strict=False):
        if read.method != "GET":
            before = earlier.answer if earlier else []
            continue
        is_at_once = then.asked_at - read.answered_at < _AT_ONCE
        if then.method == "GET" and (is_at_once or read.answer == before):
            continue
        there = sources(read.answer)
        for source in mine:
            wanted = _wanted(periods.get(source, []), read, then)
            if wanted is None or wanted is (source in there):
                continue
            found = "missing" if wanted else "there though nobody wants it"
            assert then.method == "PUT", f"{source} was {found}, and left so: {read.answer}"
            assert (source in sources(then.carried)) is wanted
            vanished += wanted
            came_back += not wanted
    return vanished, came_back


def _wanted(periods: Sequence[Period], read: Exchange, then: Exchange) -> bool | None:
    """Tell whether a source was wanted from a read to the next call; None if that changed."""
    begins = read.asked_at - _A_MOMENT
    ends = (then.asked_at if then.method == "PUT" else read.answered_at) + _A_MOMENT
    if any(works < begins and ends < over for _, works, over in periods):
        return True
    changed = any(approved < ends and begins < over for approved, _, over in periods)
    return None if changed else False


def _foreign(rules: Rules, ours: Collection[str]) -> set[tuple[str | None, ...]]:
    return {
        tuple(rule.get(key) for key in ("uuid", "type", "value", "description"))
        for rule in rules
        if not sources([rule]) & set(ours)
    }
