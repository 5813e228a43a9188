"""Usage: whether anybody connects through a grant, as far as looking now and then can tell."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LOOK_EVERY = timedelta(minutes=1)
GAP = timedelta(minutes=3)  # what happened between two looks further apart is not known


@dataclass(frozen=True)
class Usage:
    """What the looks at the database server found for one grant; times are aware UTC.

    It is about connections from the grant's source, whatever else may let them in. So it never
    tells that a grant was used, only that it was not.

    Attributes:
        looked_at: when it was last known who is connected; at first, when the grant opened.
        unseen_since: since when nobody was seen; None: somebody was, at the last look.
        seen_at: when somebody was last seen; None: never.
        is_whole: whether all of the time was watched since the grant opened.
        asked_at: when its holder was asked whether they are done; once at the most.
        kept_at: when they said that they are not.
    """

    grant_id: int
    looked_at: datetime
    unseen_since: datetime | None
    seen_at: datetime | None = None
    is_whole: bool = True
    asked_at: datetime | None = None
    kept_at: datetime | None = None

    @classmethod
    def of_opened(cls, grant_id: int, at: datetime) -> "Usage":
        """Return what is known of a grant that opens now."""
        return cls(grant_id, looked_at=at, unseen_since=at)

    @classmethod
    def of_unwatched(cls, grant_id: int, at: datetime) -> "Usage":
        """Return what is known of a grant that has been open for a while, unwatched."""
        return cls(grant_id, looked_at=at, unseen_since=at, is_whole=False)

    def look(self, at: datetime, *, is_connected: bool) -> "Usage":
        """Note what a look found. One that comes late tells only that somebody was there."""
        is_watched = abs(at - self.looked_at) <= GAP
        if is_watched and at <= self.looked_at:
            return self._look_late(at) if is_connected else self
        seen = replace(self, looked_at=at, is_whole=self.is_whole and is_watched)
        if is_connected:
            return replace(seen, unseen_since=None, seen_at=at)
        since = (self.unseen_since or self.seen_at) if is_watched else at
        return replace(seen, unseen_since=since)

    def _look_late(self, at: datetime) -> "Usage":
        """Note that somebody was there before the last look."""
        unseen_since = self.unseen_since and max(self.unseen_since, at)
        return replace(self, unseen_since=unseen_since, seen_at=max(self.seen_at or at, at))

    def is_idle(self, idle: timedelta) -> bool:
        """Tell whether nobody was seen for so long, and nobody was asked about it yet."""
        if self.unseen_since is None or self.asked_at is not None:
            return False
        return self.looked_at - self.unseen_since >= idle

    def ask(self, at: datetime) -> "Usage":
        """Note that its holder is asked whether they are done."""
        return replace(self, asked_at=at)

    def keep(self, at: datetime) -> "Usage":
        """Note that they are not."""
        return replace(self, kept_at=at)

    @property
    def never_seen_until(self) -> datetime | None:
        """Until when nobody was seen in all of the time; None: somebody was, or it is not known."""
        return self.looked_at if self.is_whole and self.seen_at is None else None
