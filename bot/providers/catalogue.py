"""The catalogue: a cache of what can be a trusted source, by name, so that a picker is fast.

Slack accepts a picker's options only within 3 seconds, and asks at every key.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread

from bot.domain.sources import SourceType
from bot.providers.base import ApiError, NamedSource, Unavailable

FRESH_SECONDS = 60.0
NEXT_TRY_SECONDS = 10.0  # after a failure; a picker asks at every key
TIMEOUT_SECONDS = 1.5
_RESEMBLANCE = 75.0  # of 100; less similar is not a typo
_WORDS = re.compile(r"[^\W_]+")


@dataclass
class _List:
    """The cached list of one kind; `due_at` is when to fetch it again, in monotonic seconds."""

    sources: Mapping[str, NamedSource] | None = None  # by folded id
    due_at: float = -math.inf
    failure: ApiError | None = None
    fetched: Event | None = None  # set once the fetch in progress is over


class Catalogue:
    """Names of Droplets, Kubernetes clusters, tags and apps, for any number of threads.

    A list is fresh for a minute. Then it is fetched again, once for all who ask meanwhile. A caller
    who has waited long enough, or would get an error, gets the old list.

    Args:
        fetch: returns all sources of a kind or raises ApiError: `Provider.list_sources`.
        monotonic: seconds that only grow.
        timeout_seconds: how long `find` waits for a list.
    """

    def __init__(
        self,
        fetch: Callable[[SourceType], Iterable[NamedSource]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._timeout_seconds = timeout_seconds
        self._lock = Lock()
        self._lists: dict[SourceType, _List] = {}

    def find(self, kind: SourceType, typed: str, most: int = 100) -> list[NamedSource]:
        """Return the sources whose name or id contains what was typed, the best match first.

        An empty text finds all, sorted by name. If none contains it, similar names are found.

        Raises:
            ApiError: there is no list, not even an old one.
        """
        return _likeliest(self._sources(kind), typed)[:most]

    def name_of(self, kind: SourceType, source_id: str) -> str:
        """Return the name for an id if it is cached, else an empty text."""
        with self._lock:
            listed = self._lists.get(kind)
            source = listed.sources.get(source_id.casefold()) if listed and listed.sources else None
        return source.name if source else ""

    def prefetch(self, kinds: Iterable[SourceType]) -> None:
        """Fetch the lists that are not fresh, in the background, all at once."""
        for kind in kinds:
            self._fetch_if_due(kind)

    def _sources(self, kind: SourceType) -> Sequence[NamedSource]:
        fetched = self._fetch_if_due(kind)
        if fetched:
            fetched.wait(self._timeout_seconds)
        with self._lock:
            listed = self._lists[kind]
            if listed.sources is not None:
                return list(listed.sources.values())
            failure = listed.failure
        if failure is not None:
            raise failure.with_traceback(None)
        raise Unavailable("DigitalOcean has not listed these yet, try again in a moment")

    def _fetch_if_due(self, kind: SourceType) -> Event | None:
        """Return what is set once the fetch under way is over; None if the list is fresh."""
        with self._lock:
            listed = self._lists.setdefault(kind, _List())
            if listed.fetched or self._monotonic() < listed.due_at:
                return listed.fetched
            fetched = listed.fetched = Event()
        name = f"catalogue-{kind}"
        Thread(target=self._refresh, args=(kind, listed, fetched), name=name, daemon=True).start()
        return fetched

    def _refresh(self, kind: SourceType, listed: _List, fetched: Event) -> None:
        sources, failure, seconds = listed.sources, None, NEXT_TRY_SECONDS
        try:
            sources = {source.id.casefold(): source for source in self._fetch(kind)}
            seconds = FRESH_SECONDS
        except ApiError as error:
            failure = error
        finally:
            with self._lock:
                listed.sources, listed.failure = sources, failure
                listed.due_at = self._monotonic() + seconds
                listed.fetched = None
            fetched.set()


def _likeliest(sources: Sequence[NamedSource], typed: str) -> list[NamedSource]:
    by_name = sorted(sources, key=lambda source: (source.name.casefold(), source.id))
    wanted = typed.casefold().split()
    found = [(_rank(source, wanted), source) for source in by_name]
    held = [(rank, source) for rank, source in found if rank is not None]
    if held or not wanted:
        return [source for _, source in sorted(held, key=lambda one: one[0])]
    from rapidfuzz import fuzz, process

    similar = process.extract(
        " ".join(wanted),
        [source.name.casefold() for source in by_name],
        scorer=fuzz.partial_ratio,
        score_cutoff=_RESEMBLANCE,
        limit=None,
    )
    return [by_name[place] for _, _, place in similar]


def _rank(source: NamedSource, wanted: Sequence[str]) -> int | None:
    """Return 0 for an exact match, more for less likely ones, None for none."""
    name, id_ = source.name.casefold(), source.id.casefold()
    if not all(word in name or word in id_ for word in wanted):
        return None
    whole = " ".join(wanted)
    if whole in (name, id_):
        return 0
    if name.startswith(whole):
        return 1
    words = _WORDS.findall(name)
    if all(any(part.startswith(word) for part in words) for word in wanted):
        return 2
    return 3 if id_.startswith(whole) else 4
