"""Accounting: which rules belong to no recorded grant, and how long each failure lasted."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.erasure import ERASED
from bot.reporting.facts import Trouble

Spell = tuple[datetime, datetime | None]


@dataclass
class Accounts:
    """When grants wanted each source trusted, cluster by cluster."""

    _spells: dict[tuple[str, str], list[Spell]] = field(default_factory=dict)

    def note(self, cluster: str, source: str, began: datetime, ended: datetime | None) -> None:
        """Note that a grant wanted *source* in this period; None as its end: it still does."""
        self._spells.setdefault((cluster, source), []).append((began, ended))

    def account_for(self, cluster: str, source: str, at: datetime) -> bool:
        """Tell whether some grant wanted *source* at that time, or one whose source is erased."""
        spells = [
            *self._spells.get((cluster, source), []),
            *self._spells.get((cluster, ERASED), []),
        ]
        return any(began <= at and (ended is None or at <= ended) for began, ended in spells)


@dataclass(frozen=True)
class Signal:
    """An alarm, or with `since` None the all-clear."""

    at: datetime
    cluster: str
    since: datetime | None = None
    error: str = ""


def troubles(signals: Iterable[Signal]) -> list[Trouble]:
    """Return the failures that alarms told of, each with its repetitions and its all-clear.

    An alarm whose failure began after the last alarm is about another one: the earlier failure had
    no all-clear, for instance because its cluster was taken out of the policy.
    """
    found: list[Trouble] = []
    open_at: dict[str, int] = {}
    for signal in signals:
        place = open_at.get(signal.cluster)
        if signal.since is None:
            if place is not None:
                found[place] = replace(found[place], cleared_at=signal.at)
                del open_at[signal.cluster]
        elif place is not None and signal.since <= found[place].told_at:
            found[place] = _told_again(found[place], signal, signal.since)
        else:
            open_at[signal.cluster] = len(found)
            found.append(Trouble(signal.cluster, signal.since, signal.at, signal.error))
    return found


def _told_again(before: Trouble, signal: Signal, since: datetime) -> Trouble:
    return replace(
        before,
        since=min(before.since, since),
        told_at=signal.at,
        error=signal.error or before.error,
        alarms=before.alarms + 1,
    )
