"""The line behind `request`, `emergency` and `adopt`: source, duration, cluster, and a reason.

The first three stand in any order before the reason. Where a person would not read the line in
just one way, it is not sure: nothing is guessed, and the form opens, filled in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.addresses import is_like_ipv4
from bot.domain.durations import Until, leading_duration
from bot.domain.line_reason import is_two_words, mentions_duration, named_in, nearly_names
from bot.domain.line_words import (
    DASHES,
    FILLERS,
    Word,
    alias_of,
    almost_duration,
    changes_duration,
    names_second_duration,
    names_zone,
    plain_of,
    reason_of,
    without_fillers,
)
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.refusals.durations import NotADuration
from bot.domain.refusals.sources import NotASource, SeveralAddresses
from bot.domain.sources import TrustedSource, looks_like_source, parse_source

_SEVERAL = frozenset({"and", "or", "&", "+"})
_SIGNED = re.compile(r"[-+][0-9].*")


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
        behind = self._words[at:]
        if self._line.duration is not None and names_second_duration(behind):
            self._unsure()  # two durations: which one?
        self._refuse_second_address(behind)
        return self._line

    def _refuse_second_address(self, behind: Sequence[Word]) -> None:
        said = [word for word in without_fillers(behind) if word.lower not in _SEVERAL]
        if self._line.source is not None and said and is_like_ipv4(said[0].plain):
            raise Refused(SeveralAddresses(address=str(self._line.source)))

    @property
    def _is_complete(self) -> bool:
        line = self._line
        return bool(line.source and line.typed_duration and line.cluster)

    def _duration(self, at: int) -> int:
        found = leading_duration(plain_of(self._words[at:]))
        if self._line.typed_duration or found is None:
            return 0
        duration: timedelta | Until | None = found[0]
        count = found[1]
        behind = self._words[at + count :]
        if isinstance(duration, Until) and self._names_zone(behind):
            self._unsure()
        elif changes_duration(behind):
            self._unsure()
            count += almost_duration(behind)
            duration = None
        typed = " ".join(plain_of(self._words[at : at + count]))
        self._line = replace(self._line, duration=duration, typed_duration=typed)
        return count

    def _names_zone(self, behind: Sequence[Word]) -> bool:
        """Tell whether it may be that time elsewhere; a cluster or source says nothing of it."""
        if not behind or alias_of(behind[0], self._policy):
            return False
        return names_zone(behind) and not looks_like_source(behind[0].plain)

    def _almost(self, at: int) -> int:
        if self._line.typed_duration:
            return 0
        if _SIGNED.fullmatch(self._words[at].plain):
            raise Refused(NotADuration(typed=self._words[at].typed))
        count = almost_duration(self._words[at:])
        if count:
            self._unsure()
            typed = " ".join(plain_of(self._words[at : at + count]))
            self._line = replace(self._line, typed_duration=typed)
        return count

    def _cluster(self, at: int) -> int:
        alias = alias_of(self._words[at], self._policy)
        if alias is None or self._line.cluster:
            return 0
        self._line = replace(self._line, cluster=alias, names_cluster=True)
        words = self._words[at:]
        is_doubtful = _names_several(words, self._policy) or is_two_words(words, self._policy)
        if alias in FILLERS or is_doubtful:
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
        return word.lower in FILLERS or word.plain in DASHES

    def _unsure(self) -> None:
        self._line = replace(self._line, is_sure=False)


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
    if not line.typed_duration and mentions_duration(said):
        line = replace(line, is_sure=False)
    return line if line.cluster else _without_cluster(line, rest, policy)


def _without_cluster(line: RequestLine, rest: Sequence[Word], policy: Policy) -> RequestLine:
    """Tell whether the reason names the cluster that does not stand in its place.

    A word that is nearly a cluster's name, or stands alone, was meant as one: opening the wrong
    cluster would be worse than asking once more.
    """
    named = named_in(rest, policy)
    if named:
        only = next(iter(named)) if len(named) == 1 else None
        return replace(line, cluster=only, is_sure=False, names_cluster=True)
    said = without_fillers(rest)
    if policy.nearest(said[0].plain):
        if len(said) == len(rest):
            policy.cluster(said[0].plain)
        return replace(line, is_sure=False, names_cluster=True)
    if nearly_names(said, policy):
        return replace(line, is_sure=False, names_cluster=True)
    if not line.typed_duration:
        if len(said) == 1 and line.source:
            raise Refused(NotADuration(typed=said[0].typed))
        return replace(line, is_sure=False)
    if len(said) == 1:
        policy.cluster(said[0].plain)
    return line


def _unknown(words: Sequence[Word], policy: Policy) -> str:
    """Return the words that stand where a source belongs; refuse what was meant as a cluster."""
    said = without_fillers(words) or list(words)
    stands_before_one = len(said) > 1 and looks_like_source(said[1].plain)
    if stands_before_one or (
        any(looks_like_source(word.plain) for word in said) and policy.nearest(said[0].plain)
    ):
        policy.cluster(said[0].plain)
    count = 1
    while count < len(said) and not (
        leading_duration(plain_of(said[count:]))
        or alias_of(said[count], policy)
        or said[count].lower in FILLERS
        or looks_like_source(said[count].plain)
    ):
        count += 1
    return " ".join(word.typed for word in said[:count])
