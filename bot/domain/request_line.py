"""The line behind `request`, `emergency` and `adopt`: source, duration, cluster, and a reason.

The first three stand in any order before the reason. Where a person would not read the line in
just one way, it is not sure: nothing is guessed, and the form opens, filled in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.addresses import is_like_ipv4
from bot.domain.durations import UNIT, Until, leading_duration
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.refusals.durations import NotADuration
from bot.domain.refusals.sources import NotASource, SeveralAddresses
from bot.domain.sources import TrustedSource, looks_like_source, parse_source
from bot.domain.typed_text import unwrapped

_FILLERS = frozenset({"for", "from", "on", "to", "in", "cluster"})
_DASHES = frozenset({"-", "--", "\u2013", "\u2014", "\u2015"})
_SEVERAL = frozenset({"and", "or", "&", "+"})
_NUMBER = "an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|couple|some|several"
_HALF = "half|quarter"
# What is not quite a duration, in the place of one: "half an hour", "1h30", "until tomorrow".
_ALMOST_BEGINS = re.compile(
    rf"[~<>]?[0-9](?![0-9]*(?:st|nd|rd|th)\b).*|(?:{_HALF}|until|till|til|tomorrow|tonight|forever)"
    rf"\b.*|(?:{UNIT})"
)
_ALMOST_IN_WORDS = re.compile(rf"(?:{_NUMBER}) (?:{_HALF}|{_NUMBER}|of|{UNIT})\b.*")
_ALMOST_GOES_ON = re.compile(
    rf"[~]?[0-9].*|{_HALF}|{_NUMBER}|{UNIT}|of|and|am|pm|noon|midnight|tomorrow|morning|tonight"
)
_LIKE_DURATION = re.compile(rf"[0-9.]+(?:{UNIT})(?![a-z])|(?:half|until|till|til)\b")
_SIGNED = re.compile(r"[-+][0-9].*")
# Behind a duration, these make it another one, or none.
_CHANGES_IT = frozenset(
    {"ago", "old", "late", "behind", "or", "and", "plus", "+", "half", "more", "per"}
)


@dataclass(frozen=True)
class Word:
    """One word: as it was typed, and without quotes, link marks and invisible characters."""

    typed: str
    plain: str

    @property
    def lower(self) -> str:
        """How it is compared."""
        return self.plain.lower()


@dataclass(frozen=True)
class RequestLine:
    """What such a line says. `typed_duration` is how the duration, or what is almost one, stands.

    `is_sure`: a person reads it in just one way. `names_cluster`: it names one, or may: the
    channel's is not meant.
    """

    source: TrustedSource | None = None
    duration: timedelta | Until | None = None
    typed_duration: str = ""
    cluster: str | None = None
    reason: str = ""
    is_sure: bool = True
    names_cluster: bool = False


def words_of(text: str) -> list[Word]:
    """Return the words of a text; those that nobody can see are left out."""
    words = [Word(typed, unwrapped(typed)) for typed in text.split()]
    return [word for word in words if word.plain]


def reason_of(words: Sequence[Word]) -> str:
    """Return words as they were typed, without a dash before them."""
    rest = list(words)
    while rest and rest[0].plain in _DASHES:
        rest.pop(0)
    return " ".join(word.typed for word in rest)


def without_fillers(words: Sequence[Word]) -> list[Word]:
    """Return the words without `for`, `to`, dashes and the like before them."""
    rest = list(words)
    while rest and (rest[0].lower in _FILLERS or rest[0].plain in _DASHES):
        rest.pop(0)
    return rest


def read_request_line(words: Sequence[Word], policy: Policy) -> RequestLine:
    """Return what a line says.

    Raises:
        Refused: it names no source where one has to stand, or what nobody may ask for.
    """
    reader = _Reader(words, policy)
    line = _checked_reason(reader.read(), reader.rest, policy)
    if line.source is None and not reader.has_read:
        raise Refused(NotASource(typed=_unknown(words, policy)))
    return line


def almost_duration(words: Sequence[Word]) -> int:
    """Return how many words, from the first, are meant as a duration and are not quite one."""
    line = " ".join(word.lower for word in words[:3])
    first = words[0].lower if words else ""
    if not (_ALMOST_BEGINS.fullmatch(first) or _ALMOST_IN_WORDS.fullmatch(line)):
        return 0
    count = 1
    while count < len(words) and _ALMOST_GOES_ON.fullmatch(words[count].lower):
        if looks_like_source(words[count].plain):
            break
        count += 1
    return count


def changes_duration(words: Sequence[Word]) -> bool:
    """Tell whether a duration is perhaps another one with the words behind it."""
    if not words or looks_like_source(words[0].plain):
        return False
    first = words[0].lower
    return first in _CHANGES_IT or (almost_duration(words) > 0 and not _begins_reason(first))


def _begins_reason(first: str) -> bool:
    """Tell whether a reason may begin so behind a duration, as in "a customer waits"."""
    return first in {"tonight", "tomorrow", "forever", "a", "an", "one", "some"}


class _Reader:
    """Reads the parts before the reason, from the left."""

    def __init__(self, words: Sequence[Word], policy: Policy) -> None:
        self._words = words
        self._policy = policy
        self._line = RequestLine()
        self._end = 0  # of the parts that were read: behind it, fillers belong to the reason

    @property
    def rest(self) -> Sequence[Word]:
        """The reason."""
        return self._words[self._end :]

    @property
    def has_read(self) -> bool:
        """Whether the line began with anything that is a part of a request."""
        return self._end > 0

    def read(self) -> RequestLine:
        at = 0
        while at < len(self._words) and not self._is_complete:
            taken = self._duration(at) or self._cluster(at) or self._source(at) or self._almost(at)
            if taken:
                self._end = at + taken
            elif not self._is_filler(at):
                break
            at += taken or 1
        if self._line.duration is not None and leading_duration(_plain(self._words[at:])):
            self._unsure()  # two durations: which one?
        return self._line

    @property
    def _is_complete(self) -> bool:
        line = self._line
        return bool(line.source and line.typed_duration and line.cluster)

    def _duration(self, at: int) -> int:
        found = leading_duration(_plain(self._words[at:]))
        if self._line.typed_duration or found is None:
            return 0
        duration: timedelta | Until | None = found[0]
        count = found[1]
        behind = self._words[at + count :]
        if changes_duration(behind):
            self._unsure()
            count += almost_duration(behind)
            duration = None
        typed = " ".join(_plain(self._words[at : at + count]))
        self._line = replace(self._line, duration=duration, typed_duration=typed)
        return count

    def _almost(self, at: int) -> int:
        if self._line.typed_duration:
            return 0
        if _SIGNED.fullmatch(self._words[at].plain):
            raise Refused(NotADuration(typed=self._words[at].typed))
        count = almost_duration(self._words[at:])
        if count:
            self._unsure()
            typed = " ".join(_plain(self._words[at : at + count]))
            self._line = replace(self._line, typed_duration=typed)
        return count

    def _cluster(self, at: int) -> int:
        alias = alias_of(self._words[at], self._policy)
        if alias is None or self._line.cluster:
            return 0
        self._line = replace(self._line, cluster=alias, names_cluster=True)
        if alias in _FILLERS or _names_several(self._words[at:], self._policy):
            self._unsure()
        return 1

    def _source(self, at: int) -> int:
        word = self._words[at].plain
        if self._line.source is None and looks_like_source(word):
            self._line = replace(self._line, source=parse_source(word))
            return 1
        if self._line.source is not None and is_like_ipv4(word):
            raise Refused(SeveralAddresses(address=str(self._line.source)))
        return 0

    def _is_filler(self, at: int) -> bool:
        word = self._words[at]
        return word.lower in _FILLERS or word.plain in _DASHES

    def _unsure(self) -> None:
        self._line = replace(self._line, is_sure=False)


def alias_of(word: Word, policy: Policy) -> str | None:
    """Return the cluster that a word names."""
    alias = word.lower.strip(".:!?()#")
    return alias if alias in policy.clusters else None


def _plain(words: Sequence[Word]) -> list[str]:
    return [word.plain for word in words]


def _names_several(words: Sequence[Word], policy: Policy) -> bool:
    """Tell whether a cluster, the first of *words*, is one of several that are asked for."""
    behind = [word for word in words[1:] if word.lower not in _SEVERAL]
    if not behind or alias_of(behind[0], policy) is None:
        return False
    return len(behind) == 1 or len(behind) < len(words) - 1 or words[0].typed.endswith(",")


def _checked_reason(line: RequestLine, rest: Sequence[Word], policy: Policy) -> RequestLine:
    """Return the line with its reason, which may show that it cannot be read in just one way."""
    said = without_fillers(rest)
    line = replace(line, reason=reason_of(rest) if said else "")
    if line.source is None:
        line = replace(line, is_sure=False)
    if not said:
        return line
    if not line.typed_duration and _mentions_duration(said):
        line = replace(line, is_sure=False)
    return line if line.cluster else _without_cluster(line, rest, policy)


def _without_cluster(line: RequestLine, rest: Sequence[Word], policy: Policy) -> RequestLine:
    """Tell whether the reason names the cluster that does not stand in its place.

    A word that is nearly a cluster's name, or stands alone, was meant as one: opening the wrong
    cluster would be worse than asking once more.
    """
    named = {alias for word in rest if (alias := alias_of(word, policy))}
    if named:
        only = next(iter(named)) if len(named) == 1 else None
        return replace(line, cluster=only, is_sure=False, names_cluster=True)
    said = without_fillers(rest)
    if policy.nearest(said[0].plain):
        if len(said) == len(rest):
            policy.cluster(said[0].plain)
        return replace(line, is_sure=False, names_cluster=True)
    if not line.typed_duration:
        if len(said) == 1 and line.source:
            raise Refused(NotADuration(typed=said[0].typed))
        return replace(line, is_sure=False)
    if len(said) == 1:
        policy.cluster(said[0].plain)
    return line


def _mentions_duration(words: Sequence[Word]) -> bool:
    """Tell whether a reason says how long, as in "fixing the job for half an hour"."""
    return any(
        leading_duration(_plain(words[at:]))
        or _ALMOST_IN_WORDS.fullmatch(" ".join(word.lower for word in words[at : at + 3]))
        or _LIKE_DURATION.match(words[at].lower)
        for at in range(len(words))
    )


def _unknown(words: Sequence[Word], policy: Policy) -> str:
    """Return the words that stand where a source belongs; refuse what was meant as a cluster."""
    said = without_fillers(words) or list(words)
    if any(looks_like_source(word.plain) for word in said) and policy.nearest(said[0].plain):
        policy.cluster(said[0].plain)
    count = 1
    while count < len(said) and not (
        leading_duration(_plain(said[count:]))
        or alias_of(said[count], policy)
        or said[count].lower in _FILLERS
        or looks_like_source(said[count].plain)
    ):
        count += 1
    return " ".join(word.typed for word in said[:count])
