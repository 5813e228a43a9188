"""Lanes: the place of each bar in the pictures, so that no two bars overlap.

A lane is one person's access to one cluster. If their grants overlap in time, it has several rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from bot.domain.lifecycle import GrantState
from bot.reporting.facts import Access
from bot.store.report_queries import Period

ROWS_A_PICTURE = 24  # as many as are easy to read and fit on a printed page


@dataclass(frozen=True)
class Bar:
    """The part of one grant that lies within the period.

    `overdue_from` is when it should have ended. `goes_on`: it had not ended when the report was
    made, or at the end of the period.
    """

    number: int
    person: str
    cluster: str
    began_at: datetime
    ended_at: datetime
    overdue_from: datetime | None
    goes_on: bool
    emergency: bool
    recovered: bool


@dataclass(frozen=True)
class Row:
    """Bars beside each other; `is_first`: the row is the first of a lane or picture."""

    person: str
    cluster: str
    bars: tuple[Bar, ...]
    is_first: bool


def bars(accesses: Iterable[Access], period: Period, now: datetime) -> Iterator[Bar]:
    """Yield a bar for each grant that was in place, clipped to the period and to the present."""
    for access in accesses:
        grant = access.grant
        ended_at = min(grant.ended_at or now, period.until)
        if access.began_at is None or access.began_at > ended_at or ended_at < period.since:
            continue
        is_late = access.is_late(now) and grant.expires_at < ended_at
        yield Bar(
            number=grant.id,
            person=grant.requester,
            cluster=grant.cluster,
            began_at=max(access.began_at, period.since),
            ended_at=ended_at,
            overdue_from=max(grant.expires_at, period.since) if is_late else None,
            goes_on=grant.state is not GrantState.ENDED or ended_at == period.until,
            emergency=access.is_emergency,
            recovered=access.recovered,
        )


def pictures(found: Iterable[Bar]) -> list[list[Row]]:
    """Return the rows of each picture; lanes in the order of people, then clusters."""
    ordered = sorted(found, key=lambda bar: (bar.person, bar.cluster, bar.began_at, bar.number))
    rows = [
        (person, cluster, row)
        for (person, cluster), lane in groupby(ordered, lambda bar: (bar.person, bar.cluster))
        for row in _rows(list(lane))
    ]
    return [_picture(rows[at : at + ROWS_A_PICTURE]) for at in range(0, len(rows), ROWS_A_PICTURE)]


def _rows(lane: Sequence[Bar]) -> list[list[Bar]]:
    """Return the bars of one lane in as few rows as possible without overlaps."""
    rows: list[list[Bar]] = []
    for bar in lane:
        free = (row for row in rows if row[-1].ended_at <= bar.began_at)
        row = next(free, None)
        if row is None:
            rows.append([bar])
        else:
            row.append(bar)
    return rows


def _picture(rows: Sequence[tuple[str, str, list[Bar]]]) -> list[Row]:
    picture: list[Row] = []
    for person, cluster, row in rows:
        before = picture[-1] if picture else None
        is_first = before is None or (before.person, before.cluster) != (person, cluster)
        picture.append(Row(person, cluster, tuple(row), is_first))
    return picture
