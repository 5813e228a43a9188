"""What the witnesses' record says about our reads and writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tests.chaos.line import Exchange, Rules, sources

Life = tuple[datetime, datetime, datetime]  # approved, known to work, over
Lives = dict[str, list[Life]]
_AT_ONCE = timedelta(seconds=1)
_A_MOMENT = timedelta(seconds=1)  # what changes so close to a read, it may see either way


@dataclass(frozen=True)
class Written:
    """A write of ours, and the read before it."""

    read: Exchange
    write: Exchange

    @property
    def window_ms(self) -> float:
        """For how long somebody else's write would have been lost."""
        return (self.write.asked_at - self.read.answered_at) / timedelta(milliseconds=1)

    def happened_within(self, others: Sequence[Exchange]) -> list[Exchange]:
        """Return the writes of others that came after our read and before our write."""
        return [
            other
            for other in others
            if other.is_write and self.read.answered_at < other.asked_at < self.write.asked_at
        ]


def written(ours: Sequence[Exchange]) -> list[Written]:
    """Pair each write of one process with its read; AssertionError for anything in between."""
    pairs = []
    for before, after in pairwise(ours):
        if after.method == "PUT":
            assert before.method == "GET", f"{before.method} came between a read and its write"
            assert before.status == 200
            pairs.append(Written(before, after))
    return pairs


def check_foreign_kept(pairs: Sequence[Written], ours: Collection[str]) -> None:
    """P1: a write keeps every foreign rule of the read before it, unchanged."""
    for pair in pairs:
        before = _foreign(pair.read.answer, ours)
        after = _foreign(pair.write.carried, ours)
        assert after == before, f"P1: {before} became {after}"


def check_never_emptied(pairs: Sequence[Written]) -> None:
    """P2: no list of ours was empty."""
    assert all(pair.write.carried for pair in pairs), "P2: an empty list was written"


def check_put_right(
    ours: Sequence[Exchange], mine: Collection[str], lives: Lives
) -> tuple[int, int]:
    """What a read finds wrong, the next call puts right; how often a rule had vanished, come back.

    A rule of a live grant that is not there is written again (it was lost in a race: nothing here
    lives longer than such a loss is expected), and one that nobody wants is taken away (P3). It is
    read again first, and at once, where a grant that was to be added has ended meanwhile; and where
    a read shows what was read before our own write, since it may be one that lags.
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
            wanted = _wanted(lives.get(source, []), read, then)
            if wanted is None or wanted is (source in there):
                continue
            found = "missing" if wanted else "there though nobody wants it"
            assert then.method == "PUT", f"{source} was {found}, and left so: {read.answer}"
            assert (source in sources(then.carried)) is wanted
            vanished += wanted
            came_back += not wanted
    return vanished, came_back


def _wanted(lives: Sequence[Life], read: Exchange, then: Exchange) -> bool | None:
    """Tell whether a source was wanted from a read to the next call; None if that changed."""
    begins = read.asked_at - _A_MOMENT
    ends = (then.asked_at if then.method == "PUT" else read.answered_at) + _A_MOMENT
    if any(works < begins and ends < over for _, works, over in lives):
        return True
    changed = any(approved < ends and begins < over for approved, _, over in lives)
    return None if changed else False


def _foreign(rules: Rules, ours: Collection[str]) -> set[tuple[str | None, ...]]:
    return {
        tuple(rule.get(key) for key in ("uuid", "type", "value", "description"))
        for rule in rules
        if not sources([rule]) & set(ours)
    }
