"""The words of a line: what is skipped, what names a cluster, and what is almost a duration."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.durations import UNIT, leading_duration
from bot.domain.policy import Policy
from bot.domain.sources import looks_like_source
from bot.domain.typed_text import unwrapped

FILLERS = frozenset({"for", "from", "on", "to", "in", "cluster"})
DASHES = frozenset({"-", "--", "\u2013", "\u2014", "\u2015"})
_NUMBER = "an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|few|couple|some|several"
_HALF = "half|quarter"
# What is not quite a duration, in the place of one: "half an hour", "1h30", "until tomorrow".
_ALMOST_BEGINS = re.compile(
    rf"[~<>]?[0-9](?![0-9]*(?:st|nd|rd|th)\b).*|(?:{_HALF}|until|till|til|tomorrow|tonight|forever)"
    rf"\b.*|(?:{UNIT})"
)
ALMOST_IN_WORDS = re.compile(rf"(?:{_NUMBER}) (?:{_HALF}|{_NUMBER}|of|{UNIT})\b.*")
_ALMOST_GOES_ON = re.compile(
    rf"[~]?[0-9].*|{_HALF}|{_NUMBER}|{UNIT}|of|and|am|pm|noon|midnight|tomorrow|morning|tonight"
)
# Behind a duration, these make it another one, or none.
_CHANGES_IT = frozenset(
    {"ago", "old", "late", "behind", "or", "and", "plus", "+", "half", "more", "per"}
)
# Between a duration and the one that corrects it.
_TAKES_BACK = frozenset(
    {"minus", "less", "no", "not", "only", "just", "max", "maximum", "at", "most", "actually"}
    | {"sorry", "rather", "better", "but", "or", "and", "make", "it", "is", "by", "before"}
    | {"ending", "ends", "oops", "i", "mean", "meant", "say", "about", "well", "even", "then"}
)
CLOCK = re.compile(r"[0-9]{1,2}[:.][0-9]{2}(?: ?[ap]m)?|[0-9]{1,2} ?[ap]m")
_ZONE = re.compile(
    r"utc|gmt|z|[wce]es?t|ms[kt]|[bijks]st|[ecmp][sd]?t|a[ecw][sd]?t|ae[sd]t|nz[sd]t|sgt|hkt|sast"
    r"|(?:utc|gmt)?[-+\u2212][0-9:]+|local|your|my|our|today|tomorrow|next"
)
_AROUND = "()[]{}<>~*_.,:;!?\"'\u2026\u2013\u2014-"


@dataclass(frozen=True)
class Word:
    """One word: as it was typed, and without quotes, link marks and invisible characters."""

    typed: str
    plain: str

    @property
    def lower(self) -> str:
        """How it is compared."""
        return self.plain.lower()

    @property
    def bare(self) -> str:
        """How it is compared where punctuation may stand around it; empty for a dash."""
        return unicodedata.normalize("NFKC", self.lower).strip(_AROUND)


def words_of(text: str) -> list[Word]:
    """Return the words of a text; those that nobody can see are left out."""
    words = [Word(typed, unwrapped(typed)) for typed in text.split()]
    return [word for word in words if word.plain]


def reason_of(words: Sequence[Word]) -> str:
    """Return words as they were typed, without a dash before them."""
    rest = list(words)
    while rest and rest[0].plain in DASHES:
        rest.pop(0)
    return " ".join(word.typed for word in rest)


def without_fillers(words: Sequence[Word]) -> list[Word]:
    """Return the words without `for`, `to`, dashes and the like before them."""
    rest = list(words)
    while rest and (rest[0].lower in FILLERS or rest[0].plain in DASHES):
        rest.pop(0)
    return rest


def alias_of(word: Word, policy: Policy) -> str | None:
    """Return the cluster that a word names."""
    alias = unicodedata.normalize("NFKC", word.lower).strip(".:!?()#")
    return alias if alias in policy.clusters else None


def plain_of(words: Sequence[Word]) -> list[str]:
    """Return words without quotes, link marks and invisible characters."""
    return [word.plain for word in words]


def almost_duration(words: Sequence[Word]) -> int:
    """Return how many words, from the first, are meant as a duration and are not quite one."""
    line = " ".join(word.lower for word in words[:3])
    first = words[0].lower if words else ""
    if not (_ALMOST_BEGINS.fullmatch(first) or ALMOST_IN_WORDS.fullmatch(line)):
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
    return (
        first in _CHANGES_IT
        or names_second_duration(words)
        or (almost_duration(words) > 0 and not _begins_reason(first))
    )


def names_second_duration(words: Sequence[Word]) -> bool:
    """Tell whether words behind a duration begin with another: "for 1h", "no, 30m", "minus 1h"."""
    said = [word.bare for word in words]
    while said and (not said[0] or said[0] in FILLERS | _TAKES_BACK):
        said.pop(0)
    if not said:
        return False
    return bool(
        leading_duration(said)
        or ALMOST_IN_WORDS.fullmatch(" ".join(said[:3]))
        or CLOCK.fullmatch(said[0])
        or said[0] in ("half", "quarter")
    )


def names_zone(words: Sequence[Word]) -> bool:
    """Tell whether words behind an end may say where, or on which day, it is that time."""
    said = [word.plain.strip(_AROUND) for word in words if word.lower not in FILLERS][:3]
    if not words or words[0].plain in DASHES or not said:
        return False
    first = said[0]
    return bool(
        first[:1].isupper()
        or _ZONE.fullmatch(first.lower())
        or "time" in [word.lower() for word in said[1:]]
    )


def _begins_reason(first: str) -> bool:
    """Tell whether a reason may begin so behind a duration, as in "a customer waits"."""
    return first in {"tonight", "tomorrow", "forever", "a", "an", "one", "some"}
