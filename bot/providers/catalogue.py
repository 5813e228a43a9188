"""The catalogue: a cache of what can be a trusted source, by name, so that a picker is quick.

Slack takes a picker's options within 3 seconds or not at all, and asks at every key.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread

from rapidfuzz import fuzz, process

from bot.domain.sources import SourceType
from bot.providers.base import ApiError, NamedSource, Unavailable

FRESH_SECONDS = 60.0
NEXT_TRY_SECONDS = 10.0  # after a failure; a picker asks at every key
PATIENCE_SECONDS = 1.5
_RESEMBLANCE = 75.0  # of 100, below which a slip of the finger is no explanation
_WORDS = re.compile(r"[^\W_]+")


@dataclass
class _Shelf:
    """What is known of one kind; `due_at` is when to ask again, in monotonic seconds."""

    things: Mapping[str, NamedSource] | None = None  # by folded id
    due_at: float = -math.inf
    failure: ApiError | None = None
    fetched: Event | None = None  # there while a fetch is under way


class Catalogue:
    """Names of Droplets, Kubernetes clusters, tags and apps, for any number of threads.

    A list is fresh for a minute. Then it is fetched again, once for all who ask meanwhile. Whoever
    has waited long enough, or would get an error, gets the old list.

    Args:
        fetch: returns all sources of a kind or raises ApiError: `Provider.list_sources`.
        monotonic: seconds that only grow.
        patience_seconds: how long `find` waits for a list.
    """

    def __init__(
        self,
        fetch: Callable[[SourceType], Iterable[NamedSource]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._patience_seconds = patience_seconds
        self._lock = Lock()
        self._shelves: dict[SourceType, _Shelf] = {}

    def find(self, kind: SourceType, typed: str, most: int = 100) -> list[NamedSource]:
        """Return the things whose name or id holds what was typed, the likeliest first.

        Nothing typed finds all, by name. If nothing holds it, similar names are found.

        Raises:
            ApiError: there is no list, not even an old one.
        """
        return _likeliest(self._things(kind), typed)[:most]

    def name_of(self, kind: SourceType, thing_id: str) -> str:
        """Return the name that goes with an id, as far as it is remembered, else an empty text."""
        with self._lock:
            shelf = self._shelves.get(kind)
            thing = shelf.things.get(thing_id.casefold()) if shelf and shelf.things else None
        return thing.name if thing else ""

    def begin_to_fetch(self, kinds: Iterable[SourceType]) -> None:
        """Have the lists that are not fresh fetched in the background, all at once."""
        for kind in kinds:
            self._fetch_if_due(kind)

    def _things(self, kind: SourceType) -> Sequence[NamedSource]:
        fetched = self._fetch_if_due(kind)
        if fetched:
            fetched.wait(self._patience_seconds)
        with self._lock:
            shelf = self._shelves[kind]
            if shelf.things is not None:
                return list(shelf.things.values())
            failure = shelf.failure
        if failure is not None:
            raise failure.with_traceback(None)
        raise Unavailable("DigitalOcean has not listed these yet, try again in a moment")

    def _fetch_if_due(self, kind: SourceType) -> Event | None:
        """Return what is set once the fetch under way is over; None if the list is fresh."""
        with self._lock:
            shelf = self._shelves.setdefault(kind, _Shelf())
            if shelf.fetched or self._monotonic() < shelf.due_at:
                return shelf.fetched
            fetched = shelf.fetched = Event()
        name = f"catalogue-{kind}"
        Thread(target=self._refresh, args=(kind, shelf, fetched), name=name, daemon=True).start()
        return fetched

    def _refresh(self, kind: SourceType, shelf: _Shelf, fetched: Event) -> None:
        things, failure, seconds = shelf.things, None, NEXT_TRY_SECONDS
        try:
            things = {thing.id.casefold(): thing for thing in self._fetch(kind)}
            seconds = FRESH_SECONDS
        except ApiError as error:
            failure = error
        finally:
            with self._lock:
                shelf.things, shelf.failure = things, failure
                shelf.due_at = self._monotonic() + seconds
                shelf.fetched = None
            fetched.set()


def _likeliest(things: Sequence[NamedSource], typed: str) -> list[NamedSource]:
    by_name = sorted(things, key=lambda thing: (thing.name.casefold(), thing.id))
    wanted = typed.casefold().split()
    found = [(_rank(thing, wanted), thing) for thing in by_name]
    held = [(rank, thing) for rank, thing in found if rank is not None]
    if held or not wanted:
        return [thing for _, thing in sorted(held, key=lambda one: one[0])]
    similar = process.extract(
        " ".join(wanted),
        [thing.name.casefold() for thing in by_name],
        scorer=fuzz.partial_ratio,
        score_cutoff=_RESEMBLANCE,
        limit=None,
    )
    return [by_name[place] for _, _, place in similar]


def _rank(thing: NamedSource, wanted: Sequence[str]) -> int | None:
    """Return 0 for the very thing, more for what is less likely meant, None for what is not."""
    name, id_ = thing.name.casefold(), thing.id.casefold()
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
